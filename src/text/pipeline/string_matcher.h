#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::text {

/// Finds many strings in a text at once: leftmost first, of those the longest, none
/// overlapping. Time is linear in the text for any strings.
///
/// Where no string is long, a search for the bytes that strings begin with, and from each such place a walk
/// down a tree of the strings. Otherwise an Aho-Corasick automaton of the reversed strings, which goes
/// through the text from its end and knows, at each byte, the longest string that begins there.
class StringMatcher {
 public:
  struct Hit {
    size_t begin = 0;
    size_t end = 0;
    uint32_t string = 0;  ///< index into the strings
    bool operator==(const Hit&) const = default;
  };

  StringMatcher() = default;
  /// Empty strings are never found; of equal ones the first is. Needs them only here.
  explicit StringMatcher(const std::vector<std::string>& strings);

  bool empty() const { return lengths_.empty(); }
  std::vector<Hit> find_all(std::string_view text) const;

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};

  void build(const std::vector<std::string>& strings);
  void build_tree(const std::vector<std::string>& strings);
  size_t next_candidate(std::string_view text, size_t from) const;
  std::vector<Hit> find_forward(std::string_view text) const;
  uint32_t child(uint32_t state, uint8_t byte) const;
  uint32_t step(uint32_t state, uint8_t byte) const;

  // By state; state 0 is the root. A state's edges are sorted by byte, and their targets follow one another.
  std::vector<uint32_t> first_edge_;
  std::vector<uint32_t> first_child_;
  std::vector<uint32_t> fail_;
  std::vector<uint32_t> longest_;  // the longest string that the state ends with, or kNone
  std::vector<uint8_t> edges_;
  std::array<uint32_t, 256> from_root_{};
  std::vector<uint32_t> lengths_;

  /// A node of the tree: its edges are sorted by byte, and their targets follow one another.
  struct Node {
    uint32_t first_edge = 0;
    uint32_t first_child = 0;
    uint32_t string = kNone;  // the first one that ends here
  };
  std::vector<Node> tree_;  // with one after the last; empty: a string is long
  std::vector<uint8_t> tree_edges_;
  std::vector<char> first_bytes_;
  std::array<bool, 256> begins_{};            // by first byte
  std::array<uint64_t, 1024> begins_pair_{};  // by the first two, a bit each; a string of one byte sets all
};

}  // namespace headrace::text
