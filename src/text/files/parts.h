#pragma once

#include <memory>
#include <utility>

#include "text/components.h"

namespace headrace::text {

/// A live part of a spec.
template <class Spec>
LivePart<Spec> live(Spec spec) {
  return std::make_shared<Live<Spec>>(std::move(spec));
}

}  // namespace headrace::text
