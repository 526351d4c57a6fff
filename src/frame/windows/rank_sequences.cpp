// Functions of how a row's value compares with those of the other rows.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/keys/group_table.h"
#include "frame/keys/hash_rows.h"
#include "frame/keys/sort_rows.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {
namespace {

Result<Array> group_column(const SequenceCall& call) {
  HR_TRY(Buffer numbers, Buffer::allocate(call.rows() * sizeof(uint32_t), call.budget));
  std::ranges::copy(groups_of(call.starts), numbers.as<uint32_t>());
  return Array::make({.type = TypeId::UInt32, .size = call.rows(), .values = std::move(numbers), .nulls = 0});
}

enum class RankMethod : uint8_t { Average, Min, Max, Dense, Ordinal };
constexpr std::string_view kMethods[] = {"average", "min", "max", "dense", "ordinal"};

/// Writes the ranks of rows that are equal: order[begin, end), of a group whose first place is `first`; `dense` such
/// runs came before.
struct Ranks {
  RankMethod method;
  double* average;
  uint32_t* whole;

  void write(std::span<const uint64_t> rows, uint64_t place, uint32_t dense) const {
    const uint64_t first = place + 1, last = place + rows.size();
    for (size_t i = 0; i < rows.size(); ++i) {
      switch (method) {
        case RankMethod::Average: average[rows[i]] = static_cast<double>(first + last) / 2; break;
        case RankMethod::Min: whole[rows[i]] = static_cast<uint32_t>(first); break;
        case RankMethod::Max: whole[rows[i]] = static_cast<uint32_t>(last); break;
        case RankMethod::Dense: whole[rows[i]] = dense + 1; break;
        case RankMethod::Ordinal: whole[rows[i]] = static_cast<uint32_t>(first + i); break;
      }
    }
  }
};

/// Nulls have no rank.
Result<SequenceValues> rank_values(const SequenceCall& call, RankMethod method, bool descending) {
  const Array& input = call.inputs[0];
  const DataType type = method == RankMethod::Average ? TypeId::Float64 : TypeId::UInt32;
  if (input.type().id() == TypeId::Null) {
    HR_TRY(Array none, Array::all_null(type, call.rows(), call.budget));
    return SequenceValues{std::move(none)};
  }
  HR_TRY(Array group, group_column(call));
  const SortOrder orders[] = {{}, {.descending = descending, .nulls_last = true}};
  HR_TRY(const SortKeys words, SortKeys::make({std::move(group), input}, orders));
  HR_TRY(const Buffer order, sorted_rows(words, call.rows(), call.rows(), call.budget));
  Array::Parts parts{.type = type, .size = call.rows(), .validity = input.validity()};
  HR_TRY(parts.values, Buffer::allocate(type.bytes_of(call.rows()), call.budget));
  const Ranks ranks{method, parts.values.as<double>(), parts.values.as<uint32_t>()};
  const std::span<const uint64_t> rows(order.as<const uint64_t>(), call.rows());
  for (size_t i = 0; i < call.groups(); ++i) {
    uint32_t dense = 0;
    for (uint64_t begin = call.starts[i], end = begin; begin < call.starts[i + 1] && input.is_valid(rows[begin]);
         begin = end, ++dense) {
      for (end = begin + 1; end < call.starts[i + 1] && rows_equal(call.inputs, rows[begin], call.inputs, rows[end]);
           ++end) {
      }
      ranks.write(rows.subspan(begin, end - begin), begin - call.starts[i], dense);
    }
  }
  HR_TRY(Array made, Array::make(std::move(parts)));
  return SequenceValues{std::move(made)};
}

Result<BoundSequence> bind_rank(SequenceTypes inputs, SequenceOptions options) {
  const auto method = std::ranges::find(kMethods, options[0].as_bytes());
  if (method == std::end(kMethods)) {
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("{:?} is no method of ranks; average, min, max, dense and ordinal are", options[0].as_bytes()));
  }
  if (inputs[0].id() == TypeId::List)
    return fail(ErrorKind::InvalidArgument, fmt::format("{} has no order", to_string(inputs[0])));
  const auto which = static_cast<RankMethod>(method - std::begin(kMethods));
  BoundSequence bound{
      .inputs = {inputs[0]}, .result = which == RankMethod::Average ? TypeId::Float64 : TypeId::UInt32, .evaluate = {}};
  bound.evaluate = [which, descending = options[1].as_bool()](const SequenceCall& call) {
    return rank_values(call, which, descending);
  };
  return bound;
}

/// How many rows of the group are equal to a row, and whether it is the first or the last of them.
enum class Among : uint8_t { Duplicated, Unique, First, Last };

Result<SequenceValues> among_values(const SequenceCall& call, Among which) {
  HR_TRY(Array group, group_column(call));
  std::vector<DataType> types{TypeId::UInt32};
  std::vector<Array> keys{std::move(group)};
  for (const Array& input : call.inputs) {
    types.push_back(input.type());
    keys.push_back(input);
  }
  const auto layout = std::make_shared<const KeyLayout>(std::move(types));
  GroupTable table(layout, call.budget);
  KeyBatch batch;
  HR_CHECK(batch.assign(*layout, std::move(keys), call.rows(), call.budget));
  std::vector<uint32_t> found(call.rows());
  HR_CHECK(table.find(batch, found));
  std::vector<uint64_t> counts(table.size()), last(table.size());
  for (uint64_t row = 0; row < found.size(); ++row) {
    ++counts[found[row]];
    last[found[row]] = row;
  }
  HR_TRY(const Bitmap bits, Bitmap::zeros(call.rows(), call.budget));
  uint32_t next = 0;  // numbers are given in the order in which values come
  for (uint64_t row = 0; row < found.size(); ++row) {
    const bool is_first = found[row] == next;
    next += is_first;
    const bool holds = which == Among::First  ? is_first
                       : which == Among::Last ? last[found[row]] == row
                                              : (counts[found[row]] == 1) == (which == Among::Unique);
    if (holds) bits.set(row);
  }
  HR_TRY(Array made, Array::make({.type = TypeId::Bool, .size = call.rows(), .values = bits.buffer(), .nulls = 0}));
  return SequenceValues{std::move(made)};
}

