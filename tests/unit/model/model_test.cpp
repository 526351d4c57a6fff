#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tiny_session.h"

namespace headrace::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Model, says_what_it_is) {
  const TemporaryFile file(tiny_gguf({}).bytes());
  uint64_t reported = 0, in_all = 0;
  const auto model = Model::load(file.path(), {.threads = 2, .isa = kernels::Isa::Portable, .progress = [&](uint64_t done, uint64_t all) {
                                   reported = std::max(reported, done);
                                   in_all = all;
                                 }});
  ASSERT_TRUE(model) << model.error().message;
  const ModelInfo& info = (*model)->info();
  EXPECT_EQ(info.name, "tiny");
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.layers, 2u);
  EXPECT_EQ(info.hidden, 64u);
  EXPECT_EQ(info.vocabulary, kTinyVocabulary);
  EXPECT_EQ(info.context_length, 2048u);
  EXPECT_EQ(info.weight_types, "Q4_0 ×12, F32 ×5, Q8_0 ×2, F16 ×1");
  EXPECT_EQ(info.isa, "portable");
  EXPECT_EQ(info.threads, 2);
  EXPECT_GT(info.weight_bytes, 0u);
  EXPECT_LE(reported, in_all);
  EXPECT_EQ((*model)->tokenizer()->vocabulary_size(), kTinyVocabulary);
  EXPECT_EQ((*model)->chat_template(), nullptr);
}

TEST(Model, loads_the_only_file_of_a_folder) {
  const TemporaryFile file(tiny_gguf({}).bytes());
  ASSERT_TRUE(Model::load(file.folder()));
  std::ofstream(file.folder() / "second.gguf") << "x";
  EXPECT_THAT(Model::load(file.folder()).error().message, AllOf(HasSubstr("2 .gguf files"), HasSubstr("name one")));
  std::filesystem::remove(file.folder() / "second.gguf");
  std::filesystem::remove(file.path());
  EXPECT_EQ(Model::load(file.folder()).error().kind, ErrorKind::NotFound);
}

TEST(Model, compiles_the_chat_template_and_does_without_a_broken_one) {
  GgufWriter good = tiny_gguf({});
  const TemporaryFile good_file(good.string("tokenizer.chat_template", "{{ messages[0].content }}").bytes());
  const auto model = Model::load(good_file.path(), {.threads = 1});
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_NE((*model)->chat_template(), nullptr);
  GgufWriter broken = tiny_gguf({});
  const TemporaryFile broken_file(broken.string("tokenizer.chat_template", "{% if %}").bytes());
  const auto without = Model::load(broken_file.path(), {.threads = 1});
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ((*without)->chat_template(), nullptr);
}

TEST(Model, refuses_a_tokenizer_larger_than_its_embedding) {
  GgufWriter writer;
  TinyModel tiny{.layers = 1};
  RandomWeights random(1);
  write_tiny_metadata(writer, tiny);
  write_tiny_tokenizer(writer);
  writer.tensor("token_embd.weight", {300, 64}, 1, random.matrix(kernels::WeightType::F16, 300, 64));
  write_tiny_layer(writer, tiny, random, 0);
  writer.tensor("output_norm.weight", {64}, 0, random.vector(64, 1));
  const TemporaryFile file(writer.bytes());
  EXPECT_THAT(Model::load(file.path()).error().message, AllOf(HasSubstr("301"), HasSubstr("300")));
}

TEST(Model, names_the_file_that_is_not_there_and_threads_that_cannot_be) {
  EXPECT_THAT(Model::load("/nonexistent/model.gguf").error().message, HasSubstr("/nonexistent/model.gguf"));
  const TemporaryFile file(tiny_gguf({}).bytes());
  EXPECT_FALSE(Model::load(file.path(), {.threads = -1}));
  EXPECT_FALSE(Model::load(file.path(), {.threads = 100'000}));
}

TEST(Model, does_not_crash_when_the_file_shrinks_while_it_is_read) {
  const TemporaryFile file(tiny_gguf({}).bytes());
  bool cut = false;
  const auto model = Model::load(file.path(), {.threads = 1, .progress = [&](uint64_t, uint64_t) {
                                   if (!cut) std::filesystem::resize_file(file.path(), 5000);
                                   cut = true;
                                 }});
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("truncated"));
}

}  // namespace
}  // namespace headrace::model
