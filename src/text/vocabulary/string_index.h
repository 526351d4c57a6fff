#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// Multiplies to 128 bits and folds: the mixing step of the hashes below.
inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Hash of a byte string: whole words, the last one overlapping. With a seed that
/// nobody else knows, nobody can choose strings that collide.
inline uint64_t hash_bytes(std::string_view bytes, uint64_t seed = 0) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u, kSecond = 0xD6E8FEB86659FD93u;
  const auto load = [](const char* p, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, p, size);
    return word;
  };
  const char* p = bytes.data();
  const size_t size = bytes.size();
  uint64_t hash = (size * kSecond) ^ seed;
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) hash = fold_multiply(hash ^ load(p + i, 8), kFirst);
    return fold_multiply(hash ^ load(p + size - 8, 8), kSecond);
  }
  uint64_t word = 0;
  if (size >= 4) {
    word = load(p, 4) | load(p + size - 4, 4) << 32;
  } else if (size > 0) {
    word = load(p, 1) | load(p + size / 2, 1) << 8 | load(p + size - 1, 1) << 16;
  }
  return fold_multiply(hash ^ word, kFirst);
}

/// Strings laid end to end, found by number: in memory of its own, or in somebody else's.
class StringArena {
 public:
  StringArena() = default;
  /// `ends` is a zero and where each string ends in `bytes`.
  StringArena(TableArray<char> bytes, TableArray<uint32_t> ends)
      : bytes_(std::move(bytes)), ends_(std::move(ends)), used_(bytes_.size()), count_(static_cast<uint32_t>(ends_.size()) - 1) {}
  StringArena(StringArena&&) noexcept = default;
  StringArena& operator=(StringArena&&) noexcept = default;

  /// Whether arrays make an arena: then it is safe to make one of them.
  static bool is_sound(const TableArray<char>& bytes, const TableArray<uint32_t>& ends) {
    if (ends.empty() || ends[0] != 0 || ends[ends.size() - 1] != bytes.size() || ends.size() > ~uint32_t{0}) return false;
    bool ascending = true;  // PERF: without a branch, the compiler takes several at a time
    for (size_t i = 1; i < ends.size(); ++i) ascending &= ends[i - 1] <= ends[i];
    return ascending;
  }

  void reserve(size_t count, size_t bytes) {
    if (count + 1 > ends_.size()) ends_ = grown(ends_, count_ + size_t{1}, count + 1, TablePages::Filled);
    if (bytes > bytes_.size()) bytes_ = grown(bytes_, used_, bytes, TablePages::Filled);
  }
  void append(std::string_view string) {
    if (count_ + size_t{2} > ends_.size()) ends_ = grown(ends_, ends_.empty() ? 0 : count_ + size_t{1}, count_ * size_t{2} + 16);
    if (used_ + string.size() > bytes_.size()) bytes_ = grown(bytes_, used_, (used_ + string.size()) * 2 + 64);
    if (!string.empty()) std::memcpy(bytes_.data() + used_, string.data(), string.size());
    used_ += string.size();
    ends_[++count_] = static_cast<uint32_t>(used_);
  }
  uint32_t size() const { return count_; }
  std::string_view operator[](uint32_t i) const {
    return {bytes_.data() + ends_[i], static_cast<size_t>(ends_[i + 1] - ends_[i])};
  }
  std::string_view bytes() const { return {bytes_.data(), used_}; }
  /// A zero and where each string ends.
  std::span<const uint32_t> ends() const { return {ends_.data(), ends_.empty() ? 0 : count_ + size_t{1}}; }

 private:
  template <class T>
  static TableArray<T> grown(const TableArray<T>& old, size_t used, size_t size, TablePages pages = TablePages::Small) {
    TableArray<T> larger(size, pages);
    if (used > 0 && !old.empty()) std::memcpy(larger.data(), old.data(), used * sizeof(T));
    return larger;
  }

  TableArray<char> bytes_;
  TableArray<uint32_t> ends_;
  size_t used_ = 0;
  uint32_t count_ = 0;
};

/// Numbers of the strings of an arena, found by string: open addressing, eight
/// bytes a slot. Of equal strings the one added last is found.
class StringIndex {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  void reserve(size_t count) {
    size_t slots = 16;
    while (slots < count * 3 / 2 + 1) slots *= 2;
    slots_.assign(slots, Slot{});
    mask_ = slots - 1;
  }

  /// At most as many strings as were reserved for.
  void add(const StringArena& arena, uint32_t number) {
    Slot& slot = *probe(arena, arena[number]);
    slot = {slot.tag, number + 1};
  }

  uint32_t find(const StringArena& arena, std::string_view string) const {
    const uint64_t hash = hash_bytes(string);
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.number == 0) return kNone;
      if (slot.tag == tag && arena[slot.number - 1] == string) return slot.number - 1;
    }
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t number = 0;  // plus one; zero: free
  };

  Slot* probe(const StringArena& arena, std::string_view string) {
    const uint64_t hash = hash_bytes(string);
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.number == 0) slot.tag = tag;
      if (slot.number == 0 || (slot.tag == tag && arena[slot.number - 1] == string)) return &slot;
    }
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
};

}  // namespace headrace::text
