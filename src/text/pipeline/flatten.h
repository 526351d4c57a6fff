#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// The parts that do something, sequences taken apart.
template <class Sequence, class Spec>
void flatten(const LivePart<Spec>& part, std::vector<Spec>& parts) {
  if (!part) return;
  Spec spec = part->get();
  if (const auto* sequence = std::get_if<Sequence>(&spec.value)) {
    for (const auto& inner : sequence->parts) flatten<Sequence>(inner, parts);
  } else {
    parts.push_back(std::move(spec));
  }
}

}  // namespace headrace::text
