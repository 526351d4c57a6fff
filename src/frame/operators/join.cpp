#include "frame/operators/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/expressions/cast.h"

namespace headrace::frame {

const char* name(JoinKind kind) {
  switch (kind) {
    case JoinKind::Inner: return "inner";
    case JoinKind::Left: return "left";
    case JoinKind::Right: return "right";
    case JoinKind::Full: return "full";
    case JoinKind::Semi: return "semi";
    case JoinKind::Anti: return "anti";
    case JoinKind::Cross: return "cross";
  }
  std::unreachable();
}

namespace {

bool keeps_left(JoinKind kind) { return kind == JoinKind::Left || kind == JoinKind::Full; }
bool keeps_right(JoinKind kind) { return kind == JoinKind::Right || kind == JoinKind::Full; }

const char* name(JoinValidation validation) {
  constexpr const char* kNames[] = {"m:m", "m:1", "1:m", "1:1"};
  return kNames[static_cast<size_t>(validation)];
}

Result<void> check(std::span<const Expression> left_on, std::span<const Expression> right_on, const JoinOptions& options) {
  const bool is_cross = options.kind == JoinKind::Cross;
  if (is_cross && (!left_on.empty() || !right_on.empty())) return fail(ErrorKind::InvalidArgument, "A cross join has no keys.");
  if (is_cross && options.condition) {
    return fail(ErrorKind::InvalidArgument, "A cross join has no condition: it is an inner join without keys then.");
  }
  if (!is_cross && left_on.empty() && !options.condition) {
    return fail(ErrorKind::InvalidArgument, fmt::format("A join ({}) needs keys: on, or left_on and right_on.", name(options.kind)));
  }
  if (left_on.size() != right_on.size()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("A join needs as many keys on either side; there are {} and {}.", left_on.size(), right_on.size()));
  }
  const bool can_validate = !is_cross && options.kind != JoinKind::Semi && options.kind != JoinKind::Anti;
  if (options.validation != JoinValidation::ManyToMany && !can_validate) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("A join ({}) cannot be validated ({}).", name(options.kind), name(options.validation)));
  }
  return {};
}

Result<BoundExpression> bind_as(const Expression& key, const Schema& schema, const DataType& type) {
  return BoundExpression::bind(Expression::cast(key, type, true), schema);
}

Result<std::vector<Array>> evaluate(std::span<const BoundExpression> keys, const Chunk& chunk,
                                    const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Array> values;
  for (const BoundExpression& key : keys) {
    HR_TRY(Array array, key.evaluate(chunk, budget));
    values.push_back(std::move(array));
  }
  return values;
}

/// Whether these are all rows, as they are.
bool is_all(std::span<const uint64_t> rows, size_t of) {
  if (rows.size() != of) return false;
  for (size_t i = 0; i < of; ++i) {
    if (rows[i] != i) return false;
  }
  return true;
}

}  // namespace

/// Rows of the left side beside rows of the right; kNoRow where there is none. Without left rows there are none at all.
struct Join::Pairs {
  std::vector<uint64_t> left, right;
  bool all_left = false;  ///< all rows of the left side, once each and in order
};

Result<Join> Join::make(const Schema& left, const Schema& right, std::span<const Expression> left_on, std::span<const Expression> right_on,
                        JoinOptions options, size_t workers, std::shared_ptr<MemoryBudget> budget) {
  HR_CHECK(check(left_on, right_on, options));
  Join join;
  for (size_t i = 0; i < left_on.size(); ++i) {
    HR_TRY(const BoundExpression one, BoundExpression::bind(left_on[i], left));
    HR_TRY(const BoundExpression other, BoundExpression::bind(right_on[i], right));
    const auto type = join_type(one.type(), other.type());
    if (!type) {
      return fail(type.error().kind,
                  fmt::format("The keys {} and {} of the join: {}.", to_string(left_on[i]), to_string(right_on[i]), type.error().message));
    }
    HR_TRY(BoundExpression left_key, bind_as(left_on[i], left, *type));
    HR_TRY(BoundExpression right_key, bind_as(right_on[i], right, *type));
    join.left_keys_.push_back(std::move(left_key));
    join.right_keys_.push_back(std::move(right_key));
  }
  HR_TRY(join.columns_, join_columns(left, right, left_on, right_on, options));
  if (options.condition) HR_CHECK(join.bind_condition(left, right, *options.condition, options.suffix));
  for (const Field& field : left.fields()) join.left_types_.push_back(field.type);
  for (const Field& field : right.fields()) join.right_types_.push_back(field.type);
  join.options_ = std::move(options);
  join.workers_.resize(workers);
  join.budget_ = std::move(budget);
  return join;
}

