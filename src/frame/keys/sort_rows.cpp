#include "frame/keys/sort_rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>
#include <utility>
#include <vector>

#include "base/thread_pool.h"

namespace headrace::frame {
namespace {

/// So few entries are sorted by insertion.
constexpr size_t kFew = 24;
/// From so many entries on, all threads work on one digit.
constexpr size_t kMany = size_t{256} << 10;
constexpr int kMostDigitBits = 11;
/// Strings that are equal so far are compared whole.
constexpr size_t kDeepestWord = 64;

void sort_by_insertion(std::span<SortEntry> entries) {
  for (size_t i = 1; i < entries.size(); ++i) {
    const SortEntry entry = entries[i];
    size_t at = i;
    for (; at > 0 && entries[at - 1].word > entry.word; --at) entries[at] = entries[at - 1];
    entries[at] = entry;
  }
}

/// Calls run(begin, end) over stretches of [0, size): in parallel if there are many.
template <class Run>
void each_stretch(size_t size, const Run& run) {
  if (size < kMany) return run(size_t{0}, size);
  ThreadPool::process().parallel_for(size, kMany / 4, run);
}

struct Digit {
  int shift, bits;
  size_t of(uint64_t word) const { return (word >> shift) & ((size_t{1} << bits) - 1); }
  size_t values() const { return size_t{1} << bits; }
};

/// Of words that differ in no higher bits than these: so many values that a few entries have the same.
Digit digit_of(uint64_t differing, size_t entries) {
  const int bits = std::min({kMostDigitBits, std::max(3, static_cast<int>(std::bit_width(entries)) - 2),
                             static_cast<int>(std::bit_width(differing))});
  return {static_cast<int>(std::bit_width(differing)) - bits, bits};
}

class RowSorter {
 public:
  RowSorter(const SortKeys& keys, std::span<SortEntry> entries, SortEntry* scratch) : keys_(keys), entries_(entries), scratch_(scratch) {}

  void sort(size_t wanted) { sort_group(0, entries_.size(), wanted, {}); }

 private:
  /// Puts entries [begin, begin + size), which are equal up to `place`, in the order of their words from there on; those from `wanted` on
  /// are left anyhow.
  void sort_group(size_t begin, size_t size, size_t wanted, SortKeys::Place place) {
    for (std::optional<SortKeys::Place> next = place; next; next = keys_.after(*next, entries_[begin].word)) {
      if (next->word == kDeepestWord) return compare_whole(begin, size, *next);
      fill(begin, size, *next);
      // A group of one word goes on by itself: long strings may be equal for long.
      if (!sort_words(begin, size, wanted, *next, false)) return;
    }
  }

  void fill(size_t begin, size_t size, SortKeys::Place place) {
    each_stretch(size, [&](size_t from, size_t to) { keys_.fill(place, entries_.subspan(begin + from, to - from)); });
  }

  /// By the words that the entries have; then each group of one word by what comes after. The entries lie in the scratch if `moved`, and
  /// come back. Whether they are all of one word, and thus not yet in order.
  bool sort_words(size_t begin, size_t size, size_t wanted, SortKeys::Place place, bool moved) {
    SortEntry* const own = entries_.data();
    const std::span<SortEntry> entries((moved ? scratch_ : own) + begin, size), other((moved ? own : scratch_) + begin, size);
    if (size <= kFew) {
      sort_by_insertion(entries);
      if (moved) std::ranges::copy(entries, other.begin());
      return sort_groups(begin, size, wanted, place);
    }
    const auto [differing, in_order] = look_at(entries);
    if (in_order) {
      if (moved) std::ranges::copy(entries, other.begin());
      return differing == 0 || sort_groups(begin, size, wanted, place);
    }
    const Digit digit = digit_of(differing, size);
    const std::vector<size_t> ends = size >= kMany ? scatter_in_parallel(entries, other, digit) : scatter(entries, other, digit);
    const auto sort_value = [&](size_t value) {
      const size_t from = value == 0 ? 0 : ends[value - 1], to = ends[value];
      if (from == to || from >= wanted) return;
      if (sort_words(begin + from, to - from, wanted - from, place, !moved)) sort_after(begin + from, to - from, wanted - from, place);
    };
    if (size < kMany) {
      for (size_t value = 0; value < digit.values(); ++value) sort_value(value);
    } else {
      ThreadPool::process().parallel_for(digit.values(), 1, [&](size_t from, size_t to) {
        for (size_t value = from; value < to; ++value) sort_value(value);
      });
    }
    return false;
  }

  /// Entries that are sorted by their words: each group of one by what comes after. True if there is but one group, of more than one entry.
  bool sort_groups(size_t begin, size_t size, size_t wanted, SortKeys::Place place) {
    const std::span<const SortEntry> entries = entries_.subspan(begin, size);
    if (size > 1 && entries.front().word == entries.back().word) return true;
    for (size_t from = 0, to = 0; from < std::min(size, wanted); from = to) {
      for (to = from + 1; to < size && entries[to].word == entries[from].word; ++to) {}
      if (to - from > 1) sort_after(begin + from, to - from, wanted - from, place);
    }
    return false;
  }

