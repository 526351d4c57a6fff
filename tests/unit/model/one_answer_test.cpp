// Logits are the same bytes on every tier, for any thread count, batch, chunk and page history.

#include <gtest/gtest.h>

#include <cstring>
#include <tuple>

#include "tiny_session.h"

namespace headrace::model {
namespace {

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// A tiny model by number, and how it keeps keys and values.
using Case = std::tuple<size_t, kernels::KvFormat>;

class OneAnswer : public testing::TestWithParam<Case> {
 protected:
  OneAnswer() : file_(tiny_gguf(tiny_models()[std::get<0>(GetParam())].second).bytes()) {}

  std::vector<std::vector<float>> logits(kernels::Isa isa, int threads, const Feeding& feeding,
                                         const std::vector<std::vector<text::TokenId>>& sequences, int repeats = 1) {
    const auto model = load_tiny(file_.path(), isa, threads, std::get<1>(GetParam()));
    if (model == nullptr) return {};
    TinySession session(*model, feeding);
    for (int i = 1; i < repeats; ++i) session.logits(sequences);
    return session.logits(sequences);
  }

  std::vector<float> expected(size_t tokens) {
    return logits(kernels::Isa::Portable, 1, {.chunk = 16}, {random_tokens(tokens, 7)}).at(0);
  }

  TemporaryFile file_;
};

TEST_P(OneAnswer, holds_on_every_tier) {
  const auto reference = expected(100);
  for (const auto isa : available_tiers()) {
    const auto out = logits(isa, 2, {.chunk = 16}, {random_tokens(100, 7)});
    ASSERT_EQ(out.size(), 1u);
    EXPECT_TRUE(same_bytes(out[0], reference)) << kernels::name(isa);
  }
}

TEST_P(OneAnswer, holds_for_one_two_and_three_threads) {
  const auto isa = available_tiers().back();
  const auto reference = expected(100);
  for (const int threads : {1, 2, 3}) {
    const auto out = logits(isa, threads, {.chunk = 16}, {random_tokens(100, 7)});
    EXPECT_TRUE(same_bytes(out.at(0), reference)) << threads << " threads";
  }
}

TEST_P(OneAnswer, holds_for_every_prefill_chunk) {
  const auto isa = available_tiers().back();
  const auto reference = expected(300);
  for (const uint32_t chunk : {1u, 5u, 16u, 64u, 512u}) {
    const auto out = logits(isa, 2, {.chunk = chunk}, {random_tokens(300, 7)});
    EXPECT_TRUE(same_bytes(out.at(0), reference)) << "chunks of " << chunk;
  }
}

TEST_P(OneAnswer, holds_on_every_tier_for_threads_and_chunks_at_once) {
  const std::vector<std::vector<text::TokenId>> sequences = {random_tokens(300, 7)};
  const auto reference = expected(300);
  for (const auto isa : available_tiers()) {
    for (const auto& [threads, chunk] : {std::pair{1, 1u}, {3, 1u}, {2, 64u}, {3, 64u}}) {
      const auto out = logits(isa, threads, {.chunk = chunk, .shuffle = 5}, sequences);
      EXPECT_TRUE(same_bytes(out.at(0), reference)) << kernels::name(isa) << ", " << threads << " threads, chunks of " << chunk;
    }
  }
}

TEST_P(OneAnswer, holds_for_seven_and_sixty_four_sequences_in_a_step) {
  const auto isa = available_tiers().back();
  const auto reference = expected(40);
  for (const uint32_t batch : {7u, 64u}) {
    std::vector<std::vector<text::TokenId>> sequences;
    for (uint32_t i = 0; i < batch; ++i) {
      sequences.push_back(i % 3 == 0 ? random_tokens(40, 7) : random_tokens(1 + (i * 13) % 60, 100 + i));
    }
    for (const bool staggered : {false, true}) {
      const auto out = logits(isa, 2, {.chunk = staggered ? 1u : 8u, .staggered = staggered}, sequences);
      for (uint32_t i = 0; i < batch; i += 3) {
        EXPECT_TRUE(same_bytes(out.at(i), reference)) << "sequence " << i << " of " << batch;
      }
    }
  }
}

TEST_P(OneAnswer, holds_where_each_thread_takes_rows_of_its_own) {
  const auto isa = available_tiers().back();
  const auto reference = expected(40);
  for (const auto& [threads, sequences] : {std::pair{2, 16u}, {2, 17u}, {3, 36u}, {3, 50u}, {2, 131u}}) {
    const std::vector<std::vector<text::TokenId>> same(sequences, random_tokens(40, 7));
    const auto out = logits(isa, threads, {.chunk = 1, .pages = 3 * sequences}, same);
    for (const auto& one : out) EXPECT_TRUE(same_bytes(one, reference)) << sequences << " rows, " << threads << " threads";
  }
}

TEST_P(OneAnswer, holds_on_shuffled_and_dirty_pages) {
  const auto isa = available_tiers().back();
  const auto reference = expected(300);
  const auto out = logits(isa, 2, {.chunk = 32, .pages = 40, .shuffle = 5}, {random_tokens(300, 7)}, 4);
  EXPECT_TRUE(same_bytes(out.at(0), reference));
}

TEST_P(OneAnswer, holds_where_only_the_last_row_is_asked_for) {
  const auto isa = available_tiers().back();
  const auto all = expected(100);
  const std::vector<float> reference(all.end() - kTinyVocabulary, all.end());
  for (const uint32_t chunk : {1u, 7u, 100u}) {
    std::vector<std::vector<text::TokenId>> sequences;
    for (uint32_t i = 0; i < 7; ++i) sequences.push_back(i % 3 == 0 ? random_tokens(100, 7) : random_tokens(1 + i * 11, 100 + i));
    const auto out = logits(isa, 2, {.chunk = chunk, .only_last = true, .staggered = true}, sequences);
    for (const size_t i : {0, 3, 6}) EXPECT_TRUE(same_bytes(out.at(i), reference)) << "sequence " << i << ", chunks of " << chunk;
  }
}

constexpr auto kFormats = {kernels::KvFormat::Float16, kernels::KvFormat::Int8};

INSTANTIATE_TEST_SUITE_P(Tiny, OneAnswer, testing::Combine(testing::Range<size_t>(0, tiny_models().size()), testing::ValuesIn(kFormats)),
                         [](const auto& info) {
                           std::string name = tiny_models()[std::get<0>(info.param)].first + "_" + kernels::name(std::get<1>(info.param));
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace headrace::model
