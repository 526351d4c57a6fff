#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace::frame {

/// SQL's LIKE: % stands for any characters, _ for one, and a backslash before either or itself takes away its meaning.
class Like {
 public:
  explicit Like(std::string_view pattern);
  bool matches(std::string_view text) const;

 private:
  /// Bytes, and how many characters of any kind stand before them.
  struct Piece {
    size_t any = 0;
    std::string bytes;
  };
  /// What stands between two %.
  using Segment = std::vector<Piece>;

  /// Where a segment that begins at `at` ends in the text; npos if it does not fit.
  static size_t end_of(const Segment& segment, std::string_view text, size_t at);

  std::vector<Segment> segments_;
};

}  // namespace headrace::frame
