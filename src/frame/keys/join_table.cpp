#include "frame/keys/join_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/thread_pool.h"
#include "frame/columns/gather.h"
#include "frame/keys/hash_rows.h"
#include "frame/keys/mix.h"

namespace headrace::frame {
namespace {

/// The hash of a row that is not to be found. Others with it are taken for the next.
constexpr uint64_t kNoHash = 0;
/// An entry: below, one more than the row; above, the salt.
constexpr int kSaltBits = 16;
constexpr uint64_t kSaltMask = (uint64_t{1} << kSaltBits) - 1;
constexpr int kRowBits = 64 - kSaltBits;
constexpr uint64_t kRowMask = (uint64_t{1} << kRowBits) - 1;

/// Rows that are hashed at a time.
constexpr size_t kStretch = size_t{16} << 10;
/// Rows of a partition, about: its entries lie in the second cache level.
constexpr size_t kPartitionRows = size_t{64} << 10;
constexpr int kMostPartitionBits = 10;
/// How many rows ahead the memory of one is asked for.
constexpr size_t kAhead = 16;

uint64_t salt_of(uint64_t hash) { return hash & kSaltMask; }
size_t slot_of(uint64_t hash, size_t mask) { return (hash >> kSaltBits) & mask; }
uint64_t entry_of(uint64_t hash, uint64_t row) { return salt_of(hash) << kRowBits | (row + 1); }

void prefetch(const void* address) { __builtin_prefetch(address); }

/// Calls run(begin, end), which may fail, over stretches of [0, size) in parallel.
template <class Run>
Result<void> each_stretch(size_t size, size_t stretch, const Run& run) {
  std::mutex mutex;
  Result<void> done;
  ThreadPool::process().parallel_for(size, stretch, [&](size_t begin, size_t end) {
    if (auto one = run(begin, end); !one) {
      const std::lock_guard lock(mutex);
      done = std::move(one);
    }
  });
  return done;
}

std::vector<Array> slices_of(std::span<const Array> arrays, size_t begin, size_t size) {
  std::vector<Array> slices;
  for (const Array& array : arrays) slices.push_back(array.slice(begin, size));
  return slices;
}

}  // namespace

Result<JoinTable> JoinTable::make(std::vector<Array> keys, size_t rows, bool nulls_equal, std::shared_ptr<MemoryBudget> budget) {
  if (rows > kMostRows) {
    return fail(ErrorKind::OutOfRange, fmt::format("A side of a join that is kept has {} rows; {} is the most.", rows, kMostRows));
  }
  JoinTable table;
  table.keys_ = std::move(keys);
  table.rows_ = rows;
  table.nulls_equal_ = nulls_equal;
  table.budget_ = std::move(budget);
  table.packed_ = PackedKeys::make(table.keys_, nulls_equal);
  HR_TRY(table.next_, Buffer::from_pool(rows * sizeof(uint32_t), table.budget_));
  // A place for each word is worth it while it takes no more memory than a table would.
  const bool is_direct = table.packed_ && table.packed_->words() <= std::max<uint64_t>(rows * uint64_t{4}, 4096);
  HR_TRY(table.words_, Buffer::from_pool(table.packed_ ? rows * sizeof(uint64_t) : 0, table.budget_));
  const std::span<uint64_t> words(table.words_.as<uint64_t>(), table.packed_ ? rows : 0);
  if (is_direct) {
    HR_CHECK(each_stretch(rows, kStretch, [&](size_t begin, size_t end) -> Result<void> {
      table.packed_->pack(slices_of(table.keys_, begin, end - begin), words.subspan(begin, end - begin));
      return {};
    }));
    HR_CHECK(table.build_direct(words));
    table.words_ = {};
    return table;
  }
  HR_TRY(const Buffer buffer, Buffer::from_pool(rows * sizeof(uint64_t), table.budget_));
  const std::span<uint64_t> hashes(buffer.as<uint64_t>(), rows);
  HR_CHECK(each_stretch(rows, kStretch, [&](size_t begin, size_t end) {
    const size_t size = end - begin;
    return table.hash(slices_of(table.keys_, begin, size), words.empty() ? words : words.subspan(begin, size), hashes.subspan(begin, size));
  }));
  HR_CHECK(table.build_hashed(hashes));
  return table;
}

Result<void> JoinTable::hash(std::span<const Array> keys, std::span<uint64_t> words, std::span<uint64_t> hashes) const {
  if (packed_) {
    packed_->pack(keys, words);
    for (size_t row = 0; row < hashes.size(); ++row) {
      hashes[row] = words[row] == PackedKeys::kNone ? kNoHash : std::max<uint64_t>(hash_word(words[row]), 1);
    }
    return {};
  }
  HR_CHECK(hash_rows(keys, hashes, budget_));
  for (uint64_t& hash : hashes) hash = std::max<uint64_t>(hash, 1);
  if (nulls_equal_) return {};
  for (const Array& key : keys) {
    if (key.nulls() == 0) continue;
    for (size_t row = 0; row < hashes.size(); ++row) {
      if (!key.is_valid(row)) hashes[row] = kNoHash;
    }
  }
  return {};
}

Result<void> JoinTable::build_direct(std::span<const uint64_t> words) {
  HR_TRY(heads_, Buffer::from_pool(packed_->words() * sizeof(uint32_t), budget_));
  auto* heads = heads_.as<uint32_t>();
  auto* next = next_.as<uint32_t>();
  // Each part of the words is one thread's: no row's place is another's. From the last row to the first, which then stand in front.
  const uint64_t parts = words.size() < kPartitionRows ? 1 : static_cast<uint64_t>(ThreadPool::process().threads());
  const uint64_t part_words = (packed_->words() + parts - 1) / parts;
  std::atomic<bool> has_chains = false;
  ThreadPool::process().parallel_for(parts, 1, [&](size_t begin, size_t end) {
    const uint64_t first = begin * part_words, count = (end - begin) * part_words;
    bool chained = false;
    for (size_t row = words.size(); row-- > 0;) {
      const uint64_t word = words[row];
      if (word - first >= count || word == PackedKeys::kNone) continue;
      if (heads[word] != 0) {
        next[row] = heads[word];
        chained = true;
      }
      heads[word] = static_cast<uint32_t>(row + 1);
    }
    if (chained) has_chains = true;
  });
  has_chains_ = has_chains;
  return {};
}

Result<Buffer> JoinTable::partitioned(std::span<const uint64_t> hashes, std::vector<size_t>& ends) const {
  const size_t partitions = size_t{1} << partition_bits_;
  const size_t parts = std::clamp<size_t>(hashes.size() / kPartitionRows, 1, static_cast<size_t>(ThreadPool::process().threads()));
  const auto number_of = [&](uint64_t hash) { return partition_bits_ == 0 ? 0 : hash >> (64 - partition_bits_); };
  std::vector<std::vector<size_t>> at(parts, std::vector<size_t>(partitions));
  const auto each_row = [&](const auto& run) {
    ThreadPool::process().parallel_for(parts, 1, [&](size_t begin, size_t end) {
      for (size_t part = begin; part < end; ++part) {
        for (size_t row = hashes.size() * part / parts; row < hashes.size() * (part + 1) / parts; ++row) {
          if (hashes[row] != kNoHash) run(row, at[part][number_of(hashes[row])]);
        }
      }
    });
  };
  each_row([](size_t, size_t& count) { ++count; });
  size_t sum = 0;
  for (size_t partition = 0; partition < partitions; ++partition) {
    for (size_t part = 0; part < parts; ++part) sum += std::exchange(at[part][partition], sum);
  }
  HR_TRY(Buffer rows, Buffer::from_pool(sum * sizeof(uint32_t), budget_));
  each_row([to = rows.as<uint32_t>()](size_t row, size_t& place) { to[place++] = static_cast<uint32_t>(row); });
  ends = at.back();
  return rows;
}

Result<void> JoinTable::build_hashed(std::span<const uint64_t> hashes) {
  partition_bits_ = std::clamp(static_cast<int>(std::bit_width(hashes.size() / kPartitionRows)), 0, kMostPartitionBits);
  std::vector<size_t> ends;
  HR_TRY(const Buffer rows, partitioned(hashes, ends));
  size_t sum = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    const size_t count = ends[i] - (i == 0 ? 0 : ends[i - 1]), capacity = std::bit_ceil(count + count / 2 + 1);
    partitions_.push_back({.first = sum, .mask = capacity - 1});
    sum += capacity;
  }
  HR_TRY(entries_, Buffer::from_pool(sum * sizeof(Entry), budget_));
  std::atomic<bool> has_chains = false;
  ThreadPool::process().parallel_for(partitions_.size(), 1, [&](size_t begin, size_t end) {
    bool chained = false;
    for (size_t i = begin; i < end; ++i) {
      const size_t first = i == 0 ? 0 : ends[i - 1];
      build_partition(partitions_[i], {rows.as<const uint32_t>() + first, ends[i] - first}, hashes, chained);
    }
    if (chained) has_chains = true;
  });
  has_chains_ = has_chains;
  return {};
}

