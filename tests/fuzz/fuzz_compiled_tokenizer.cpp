// A compiled tokenizer with any edits, sealed again: it opens or is refused with a message, and what opens encodes,
// decodes and is written as JSON. The input is a list of edits (eight bytes: where, then what) of a file that
// two kinds of vocabularies are compiled to, as most bytes of one are large tables.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "text/bpe/byte_letters.h"
#include "text/compiled/array_file.h"
#include "text/tokenizer_files.h"

namespace {

using namespace headrace::text;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string byte_level() {
  std::string vocabulary = R"("<s>":0)";
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter = ByteLetters::letter(static_cast<uint8_t>(byte));
    if (letter == "\"" || letter == "\\") letter.insert(0, "\\");
    vocabulary += ",\"" + letter + "\":" + std::to_string(byte + 1);
  }
  return R"({"version":"1.0","added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,)"
         R"("normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,)"
         R"("trim_offsets":true,"use_regex":true},"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,)"
         R"("use_regex":true},"post_processor":null,"model":{"type":"BPE","vocab":{)" +
         vocabulary + R"(,"th":257,"the":258,"Ġthe":259},"merges":["t h","th e","Ġ the"]}})";
}

constexpr char kWords[] = R"({"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"decoder":null,)"
                          R"("post_processor":null,"model":{"type":"WordLevel","vocab":{"the":0,"mill":7,"?":3},"unk_token":"?"}})";

std::string compiled_of(const std::string& json) {
  const auto pipeline = Pipeline::from_json(json);
  require(pipeline.has_value());
  const auto file = pipeline->to_compiled();
  require(file.has_value());
  return *file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string files[] = {compiled_of(byte_level()), compiled_of(kWords)};
  if (size == 0) return 0;
  std::string file = files[data[0] & 1];
  const bool cut = data[0] & 2;
  for (++data, --size; size >= 8; data += 8, size -= 8) {
    uint32_t at, value;
    std::memcpy(&at, data, 4);
    std::memcpy(&value, data + 4, 4);
    // Half of the edits meet the header and the list of arrays.
    at = at & 1 ? (at >> 1) % 700 : (at >> 1) % static_cast<uint32_t>(file.size());
    if (at + 4 <= file.size()) std::memcpy(file.data() + at, &value, 4);
  }
  if (cut) file.resize(std::max<size_t>(32, file.size() * (size + 1) / 9));
  compiled::seal(file);
  const auto pipeline = load_tokenizer_bytes(file, "input");
  if (!pipeline) {
    require(!pipeline.error().message.empty());
    return 0;
  }
  const std::string_view text = "the  mill the <s>\n\xC3\xA9\xF0\x9F\x98\x80 mill";
  std::vector<TokenId> ids;
  std::vector<Offset> offsets;
  (void)pipeline->encode_ids(text, {}, ids, &offsets);
  if (pipeline->encode_ids(text, {}, ids)) (void)pipeline->decode(ids, false);
  (void)pipeline->to_json(false);
  return 0;
}