  void sort_after(size_t begin, size_t size, size_t wanted, SortKeys::Place place) {
    if (const auto next = keys_.after(place, entries_[begin].word); next && size > 1) sort_group(begin, size, wanted, *next);
  }

  /// Which bits differ between words, and whether they are in order already.
  static std::pair<uint64_t, bool> look_at(std::span<const SortEntry> entries) {
    std::atomic<uint64_t> all_differing = 0;
    std::atomic<bool> all_in_order = true;
    each_stretch(entries.size(), [&](size_t begin, size_t end) {
      uint64_t differing = 0;
      bool in_order = true;
      for (size_t i = begin; i < end; ++i) {
        differing |= entries[i].word ^ entries[0].word;
        in_order &= entries[i == 0 ? 0 : i - 1].word <= entries[i].word;
      }
      all_differing |= differing;
      if (!in_order) all_in_order = false;
    });
    return {all_differing, all_in_order};
  }

  /// Moves the entries to where their digit's belong, those of one digit in their order. Where each digit's end.
  static std::vector<size_t> scatter(std::span<const SortEntry> from, std::span<SortEntry> to, Digit digit) {
    std::vector<size_t> at(digit.values());
    for (const SortEntry& entry : from) ++at[digit.of(entry.word)];
    std::exclusive_scan(at.begin(), at.end(), at.begin(), size_t{0});
    for (const SortEntry& entry : from) to[at[digit.of(entry.word)]++] = entry;
    return at;
  }

  static std::vector<size_t> scatter_in_parallel(std::span<const SortEntry> from, std::span<SortEntry> to, Digit digit) {
    // A count for each part and digit; then the place of the part's first of each.
    const size_t parts = std::min<size_t>(static_cast<size_t>(ThreadPool::process().threads()) * 4, from.size() / (kMany / 4));
    const auto part_of = [&](size_t part) {
      const size_t begin = from.size() * part / parts;
      return from.subspan(begin, from.size() * (part + 1) / parts - begin);
    };
    std::vector<std::vector<size_t>> at(parts, std::vector<size_t>(digit.values()));
    const auto each_part = [&](const auto& run) {
      ThreadPool::process().parallel_for(parts, 1, [&](size_t begin, size_t end) {
        for (size_t part = begin; part < end; ++part) run(part_of(part), at[part]);
      });
    };
    each_part([&](std::span<const SortEntry> entries, std::vector<size_t>& counts) {
      for (const SortEntry& entry : entries) ++counts[digit.of(entry.word)];
    });
    size_t sum = 0;
    for (size_t value = 0; value < digit.values(); ++value) {
      for (size_t part = 0; part < parts; ++part) sum += std::exchange(at[part][value], sum);
    }
    each_part([&](std::span<const SortEntry> entries, std::vector<size_t>& places) {
      for (const SortEntry& entry : entries) to[places[digit.of(entry.word)]++] = entry;
    });
    return at.back();
  }

  /// Rows whose strings are equal for long, by whole words one after the other.
  void compare_whole(size_t begin, size_t size, SortKeys::Place place) {
    const auto less = [&](const SortEntry& left, const SortEntry& right) {
      SortEntry both[] = {left, right};
      for (std::optional<SortKeys::Place> at = place; at; at = keys_.after(*at, both[0].word)) {
        keys_.fill(*at, both);
        if (both[0].word != both[1].word) return both[0].word < both[1].word;
      }
      return left.row < right.row;
    };
    std::ranges::sort(entries_.subspan(begin, size), less);
  }

  const SortKeys& keys_;
  std::span<SortEntry> entries_;
  SortEntry* scratch_;
};

}  // namespace

Result<Buffer> sorted_rows(const SortKeys& keys, size_t rows, size_t wanted, const std::shared_ptr<MemoryBudget>& budget) {
  wanted = std::min(wanted, rows);
  HR_TRY(Buffer out, Buffer::from_pool(wanted * sizeof(uint64_t), budget));
  auto* numbers = out.as<uint64_t>();
  if (keys.steps() == 0 || rows < 2) {
    std::iota(numbers, numbers + wanted, uint64_t{0});
    return out;
  }
  HR_TRY(const Buffer entries, Buffer::from_pool(rows * sizeof(SortEntry), budget));
  HR_TRY(const Buffer scratch, Buffer::from_pool(rows * sizeof(SortEntry), budget));
  auto* entry = entries.as<SortEntry>();
  each_stretch(rows, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) entry[row].row = row;
  });
  RowSorter(keys, {entry, rows}, scratch.as<SortEntry>()).sort(wanted);
  each_stretch(wanted, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) numbers[i] = entry[i].row;
  });
  return out;
}

}  // namespace headrace::frame