bool JoinTable::is_same(size_t one, size_t other) const {
  if (packed_) return words_.as<const uint64_t>()[one] == words_.as<const uint64_t>()[other];
  return rows_equal(keys_, one, keys_, other);
}

void JoinTable::build_partition(const Partition& partition, std::span<const uint32_t> rows, std::span<const uint64_t> hashes,
                                bool& has_chains) const {
  Entry* const entries = entries_.as<Entry>() + partition.first;
  auto* next = next_.as<uint32_t>();
  // From the last to the first, which then stand in front.
  for (size_t i = rows.size(); i-- > 0;) {
    const uint64_t row = rows[i], hash = hashes[row];
    for (size_t slot = slot_of(hash, partition.mask);; slot = (slot + 1) & partition.mask) {
      Entry& entry = entries[slot];
      if (entry == 0) {
        entry = entry_of(hash, row);
        break;
      }
      const uint64_t head = (entry & kRowMask) - 1;
      if (entry >> kRowBits != salt_of(hash) || !is_same(head, row)) continue;
      next[row] = static_cast<uint32_t>(head + 1);
      entry = entry_of(hash, row);
      has_chains = true;
      break;
    }
  }
}

Result<void> JoinTable::find(std::span<const Array> keys, std::span<uint64_t> rows) const {
  std::vector<uint64_t> words(packed_ ? rows.size() : 0);
  if (!heads_.empty()) {
    packed_->pack(keys, words);
    find_direct(words, rows);
    return {};
  }
  std::vector<uint64_t> hashes(rows.size());
  HR_CHECK(hash(keys, words, hashes));
  find_hashed(keys, words, hashes, rows);
  return {};
}

