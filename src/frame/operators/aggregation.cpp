#include "frame/operators/aggregation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/pieces.h"
#include "frame/keys/radix.h"
#include "frame/operators/piece.h"

namespace headrace::frame {
namespace {

/// Groups that a worker's table has at most: what is looked up for each row should stay in the caches.
constexpr size_t kGroupsAtHand = size_t{16} << 10;
/// A table that has a group for so few rows is not worth its work.
constexpr size_t kRowsPerGroup = 3;
/// So many rows put aside are made tables of, if those have less than half as many groups.
constexpr size_t kRowsAtHand = size_t{1} << 20;
/// Fewer groups are merged at once.
constexpr size_t kFewGroups = size_t{16} << 10;
/// What is spilled is apart by so many parts: fewer than of what is not, so that what is written at a time is not too short.
constexpr size_t kSpillParts = 64;
/// What a group takes, about, of a few aggregates.
constexpr size_t kStateBytes = 128;

}  // namespace

/// Groups, their states, and the places of their first rows.
struct Aggregation::Table {
  Table(std::shared_ptr<const KeyLayout> layout, const std::vector<BoundAggregate>& aggregates, const std::shared_ptr<MemoryBudget>& budget)
      : groups(std::move(layout), budget), places(budget) {
    for (const BoundAggregate& one : aggregates) states.push_back(one.accumulator(budget));
  }

  /// Looks the batch's rows up and makes room for new groups.
  Result<void> find(const KeyBatch& batch, const Places& row_places) {
    numbers.resize(batch.rows());
    const size_t before = groups.size();
    HR_CHECK(groups.find(batch, numbers));
    if (groups.size() == before) return note_places(row_places, before);
    HR_CHECK(places.resize(groups.size()));
    for (size_t group = before; group < groups.size(); ++group) places[group] = UINT64_MAX;
    for (const auto& state : states) HR_CHECK(state->resize(groups.size()));
    return note_places(row_places, before);
  }

  /// All rows are one group.
  Result<void> take_all(size_t rows, const Places& row_places) {
    if (groups.size() == 0) {
      KeyBatch one;
      const uint64_t word = 0;
      one.assign_words({&word, 1}, {});
      HR_CHECK(find(one, row_places));
    }
    numbers.assign(rows, 0);
    if (rows > 0) places[0] = std::min(places[0], row_places[0]);
    return {};
  }

  /// Rows mostly come in order: then only those of new groups are their first.
  Result<void> note_places(const Places& row_places, size_t before) {
    if (numbers.empty()) return {};
    uint64_t* const first = places.data();
    const bool in_order = row_places.of_rows == nullptr && row_places.first >= next_place;
    next_place = in_order ? row_places[numbers.size() - 1] + 1 : UINT64_MAX;
    if (in_order && groups.size() == before) return {};
    if (!in_order) before = 0;
    for (size_t row = 0; row < numbers.size(); ++row) {
      if (numbers[row] >= before) first[numbers[row]] = std::min(first[numbers[row]], row_places[row]);
    }
    return {};
  }

  Result<void> seal() {
    HR_CHECK(groups.seal());
    for (const auto& state : states) HR_CHECK(state->seal());
    return {};
  }

  GroupTable groups;
  std::vector<std::unique_ptr<Accumulator>> states;
  GrowingVector<uint64_t> places;
  uint64_t next_place = 0;
  std::vector<uint32_t> numbers;  ///< of the last rows' groups
  /// Leaves the places of first rows alone, when results have been made of the rest.
  void shed(const std::shared_ptr<const KeyLayout>& layout, const std::shared_ptr<MemoryBudget>& budget) {
    groups = GroupTable(layout, budget);
    states.clear();
    numbers = {};
  }

  size_t rows = 0;
  std::vector<uint64_t> by_part, part_begins;  ///< of one put aside: groups part by part
};

/// Rows in the order of their parts.
struct Aggregation::RowsAside {
  Buffer words, nulls;      ///< keys that are words
  std::vector<Array> keys;  ///< others
  std::vector<Array> inputs;
  Buffer places;
  std::vector<uint32_t> begins;  ///< of each part, and the end

