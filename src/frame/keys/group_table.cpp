#include "frame/keys/group_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

constexpr size_t kFirstSlots = 1024;
constexpr size_t kBlock = size_t{64} << 10;
constexpr uint64_t kUpper = uint64_t{0xFFFFFFFF} << 32;

bool same_bytes(const char* left, std::string_view right) { return std::string_view(left, right.size()) == right; }

}  // namespace

GroupTable::GroupTable(std::shared_ptr<const KeyLayout> layout, std::shared_ptr<MemoryBudget> budget)
    : layout_(std::move(layout)), budget_(budget), slots_(budget), hashes_(budget), words_(budget), nulls_(budget), bytes_(budget),
      pieces_(layout_->types().size()) {}

/// Slots for twice as many groups.
Result<void> GroupTable::reserve(size_t groups) {
  if (groups * 2 <= slots_.size()) return {};
  const size_t count = std::max(kFirstSlots, std::bit_ceil(groups * 2));
  GrowingVector<uint64_t> slots(budget_);
  HR_CHECK(slots.resize(count));
  mask_ = count - 1;
  for (size_t group = 0; group < size(); ++group) {
    size_t slot = hashes_[group] & mask_;
    while (slots[slot] != 0) slot = (slot + 1) & mask_;
    slots[slot] = (hashes_[group] & kUpper) | (group + 1);
  }
  slots_ = std::move(slots);
  return {};
}

template <class IsEqual, class Insert>
Result<void> GroupTable::find_all(const KeyBatch& batch, std::span<uint32_t> groups, const IsEqual& is_equal, const Insert& insert) {
  const size_t rows = batch.rows();
  size_t count = size();
  if (count + rows > UINT32_MAX)
    return fail(ErrorKind::OutOfRange, "more than four billion groups come together in one part of a group_by");
  HR_CHECK(reserve(count + rows));
  HR_CHECK(hashes_.resize(count + rows));
  uint64_t* const slots = slots_.data();
  for (size_t row = 0; row < rows; ++row) {
    const uint64_t hash = batch.hashes[row];
    for (size_t slot = hash & mask_;; slot = (slot + 1) & mask_) {
      const uint64_t entry = slots[slot];
      if (entry == 0) {
        slots[slot] = (hash & kUpper) | (count + 1);
        hashes_[count] = hash;
        insert(row, count);
        groups[row] = static_cast<uint32_t>(count++);
        break;
      }
      if (((entry ^ hash) & kUpper) != 0) continue;
      const auto group = static_cast<uint32_t>(entry) - 1;
      if (is_equal(row, group)) {
        groups[row] = group;
        break;
      }
    }
  }
  hashes_.shrink(count);
  return {};
}

Result<void> GroupTable::find(const KeyBatch& batch, std::span<uint32_t> groups) {
  const size_t before = size();
  const bool has_nulls = layout_->has_null_beside();
  const auto is_null = [&](size_t row) { return !batch.nulls.empty() && batch.nulls[row] != 0; };
  if (has_nulls) HR_CHECK(nulls_.resize(before + batch.rows()));
  if (layout_->is_words()) {
    HR_CHECK(words_.resize(before + batch.rows()));
    uint64_t* const words = words_.data();
    if (!has_nulls) {
      return find_all(batch, groups, [&](size_t row, size_t group) { return words[group] == batch.words[row]; },
                      [&](size_t row, size_t group) { words[group] = batch.words[row]; });
    }
    uint8_t* const nulls = nulls_.data();
    return find_all(
        batch, groups,
        [&](size_t row, size_t group) { return nulls[group] == is_null(row) && (nulls[group] || words[group] == batch.words[row]); },
        [&](size_t row, size_t group) { words[group] = batch.words[row], nulls[group] = is_null(row); });
  }
  HR_CHECK(bytes_.resize(before + batch.rows()));
  uint8_t* const nulls = nulls_.data();
  Bytes* const bytes = bytes_.data();
  std::vector<uint64_t> fresh;
  HR_CHECK(find_all(batch, groups,
                    [&](size_t row, size_t group) {
                      const std::string_view key = batch.bytes[row];
                      return bytes[group].size == key.size() && (!has_nulls || nulls[group] == is_null(row)) &&
                             same_bytes(bytes[group].data, key);
                    },
                    [&](size_t row, size_t group) {
                      bytes[group] = {batch.bytes[row].data(), batch.bytes[row].size()};
                      if (has_nulls) nulls[group] = is_null(row);
                      fresh.push_back(row);
                    }));
  return fresh.empty() ? Result<void>() : keep_bytes(batch, fresh);
}

