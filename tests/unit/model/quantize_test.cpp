// --quantize: float matrices of a file become 8- or 4-bit ones while they are read.

#include "model/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "base/log.h"
#include "kernels/quantize_weights.h"
#include "model/gguf.h"
#include "tiny_session.h"

namespace headrace::model {
namespace {

using enum kernels::WeightType;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

TinyModel all_of(kernels::WeightType type, bool tied = true) {
  return {.embedding = type, .head = type, .attention = type, .gate = type, .up = type, .down = type, .tied = tied};
}

std::shared_ptr<Model> load(const std::filesystem::path& path, const LoadOptions& options) {
  auto model = Model::load(path, options);
  if (!model) {
    ADD_FAILURE() << model.error().message;
    return nullptr;
  }
  return *model;
}

std::string refusal(const TinyModel& tiny, Quantize quantize) {
  const TemporaryFile file(tiny_gguf(tiny).bytes());
  const auto model = Model::load(file.path(), {.threads = 2, .quantize = quantize});
  return model ? "it was loaded" : model.error().message;
}

std::vector<float> logits(const std::filesystem::path& path, const LoadOptions& options) {
  const auto model = load(path, options);
  if (model == nullptr) return {};
  return TinySession(*model, {}).logits({random_tokens(60, 3)}).at(0);
}

double length(const std::vector<float>& values) {
  double squares = 0;
  for (const float value : values) squares += double{value} * value;
  return std::sqrt(squares);
}

/// How far `b` is from `a`, as a part of it.
double distance(const std::vector<float>& a, std::vector<float> b) {
  EXPECT_EQ(a.size(), b.size());
  for (size_t i = 0; i < b.size(); ++i) b[i] -= a[i];
  return length(b) / length(a);
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// What is logged while it lives.
class CollectedLog {
 public:
  CollectedLog() {
    set_log_sink([this](LogLevel, std::string_view, std::string_view message) { text_ += std::string(message) + "\n"; });
  }
  ~CollectedLog() { set_log_sink({}); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

TEST(Quantize, has_two_names) {
  EXPECT_EQ(parse_quantize("q8"), Quantize::Q8);
  EXPECT_EQ(parse_quantize("q4"), Quantize::Q4);
  for (const char* name : {"", "nothing", "Q8", "q5"}) {
    EXPECT_THAT(parse_quantize(name).error().message, HasSubstr("choose q8 or q4")) << name;
  }
}

TEST(Quantize, brings_logits_near_those_of_the_floats) {
  for (const auto type : {F32, F16, BF16}) {
    const TemporaryFile file(tiny_gguf(all_of(type)).bytes());
    const auto floats = logits(file.path(), {.threads = 2});
    // Random layers enlarge every error, that of activations in int8 too.
    EXPECT_LT(distance(floats, logits(file.path(), {.threads = 2, .quantize = Quantize::Q8})), 0.1);
    EXPECT_LT(distance(floats, logits(file.path(), {.threads = 2, .quantize = Quantize::Q4})), 0.5);
  }
}

/// The tiny model in the file with its matrices quantised beforehand.
std::string quantised_file(const std::filesystem::path& path, const TinyModel& tiny, Quantize quantize) {
  const auto gguf = Gguf::open(path);
  GgufWriter writer;
  write_tiny_metadata(writer, tiny);
  write_tiny_tokenizer(writer);
  for (const GgufTensor& tensor : gguf->tensors()) {
    std::string bytes(tensor.bytes, '\0');
    EXPECT_TRUE(gguf->file().read_at(tensor.offset, std::as_writable_bytes(std::span(bytes))));
    if (tensor.shape.size() == 1) {
      writer.tensor(tensor.name, tensor.shape, tensor.type_code, bytes);
      continue;
    }
    const bool eight_bits = quantize == Quantize::Q8 || tensor.name == "output.weight" || tensor.name.ends_with("attn_v.weight");
    const auto type = eight_bits ? Q8_0 : Q4_1;
    const auto inputs = static_cast<uint32_t>(tensor.shape[1]);
    const size_t from = kernels::file_row_bytes(*tensor.type, inputs), to = kernels::file_row_bytes(type, inputs);
    std::string rows(to * tensor.shape[0], '\0');
    for (size_t row = 0; row < tensor.shape[0]; ++row) {
      kernels::quantize_weights(*tensor.type, reinterpret_cast<const std::byte*>(bytes.data()) + row * from, inputs, type,
                                reinterpret_cast<std::byte*>(rows.data()) + row * to);
    }
    writer.tensor(tensor.name, tensor.shape, type_code(type), rows);
  }
  return writer.bytes();
}

TEST(Quantize, gives_the_logits_of_a_file_that_was_quantised_beforehand) {
  for (const auto type : {F32, F16, BF16}) {
    TinyModel tiny = all_of(type, false);
    tiny.feed_forward = 1056;
    const TemporaryFile file(tiny_gguf(tiny).bytes());
    for (const auto quantize : {Quantize::Q8, Quantize::Q4}) {
      const TemporaryFile beforehand(quantised_file(file.path(), tiny, quantize));
      EXPECT_TRUE(same_bytes(logits(file.path(), {.threads = 2, .quantize = quantize}), logits(beforehand.path(), {.threads = 2})));
    }
  }
}

TEST(Quantize, gives_the_same_logits_on_every_tier_and_for_any_number_of_threads) {
  // Rows of 64 and 2080 values: several chunks of a matrix, the last of them short.
  TinyModel tiny = all_of(F16, false);
  tiny.feed_forward = 2080;
  tiny.down = F32;
  tiny.up = BF16;
  const TemporaryFile file(tiny_gguf(tiny).bytes());
  for (const auto quantize : {Quantize::Q8, Quantize::Q4}) {
    const auto reference = logits(file.path(), {.threads = 1, .isa = kernels::Isa::Portable, .quantize = quantize});
    for (const auto isa : available_tiers()) {
      for (const int threads : {1, 2, 3}) {
        EXPECT_TRUE(same_bytes(logits(file.path(), {.threads = threads, .isa = isa, .quantize = quantize}), reference))
            << kernels::name(isa) << ", " << threads << " threads, " << name(quantize);
      }
    }
  }
}

TEST(Quantize, does_not_depend_on_how_the_program_rounds) {
  const TemporaryFile file(tiny_gguf(all_of(F32)).bytes());
  const LoadOptions options{.threads = 1, .quantize = Quantize::Q4};
  const auto expected = logits(file.path(), options);
  std::fesetround(FE_UPWARD);
  const auto upward = logits(file.path(), options);
  std::fesetround(FE_TONEAREST);
  EXPECT_TRUE(same_bytes(upward, expected));
}

TEST(Quantize, keeps_the_head_and_the_values_of_attention_in_eight_bits) {
  const TemporaryFile tied(tiny_gguf(all_of(F16)).bytes()), own_head(tiny_gguf(all_of(F16, false)).bytes());
  const auto types = [](const TemporaryFile& file, Quantize quantize) {
    const auto model = load(file.path(), {.threads = 1, .quantize = quantize});
    return model == nullptr ? "" : model->info().weight_types + " by " + model->info().quantize;
  };
  // Two layers of seven matrices; two norms a layer and the last one.
  EXPECT_EQ(types(tied, Quantize::Q4), "Q4_1 ×12, F32 ×5, Q8_0 ×3 by q4");
  EXPECT_EQ(types(own_head, Quantize::Q4), "Q4_1 ×13, F32 ×5, Q8_0 ×3 by q4");
  EXPECT_EQ(types(tied, Quantize::Q8), "Q8_0 ×15, F32 ×5 by q8");
  EXPECT_EQ(types(tied, Quantize::Nothing), "F16 ×15, F32 ×5 by ");
}

TEST(Quantize, takes_the_memory_of_the_quantised_weights_alone) {
  TinyModel tiny = all_of(F32);
  tiny.feed_forward = 4096;
  const TemporaryFile file(tiny_gguf(tiny).bytes());
  const uint64_t float_bytes = load(file.path(), {.threads = 1})->info().weight_bytes;
  const auto budget = MemoryBudget::create("a third of the floats", float_bytes / 3);
  ASSERT_FALSE(Model::load(file.path(), {.threads = 1, .budget = budget}));
  const auto model = load(file.path(), {.threads = 1, .quantize = Quantize::Q8, .budget = budget});
  ASSERT_NE(model, nullptr);
  const ModelInfo& info = model->info();
  EXPECT_EQ(budget->used_bytes(), info.weight_bytes);
  EXPECT_LT(info.weight_bytes, float_bytes * 0.27);
  EXPECT_LT(info.tensor_bytes, float_bytes * 0.27);
  EXPECT_LT(load(file.path(), {.threads = 1, .quantize = Quantize::Q4})->info().weight_bytes, float_bytes * 0.17);
}

TEST(Quantize, leaves_matrices_that_are_quantised_already) {
  const TemporaryFile file(tiny_gguf({}).bytes());  // all but the embedding
  const auto model = load(file.path(), {.threads = 1, .quantize = Quantize::Q4});
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->info().weight_types, "Q4_0 ×12, F32 ×5, Q8_0 ×3");
}

TEST(Quantize, is_refused_where_nothing_would_change) {
  TinyModel tiny;
  tiny.embedding = Q8_0;
  EXPECT_THAT(refusal(tiny, Quantize::Q8), AllOf(HasSubstr("model.gguf"), HasSubstr("Q4_0 ×12, Q8_0 ×3"), HasSubstr("nothing to quantise")));
  TinyModel odd = all_of(F16);
  odd.hidden = 40;
  odd.heads = 5;
  odd.kv_heads = 1;
  odd.head_dim = 8;
  odd.feed_forward = 88;
  EXPECT_THAT(refusal(odd, Quantize::Q4), AllOf(HasSubstr("F16 ×15"), HasSubstr("multiple of 32")));
}

TEST(Quantize, leaves_rows_that_are_no_whole_number_of_blocks_and_says_so) {
  TinyModel tiny = all_of(BF16);
  tiny.feed_forward = 88;
  const TemporaryFile file(tiny_gguf(tiny).bytes());
  const CollectedLog log;
  const auto model = load(file.path(), {.threads = 2, .quantize = Quantize::Q8});
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->info().weight_types, "Q8_0 ×13, F32 ×5, BF16 ×2");
  EXPECT_THAT(log.text(), AllOf(HasSubstr("2 of the float matrices"), HasSubstr("blk.0.ffn_down.weight"), HasSubstr("rows of 88")));
  EXPECT_LT(distance(logits(file.path(), {.threads = 1}), logits(file.path(), {.threads = 1, .quantize = Quantize::Q8})), 0.1);
}

TEST(Quantize, says_nothing_where_every_matrix_can_be_quantised) {
  const TemporaryFile file(tiny_gguf(all_of(F16)).bytes());
  const CollectedLog log;
  ASSERT_NE(load(file.path(), {.threads = 1, .quantize = Quantize::Q4}), nullptr);
  EXPECT_THAT(log.text(), IsEmpty());
}

TEST(Quantize, names_the_tensor_and_the_place_of_a_weight_that_is_no_number) {
  TinyModel tiny = all_of(F32);
  std::string bytes = tiny_gguf(tiny).bytes();
  const TemporaryFile sound(bytes);
  const auto gguf = Gguf::open(sound.path());
  ASSERT_TRUE(gguf);
  const GgufTensor* tensor = gguf->tensor("blk.1.ffn_up.weight");
  ASSERT_NE(tensor, nullptr);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  for (const auto& [value, shown] : {std::pair{kNan, "nan"}, {-kInfinity, "-inf"}, {1e30f, "1e+30"}}) {
    std::memcpy(bytes.data() + tensor->offset + (17 * 64 + 45) * sizeof value, &value, sizeof value);
    const TemporaryFile file(bytes);
    for (const auto quantize : {Quantize::Q8, Quantize::Q4}) {
      const auto model = Model::load(file.path(), {.threads = 2, .quantize = quantize});
      ASSERT_FALSE(model);
      EXPECT_EQ(model.error().kind, ErrorKind::InvalidData);
      EXPECT_THAT(model.error().message, AllOf(HasSubstr(file.path().string()), HasSubstr("\"blk.1.ffn_up.weight\""),
                                               HasSubstr(std::string("holds ") + shown + " at [17, 45]")));
    }
  }
}

TEST(Quantize, quantises_every_architecture) {
  TinyModel gemma = tiny_models().at(3).second;
  gemma.embedding = gemma.attention = gemma.gate = gemma.up = gemma.down = BF16;
  ASSERT_EQ(gemma.architecture, "gemma3");
  const TemporaryFile file(tiny_gguf(gemma).bytes());
  EXPECT_LT(distance(logits(file.path(), {.threads = 2}), logits(file.path(), {.threads = 2, .quantize = Quantize::Q8})), 0.1);
}

}  // namespace
}  // namespace headrace::model
