#include "frame/windows/extents.h"

#include <fmt/format.h>

#include <algorithm>

#include "frame/aggregates/accumulators.h"
#include "frame/keys/hash_rows.h"

namespace headrace::frame {
namespace {

using Bound = WindowFrame::Bound;

Extents all_of(const Starts& starts) {
  Extents extents{std::vector<uint64_t>(starts.back()), std::vector<uint64_t>(starts.back())};
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    std::fill(extents.begin.begin() + static_cast<ptrdiff_t>(starts[i]),
              extents.begin.begin() + static_cast<ptrdiff_t>(starts[i + 1]), starts[i]);
    std::fill(extents.end.begin() + static_cast<ptrdiff_t>(starts[i]),
              extents.end.begin() + static_cast<ptrdiff_t>(starts[i + 1]), starts[i + 1]);
  }
  return extents;
}

uint64_t before(uint64_t row, uint64_t by, uint64_t first) { return row - first < by ? first : row - by; }
uint64_t after(uint64_t row, uint64_t by, uint64_t last) { return last - row < by ? last : row + by; }

/// An offset in rows.
Result<uint64_t> rows_of(Bound bound, const Scalar& offset) {
  if (bound != Bound::Preceding && bound != Bound::Following) return 0;
  const bool fits = !offset.is_null() && offset.type().is_integer() && offset.as_whole() >= 0;
  if (!fits)
    return fail(ErrorKind::InvalidArgument,
                fmt::format("a frame of rows goes so many rows far, not {}", to_string(offset)));
  return static_cast<uint64_t>(std::min<Int128>(offset.as_whole(), INT64_MAX));
}

Result<void> by_rows(const WindowFrame& frame, const Starts& starts, Extents& extents) {
  HR_TRY(const uint64_t from, rows_of(frame.begin, frame.begin_offset));
  HR_TRY(const uint64_t to, rows_of(frame.end, frame.end_offset));
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    const uint64_t first = starts[i], last = starts[i + 1];
    for (uint64_t row = first; row < last; ++row) {
      uint64_t &begin = extents.begin[row], &end = extents.end[row];
      if (frame.begin == Bound::Preceding) begin = before(row, from, first);
      if (frame.begin == Bound::CurrentRow) begin = row;
      if (frame.begin == Bound::Following) begin = after(row, from, last);
      if (frame.end == Bound::Preceding) end = to > row - first ? first : row - to + 1;
      if (frame.end == Bound::CurrentRow) end = row + 1;
      if (frame.end == Bound::Following) end = after(row + 1, to, last);
      end = std::max(begin, end);
    }
  }
  return {};
}

/// Where the value of a row stands on the way up: whole numbers and times as they are, descending ones turned round.
template <class T>
class Heights {
 public:
  Heights(const Array& key, bool descending) : key_(key), descending_(descending) {}
  T operator[](uint64_t row) const {
    T value{};
    with_type_of(key_.type(), [&]<class V>(V) { value = static_cast<T>(key_.data<V>()[row]); });
    return descending_ ? -value : value;
  }

 private:
  const Array& key_;
  bool descending_;
};

template <class T>
T offset_of(const Scalar& offset) {
  if constexpr (std::is_floating_point_v<T>) {
    return offset.type().is_float() ? static_cast<T>(offset.as_float()) : static_cast<T>(offset.as_whole());
  } else {
    return offset.type().is_float() ? static_cast<T>(offset.as_float()) : offset.as_whole();
  }
}

/// Bounds by distance of values, in the part [first, last) of a group whose keys are no nulls.
template <class T>
void by_values(const WindowFrame& frame, const Heights<T>& heights, uint64_t first, uint64_t last, Extents& extents) {
  const auto moves = [](Bound bound) { return bound == Bound::Preceding || bound == Bound::Following; };
  const T from = moves(frame.begin) ? offset_of<T>(frame.begin_offset) : T{},
          to = moves(frame.end) ? offset_of<T>(frame.end_offset) : T{};
  uint64_t begin = first, end = first;
  for (uint64_t row = first; row < last; ++row) {
    const T height = heights[row];
    if (moves(frame.begin)) {
      const T least = frame.begin == Bound::Preceding ? height - from : height + from;
      while (begin < last && heights[begin] < least) ++begin;
      extents.begin[row] = begin;
    }
    if (moves(frame.end)) {
      const T greatest = frame.end == Bound::Preceding ? height - to : height + to;
      while (end < last && heights[end] <= greatest) ++end;
      extents.end[row] = end;
    }
  }
}

