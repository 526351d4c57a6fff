#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::text {

/// A text that differs from the caller's in a few places (repaired UTF-8, removed
/// spaces) and knows, for each position of its own, the position in the original.
class EditedText {
 public:
  /// Begins as the original itself; nothing is copied until the first edit.
  explicit EditedText(std::string_view original) : original_(original) {}

  /// Replaces invalid UTF-8 by U+FFFD, one for each maximal invalid part.
  void repair_utf8();
  /// Makes one space of each run of spaces and removes those at both ends.
  void remove_extra_spaces();

  std::string_view text() const { return edited_ ? std::string_view(copy_) : original_; }
  bool edited() const { return edited_; }
  /// Maps a position between two characters of text() to one in the original.
  uint32_t original_position(uint32_t position) const;

 private:
  struct Anchor {
    uint32_t here;      // from this position on …
    uint32_t original;  // … the texts run in step
  };
  void begin_edit(std::string_view source, size_t unchanged);
  void append(std::string_view bytes, size_t original_position);
  void finish_edit();

  std::string_view original_;
  std::string copy_;
  bool edited_ = false;
  std::vector<Anchor> anchors_;
  std::string next_copy_;
  std::vector<Anchor> next_anchors_;
};

}  // namespace headrace::text
