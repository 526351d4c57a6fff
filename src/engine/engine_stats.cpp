#include <algorithm>

#include "engine/engine.h"

namespace headrace::engine {

void EngineStats::Histogram::add(double seconds) {
  const auto bucket = std::lower_bound(std::begin(kBucketSeconds), std::end(kBucketSeconds), seconds);
  ++buckets[bucket - std::begin(kBucketSeconds)];
  sum += seconds;
  ++count;
}

const char* name(FinishReason reason) {
  switch (reason) {
    case FinishReason::None: return "none";
    case FinishReason::Stop: return "stop";
    case FinishReason::Length: return "length";
    case FinishReason::Cancelled: return "cancelled";
    case FinishReason::Failed: return "failed";
  }
  return "unknown";
}

}  // namespace headrace::engine
