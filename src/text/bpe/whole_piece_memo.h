#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "text/tokenizer.h"

namespace headrace::text {

/// Whether a piece that is spelled like a token really merges to that token alone
/// (nine pieces in ten do). Learnt as pieces come by and shared by all threads:
/// every thread would find the same answer, so a relaxed store is enough.
class WholePieceMemo {
 public:
  enum class Answer : uint8_t { Unknown, Yes, No };

  explicit WholePieceMemo(size_t tokens) : answers_(new std::atomic<uint8_t>[tokens]()) {}

  Answer of(TokenId id) const { return static_cast<Answer>(answers_[id].load(std::memory_order_relaxed)); }
  void learn(TokenId id, bool whole) const {
    answers_[id].store(static_cast<uint8_t>(whole ? Answer::Yes : Answer::No), std::memory_order_relaxed);
  }

 private:
  std::unique_ptr<std::atomic<uint8_t>[]> answers_;
};

}  // namespace headrace::text
