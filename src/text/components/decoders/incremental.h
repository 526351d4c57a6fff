#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// A decoder that takes tokens as they come: one link of a chain. Between two links there
/// are either pieces, each whole, or the parts of one single text.
class IncrementalStep {
 public:
  virtual ~IncrementalStep() = default;
  virtual void take(std::string_view piece) = 0;
  /// Passes on what was held back, when no more comes.
  virtual Result<void> finish() { return {}; }

  IncrementalStep* next = nullptr;
};

/// A chain that appends to a string what a decoder makes of tokens.
class IncrementalChain {
 public:
  /// `decoder` null: tokens with spaces between them.
  static Result<IncrementalChain> compile(const LivePart<DecoderSpec>& decoder, std::string& out);
  void take(std::string_view token) { steps_.front()->take(token); }
  Result<void> finish();

 private:
  std::vector<std::unique_ptr<IncrementalStep>> steps_;
};

}  // namespace headrace::text