/// Until now the new groups' bytes are the batch's, which does not last.
Result<void> GroupTable::keep_bytes(const KeyBatch& batch, std::span<const uint64_t> fresh) {
  size_t group = size() - fresh.size();
  for (size_t i = 0; i < pieces_.size(); ++i) {
    HR_TRY(Array piece, gather(batch.columns[i], fresh, budget_));
    pieces_[i].push_back(std::move(piece));
  }
  if (layout_->is_strings()) {
    const Array& piece = pieces_[0].back();
    for (size_t row = 0; row < fresh.size(); ++row, ++group) {
      if (!piece.is_valid(row)) continue;
      const std::string_view bytes = piece.bytes(row);
      bytes_[group] = {bytes.data(), bytes.size()};
    }
    return {};
  }
  for (const uint64_t row : fresh) {
    HR_TRY(bytes_[group++], own(batch.bytes[row]));
  }
  return {};
}

Result<GroupTable::Bytes> GroupTable::own(std::string_view bytes) {
  if (blocks_.empty() || blocks_.back().size() - block_used_ < bytes.size()) {
    HR_TRY(Buffer block, Buffer::from_pool(std::max(bytes.size(), kBlock), budget_));
    blocks_.push_back(std::move(block));
    block_used_ = 0;
  }
  char* const to = blocks_.back().as<char>() + block_used_;
  std::memcpy(to, bytes.data(), bytes.size());
  block_used_ += bytes.size();
  return Bytes{to, bytes.size()};
}

Result<void> GroupTable::seal() {
  for (std::vector<Array>& pieces : pieces_) {
    if (pieces.size() < 2) continue;
    HR_TRY(Array one, concatenate(pieces, budget_));
    // The pieces' own memory may hold the bytes of short strings.
    sealed_.insert(sealed_.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
    pieces.assign(1, std::move(one));
  }
  return {};
}

Result<void> GroupTable::batch_of(std::span<const uint64_t> groups, KeyBatch& batch) const {
  batch.hashes.resize(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) batch.hashes[i] = hashes_[groups[i]];
  batch.nulls.clear();
  if (layout_->has_null_beside()) {
    batch.nulls.resize(groups.size());
    for (size_t i = 0; i < groups.size(); ++i) batch.nulls[i] = nulls_[groups[i]];
  }
  if (layout_->is_words()) {
    batch.packed.resize(groups.size());
    for (size_t i = 0; i < groups.size(); ++i) batch.packed[i] = words_[groups[i]];
    batch.words = batch.packed;
    return {};
  }
  batch.bytes.resize(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) batch.bytes[i] = {bytes_[groups[i]].data, bytes_[groups[i]].size};
  batch.columns.clear();
  for (const std::vector<Array>& pieces : pieces_) {
    HR_TRY(Array some, gather(pieces.front(), groups, budget_));
    batch.columns.push_back(std::move(some));
  }
  return {};
}

Result<std::vector<Array>> GroupTable::columns() const {
  std::vector<Array> out;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (layout_->is_words()) {
      const std::span<const uint8_t> nulls(nulls_.data(), layout_->has_null_beside() ? size() : 0);
      HR_TRY(Array column, column_of_words(*layout_, i, {words_.data(), size()}, nulls, budget_));
      out.push_back(std::move(column));
    } else if (pieces_[i].empty()) {
      HR_TRY(Array none, Array::all_null(layout_->types()[i], 0, budget_));
      out.push_back(std::move(none));
    } else {
      HR_TRY(Array column, concatenate(pieces_[i], budget_));
      out.push_back(std::move(column));
    }
  }
  return out;
}

}  // namespace headrace::frame
