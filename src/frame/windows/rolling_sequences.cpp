// Aggregates of the rows around each row.
#include <fmt/format.h>

#include <utility>

#include "frame/aggregates/types.h"
#include "frame/windows/extents.h"

namespace headrace::frame {
namespace {

using enum AggregateOperator;

/// Options: how many rows, how many of them must have a value, and whether the row stands in their middle.
template <AggregateOperator kOp>
Result<BoundSequence> bind_rolling(SequenceTypes inputs, SequenceOptions options) {
  const auto size = static_cast<uint64_t>(options[0].as_whole());
  const uint64_t least = options[1].is_null() ? size : static_cast<uint64_t>(options[1].as_whole());
  if (least > size)
    return fail(ErrorKind::InvalidArgument, fmt::format("of {} rows not {} can have a value", size, least));
  const auto types = types_of({.op = kOp}, inputs[0]);
  const bool is_text = inputs[0].layout() == Layout::Views || inputs[0].id() == TypeId::Categorical;
  const bool fits = types && !is_text && !(kOp == Sum && inputs[0].is_temporal());
  if (!fits)
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{} has no rolling_{}; cast it", to_string(inputs[0]), name(kOp)));
  const FramedAggregate aggregate{
      .what = {.op = kOp}, .input = types->input, .result = types->result, .least = least, .nan_wins = true};
  BoundSequence bound{.inputs = {types->input}, .result = types->result, .evaluate = {}};
  bound.evaluate = [aggregate, size,
                    center = options[2].as_bool()](const SequenceCall& call) -> Result<SequenceValues> {
    const Extents extents = rolling_extents(call.starts, size, center);
    HR_TRY(Array made, framed(aggregate, call.inputs[0], extents, call.starts, call.budget));
    return SequenceValues{std::move(made)};
  };
  return bound;
}

constexpr SequenceEntry kEntries[] = {
    {"rolling_sum", 1, 1, 3, bind_rolling<Sum>},
    {"rolling_mean", 1, 1, 3, bind_rolling<Mean>},
    {"rolling_min", 1, 1, 3, bind_rolling<Min>},
    {"rolling_max", 1, 1, 3, bind_rolling<Max>},
};

}  // namespace

std::span<const SequenceEntry> rolling_sequences() { return kEntries; }

}  // namespace headrace::frame