void JoinTable::find_direct(std::span<const uint64_t> words, std::span<uint64_t> rows) const {
  const auto* heads = heads_.as<const uint32_t>();
  const uint64_t count = packed_->words();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size() && words[i + kAhead] < count) prefetch(heads + words[i + kAhead]);
    const uint32_t head = words[i] < count ? heads[words[i]] : 0;
    rows[i] = head == 0 ? kNoRow : head - 1;
  }
}

void JoinTable::find_hashed(std::span<const Array> keys, std::span<const uint64_t> words, std::span<const uint64_t> hashes,
                            std::span<uint64_t> rows) const {
  const auto* entries = entries_.as<const Entry>();
  const auto* own_words = words_.as<const uint64_t>();
  // Places of entries that come next for rows that are still looked for, and those rows.
  std::vector<size_t> places(rows.size());
  std::vector<uint64_t> looking, found;
  looking.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = kNoRow;
    if (hashes[i] == kNoHash) continue;
    const Partition& partition = partition_of(hashes[i]);
    places[i] = partition.first + slot_of(hashes[i], partition.mask);
    looking.push_back(i);
  }
  std::vector<uint8_t> equal;
  while (!looking.empty()) {
    // The next entry with the salt of each; a row whose entries end is not there.
    found.clear();
    size_t kept = 0;
    for (size_t n = 0; n < looking.size(); ++n) {
      if (n + kAhead < looking.size()) prefetch(entries + places[looking[n + kAhead]]);
      const uint64_t i = looking[n];
      const Partition& partition = partition_of(hashes[i]);
      size_t slot = places[i] - partition.first;
      Entry entry = entries[partition.first + slot];
      while (entry != 0 && entry >> kRowBits != salt_of(hashes[i])) entry = entries[partition.first + (slot = (slot + 1) & partition.mask)];
      if (entry == 0) continue;
      places[i] = partition.first + ((slot + 1) & partition.mask);
      looking[kept++] = i;
      found.push_back((entry & kRowMask) - 1);
      if (packed_) prefetch(own_words + found.back());
    }
    looking.resize(kept);
    equal.assign(kept, 1);
    if (packed_) {
      for (size_t n = 0; n < kept; ++n) equal[n] = own_words[found[n]] == words[looking[n]];
    } else {
      keep_equal(keys, looking, keys_, found, equal);
    }
    size_t left = 0;
    for (size_t n = 0; n < kept; ++n) {
      if (equal[n]) {
        rows[looking[n]] = found[n];
      } else {
        looking[left++] = looking[n];
      }
    }
    looking.resize(left);
  }
}

}  // namespace headrace::frame
