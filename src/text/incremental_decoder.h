#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "text/tokenizer.h"

namespace headrace::text {

/// Decodes ids one at a time and never takes back what it gave out: what `push` returns,
/// concatenated, with `finish` at the end, is byte for byte what Pipeline::decode makes of
/// all ids. Text that later ids may change is held back: the beginning of a character, a
/// run of byte tokens, what a decoder strips from the end; with a decoder that has no such
/// rule (a regular expression, a program's own) everything, until `finish`.
class IncrementalDecoder {
 public:
  IncrementalDecoder(IncrementalDecoder&&) noexcept;
  IncrementalDecoder& operator=(IncrementalDecoder&&) noexcept;
  ~IncrementalDecoder();

  /// The text that this id completes; ids outside the vocabulary are left out. The view is
  /// valid until the next call.
  std::string_view push(TokenId id);
  /// What is still held back; the next `push` begins another text. Fails only where
  /// Pipeline::decode of all ids would.
  Result<std::string_view> finish();

 private:
  friend class Pipeline;
  struct State;
  explicit IncrementalDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace headrace::text
