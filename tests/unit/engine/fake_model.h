#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "model/model.h"

namespace headrace::engine {

constexpr uint32_t kEnd = 256;         ///< "<|end|>", which ends generation
constexpr uint32_t kStart = 257;       ///< "<|start|>", a control token
constexpr uint32_t kVocabulary = 258;  ///< ids below 256 are single bytes

/// A tokenizer whose tokens are bytes.
std::shared_ptr<const text::Tokenizer> byte_tokenizer();
std::vector<text::TokenId> bytes_of(std::string_view text);

/// What one run of a step asked for.
struct SeenRun {
  uint32_t first = 0;
  uint32_t count = 0;
  model::LogitsRows logits = model::LogitsRows::None;
};

/// Stands for a model's arithmetic: stores each token in the page that the engine gave
/// for it, reads every earlier one back through the page table, and makes the next token
/// a function of all of them. A wrong page, position or copy changes the answer.
class FakeBackend final : public model::Backend {
 public:
  using Next = std::function<text::TokenId(std::span<const text::TokenId> known, const model::SampleInput& input)>;

  Result<model::PagePool> prepare(uint32_t pages, uint32_t max_rows, uint32_t max_logits_rows) override;
  uint64_t page_bytes() const override { return 1024; }
  Result<std::unique_ptr<model::PendingStep>> submit(const model::Step& step) override;
  void copy_page(uint32_t from, uint32_t to) override;

  /// The next token; unless a test sets it, a hash of the known tokens, the seed, the
  /// choice and the position, which never is kEnd.
  Next next;
  /// Seconds of fake time that a step takes: decodes, prompt tokens.
  std::function<double(uint32_t, uint32_t)> cost = [](uint32_t, uint32_t) { return 0.001; };
  std::function<void()> before_step;  ///< on the engine's thread
  int fail_steps = 0;                 ///< this many of the next steps fail
  bool check_everything = true;       ///< read the whole context back; false: the last token

  std::atomic<double> now = 0;        ///< fake seconds
  std::vector<std::vector<SeenRun>> steps;
  bool keep_steps = true;
  uint64_t rows = 0;                  ///< tokens computed so far
  uint64_t copies = 0;

 private:
  friend class FakeStep;
  model::StepRunResult answer(const model::StepRun& run);
  void check_step(const model::Step& step) const;
  std::vector<text::TokenId> read_back(const model::StepRun& run, uint32_t tokens) const;
  text::TokenId draw(std::span<const text::TokenId> known, const model::SampleInput& input) const;

  uint32_t pages_ = 0, max_rows_ = 0, max_logits_rows_ = 0;
  std::vector<text::TokenId> slots_;  // [pages][16]
  std::vector<float> logits_;
};

/// The score that the fake model gives `token` after `known`.
float fake_logprob(std::span<const text::TokenId> known, text::TokenId token);
float fake_logit(std::span<const text::TokenId> known, text::TokenId token);
/// The fake model's greedy continuation.
std::vector<text::TokenId> fake_greedy(std::vector<text::TokenId> prompt, uint32_t tokens);

class FakeModel final : public model::Model {
 public:
  explicit FakeModel(uint32_t context = 4096);
  const model::ModelInfo& info() const override { return info_; }
  const std::shared_ptr<const text::Tokenizer>& tokenizer() const override { return tokenizer_; }
  const std::shared_ptr<const text::ChatTemplate>& chat_template() const override { return chat_template_; }
  FakeBackend& backend() override { return backend_; }
  const std::shared_ptr<MemoryBudget>& budget() const override { return budget_; }

 private:
  model::ModelInfo info_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> chat_template_;
  std::shared_ptr<MemoryBudget> budget_;
  FakeBackend backend_;
};

}  // namespace headrace::engine
