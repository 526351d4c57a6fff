#pragma once

#include <memory>
#include <string>

#include "text/tokenizer.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

/// Turns the bytes of tokens into text that is always valid UTF-8, as they come.
/// `decode` of all ids at once and a StreamDecoder are both this, so that they agree.
class TextAssembler {
 public:
  /// `drop_leading_space`: the first character of the whole is left out if a space.
  TextAssembler(utf8::Repair repair, bool drop_leading_space)
      : repair_(repair), drop_leading_space_(drop_leading_space) {}

  /// Appends to `out` what these bytes complete.
  void push(std::string_view bytes, std::string& out) {
    if (bytes.empty()) return;
    if (drop_leading_space_) {
      drop_leading_space_ = false;
      if (bytes[0] == ' ') bytes.remove_prefix(1);
    }
    if (!held_.empty()) {
      held_ += bytes;
      bytes = held_;
    }
    const size_t incomplete = utf8::append_repaired(out, bytes, repair_);
    held_ = std::string(bytes.substr(bytes.size() - incomplete));
  }

  /// Appends what stands for bytes that are still held back.
  void finish(std::string& out) {
    if (!held_.empty()) utf8::append_replacement(out, held_.size(), repair_);
    held_.clear();
  }

 private:
  utf8::Repair repair_;
  bool drop_leading_space_;
  std::string held_;  // at most three bytes between calls
};

}  // namespace headrace::text
