#include "model/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gguf_writer.h"
#include "tiny_model.h"

namespace headrace::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result<Gguf> open_bytes(const std::string& bytes) {
  const TemporaryFile file(bytes);
  return Gguf::open(file.path());
}

std::string error_of(const std::string& bytes) {
  const auto gguf = open_bytes(bytes);
  return gguf ? "no error" : gguf.error().message;
}

GgufWriter small() {
  GgufWriter writer;
  writer.string("general.name", "small").u32("answer", 42).tensor("w", {2, 32}, 2, std::string(36, '\1'));
  return writer;
}

TEST(Gguf, reads_metadata_of_every_type_and_tensors_with_their_shapes) {
  GgufWriter writer;
  writer.entry("u8", GgufWriter::U8, GgufWriter::raw(uint8_t{200}));
  writer.entry("i8", GgufWriter::I8, GgufWriter::raw(int8_t{-5}));
  writer.entry("u16", GgufWriter::U16, GgufWriter::raw(uint16_t{60000}));
  writer.entry("i16", GgufWriter::I16, GgufWriter::raw(int16_t{-300}));
  writer.u32("u32", 4000000000u).i32("i32", -7).u64("u64", UINT64_MAX).f32("f32", 1.5f).boolean("yes", true);
  writer.entry("i64", GgufWriter::I64, GgufWriter::raw(int64_t{-1} << 40));
  writer.entry("f64", GgufWriter::F64, GgufWriter::raw(0.1));
  writer.string("text", "naïve").strings("list", {"a", "", "ccc"});
  writer.array<float>("numbers", GgufWriter::F32, {1, 2.5f});
  writer.array<uint8_t>("flags", GgufWriter::Bool, {1, 0, 1});
  writer.tensor("matrix", {3, 64}, 8, std::string(3 * 2 * 34, 'x')).tensor("vector", {5}, 0, std::string(20, 'y'));
  const auto gguf = open_bytes(writer.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(gguf->version(), 3u);
  EXPECT_EQ(gguf->integer("u8").value(), 200u);
  EXPECT_EQ(std::get<int64_t>(gguf->metadata().at("i8")), -5);
  EXPECT_EQ(gguf->integer("u16").value(), 60000u);
  EXPECT_EQ(std::get<int64_t>(gguf->metadata().at("i16")), -300);
  EXPECT_EQ(gguf->integer("u32").value(), 4000000000u);
  EXPECT_EQ(gguf->integer("u64").value(), UINT64_MAX);
  EXPECT_EQ(std::get<int64_t>(gguf->metadata().at("i64")), int64_t{-1} << 40);
  EXPECT_EQ(gguf->number_or("f32", 0).value(), 1.5);
  EXPECT_EQ(gguf->number_or("f64", 0).value(), 0.1);
  EXPECT_EQ(gguf->boolean_or("yes", false).value(), true);
  EXPECT_EQ(gguf->string("text").value(), "naïve");
  const auto& list = std::get<GgufArray>(gguf->metadata().at("list"));
  EXPECT_EQ(std::get<std::vector<std::string>>(list.items), (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(std::get<std::vector<bool>>(std::get<GgufArray>(gguf->metadata().at("flags")).items),
            (std::vector<bool>{true, false, true}));
  const GgufTensor* matrix = gguf->tensor("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->shape, (std::vector<uint64_t>{3, 64}));
  EXPECT_EQ(matrix->type_name, "Q8_0");
  EXPECT_EQ(matrix->type, kernels::WeightType::Q8_0);
  EXPECT_EQ(matrix->bytes, 3u * 2 * 34);
  EXPECT_EQ(matrix->offset % 32, 0u);
  EXPECT_EQ(gguf->tensor("absent"), nullptr);
  EXPECT_EQ(gguf->tensor_bytes(), matrix->bytes + 20);
}

TEST(Gguf, reads_version_2_and_refuses_versions_1_and_4_by_number) {
  GgufWriter writer = small();
  writer.version = 2;
  EXPECT_TRUE(open_bytes(writer.bytes()));
  writer.version = 1;
  EXPECT_THAT(error_of(writer.bytes()), HasSubstr("version 1"));
  writer.version = 4;
  EXPECT_THAT(error_of(writer.bytes()), HasSubstr("version 4"));
}

TEST(Gguf, refuses_big_endian_files_by_name) {
  GgufWriter writer = small();
  writer.version = 0x03000000;
  EXPECT_THAT(error_of(writer.bytes()), HasSubstr("big-endian"));
}

TEST(Gguf, refuses_what_is_no_gguf_file) {
  GgufWriter writer = small();
  writer.magic = "GGML";
  EXPECT_THAT(error_of(writer.bytes()), HasSubstr("not a GGUF file"));
  EXPECT_THAT(error_of(""), HasSubstr("truncated"));
  EXPECT_EQ(Gguf::open("/nonexistent/model.gguf").error().kind, ErrorKind::NotFound);
}

TEST(Gguf, is_an_error_at_every_length_of_a_truncated_file) {
  const std::string bytes = small().bytes();
  for (size_t length = 0; length + 28 < bytes.size(); ++length) {  // the last block of data is padded by 28
    ASSERT_FALSE(open_bytes(bytes.substr(0, length))) << length;
  }
}

TEST(Gguf, names_the_key_or_tensor_that_occurs_twice) {
  EXPECT_THAT(error_of(small().u32("answer", 43).bytes()), AllOf(HasSubstr("\"answer\""), HasSubstr("twice")));
  EXPECT_THAT(error_of(small().tensor("w", {32}, 2, std::string(18, 'z')).bytes()), AllOf(HasSubstr("\"w\""), HasSubstr("twice")));
}

TEST(Gguf, checks_counts_and_lengths_against_the_file) {
  std::string bytes = small().bytes();
  std::string many = bytes;
  const uint64_t huge = uint64_t{1} << 60;
  std::memcpy(many.data() + 8, &huge, 8);
  EXPECT_THAT(error_of(many), HasSubstr("tensors do not fit"));
  many = bytes;
  std::memcpy(many.data() + 16, &huge, 8);
  EXPECT_THAT(error_of(many), HasSubstr("metadata values do not fit"));
  many = bytes;
  std::memcpy(many.data() + 24, &huge, 8);
  EXPECT_THAT(error_of(many), HasSubstr("claims a length"));
  const std::string array = GgufWriter::raw(uint32_t{GgufWriter::U8}) + GgufWriter::raw(huge);
  EXPECT_THAT(error_of(small().entry("big", GgufWriter::Array, array).bytes()), AllOf(HasSubstr("\"big\""), HasSubstr("claims")));
}

TEST(Gguf, refuses_arrays_of_arrays_unknown_types_and_odd_truth_values) {
  const std::string nested = GgufWriter::raw(uint32_t{GgufWriter::Array}) + GgufWriter::raw(uint64_t{1});
  EXPECT_THAT(error_of(small().entry("deep", GgufWriter::Array, nested).bytes()), HasSubstr("array of arrays"));
  EXPECT_THAT(error_of(small().entry("odd", 13, "x").bytes()), HasSubstr("unknown type 13"));
  const std::string odd = GgufWriter::raw(uint32_t{77}) + GgufWriter::raw(uint64_t{0});
  EXPECT_THAT(error_of(small().entry("odd", GgufWriter::Array, odd).bytes()), HasSubstr("unknown type 77"));
  EXPECT_THAT(error_of(small().entry("odd", GgufWriter::Bool, "\x02").bytes()), HasSubstr("truth value of 2"));
}

TEST(Gguf, checks_shapes_types_and_places_of_tensors) {
  const auto with = [](const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    GgufWriter writer = small();
    return error_of(writer.tensor_entry("bad", shape, type, offset).bytes());
  };
  EXPECT_THAT(with({}, 0, 0), HasSubstr("0 dimensions"));
  EXPECT_THAT(with({1, 1, 1, 1, 1}, 0, 0), HasSubstr("5 dimensions"));
  EXPECT_THAT(with({0, 32}, 0, 0), HasSubstr("dimension of 0"));
  EXPECT_THAT(with({2, 33}, 2, 0), HasSubstr("blocks of 32"));
  EXPECT_THAT(with({uint64_t{1} << 33, uint64_t{1} << 33}, 0, 0), HasSubstr("larger than the file"));
  EXPECT_THAT(with({uint64_t{1} << 62, 4}, 0, 0), HasSubstr("larger than the file"));
  EXPECT_THAT(with({8}, 0, 8), HasSubstr("alignment"));
  EXPECT_THAT(with({8}, 0, uint64_t{1} << 40), HasSubstr("past the end"));
  EXPECT_THAT(with({8}, 0, UINT64_MAX - 31), HasSubstr("past the end"));
  EXPECT_THAT(with({8}, 999, 0), HasSubstr("999"));
  EXPECT_THAT(with({32}, 31, 0), AllOf(HasSubstr("Q4_0_4_4"), HasSubstr("no longer")));
}

TEST(Gguf, knows_types_by_name_that_it_cannot_compute_with) {
  const auto gguf = open_bytes(small().tensor("iq", {256}, 21, std::string(110, '\0')).bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(gguf->tensor("iq")->type_name, "IQ3_S");
  EXPECT_FALSE(gguf->tensor("iq")->type.has_value());
}

TEST(Gguf, reads_every_type_that_kernels_compute_with) {
  for (int index = 0; index < kernels::kWeightTypeCount; ++index) {
    const auto type = static_cast<kernels::WeightType>(index);
    const size_t bytes = kernels::file_row_bytes(type, 512);
    const auto gguf = open_bytes(small().tensor("typed", {512}, type_code(type), std::string(bytes, '\0')).bytes());
    ASSERT_TRUE(gguf) << gguf.error().message;
    EXPECT_EQ(gguf->tensor("typed")->type_name, kernels::info(type).name);
    EXPECT_EQ(gguf->tensor("typed")->type, type) << kernels::info(type).name;
    EXPECT_EQ(gguf->tensor("typed")->bytes, bytes) << kernels::info(type).name;
  }
}

TEST(Gguf, honours_the_alignment_and_refuses_odd_ones) {
  GgufWriter writer;
  writer.alignment = 64;
  writer.u32("general.alignment", 64).tensor("w", {8}, 0, std::string(32, '\1'));
  const auto gguf = open_bytes(writer.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  EXPECT_EQ(gguf->tensor("w")->offset % 64, 0u);
  EXPECT_THAT(error_of(small().u32("general.alignment", 48).bytes()), HasSubstr("power of two"));
  EXPECT_THAT(error_of(small().u32("general.alignment", 0).bytes()), HasSubstr("power of two"));
  EXPECT_THAT(error_of(small().string("general.alignment", "x").bytes()), HasSubstr("general.alignment"));
}

TEST(Gguf, tells_absent_keys_from_keys_of_another_type) {
  const auto gguf = open_bytes(small().i32("negative", -1).bytes());
  ASSERT_TRUE(gguf);
  EXPECT_THAT(gguf->string("nothing").error().message, AllOf(HasSubstr("\"nothing\""), HasSubstr("missing")));
  EXPECT_EQ(gguf->integer_or("nothing", 9).value(), 9u);
  EXPECT_THAT(gguf->integer("general.name").error().message, HasSubstr("\"general.name\""));
  EXPECT_FALSE(gguf->integer_or("negative", 3));
  EXPECT_FALSE(gguf->string("answer"));
  EXPECT_FALSE(gguf->boolean_or("answer", true));
  EXPECT_FALSE(gguf->number_or("general.name", 1));
}

TEST(Gguf, makes_names_from_hostile_files_safe_to_print) {
  const std::string name = "evil\x1b[31m\n" + std::string(500, 'a');
  const std::string message = error_of(small().tensor_entry(name, {0}, 0, 0).bytes());
  EXPECT_THAT(message, HasSubstr("evil\\x1b[31m\\x0a"));
  EXPECT_LT(message.size(), 300u);
}

TEST(TokenizerSource, takes_the_byte_level_vocabulary_and_its_endings) {
  GgufWriter writer;
  write_tiny_tokenizer(writer);
  const auto gguf = open_bytes(writer.bytes());
  ASSERT_TRUE(gguf) << gguf.error().message;
  const auto source = tokenizer_source(*gguf);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->model, text::TokenizerSource::Model::ByteLevelBpe);
  EXPECT_EQ(source->pre_tokenizer, "gpt-2");
  EXPECT_EQ(source->tokens.size(), kTinyVocabulary);
  EXPECT_EQ(source->merges.size(), 2u);
  EXPECT_EQ(source->bos, 259u);
  EXPECT_EQ(source->end_of_generation, (std::vector<text::TokenId>{258, 260}));  // <|endoftext|>, <|im_end|>
  EXPECT_FALSE(source->add_bos);
}

GgufWriter sentence_piece() {
  GgufWriter writer;
  writer.string("tokenizer.ggml.model", "llama").strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "<end_of_turn>"});
  writer.array<float>("tokenizer.ggml.scores", GgufWriter::F32, {0, 0, 0, -1, 0});
  writer.array<int32_t>("tokenizer.ggml.token_type", GgufWriter::I32, {2, 3, 3, 1, 4});
  writer.u32("tokenizer.ggml.eos_token_id", 2).u32("tokenizer.ggml.padding_token_id", UINT32_MAX);
  return writer;
}

TEST(TokenizerSource, takes_a_sentence_piece_vocabulary_with_its_defaults) {
  const auto gguf = open_bytes(sentence_piece().bytes());
  const auto source = tokenizer_source(*gguf);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->model, text::TokenizerSource::Model::SentencePieceBpe);
  EXPECT_TRUE(source->add_bos);
  EXPECT_TRUE(source->add_space_prefix);
  EXPECT_FALSE(source->pad.has_value());
  EXPECT_EQ(source->end_of_generation, (std::vector<text::TokenId>{4, 2}));
}

TEST(TokenizerSource, refuses_other_models_by_name_and_tables_that_do_not_fit) {
  const auto error = [](const GgufWriter& writer) { return tokenizer_source(*open_bytes(writer.bytes())).error().message; };
  GgufWriter bert;
  EXPECT_THAT(error(bert.string("tokenizer.ggml.model", "bert")), HasSubstr("\"bert\""));
  EXPECT_THAT(error(GgufWriter()), HasSubstr("tokenizer.ggml.model"));
  EXPECT_THAT(error(sentence_piece().u32("tokenizer.ggml.bos_token_id", 5)), HasSubstr("bos_token_id is 5"));
  GgufWriter bare;
  bare.string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", {"a", "b"});
  GgufWriter few = bare;
  EXPECT_THAT(error(few.array<int32_t>("tokenizer.ggml.token_type", GgufWriter::I32, {1})), HasSubstr("1 entries for 2 tokens"));
  GgufWriter odd = bare;
  EXPECT_THAT(error(odd.array<int32_t>("tokenizer.ggml.token_type", GgufWriter::I32, {1, 9})), HasSubstr("unknown kind 9"));
  GgufWriter scores = bare;
  EXPECT_THAT(error(scores.array<float>("tokenizer.ggml.scores", GgufWriter::F32, {1})), HasSubstr("scores has 1"));
  GgufWriter wrong = bare;
  EXPECT_THAT(error(wrong.u32("tokenizer.ggml.merges", 1)), HasSubstr("tokenizer.ggml.merges"));
}

}  // namespace
}  // namespace headrace::model
