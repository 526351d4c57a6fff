#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::text::regex {

inline constexpr char32_t kLastCodePoint = 0x10FFFF;

/// Code points [first, last].
struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
  bool operator==(const CodePointRange&) const = default;
};

/// A set of code points, as sorted ranges that neither overlap nor touch.
class CodePointSet {
 public:
  CodePointSet() = default;
  CodePointSet(std::initializer_list<CodePointRange> ranges);

  static CodePointSet all() { return {{0, kLastCodePoint}}; }

  bool empty() const { return ranges_.empty(); }
  bool contains(char32_t c) const;
  std::span<const CodePointRange> ranges() const { return ranges_; }

  /// Adds ranges; many at once cost little more than one.
  void add(std::span<const CodePointRange> ranges);
  void add(char32_t first, char32_t last);
  void add(const CodePointSet& other) { add(other.ranges_); }

  CodePointSet complement() const;
  CodePointSet intersection(const CodePointSet& other) const;
  bool operator==(const CodePointSet&) const = default;

 private:
  std::vector<CodePointRange> ranges_;
};

}  // namespace headrace::text::regex
