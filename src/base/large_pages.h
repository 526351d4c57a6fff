#pragma once

#include <cstddef>

namespace headrace {

/// The size of what the system may give in place of many small pages.
inline constexpr size_t kLargePage = size_t{2} << 20;

/// Asks the system for large pages for the whole ones in [begin, begin + bytes), which nobody has touched yet: the
/// first touch of each small page costs more than filling it. Does nothing where there are none.
void advise_large_pages(void* begin, size_t bytes);

}  // namespace headrace