/// Runs of rows that are equal in the order keys, as the current row.
void by_peers(const WindowFrame& frame, const Starts& starts, std::span<const Array> order, Extents& extents) {
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    for (uint64_t begin = starts[i], end = begin; begin < starts[i + 1]; begin = end) {
      for (end = begin + 1; end < starts[i + 1] && rows_equal(order, begin, order, end); ++end) {
      }
      for (uint64_t row = begin; row < end; ++row) {
        // Nulls are no distance away from anything: their frame is their own run.
        const bool is_null = order.size() == 1 && !order[0].is_valid(row);
        if (frame.begin == Bound::CurrentRow || (is_null && frame.begin != Bound::UnboundedPreceding))
          extents.begin[row] = begin;
        if (frame.end == Bound::CurrentRow || (is_null && frame.end != Bound::UnboundedFollowing))
          extents.end[row] = end;
      }
    }
  }
}

Result<void> by_range(const WindowFrame& frame, const Starts& starts, std::span<const Array> order, bool descending,
                      Extents& extents) {
  const auto moves = [](Bound bound) { return bound == Bound::Preceding || bound == Bound::Following; };
  if (moves(frame.begin) || moves(frame.end)) {
    const bool fits = order.size() == 1 && order[0].type().layout() == Layout::Fixed &&
                      order[0].type().id() != TypeId::Categorical && order[0].type().id() != TypeId::Float16;
    if (!fits) return fail(ErrorKind::InvalidArgument, "a range by distance needs one order key of numbers or times");
    const Array& key = order[0];
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      uint64_t first = starts[i], last = starts[i + 1];
      while (first < last && !key.is_valid(first)) ++first;
      while (last > first && !key.is_valid(last - 1)) --last;
      if (key.type().is_float()) {
        by_values(frame, Heights<double>(key, descending), first, last, extents);
      } else {
        by_values(frame, Heights<Int128>(key, descending), first, last, extents);
      }
    }
  }
  by_peers(frame, starts, order, extents);
  for (size_t row = 0; row < extents.begin.size(); ++row)
    extents.end[row] = std::max(extents.begin[row], extents.end[row]);
  return {};
}

}  // namespace

Result<Extents> extents_of(const WindowFrame& frame, const Starts& starts, std::span<const Array> order,
                           bool descending) {
  if (frame.begin == Bound::UnboundedFollowing || frame.end == Bound::UnboundedPreceding) {
    return fail(ErrorKind::InvalidArgument, "a frame neither begins behind the last row nor ends before the first");
  }
  Extents extents = all_of(starts);
  if (frame.unit == WindowFrame::Unit::Rows) {
    HR_CHECK(by_rows(frame, starts, extents));
  } else {
    HR_CHECK(by_range(frame, starts, order, descending, extents));
  }
  return extents;
}

Extents rolling_extents(const Starts& starts, uint64_t size, bool center) {
  Extents extents = all_of(starts);
  const uint64_t right = center ? size == 0 ? 0 : (size - 1) / 2 : 0, left = size == 0 ? 0 : size - right;
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    for (uint64_t row = starts[i]; row < starts[i + 1]; ++row) {
      // Rows [row + right + 1 - size, row + right].
      const uint64_t end = after(row + 1, right, starts[i + 1]);
      extents.end[row] = size == 0 ? row : end;
      extents.begin[row] = size == 0 ? row : before(row + 1, left, starts[i]);
    }
  }
  return extents;
}

}  // namespace headrace::frame
