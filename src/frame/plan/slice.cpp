#include "frame/plan/slice.h"

#include <algorithm>

#include "frame/int128.h"

namespace headrace::frame {

RowRange rows_of(const PlanNode::Slice& slice, uint64_t rows) {
  const Int128 all = rows, begin = slice.offset < 0 ? all + slice.offset : Int128{slice.offset}, end = begin + slice.size;
  const auto first = std::clamp(begin, Int128{0}, all), last = std::clamp(end, Int128{0}, all);
  return {static_cast<uint64_t>(first), static_cast<uint64_t>(last - first)};
}

}  // namespace headrace::frame
