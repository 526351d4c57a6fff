#include "engine/delivery/stop_matcher.h"

#include <algorithm>

namespace headrace::engine {

const std::string* StopMatcher::push(std::string_view piece, std::string& out) {
  if (stops_->empty()) {
    out.append(piece);
    return nullptr;
  }
  held_.append(piece);
  const std::string* met = nullptr;
  size_t begin = 0;
  for (const std::string& stop : *stops_) {
    const size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    const size_t end = at + stop.size();
    if (!met || end < begin + met->size() || (end == begin + met->size() && at < begin)) met = &stop, begin = at;
  }
  const size_t pass = met ? begin + (include_stop_ ? met->size() : 0) : held_from();
  out.append(held_, 0, pass);
  if (met) {
    held_.clear();
  } else {
    held_.erase(0, pass);
  }
  return met;
}

void StopMatcher::finish(std::string& out) {
  out.append(held_);
  held_.clear();
}

/// Where the longest end of the held text begins that is the beginning of a stop text.
size_t StopMatcher::held_from() const {
  size_t longest = 0;
  for (const std::string& stop : *stops_) {
    for (size_t length = std::min(stop.size() - 1, held_.size()); length > longest; --length)
      if (std::string_view(held_).ends_with(std::string_view(stop).substr(0, length))) longest = length;
  }
  return held_.size() - longest;
}

}  // namespace headrace::engine