Result<void> Join::bind_condition(const Schema& left, const Schema& right, const Expression& condition, const std::string& suffix) {
  HR_TRY(const JoinColumns pairs, join_columns(left, right, {}, {}, {.kind = JoinKind::Cross, .suffix = suffix}));
  HR_TRY(condition_, BoundExpression::bind(condition, pairs.schema));
  const TypeId type = condition_->type().id();
  if (type != TypeId::Bool && type != TypeId::Null) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}: a condition must be Boolean and is {}.", to_string(condition), to_string(condition_->type())));
  }
  condition_reads_.resize(pairs.schema.size());
  condition_->mark_columns(condition_reads_);
  return {};
}

Result<void> Join::add(size_t worker, uint64_t first_row, const Chunk& chunk) {
  if (chunk.rows == 0) return {};
  HR_TRY(std::vector<Array> keys, right_keys(chunk));
  Piece piece{.first_row = first_row, .rows = chunk.rows, .arrays = chunk.columns};
  std::ranges::move(keys, std::back_inserter(piece.arrays));
  workers_[worker].push_back(std::move(piece));
  return {};
}

Result<void> Join::finish() {
  std::vector<Piece> pieces;
  for (std::vector<Piece>& worker : workers_) std::ranges::move(worker, std::back_inserter(pieces));
  workers_.clear();
  for (const Piece& piece : pieces) right_rows_ += piece.rows;
  std::ranges::sort(pieces, {}, &Piece::first_row);
  if (pieces.empty()) {
    Piece empty;
    for (const DataType& type : right_types_) {
      HR_TRY(Array none, Array::all_null(type, 0, budget_));
      empty.arrays.push_back(std::move(none));
    }
    for (const BoundExpression& key : right_keys_) {
      HR_TRY(Array none, Array::all_null(key.type(), 0, budget_));
      empty.arrays.push_back(std::move(none));
    }
    pieces.push_back(std::move(empty));
  }
  HR_TRY(right_, joined(std::move(pieces), budget_));
  std::vector<Array> keys(right_.begin() + static_cast<std::ptrdiff_t>(right_types_.size()), right_.end());
  right_.resize(right_types_.size());
  if (keeps_right(options_.kind)) {
    HR_TRY(matched_, Buffer::from_pool(right_rows_, budget_));
  }
  if (keys.empty()) return {};
  for (const Filter& one : filters_) HR_CHECK(one.filter->build(keys[one.key], options_.nulls_equal, budget_));
  HR_TRY(table_, JoinTable::make(std::move(keys), right_rows_, options_.nulls_equal, budget_));
  const bool once = options_.validation == JoinValidation::ManyToOne || options_.validation == JoinValidation::OneToOne;
  if (once && table_->has_chains()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("A key stands in several rows of the right side, where the join is to be {}.", name(options_.validation)));
  }
  return {};
}

Result<std::vector<Array>> Join::left_keys(const Chunk& left) const { return evaluate(left_keys_, left, budget_); }
Result<std::vector<Array>> Join::right_keys(const Chunk& right) const { return evaluate(right_keys_, right, budget_); }

void Join::mark(uint64_t right_row) const {
  std::atomic_ref<uint8_t> matched(matched_.as<uint8_t>()[right_row]);
  if (matched.load(std::memory_order_relaxed) == 0) matched.store(1, std::memory_order_relaxed);
}

template <class Take>
Result<void> Join::each_candidate(const Chunk& left, bool once, const Take& take) const {
  if (!table_) {
    for (uint64_t row = 0; row < left.rows; ++row) {
      for (uint64_t right = 0; right < (once ? std::min<uint64_t>(right_rows_, 1) : right_rows_); ++right) HR_CHECK(take(row, right));
    }
    return {};
  }
  HR_TRY(const std::vector<Array> keys, left_keys(left));
  std::vector<uint64_t> first(left.rows);
  HR_CHECK(table_->find(keys, first));
  const bool goes_on = table_->has_chains() && !once;
  for (uint64_t row = 0; row < left.rows; ++row) {
    for (uint64_t right = first[row]; right != kNoRow; right = goes_on ? table_->next(right) : kNoRow) HR_CHECK(take(row, right));
  }
  return {};
}

template <class Take>
Result<void> Join::each_match(const Chunk& left, bool once, const Take& take) const {
  if (!condition_) return each_candidate(left, once, take);
  Pairs pairs;
  const auto flush = [&]() -> Result<void> {
    HR_CHECK(keep_matches(left, pairs));
    for (size_t i = 0; i < pairs.left.size(); ++i) HR_CHECK(take(pairs.left[i], pairs.right[i]));
    pairs.left.clear();
    pairs.right.clear();
    return {};
  };
  HR_CHECK(each_candidate(left, false, [&](uint64_t left_row, uint64_t right_row) -> Result<void> {
    pairs.left.push_back(left_row);
    pairs.right.push_back(right_row);
    return pairs.left.size() == kRows ? flush() : Result<void>();
  }));
  return flush();
}

