#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "text/bulk/piece_splitter.h"
#include "text/bulk/vocabulary_table.h"

namespace headrace::text {

/// Pairs of characters between which no entry of a vocabulary reaches. No merge crosses such a
/// boundary, so what is on its two sides can be encoded by itself, whatever the ranks. Characters are
/// those of the basic plane; between others nothing is known.
///
/// Entries may begin or end inside a character (byte-level vocabularies): then one of its
/// neighbours is unknown, and the character on the whole side is open to all of them.
class Barriers {
 public:
  explicit Barriers(std::span<const BulkEntry> entries);
  /// Of entries that are UTF-8, for pairs of which one is_wide: others count as joined or not.
  explicit Barriers(std::span<const std::string_view> entries);
  /// Of three bytes, and neither punctuation nor a symbol, which are in texts of every kind.
  static constexpr bool is_wide(char32_t c) { return (c >= 0x800 && c < 0x2000) || (c >= 0x3000 && c < 0x10000); }
  /// The same of the byte that a character begins with.
  static constexpr bool begins_wide(uint8_t lead) { return (lead & 0xF0) == 0xE0 && lead != 0xE2; }

  /// An empty one, to be filled by a visit and `adopt`.
  Barriers() = default;
  template <class Self, class Visit>
  static Result<void> visit_arrays(Self& self, const Visit& visit) {
    HR_CHECK(visit(self.joined_));
    HR_CHECK(visit(self.open_left_));
    HR_CHECK(visit(self.open_right_));
    return visit(self.ascii_);
  }
  bool adopt() {
    if (open_left_.size() != 1024 || open_right_.size() != 1024 || ascii_.size() != 256) return false;
    if (!std::has_single_bit(joined_.size()) || joined_.size() < 2 || joined_.size() > size_t{1} << 25) return false;
    shift_ = 32 - static_cast<uint32_t>(std::countr_zero(joined_.size() * 64));
    return true;
  }

  /// There shall be none beside this character, which is of the basic plane.
  void open(char32_t c) {
    set(open_left_, c);
    set(open_right_, c);
  }

  bool between(char32_t left, char32_t right) const {
    if (left >= 0x10000 || right >= 0x10000) return false;
    if ((left | right) < 0x80) return !(bit(ascii_.data(), left << 7 | right));
    return between_wide(left, right);
  }
  /// The same for characters of the basic plane of which one is not ASCII.
  bool between_wide(char32_t left, char32_t right) const {
    return !(bit(joined_.data(), place(left, right)) | bit(open_right_.data(), left) | bit(open_left_.data(), right));
  }

  /// Whether no entry reaches over the boundary with a part of either character: until both are whole,
  /// no merge crosses it.
  bool only_whole_between(char32_t left, char32_t right) const {
    return left < 0x10000 && right < 0x10000 && !bit(open_right_.data(), left) && !bit(open_left_.data(), right);
  }

  /// Adds to `chunk.starts` every barrier beside a character of three bytes.
  void cut_wide(SplitChunk& chunk) const;
  /// Adds every barrier. `space_too` is a character that stands for a space in the entries (or 0x10FFFF).
  void cut_everywhere(SplitChunk& chunk, char32_t space_too) const;

 private:
  static bool bit(const uint64_t* bits, uint32_t at) { return bits[at / 64] >> (at % 64) & 1; }
  static void set(TableArray<uint64_t>& bits, uint32_t at) { bits[at / 64] |= uint64_t{1} << (at % 64); }
  void make_room(size_t pairs);
  uint32_t place(char32_t left, char32_t right) const { return (static_cast<uint32_t>(left) << 16 | right) * 0x9E3779B1u >> shift_; }

  TableArray<uint64_t> joined_;      // by a hash of the pair: some entry may reach across
  TableArray<uint64_t> open_left_;   // by character: an entry begins inside the one before it
  TableArray<uint64_t> open_right_;  // by character: an entry ends inside the one after it
  TableArray<uint64_t> ascii_;       // pairs of ASCII characters that an entry joins, exactly
  uint32_t shift_ = 16;
};

/// The pairs of ASCII characters that are side by side in an entry.
class AsciiPairs {
 public:
  /// Returns whether the entry has a character that is_wide.
  bool add(std::string_view entry) {
    bool wide = false;
    uint8_t left = 0x80;
    for (const char byte : entry) {
      const auto right = static_cast<uint8_t>(byte);
      if ((left | right) < 0x80) apart_[static_cast<uint32_t>(right) << 8 | left] = 0;
      wide |= Barriers::begins_wide(right);
      left = right;
    }
    return wide;
  }
  bool apart(uint8_t left, uint8_t right) const { return apart_[static_cast<uint32_t>(right) << 8 | left] != 0; }
  /// The same for each of 64 bytes, of which only the lower seven bits count, and the one before it.
  ///
  /// PERF: a load of the pair, of the answer, and nothing that waits for the pair before.
  uint64_t apart(const uint8_t* bytes) const {
    uint64_t apart = 0;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t pair = static_cast<uint32_t>(bytes[i]) << 8 | bytes[static_cast<ptrdiff_t>(i) - 1];
      apart |= uint64_t{apart_[pair & 0x7F7F]} << i;
    }
    return apart;
  }

 private:
  std::array<uint8_t, 0x8000> apart_ = [] {
    std::array<uint8_t, 0x8000> all;
    all.fill(1);
    return all;
  }();
};

}  // namespace headrace::text
