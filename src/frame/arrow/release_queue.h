#pragma once

#include <functional>

namespace headrace::frame {

/// Runs `release` now, or, on a thread of a pool, soon on a thread of its own: it may wait for an interpreter's lock whose
/// holder waits for the pool.
void release_off_pool(std::function<void()> release);

}  // namespace headrace::frame
