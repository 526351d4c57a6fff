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
  if (!is_cross && left_on.empty()) return fail(ErrorKind::InvalidArgument, fmt::format("A join ({}) needs keys: on, or left_on and right_on.", name(options.kind)));
  if (left_on.size() != right_on.size()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("A join needs as many keys on either side; there are {} and {}.", left_on.size(), right_on.size()));
  }
  const bool can_validate = !is_cross && options.kind != JoinKind::Semi && options.kind != JoinKind::Anti;
  if (options.validation != JoinValidation::ManyToMany && !can_validate) {
    return fail(ErrorKind::InvalidArgument, fmt::format("A join ({}) cannot be validated ({}).", name(options.kind), name(options.validation)));
  }
  return {};
}

Result<BoundExpression> bind_as(const Expression& key, const Schema& schema, const DataType& type) {
  return BoundExpression::bind(Expression::cast(key, type, true), schema);
}

Result<std::vector<Array>> evaluate(std::span<const BoundExpression> keys, const Chunk& chunk, const std::shared_ptr<MemoryBudget>& budget) {
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
      return fail(type.error().kind, fmt::format("The keys {} and {} of the join: {}.", to_string(left_on[i]), to_string(right_on[i]), type.error().message));
    }
    HR_TRY(BoundExpression left_key, bind_as(left_on[i], left, *type));
    HR_TRY(BoundExpression right_key, bind_as(right_on[i], right, *type));
    join.left_keys_.push_back(std::move(left_key));
    join.right_keys_.push_back(std::move(right_key));
  }
  HR_TRY(join.columns_, join_columns(left, right, left_on, right_on, options));
  for (const Field& field : left.fields()) join.left_types_.push_back(field.type);
  for (const Field& field : right.fields()) join.right_types_.push_back(field.type);
  join.options_ = std::move(options);
  join.workers_.resize(workers);
  join.budget_ = std::move(budget);
  return join;
}

Result<void> Join::add(size_t worker, uint64_t first_row, const Chunk& chunk) {
  if (chunk.rows == 0) return {};
  HR_TRY(std::vector<Array> keys, evaluate(right_keys_, chunk, budget_));
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
    HR_TRY(matched_, Buffer::allocate(right_rows_, budget_));
  }
  if (options_.kind == JoinKind::Cross) return {};
  HR_TRY(table_, JoinTable::make(std::move(keys), right_rows_, options_.nulls_equal, budget_));
  const bool once = options_.validation == JoinValidation::ManyToOne || options_.validation == JoinValidation::OneToOne;
  if (once && table_->has_chains()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("A key stands in several rows of the right side, where the join is to be {}.", name(options_.validation)));
  }
  return {};
}

Result<std::vector<Array>> Join::left_keys(const Chunk& left) const { return evaluate(left_keys_, left, budget_); }

void Join::mark(uint64_t right_row) const {
  std::atomic_ref<uint8_t> matched(matched_.as<uint8_t>()[right_row]);
  if (matched.load(std::memory_order_relaxed) == 0) matched.store(1, std::memory_order_relaxed);
}

template <class Take>
Result<void> Join::each_pair(const Chunk& left, const Take& take) const {
  if (options_.kind == JoinKind::Cross) {
    for (uint64_t row = 0; row < left.rows; ++row) {
      for (uint64_t right = 0; right < right_rows_; ++right) HR_CHECK(take(row, right));
    }
    return {};
  }
  HR_TRY(const std::vector<Array> keys, left_keys(left));
  std::vector<uint64_t> first(left.rows);
  HR_CHECK(table_->find(keys, first));
  const bool keeps_left_rows = keeps_left(options_.kind), marks = keeps_right(options_.kind), has_chains = table_->has_chains();
  for (uint64_t row = 0; row < left.rows; ++row) {
    uint64_t right = first[row];
    if (right == kNoRow && keeps_left_rows) HR_CHECK(take(row, kNoRow));
    while (right != kNoRow) {
      HR_CHECK(take(row, right));
      if (marks) mark(right);
      right = has_chains ? table_->next(right) : kNoRow;
    }
  }
  return {};
}

Result<void> Join::probe(const Chunk& left, const Emit& emit) const {
  if (options_.kind == JoinKind::Semi || options_.kind == JoinKind::Anti) return probe_for_being(left, emit);
  Pairs pairs;
  pairs.left.reserve(std::min(left.rows, kRows));
  pairs.right.reserve(std::min(left.rows, kRows));
  const auto flush = [&]() -> Result<void> {
    pairs.all_left = is_all(pairs.left, left.rows);
    HR_TRY(Chunk chunk, chunk_of(left, pairs));
    pairs.left.clear();
    pairs.right.clear();
    return emit(std::move(chunk));
  };
  HR_CHECK(each_pair(left, [&](uint64_t left_row, uint64_t right_row) -> Result<void> {
    pairs.left.push_back(left_row);
    pairs.right.push_back(right_row);
    return pairs.left.size() == kRows ? flush() : Result<void>();
  }));
  return pairs.left.empty() ? Result<void>() : flush();
}

Result<void> Join::probe_for_being(const Chunk& left, const Emit& emit) const {
  HR_TRY(const std::vector<Array> keys, left_keys(left));
  std::vector<uint64_t> first(left.rows);
  HR_CHECK(table_->find(keys, first));
  Pairs pairs;
  for (uint64_t row = 0; row < left.rows; ++row) {
    if ((first[row] != kNoRow) == (options_.kind == JoinKind::Semi)) pairs.left.push_back(row);
  }
  if (pairs.left.empty()) return {};
  pairs.all_left = pairs.left.size() == left.rows;
  HR_TRY(Chunk chunk, chunk_of(left, pairs));
  return emit(std::move(chunk));
}

Result<void> Join::unmatched(const Emit& emit) const {
  if (!keeps_right(options_.kind)) return {};
  const auto* matched = matched_.as<const uint8_t>();
  Pairs pairs;
  const auto flush = [&]() -> Result<void> {
    HR_TRY(Chunk chunk, chunk_of({}, pairs));
    pairs.right.clear();
    return emit(std::move(chunk));
  };
  for (uint64_t row = 0; row < right_rows_; ++row) {
    if (matched[row] != 0) continue;
    pairs.right.push_back(row);
    if (pairs.right.size() == kRows) HR_CHECK(flush());
  }
  return pairs.right.empty() ? Result<void>() : flush();
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
