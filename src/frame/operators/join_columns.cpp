#include "frame/operators/join_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "frame/expressions/types.h"

namespace headrace::frame {
namespace {

/// The columns that the keys are; nothing if one is calculated.
Result<std::optional<std::vector<size_t>>> columns_of(std::span<const Expression> keys, const Schema& schema) {
  std::vector<size_t> columns;
  for (const Expression& key : keys) {
    const auto* column = std::get_if<Expression::Column>(&key.kind());
    if (!column) return std::nullopt;
    HR_TRY(const size_t index, schema.index_of(column->name));
    columns.push_back(index);
  }
  return columns;
}

class ColumnList {
 public:
  ColumnList(const Schema& left, const Schema& right, const std::string& suffix) : left_(left), right_(right), suffix_(suffix) {}

  void add_left(const std::vector<size_t>& without) {
    for (size_t i = 0; i < left_.size(); ++i) {
      if (std::ranges::find(without, i) == without.end()) add(left_[i], {.from = JoinColumn::From::Left, .column = i});
    }
  }
  /// A name that the left side has gets the suffix.
  void add_right(const std::vector<size_t>& without) {
    std::unordered_set<std::string> taken;
    for (const Field& field : fields_) taken.insert(field.name);
    for (size_t i = 0; i < right_.size(); ++i) {
      if (std::ranges::find(without, i) != without.end()) continue;
      const std::string& name = right_[i].name;
      add({taken.contains(name) ? name + suffix_ : name, right_[i].type}, {.from = JoinColumn::From::Right, .column = i});
    }
  }
  /// Makes the left column one with a right one.
  Result<void> merge(size_t left, size_t right) {
    HR_TRY(fields_[left].type, join_type(left_[left].type, right_[right].type));
    columns_[left] = {.from = JoinColumn::From::Either, .column = left, .other = right};
    return {};
  }

  Result<JoinColumns> finish() {
    auto schema = Schema::make(std::move(fields_));
    if (!schema) {
      const std::string& name = schema.error().value;
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Two columns of the join are named {:?}; rename one, or give another suffix.", name), name);
    }
    return JoinColumns{*std::move(schema), std::move(columns_)};
  }

 private:
  void add(Field field, JoinColumn column) {
    fields_.push_back(std::move(field));
    columns_.push_back(column);
  }

  const Schema& left_;
  const Schema& right_;
  const std::string& suffix_;
  std::vector<Field> fields_;
  std::vector<JoinColumn> columns_;
};

}  // namespace

Result<JoinColumns> join_columns(const Schema& left, const Schema& right, std::span<const Expression> left_on,
                                 std::span<const Expression> right_on,
                                 const JoinOptions& options) {
  ColumnList list(left, right, options.suffix);
  if (options.kind == JoinKind::Semi || options.kind == JoinKind::Anti) {
    list.add_left({});
    return list.finish();
  }
  HR_TRY(const auto left_keys, columns_of(left_on, left));
  HR_TRY(const auto right_keys, columns_of(right_on, right));
  const bool wanted = options.coalesce.value_or(options.kind != JoinKind::Full);
  const bool coalesce = wanted && options.kind != JoinKind::Cross && left_keys && right_keys;
  const std::vector<size_t> none;
  const bool is_right = options.kind == JoinKind::Right;
  list.add_left(coalesce && is_right ? *left_keys : none);
  list.add_right(coalesce && !is_right ? *right_keys : none);
  if (coalesce && options.kind == JoinKind::Full) {
    for (size_t i = left_keys->size(); i-- > 0;) HR_CHECK(list.merge((*left_keys)[i], (*right_keys)[i]));
  }
  return list.finish();
}

Result<DataType> join_type(const DataType& left, const DataType& right) {
  auto both = common_type(left, right);
  const auto differ = [&](auto of) { return of(left) != of(right); };
  // A float does not hold every whole number, a coarse time not every fine one.
  const bool loses = differ([](const DataType& type) { return type.is_float(); }) ||
                     (left.id() == right.id() && left.is_temporal() && differ([](const DataType& type) { return type.unit(); })) ||
                     left.id() == TypeId::List;
  const bool has_null = left.id() == TypeId::Null || right.id() == TypeId::Null;
  if (both && (left == right || has_null || !loses)) return both;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{} and {} have no type in common that holds all their values; cast one of them", to_string(left),
                          to_string(right)));
}

}  // namespace headrace::frame