  uint64_t bytes() const { return words.size() + nulls.size() + places.size() + live_bytes(keys) + live_bytes(inputs); }
};

struct Aggregation::Worker {
  std::unique_ptr<Table> table;
  std::vector<std::unique_ptr<Table>> tables;
  std::vector<RowsAside> rows;
  size_t rows_aside = 0;                      ///< since the last time that they were looked at
  std::vector<std::unique_ptr<Table>> parts;  ///< what rows put aside became, if that made them fewer
  bool puts_rows_aside = false;
  bool keeps_rows = false;  ///< it does not
  uint64_t bytes_aside = 0;  ///< of rows, where they may be spilled
  std::vector<std::vector<SpilledRows>> spilled = std::vector<std::vector<SpilledRows>>(kSpillParts);
  bool has_spilled = false;
  KeyBatch batch;
};

Aggregation::Aggregation(std::vector<BoundExpression> keys, std::vector<BoundAggregate> aggregates, size_t workers,
                         std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Spilling> spilling)
    : keys_(std::move(keys)), aggregates_(std::move(aggregates)), budget_(std::move(budget)),
      spilling_(keys_.empty() ? nullptr : std::move(spilling)) {
  std::vector<DataType> types;
  for (const BoundExpression& key : keys_) types.push_back(key.type());
  layout_ = std::make_shared<const KeyLayout>(std::move(types));
  needs_rows_ = std::ranges::any_of(aggregates_, [](const BoundAggregate& one) { return !is_mergeable(one.what.op); });
  for (size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->puts_rows_aside = needs_rows_;
  }
}

Aggregation::~Aggregation() = default;
Aggregation::Aggregation(Aggregation&&) noexcept = default;

/// Whether so many groups are more than a worker may have in memory.
bool Aggregation::exceeds_share(size_t groups) const {
  return spilling_ && groups * kStateBytes > spilling_->share_bytes() / workers_.size();
}

std::unique_ptr<Aggregation::Table> Aggregation::make_table() const { return std::make_unique<Table>(layout_, aggregates_, budget_); }

Result<void> Aggregation::add(size_t worker, uint64_t first_row, const Chunk& chunk) {
  if (chunk.rows == 0) return {};
  std::vector<Array> keys, inputs;
  for (const BoundExpression& key : keys_) {
    HR_TRY(Array column, key.evaluate(chunk, budget_));
    keys.push_back(std::move(column));
  }
  for (const BoundAggregate& one : aggregates_) {
    HR_TRY(Array column, one.input ? one.input->evaluate(chunk, budget_) : Result<Array>(Array()));
    inputs.push_back(std::move(column));
  }
  return add_rows(*workers_[worker], first_row, std::move(keys), std::move(inputs), chunk.rows);
}

Result<void> Aggregation::add_rows(Worker& worker, uint64_t first_row, std::vector<Array> keys, std::vector<Array> inputs,
                                   size_t rows) const {
  const bool is_one_group = keys_.empty() && !needs_rows_;
  if (!is_one_group) HR_CHECK(worker.batch.assign(*layout_, std::move(keys), rows, budget_));
  if (worker.puts_rows_aside) return put_rows_aside(worker, first_row, std::move(inputs));
  if (!worker.table) worker.table = make_table();
  Table& table = *worker.table;
  const Places places{.first = first_row};
  HR_CHECK(is_one_group ? table.take_all(rows, places) : table.find(worker.batch, places));
  for (size_t i = 0; i < inputs.size(); ++i) {
    HR_CHECK(table.states[i]->update({.input = &inputs[i], .groups = table.numbers, .places = places, .is_one_group = is_one_group}));
  }
  table.rows += rows;
  const bool is_full = exceeds_share(table.groups.size());
  if (table.groups.size() < kGroupsAtHand && !is_full) return {};
  worker.puts_rows_aside = is_full || table.rows < kRowsPerGroup * table.groups.size();
  HR_CHECK(put_aside(worker));
  // Tables stay in memory: what comes when they have their share of it is put aside as rows.
  size_t groups = 0;
  for (const auto& aside : worker.tables) groups += aside->groups.size();
  if (exceeds_share(groups)) worker.puts_rows_aside = worker.keeps_rows = true;
  return {};
}

Result<void> Aggregation::put_aside(Worker& worker) const {
  Table& table = *worker.table;
  HR_CHECK(table.seal());
  const size_t count = table.groups.size();
  table.part_begins.assign(kParts + 1, 0);
  for (size_t group = 0; group < count; ++group) ++table.part_begins[part_of(table.groups.hashes()[group]) + 1];
  for (size_t part = 0; part < kParts; ++part) table.part_begins[part + 1] += table.part_begins[part];
  std::vector<uint64_t> next = table.part_begins;
  table.by_part.resize(count);
  for (size_t group = 0; group < count; ++group) table.by_part[next[part_of(table.groups.hashes()[group])]++] = group;
  worker.tables.push_back(std::move(worker.table));
  return {};
}

Result<void> Aggregation::put_rows_aside(Worker& worker, uint64_t first_row, std::vector<Array> inputs) const {
  const KeyBatch& batch = worker.batch;
  const size_t rows = batch.rows();
  RowsAside aside;
  aside.begins.assign(kParts + 1, 0);
  for (const uint64_t hash : batch.hashes) ++aside.begins[part_of(hash) + 1];
  for (size_t part = 0; part < kParts; ++part) aside.begins[part + 1] += aside.begins[part];
  std::vector<uint32_t> next = aside.begins;
  std::vector<uint64_t> order(rows);
  for (size_t row = 0; row < rows; ++row) order[next[part_of(batch.hashes[row])]++] = row;
  HR_TRY(aside.places, Buffer::from_pool(rows * 8, budget_));
  for (size_t i = 0; i < rows; ++i) aside.places.as<uint64_t>()[i] = first_row + order[i];
  if (layout_->is_words()) {
    HR_TRY(aside.words, Buffer::from_pool(rows * 8, budget_));
    for (size_t i = 0; i < rows; ++i) aside.words.as<uint64_t>()[i] = batch.words[order[i]];
    if (!batch.nulls.empty()) {
      HR_TRY(aside.nulls, Buffer::from_pool(rows, budget_));
      for (size_t i = 0; i < rows; ++i) aside.nulls.as<uint8_t>()[i] = batch.nulls[order[i]];
    }
  } else {
    for (const Array& key : batch.columns) {
      HR_TRY(Array column, gather(key, order, budget_));
      aside.keys.push_back(std::move(column));
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!aggregates_[i].input) {
      aside.inputs.emplace_back();
      continue;
    }
    HR_TRY(Array column, gather(inputs[i], order, budget_));
    aside.inputs.push_back(std::move(column));
  }
  if (spilling_) worker.bytes_aside += aside.bytes();
  worker.rows.push_back(std::move(aside));
  worker.rows_aside += rows;
  if (spilling_ && worker.bytes_aside > spilling_->share_bytes() / workers_.size()) return spill_rows(worker);
  if (worker.rows_aside < kRowsAtHand || worker.keeps_rows || needs_rows_) return {};
  HR_CHECK(look_at_rows(worker));
  size_t groups = 0;
  for (const auto& part : worker.parts) groups += part->groups.size();
  worker.keeps_rows = worker.keeps_rows || exceeds_share(groups);
  return {};
}

Result<void> Aggregation::absorb_groups(const Table& from, std::span<const uint64_t> groups, KeyBatch& batch, Table& into) const {
  if (groups.empty()) return {};
  HR_CHECK(from.groups.batch_of(groups, batch));
  std::vector<uint64_t> places(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) places[i] = from.places[groups[i]];
  HR_CHECK(into.find(batch, {.of_rows = places.data()}));
  for (size_t i = 0; i < into.states.size(); ++i) HR_CHECK(into.states[i]->merge(*from.states[i], groups, into.numbers));
  return {};
}

Result<void> Aggregation::absorb_rows(const RowsAside& from, size_t begin, size_t end, KeyBatch& batch, Table& into) const {
  const size_t rows = end - begin;
  if (rows == 0) return {};
  if (layout_->is_words()) {
    const std::span<const uint8_t> nulls(from.nulls.as<uint8_t>(), from.nulls.size());
    batch.assign_words({from.words.as<uint64_t>() + begin, rows}, nulls.empty() ? nulls : nulls.subspan(begin, rows));
  } else {
    std::vector<Array> keys;
    for (const Array& key : from.keys) keys.push_back(key.slice(begin, rows));
    HR_CHECK(batch.assign(*layout_, std::move(keys), rows, budget_));
  }
  const Places places{.of_rows = from.places.as<uint64_t>() + begin};
  HR_CHECK(into.find(batch, places));
  for (size_t i = 0; i < into.states.size(); ++i) {
    const Array input = aggregates_[i].input ? from.inputs[i].slice(begin, rows) : Array();
    HR_CHECK(into.states[i]->update({.input = &input, .groups = into.numbers, .places = places}));
  }
  return {};
}

/// Makes tables of a worker's rows that were put aside, a part at a time, so that each stays in the caches: as long as that makes them
/// fewer.
Result<void> Aggregation::look_at_rows(Worker& worker) const {
  worker.rows_aside = 0;
  const bool is_first = worker.parts.empty();
  for (size_t part = 0; is_first && part < kParts; ++part) worker.parts.push_back(make_table());
  size_t rows = 0, fresh = 0;
  for (size_t part = 0; part < kParts; ++part) {
    Table& table = *worker.parts[part];
    const size_t before = table.groups.size();
    for (const RowsAside& aside : worker.rows) {
      rows += aside.begins[part + 1] - aside.begins[part];
      HR_CHECK(absorb_rows(aside, aside.begins[part], aside.begins[part + 1], worker.batch, table));
    }
    fresh += table.groups.size() - before;
    worker.keeps_rows = fresh * 2 > rows;
    if (is_first && part == 0 && worker.keeps_rows) {
      worker.parts.clear();
      return {};
    }
  }
  worker.rows.clear();
  worker.bytes_aside = 0;
  return {};
}

/// Rows of those put aside as arrays: places, keys, then inputs.
std::vector<Array> Aggregation::slice_of(const RowsAside& aside, size_t begin, size_t rows) const {
  std::vector<Array> arrays;
  const auto add = [&](TypeId type, const Buffer& values) {
    arrays.push_back(Array::make({.type = type, .size = rows, .values = values, .offset = begin, .nulls = 0}).value());
  };
  add(TypeId::UInt64, aside.places);
  if (layout_->is_words()) add(TypeId::UInt64, aside.words);
  if (layout_->is_words() && layout_->has_null_beside()) add(TypeId::UInt8, aside.nulls);
  for (const Array& key : aside.keys) arrays.push_back(key.slice(begin, rows));
  for (size_t i = 0; i < aggregates_.size(); ++i) {
    if (aggregates_[i].input) arrays.push_back(aside.inputs[i].slice(begin, rows));
  }
  return arrays;
}

Aggregation::RowsAside Aggregation::rows_of(std::vector<Array> arrays) const {
  RowsAside aside;
  size_t next = 0;
  aside.places = arrays[next++].buffer();
  if (layout_->is_words()) {
    aside.words = arrays[next++].buffer();
    if (layout_->has_null_beside()) aside.nulls = arrays[next++].buffer();
  } else {
    for (size_t i = 0; i < keys_.size(); ++i) aside.keys.push_back(std::move(arrays[next++]));
  }
  for (const BoundAggregate& one : aggregates_) aside.inputs.push_back(one.input ? std::move(arrays[next++]) : Array());
  return aside;
}

Result<void> Aggregation::spill_rows(Worker& worker) const {
  for (RowsAside& aside : worker.rows) {
    if (!layout_->is_words() || !layout_->has_null_beside() || !aside.nulls.empty()) continue;
    HR_TRY(aside.nulls, Buffer::from_pool(aside.begins.back(), budget_));
  }
  constexpr size_t kWide = kParts / kSpillParts;
  for (size_t part = 0; part < kSpillParts; ++part) {
    std::vector<Piece> pieces;
    for (const RowsAside& aside : worker.rows) {
      const size_t begin = aside.begins[part * kWide], rows = aside.begins[(part + 1) * kWide] - begin;
      if (rows > 0) pieces.push_back({.first_row = 0, .rows = rows, .arrays = slice_of(aside, begin, rows)});
    }
    if (pieces.empty()) continue;
    HR_TRY(const std::vector<Array> arrays, joined(std::move(pieces), budget_));
    HR_TRY(SpilledRows spilled, spilling_->spill(arrays));
    worker.spilled[part].push_back(std::move(spilled));
  }
  worker.has_spilled = true;
  worker.rows.clear();
  worker.rows_aside = 0;
  worker.bytes_aside = 0;
  return {};
}

/// The groups of part `part` of `parts`, which are all kParts, kSpillParts or one.
Result<void> Aggregation::merge_part(size_t part, size_t parts, Table& into) const {
  const size_t first = part * kParts / parts, last = (part + 1) * kParts / parts;
  KeyBatch batch;
  for (const auto& worker : workers_) {
    for (size_t one = first; one < last && !worker->parts.empty(); ++one) {
      Table& table = *worker->parts[one];
      HR_CHECK(table.seal());
      std::vector<uint64_t> groups(table.groups.size());
      std::iota(groups.begin(), groups.end(), uint64_t{0});
      HR_CHECK(absorb_groups(table, groups, batch, into));
    }
    for (const auto& table : worker->tables) {
      const std::span<const uint64_t> groups(table->by_part.data() + table->part_begins[first],
                                             table->part_begins[last] - table->part_begins[first]);
      HR_CHECK(absorb_groups(*table, groups, batch, into));
    }
    for (const RowsAside& aside : worker->rows) HR_CHECK(absorb_rows(aside, aside.begins[first], aside.begins[last], batch, into));
    for (const SpilledRows& rows : worker->has_spilled ? worker->spilled[part] : std::vector<SpilledRows>()) {
      HR_TRY(std::vector<Array> arrays, spilling_->load(rows));
      HR_CHECK(absorb_rows(rows_of(std::move(arrays)), 0, rows.rows, batch, into));
    }
  }
  return {};
}

/// Where rows were spilled, parts become results one by one: their tables together may be more than fits.
Result<void> Aggregation::merge(std::vector<std::unique_ptr<Table>>& parts, std::vector<std::vector<Array>>& columns) const {
  const bool has_spilled = std::ranges::any_of(workers_, &Worker::has_spilled, [](const auto& worker) -> Worker& { return *worker; });
  for (std::vector<Array>& column : columns) column.resize(has_spilled ? parts.size() : 0);
  return each_in_parallel(parts.size(), 1, [&](size_t part) -> Result<void> {
    HR_CHECK(merge_part(part, parts.size(), *parts[part]));
    if (!has_spilled) return {};
    HR_CHECK(finish_columns(*parts[part], columns, part));
    parts[part]->shed(layout_, budget_);
    return {};
  });
}

Result<void> Aggregation::finish() {
  size_t groups = 0, tables = 0;
  bool has_rows = false, has_spilled = false;
  for (const auto& worker : workers_) {
    if (worker->table) HR_CHECK(put_aside(*worker));
    for (const auto& table : worker->tables) groups += table->groups.size();
    tables += worker->tables.size();
    has_rows = has_rows || !worker->rows.empty() || !worker->parts.empty();
    has_spilled = has_spilled || worker->has_spilled;
  }
  std::vector<std::unique_ptr<Table>> parts;
  std::vector<std::vector<Array>> columns(keys_.size() + aggregates_.size());
  if (tables == 1 && !has_rows && !has_spilled) {
    for (const auto& worker : workers_) {
      if (!worker->tables.empty()) parts.push_back(std::move(worker->tables.front()));
    }
  } else {
    const size_t count = has_spilled ? kSpillParts : (has_rows && !keys_.empty()) || groups > kFewGroups ? kParts : 1;
    for (size_t part = 0; part < count; ++part) parts.push_back(make_table());
    HR_CHECK(merge(parts, columns));
  }
  workers_.clear();
  if (keys_.empty()) HR_CHECK(parts.front()->take_all(0, {}));
  return collect(std::move(parts), std::move(columns));
}

/// The results of all parts, one after the other, and how they are put in order. `columns`: those that there are already, or none.
Result<void> Aggregation::collect(std::vector<std::unique_ptr<Table>> parts, std::vector<std::vector<Array>> columns) {
  HR_CHECK(order(parts));
  const bool are_there = !columns.empty() && !columns.front().empty();
  for (std::vector<Array>& column : columns) column.resize(parts.size());
  HR_CHECK(each_in_parallel(parts.size(), 1, [&](size_t part) -> Result<void> {
    if (!are_there) HR_CHECK(finish_columns(*parts[part], columns, part));
    parts[part].reset();
    return {};
  }));
  columns_.resize(columns.size());
  return each_in_parallel(columns.size(), 1, [&](size_t i) -> Result<void> {
    HR_TRY(columns_[i], concatenate(columns[i], budget_));
    columns[i].clear();
    return {};
  });
}

Result<void> Aggregation::finish_columns(Table& part, std::vector<std::vector<Array>>& columns, size_t index) const {
  HR_TRY(std::vector<Array> keys, part.groups.columns());
  for (size_t i = 0; i < keys.size(); ++i) columns[i][index] = std::move(keys[i]);
  for (size_t i = 0; i < part.states.size(); ++i) {
    auto result = part.states[i]->finish();
    if (!result) return fail(result.error().kind, fmt::format("{}: {}.", aggregates_[i].text, result.error().message));
    columns[keys.size() + i][index] = *std::move(result);
  }
  return {};
}

Result<void> Aggregation::order(const std::vector<std::unique_ptr<Table>>& parts) {
  uint64_t bound = 0;
  bool in_order = parts.size() == 1;
  for (const auto& part : parts) {
    const std::span<const uint64_t> places(part->places.data(), part->places.size());
    groups_ += places.size();
    if (!places.empty()) bound = std::max(bound, *std::ranges::max_element(places) + 1);
    in_order = in_order && std::ranges::is_sorted(places);
  }
  if (in_order) return {};
  HR_TRY(const Buffer entries, Buffer::from_pool(groups_ * sizeof(Numbered), budget_));
  HR_TRY(const Buffer spare, Buffer::from_pool(groups_ * sizeof(Numbered), budget_));
  HR_TRY(order_, Buffer::from_pool(groups_ * 8, budget_));
  const std::span<Numbered> all(entries.as<Numbered>(), groups_);
  size_t at = 0;
  for (const auto& part : parts) {
    for (size_t group = 0; group < part->places.size(); ++group, ++at) all[at] = {part->places[group], at};
  }
  sort_by_number(all, {spare.as<Numbered>(), groups_}, bound);
  for (size_t i = 0; i < groups_; ++i) order_.as<uint64_t>()[i] = all[i].index;
  return {};
}

Result<Chunk> Aggregation::chunk(size_t index) const {
  const size_t begin = index * kRows, rows = std::min(kRows, groups_ - begin);
  Chunk chunk{.columns = {}, .rows = rows};
  for (const Array& column : columns_) {
    HR_TRY(Array some,
           order_.empty() ? Result<Array>(column.slice(begin, rows)) : gather(column, {order_.as<uint64_t>() + begin, rows}, budget_));
    chunk.columns.push_back(std::move(some));
  }
  return chunk;
}

}  // namespace headrace::frame
