#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "gguf_writer.h"
#include "model/model.h"
#include "tiny_model.h"

namespace headrace::model {

inline std::shared_ptr<Model> load_tiny(const std::filesystem::path& path, kernels::Isa isa, int threads,
                                        kernels::KvFormat kv_format = LoadOptions{}.kv_format) {
  auto model = Model::load(path, {.threads = threads, .isa = isa, .kv_format = kv_format});
  if (!model) {
    ADD_FAILURE() << model.error().message;
    return nullptr;
  }
  return *model;
}

/// The tiers that this CPU runs, portable first.
inline std::vector<kernels::Isa> available_tiers() {
  std::vector<kernels::Isa> tiers;
  for (const auto isa : kernels::kAllIsas) {
    if (kernels::can_run(isa)) tiers.push_back(isa);
  }
  return tiers;
}

inline std::vector<text::TokenId> random_tokens(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<text::TokenId> tokens(count);
  for (auto& token : tokens) token = random() % kTinyVocabulary;
  return tokens;
}

/// How sequences are fed to a backend.
struct Feeding {
  uint32_t chunk = 16;      ///< tokens of one sequence in a step
  uint32_t pages = 300;
  uint32_t shuffle = 0;     ///< seed of the order in which pages are used; 0: in order
  uint32_t max_rows = 512;
  bool only_last = false;   ///< logits of a sequence's last token alone
  bool staggered = false;   ///< sequence i starts i steps later, so that chunks and single tokens mix
};

/// Runs sequences side by side in common steps and collects every row's logits.
class TinySession {
 public:
  TinySession(Model& model, const Feeding& feeding) : model_(model), feeding_(feeding) {
    const auto pool = model.backend().prepare(feeding.pages, feeding.max_rows, feeding.max_rows);
    EXPECT_TRUE(pool) << pool.error().message;
    free_.resize(feeding.pages);
    std::iota(free_.begin(), free_.end(), 0u);
    if (feeding.shuffle != 0) std::ranges::shuffle(free_, std::mt19937(feeding.shuffle));
  }

  /// Logits [tokens][vocabulary] of each sequence. Pages are given back dirty.
  std::vector<std::vector<float>> logits(const std::vector<std::vector<text::TokenId>>& sequences) {
    std::vector<State> states(sequences.size());
    std::vector<std::vector<float>> out(sequences.size());
    for (size_t i = 0; i < sequences.size(); ++i) states[i].pages = take_pages((sequences[i].size() + 15) / 16);
    for (uint32_t turn = 0; step(sequences, states, out, turn); ++turn) {
    }
    for (State& state : states) free_.insert(free_.end(), state.pages.begin(), state.pages.end());
    return out;
  }

 private:
  struct State {
    uint32_t done = 0;
    std::vector<uint32_t> pages;
  };

  std::vector<uint32_t> take_pages(size_t count) {
    EXPECT_LE(count, free_.size());
    std::vector<uint32_t> pages(free_.end() - static_cast<std::ptrdiff_t>(count), free_.end());
    free_.resize(free_.size() - count);
    return pages;
  }

  bool step(const std::vector<std::vector<text::TokenId>>& sequences, std::vector<State>& states,
            std::vector<std::vector<float>>& out, uint32_t turn) {
    Step step;
    std::vector<size_t> owners;
    uint32_t rows = 0;
    bool waiting = false;
    for (size_t i = 0; i < sequences.size(); ++i) {
      const auto left = static_cast<uint32_t>(sequences[i].size()) - states[i].done;
      waiting = waiting || left > 0;
      if (left == 0 || (feeding_.staggered && turn < i)) continue;
      const uint32_t count = std::min({left, feeding_.chunk, feeding_.max_rows - rows});
      if (count == 0) continue;
      StepRun run;
      run.tokens = std::span(sequences[i]).subspan(states[i].done, count);
      run.first_position = states[i].done;
      run.pages = states[i].pages;
      run.logits = !feeding_.only_last ? LogitsRows::All : count == left ? LogitsRows::Last : LogitsRows::None;
      run.want_raw_logits = true;
      step.runs.push_back(run);
      owners.push_back(i);
      states[i].done += count;
      rows += count;
    }
    if (step.runs.empty()) return waiting;
    auto pending = model_.backend().submit(step);
    if (!pending) {
      ADD_FAILURE() << pending.error().message;
      return false;
    }
    const auto result = (*pending)->wait();
    for (size_t r = 0; r < owners.size(); ++r) {
      const StepRunResult& run = result->runs[r];
      const float* first = run.logits;
      out[owners[r]].insert(out[owners[r]].end(), first, first + size_t{run.logits_rows} * kTinyVocabulary);
    }
    return true;
  }

  Model& model_;
  Feeding feeding_;
  std::vector<uint32_t> free_;
};

}  // namespace headrace::model
