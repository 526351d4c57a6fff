// Functions whose values are values of their input: which row's, or none's, for each row.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/types.h"
#include "frame/keys/group_table.h"
#include "frame/keys/key_batch.h"
#include "frame/keys/sort_rows.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {
namespace {

/// The rows chosen, and where their groups begin if not where they did.
struct Choice {
  std::vector<uint64_t> rows;
  std::optional<Starts> starts{};
};

/// A function of the first input's values by a choice among its rows.
template <class Choose>
BoundSequence choosing(SequenceTypes inputs, Choose choose) {
  BoundSequence bound{.inputs = {inputs.begin(), inputs.end()}, .result = inputs[0], .evaluate = {}};
  bound.evaluate = [choose = std::move(choose)](const SequenceCall& call) -> Result<SequenceValues> {
    HR_TRY(const Reservation reserved, Reservation::take(call.budget, call.rows() * sizeof(uint64_t)));
    HR_TRY(Choice choice, choose(call));
    HR_TRY(Array values, gather(call.inputs[0], choice.rows, call.budget));
    return SequenceValues{std::move(values), std::move(choice.starts)};
  };
  return bound;
}

/// Calls each(begin, end) for every group.
template <class Each>
void each_group(const SequenceCall& call, const Each& each) {
  for (size_t group = 0; group < call.groups(); ++group) each(call.starts[group], call.starts[group + 1]);
}

/// The row `by` rows before; what is none is `none(row)`.
template <class None>
std::vector<uint64_t> shifted(const SequenceCall& call, int64_t by, const None& none) {
  std::vector<uint64_t> rows(call.rows());
  each_group(call, [&](uint64_t begin, uint64_t end) {
    const uint64_t size = end - begin;
    const uint64_t far = std::min(size, by < 0 ? 0 - static_cast<uint64_t>(by) : static_cast<uint64_t>(by));
    for (uint64_t row = begin; row < end; ++row) {
      const bool has = by >= 0 ? row - begin >= far : end - row > far;
      rows[row] = !has ? none(row) : by >= 0 ? row - far : row + far;
    }
  });
  return rows;
}

Result<BoundSequence> bind_shift(SequenceTypes inputs, SequenceOptions options) {
  const auto by = static_cast<int64_t>(options[0].as_whole());
  if (inputs.size() == 1) {
    return choosing(inputs, [by](const SequenceCall& call) -> Result<Choice> {
      return Choice{shifted(call, by, [](uint64_t) { return kNoRow; })};
    });
  }
  HR_TRY(const DataType both, common_type(inputs[0], inputs[1]));
  BoundSequence bound{.inputs = {both, both}, .result = both, .evaluate = {}};
  bound.evaluate = [by](const SequenceCall& call) -> Result<SequenceValues> {
    HR_TRY(const Array all, concatenate(call.inputs, call.budget));
    const auto rows = shifted(call, by, [&](uint64_t row) { return call.rows() + row; });
    HR_TRY(Array values, gather(all, rows, call.budget));
    return SequenceValues{std::move(values)};
  };
  return bound;
}

/// The last row with a value, no more than `limit` rows away; `Backward`: the next one.
Result<BoundSequence> bind_fill(SequenceTypes inputs, SequenceOptions options, bool is_backward) {
  const uint64_t limit =
      options[0].is_null() ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(options[0].as_whole());
  return choosing(inputs, [limit, is_backward](const SequenceCall& call) -> Result<Choice> {
    std::vector<uint64_t> rows(call.rows(), kNoRow);
    each_group(call, [&](uint64_t begin, uint64_t end) {
      uint64_t last = kNoRow;
      for (uint64_t i = begin; i < end; ++i) {
        const uint64_t row = is_backward ? end - 1 - (i - begin) : i;
        if (call.inputs[0].is_valid(row)) last = row;
        const uint64_t away = last == kNoRow ? 0 : is_backward ? last - row : row - last;
        if (last != kNoRow && away <= limit) rows[row] = last;
      }
    });
    return Choice{std::move(rows)};
  });
}
Result<BoundSequence> bind_forward_fill(SequenceTypes inputs, SequenceOptions options) {
  return bind_fill(inputs, options, false);
}
Result<BoundSequence> bind_backward_fill(SequenceTypes inputs, SequenceOptions options) {
  return bind_fill(inputs, options, true);
}

Result<BoundSequence> bind_reverse(SequenceTypes inputs, SequenceOptions) {
  return choosing(inputs, [](const SequenceCall& call) -> Result<Choice> {
    std::vector<uint64_t> rows(call.rows());
    each_group(call, [&](uint64_t begin, uint64_t end) {
      for (uint64_t row = begin; row < end; ++row) rows[row] = end - 1 - (row - begin);
    });
    return Choice{std::move(rows)};
  });
}

/// The rows of each group for which keep(row, begin, end).
template <class Keep>
Choice kept(const SequenceCall& call, const Keep& keep) {
  Choice choice;
  Starts starts{0};
  each_group(call, [&](uint64_t begin, uint64_t end) {
    for (uint64_t row = begin; row < end; ++row) {
      if (keep(row, begin, end)) choice.rows.push_back(row);
    }
    starts.push_back(choice.rows.size());
  });
  choice.starts = std::move(starts);
  return choice;
}

/// Rows [offset, offset + length) of each group; an offset below zero counts from its end.
Result<BoundSequence> bind_rows_slice(SequenceTypes inputs, SequenceOptions options) {
  const auto offset = static_cast<int64_t>(options[0].as_whole());
  const uint64_t length =
      options[1].is_null() ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(options[1].as_whole());
  return choosing(inputs, [offset, length](const SequenceCall& call) -> Result<Choice> {
    return kept(call, [&](uint64_t row, uint64_t begin, uint64_t end) {
      const auto size = static_cast<int64_t>(end - begin), at = static_cast<int64_t>(row - begin);
      const int64_t first = offset < 0 ? size + offset : offset;
      // From before the first row on: the rows before it count.
      const Int128 last = static_cast<Int128>(first) + static_cast<Int128>(length);
      return at >= first && at < last;
    });
  });
}

Result<BoundSequence> bind_rows_filter(SequenceTypes inputs, SequenceOptions) {
  if (inputs[1].id() != TypeId::Bool && inputs[1].id() != TypeId::Null) {
    return fail(ErrorKind::InvalidArgument, fmt::format("a condition must be Boolean and is {}", to_string(inputs[1])));
  }
  BoundSequence bound = choosing(inputs, [](const SequenceCall& call) -> Result<Choice> {
    const Array& condition = call.inputs[1];
    const Bitmap bits = condition.bits();
    return kept(call, [&](uint64_t row, uint64_t, uint64_t) { return condition.is_valid(row) && bits[row]; });
  });
  bound.inputs[1] = TypeId::Bool;
  return bound;
}

Result<BoundSequence> bind_drop_nulls(SequenceTypes inputs, SequenceOptions) {
  return choosing(inputs, [](const SequenceCall& call) -> Result<Choice> {
    return kept(call, [&](uint64_t row, uint64_t, uint64_t) { return call.inputs[0].is_valid(row); });
  });
}

/// The first of equal values.
Result<BoundSequence> bind_rows_unique(SequenceTypes inputs, SequenceOptions) {
  return choosing(inputs, [](const SequenceCall& call) -> Result<Choice> {
    const std::vector<uint32_t> groups = groups_of(call.starts);
    HR_TRY(const Buffer numbers, Buffer::allocate(groups.size() * sizeof(uint32_t), call.budget));
    std::ranges::copy(groups, numbers.as<uint32_t>());
    HR_TRY(Array group, Array::make({.type = TypeId::UInt32, .size = groups.size(), .values = numbers, .nulls = 0}));
    const auto layout = std::make_shared<const KeyLayout>(std::vector<DataType>{TypeId::UInt32, call.inputs[0].type()});
    GroupTable table(layout, call.budget);
    KeyBatch batch;
    HR_CHECK(batch.assign(*layout, {std::move(group), call.inputs[0]}, call.rows(), call.budget));
    std::vector<uint32_t> found(call.rows());
    HR_CHECK(table.find(batch, found));
    uint32_t next = 0;  // numbers are given in the order in which values come
    return kept(call, [&](uint64_t row, uint64_t, uint64_t) { return found[row] == next && (++next, true); });
  });
}

/// The rows of each group in the order of the further inputs, or of the values without any. Options: two for each key.
Result<BoundSequence> bind_rows_sort(SequenceTypes inputs, SequenceOptions options) {
  std::vector<SortOrder> orders{{}};
  for (size_t i = 0; i + 1 < options.size(); i += 2) {
    orders.push_back({.descending = options[i].as_bool(), .nulls_last = options[i + 1].as_bool()});
  }
  const size_t keys = std::max<size_t>(1, inputs.size() - 1);
  if (orders.size() != keys + 1)
    return fail(ErrorKind::InvalidArgument, fmt::format("{} orders are given for {} keys", orders.size() - 1, keys));
  return choosing(inputs, [orders](const SequenceCall& call) -> Result<Choice> {
    const std::vector<uint32_t> groups = groups_of(call.starts);
    HR_TRY(const Buffer numbers, Buffer::allocate(groups.size() * sizeof(uint32_t), call.budget));
    std::ranges::copy(groups, numbers.as<uint32_t>());
    HR_TRY(Array group, Array::make({.type = TypeId::UInt32, .size = groups.size(), .values = numbers, .nulls = 0}));
    std::vector<Array> keys{std::move(group)};
    if (call.inputs.size() == 1) keys.push_back(call.inputs[0]);
    keys.insert(keys.end(), call.inputs.begin() + 1, call.inputs.end());
    HR_TRY(const SortKeys words, SortKeys::make(std::move(keys), orders));
    HR_TRY(const Buffer order, sorted_rows(words, call.rows(), call.rows(), call.budget));
    return Choice{{order.as<uint64_t>(), order.as<uint64_t>() + call.rows()}};
  });
}

/// The row of that number of each group, from the end below zero.
Result<BoundSequence> bind_get(SequenceTypes inputs, SequenceOptions options) {
  const auto index = static_cast<int64_t>(options[0].as_whole());
  const bool is_null_beyond = options[1].as_bool();
  BoundSequence bound = choosing(inputs, [index, is_null_beyond](const SequenceCall& call) -> Result<Choice> {
    Choice choice;
    for (size_t group = 0; group < call.groups(); ++group) {
      const auto size = static_cast<int64_t>(call.starts[group + 1] - call.starts[group]);
      const int64_t at = index < 0 ? size + index : index;
      const bool has = at >= 0 && at < size;
      if (!has && !is_null_beyond)
        return fail(ErrorKind::OutOfRange, fmt::format("there is no row {} of {}", index, size));
      choice.rows.push_back(has ? call.starts[group] + static_cast<uint64_t>(at) : kNoRow);
    }
    return choice;
  });
  bound.is_of_group = true;
  return bound;
}

constexpr SequenceEntry kEntries[] = {
    {"shift", 1, 2, 1, bind_shift},
    {"forward_fill", 1, 1, 1, bind_forward_fill},
    {"backward_fill", 1, 1, 1, bind_backward_fill},
    {"reverse", 1, 1, 0, bind_reverse},
    {"slice", 1, 1, 2, bind_rows_slice},
    {"filter", 2, 2, 0, bind_rows_filter},
    {"drop_nulls", 1, 1, 0, bind_drop_nulls},
    {"unique", 1, 1, 0, bind_rows_unique},
    {"sort_by", 1, 64, 2, bind_rows_sort},
    {"get", 1, 1, 2, bind_get},
};

}  // namespace

std::span<const SequenceEntry> choosing_sequences() { return kEntries; }

}  // namespace headrace::frame
