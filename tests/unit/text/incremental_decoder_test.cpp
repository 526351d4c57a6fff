#include <gtest/gtest.h>

#include <random>

#include "text/pipeline.h"

namespace headrace::text {
namespace {

Pipeline pipeline_with(const std::string& decoder) {
  const std::string json = R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<s>","single_word":false,)"
      R"("lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":)" +
      decoder + R"(,"model":{"type":"WordLevel","unk_token":"<s>","vocab":{"<s>":0,"▁Hello":1,"▁":2,"world":3,"##ing":4," ":5,"<0xE2>":6,)"
      R"("<0x82>":7,"<0xAC>":8,"<0x41>":9,"Ġthe":10,"âĤ":11,"¬":12,"end</w>":13,"ab":14,"a":15,"b":16,".":17,"▁▁":18,"é":19,"<pad>":20,"|":21}}})";
  auto pipeline = Pipeline::from_json(json);
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return *std::move(pipeline);
}

constexpr const char* kDecoders[] = {
    "null",
    R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})",
    R"({"type":"WordPiece","prefix":"##","cleanup":true})",
    R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})",
    R"({"type":"BPEDecoder","suffix":"</w>"})",
    R"({"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true})",
    R"({"type":"Replace","pattern":{"Regex":"a+"},"content":"x"})",
    R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})",
    R"({"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Replace","pattern":{"String":"ab"},"content":"a"},{"type":"Strip","content":"b","start":2,"stop":2}]})",
    R"({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]})",
    R"({"type":"Sequence","decoders":[{"type":"Strip","content":"a","start":1,"stop":1},{"type":"Fuse"},{"type":"WordPiece","prefix":"##","cleanup":true}]})",
};

TEST(IncrementalDecoder, all_pushes_and_finish_make_what_decode_makes) {
  std::mt19937 random(7);
  for (const char* decoder : kDecoders) {
    const Pipeline pipeline = pipeline_with(decoder);
    for (const bool skip : {false, true}) {
      auto incremental = pipeline.incremental_decoder(skip);
      ASSERT_TRUE(incremental);
      for (int round = 0; round < 2000; ++round) {
        std::vector<TokenId> ids(random() % 9);
        for (TokenId& id : ids) id = static_cast<TokenId>(random() % 23);  // 22 is outside
        std::string text;
        for (const TokenId id : ids) text += incremental->push(id);
        const auto rest = incremental->finish();
        ASSERT_TRUE(rest);
        text += *rest;
        ASSERT_EQ(text, pipeline.decode(ids, skip).value()) << decoder << " " << ::testing::PrintToString(ids);
      }
    }
  }
}

TEST(IncrementalDecoder, gives_text_out_as_soon_as_nothing_can_change_it) {
  const Pipeline pipeline = pipeline_with(kDecoders[1]);
  auto decoder = pipeline.incremental_decoder(false);
  EXPECT_EQ(decoder->push(10), " the");
  EXPECT_EQ(decoder->push(11), "");
  EXPECT_EQ(decoder->push(12), "€");
  EXPECT_EQ(decoder->finish().value(), "");
}

}  // namespace
}  // namespace headrace::text
