#include "text/components/models/random_stream.h"

#include <random>

namespace headrace::text {

RandomSource::RandomSource(std::optional<uint64_t> seed) {
  if (seed) {
    first_ = *seed;
    return;
  }
  std::random_device device;
  first_ = uint64_t{device()} << 32 | device();
}

}  // namespace headrace::text