Result<void> Join::keep_matches(const Chunk& left, Pairs& pairs) const {
  if (pairs.left.empty()) return {};
  Chunk chunk{.columns = std::vector<Array>(condition_reads_.size()), .rows = pairs.left.size()};
  for (size_t i = 0; i < condition_reads_.size(); ++i) {
    if (!condition_reads_[i]) continue;
    const size_t width = left_types_.size();
    HR_TRY(chunk.columns[i], i < width ? gather(left.columns[i], pairs.left, budget_) : gather(right_[i - width], pairs.right, budget_));
  }
  HR_TRY(const Array holds, condition_->evaluate(chunk, budget_));
  size_t kept = 0;
  for (size_t i = 0; i < chunk.rows; ++i) {
    if (holds.type().id() != TypeId::Bool || !holds.is_valid(i) || !holds.bits()[i]) continue;
    pairs.left[kept] = pairs.left[i];
    pairs.right[kept++] = pairs.right[i];
  }
  pairs.left.resize(kept);
  pairs.right.resize(kept);
  return {};
}

Result<void> Join::probe(const Chunk& left, const Emit& emit) const {
  using enum JoinKind;
  const JoinKind kind = options_.kind;
  const bool marks = keeps_right(kind), is_about_left = kind == Semi || kind == Anti, lacks = kind == Anti || keeps_left(kind);
  Pairs pairs;
  pairs.left.reserve(std::min(left.rows, kRows));
  const auto put = [&](uint64_t left_row, uint64_t right_row) -> Result<void> {
    pairs.left.push_back(left_row);
    if (!is_about_left) pairs.right.push_back(right_row);
    return pairs.left.size() == kRows ? flush(left, pairs, emit) : Result<void>();
  };
  // Rows of the left side before this one have been looked at.
  uint64_t next = 0;
  const auto put_lacking = [&](uint64_t end) -> Result<void> {
    for (; next < end; ++next) {
      if (lacks) HR_CHECK(put(next, kNoRow));
    }
    return {};
  };
  HR_CHECK(each_match(left, is_about_left, [&](uint64_t left_row, uint64_t right_row) -> Result<void> {
    HR_CHECK(put_lacking(left_row));
    const bool is_first = next == left_row;
    next = left_row + 1;
    if (marks) mark(right_row);
    const bool is_wanted = is_about_left ? kind == Semi && is_first : true;
    return is_wanted ? put(left_row, right_row) : Result<void>();
  }));
  HR_CHECK(put_lacking(left.rows));
  return pairs.left.empty() ? Result<void>() : flush(left, pairs, emit);
}

Result<void> Join::flush(const Chunk& left, Pairs& pairs, const Emit& emit) const {
  pairs.all_left = is_all(pairs.left, left.rows);
  HR_TRY(Chunk chunk, chunk_of(left, pairs));
  pairs.left.clear();
  pairs.right.clear();
  return emit(std::move(chunk));
}

Result<void> Join::unmatched(const Emit& emit) const {
  if (!keeps_right(options_.kind)) return {};
  const auto* matched = matched_.as<const uint8_t>();
  Pairs pairs;
  for (uint64_t row = 0; row < right_rows_; ++row) {
    if (matched[row] != 0) continue;
    pairs.right.push_back(row);
    if (pairs.right.size() == kRows) HR_CHECK(flush({}, pairs, emit));
  }
  return pairs.right.empty() ? Result<void>() : flush({}, pairs, emit);
}

Result<Chunk> Join::chunk_of(const Chunk& left, const Pairs& pairs) const {
  Chunk chunk{.columns = {}, .rows = std::max(pairs.left.size(), pairs.right.size())};
  for (size_t i = 0; i < columns_.columns.size(); ++i) {
    HR_TRY(Array array, column_of(i, left, pairs));
    chunk.columns.push_back(std::move(array));
  }
  return chunk;
}

Result<Array> Join::column_of(size_t column, const Chunk& left, const Pairs& pairs) const {
  using enum JoinColumn::From;
  const JoinColumn& from = columns_.columns[column];
  const bool has_left = !pairs.left.empty();
  if (from.from == Right) return gather(right_[from.column], pairs.right, budget_);
  const DataType& type = columns_.schema[column].type;
  if (from.from == Either && !has_left) {
    HR_TRY(const Array values, gather(right_[from.other], pairs.right, budget_));
    return cast(values, type, true, budget_);
  }
  if (!has_left) return Array::all_null(left_types_[from.column], pairs.right.size(), budget_);
  HR_TRY(Array values, pairs.all_left ? Result<Array>(left.columns[from.column]) : gather(left.columns[from.column], pairs.left, budget_));
  return from.from == Either ? cast(values, type, true, budget_) : Result<Array>(std::move(values));
}

}  // namespace headrace::frame