template <Among kWhich>
Result<BoundSequence> bind_among(SequenceTypes inputs, SequenceOptions) {
  BoundSequence bound{.inputs = {inputs.begin(), inputs.end()}, .result = TypeId::Bool, .evaluate = {}};
  bound.evaluate = [](const SequenceCall& call) { return among_values(call, kWhich); };
  return bound;
}

// SQL's ranks, by the order of the window: the inputs are its keys, by which the rows lie in order already.

enum class Standing : uint8_t { Rank, Dense, Percent, Cumulative };

template <Standing kWhich>
Result<SequenceValues> standing_values(const SequenceCall& call) {
  constexpr bool kIsShare = kWhich == Standing::Percent || kWhich == Standing::Cumulative;
  using T = std::conditional_t<kIsShare, double, int64_t>;
  HR_TRY(Buffer values, Buffer::allocate(call.rows() * sizeof(T), call.budget));
  T* out = values.as<T>();
  for (size_t i = 0; i < call.groups(); ++i) {
    const uint64_t first = call.starts[i], last = call.starts[i + 1];
    uint64_t runs = 0;
    for (uint64_t begin = first, end = begin; begin < last; begin = end, ++runs) {
      for (end = begin + 1; end < last && rows_equal(call.inputs, begin, call.inputs, end); ++end) {
      }
      T value{};
      if constexpr (kWhich == Standing::Rank) value = static_cast<T>(begin - first + 1);
      if constexpr (kWhich == Standing::Dense) value = static_cast<T>(runs + 1);
      if constexpr (kWhich == Standing::Percent)
        value = last - first == 1 ? 0.0 : static_cast<T>(begin - first) / static_cast<T>(last - first - 1);
      if constexpr (kWhich == Standing::Cumulative) value = static_cast<T>(end - first) / static_cast<T>(last - first);
      std::fill(out + begin, out + end, value);
    }
  }
  HR_TRY(Array made, Array::make({.type = kIsShare ? TypeId::Float64 : TypeId::Int64,
                                  .size = call.rows(),
                                  .values = std::move(values),
                                  .nulls = 0}));
  return SequenceValues{std::move(made)};
}

template <Standing kWhich>
Result<BoundSequence> bind_standing(SequenceTypes inputs, SequenceOptions) {
  constexpr bool kIsShare = kWhich == Standing::Percent || kWhich == Standing::Cumulative;
  return BoundSequence{.inputs = {inputs.begin(), inputs.end()},
                       .result = kIsShare ? TypeId::Float64 : TypeId::Int64,
                       .evaluate = standing_values<kWhich>};
}

/// The rows of each group in so many parts as equal as can be, the greater ones first.
Result<BoundSequence> bind_ntile(SequenceTypes inputs, SequenceOptions options) {
  const Int128 parts = options[0].is_null() ? Int128{0} : options[0].as_whole();
  if (parts < 1) return fail(ErrorKind::InvalidArgument, "ntile needs one part at least");
  BoundSequence bound{
      .inputs = {inputs.begin(), inputs.end()}, .result = TypeId::Int64, .counts_rows = true, .evaluate = {}};
  bound.evaluate = [parts = static_cast<uint64_t>(parts)](const SequenceCall& call) -> Result<SequenceValues> {
    HR_TRY(Buffer values, Buffer::allocate(call.rows() * sizeof(int64_t), call.budget));
    for (size_t i = 0; i < call.groups(); ++i) {
      const uint64_t first = call.starts[i], rows = call.starts[i + 1] - first;
      const uint64_t least = rows / parts, greater = rows % parts, in_greater = greater * (least + 1);
      for (uint64_t row = 0; row < rows; ++row) {
        const uint64_t part = row < in_greater ? row / (least + 1) : greater + (row - in_greater) / least;
        values.as<int64_t>()[first + row] = static_cast<int64_t>(part + 1);
      }
    }
    HR_TRY(Array made,
           Array::make({.type = TypeId::Int64, .size = call.rows(), .values = std::move(values), .nulls = 0}));
    return SequenceValues{std::move(made)};
  };
  return bound;
}

constexpr SequenceEntry kEntries[] = {
    {"rank", 1, 1, 2, bind_rank},
    {"is_duplicated", 1, 64, 0, bind_among<Among::Duplicated>},
    {"is_unique", 1, 64, 0, bind_among<Among::Unique>},
    {"is_first_distinct", 1, 64, 0, bind_among<Among::First>},
    {"is_last_distinct", 1, 64, 0, bind_among<Among::Last>},
    {"window.rank", 1, 64, 0, bind_standing<Standing::Rank>},
    {"window.dense_rank", 1, 64, 0, bind_standing<Standing::Dense>},
    {"window.percent_rank", 1, 64, 0, bind_standing<Standing::Percent>},
    {"window.cume_dist", 1, 64, 0, bind_standing<Standing::Cumulative>},
    {"window.ntile", 0, 64, 1, bind_ntile},
};

}  // namespace

std::span<const SequenceEntry> rank_sequences() { return kEntries; }

}  // namespace headrace::frame
