#include "frame/spill/spilling.h"

#include <utility>

namespace headrace::frame {

Result<std::shared_ptr<SpillFile>> SpillStore::file() {
  const std::lock_guard lock(mutex_);
  if (!file_) {
    HR_TRY(file_, SpillFile::create(folder_, limit_bytes_));
  }
  return file_;
}

Result<SpilledRows> Spilling::spill(std::span<const Array> arrays) {
  HR_TRY(const auto file, store_->file());
  HR_TRY(SpilledRows rows, frame::spill(*file, arrays, budget_));
  spilled_.fetch_add(rows.place.bytes, std::memory_order_relaxed);
  return rows;
}

Result<std::vector<Array>> Spilling::load(const SpilledRows& rows) const {
  HR_TRY(const auto file, store_->file());
  return frame::load(*file, rows, budget_);
}

uint64_t live_bytes(std::span<const Array> arrays) {
  uint64_t bytes = 0;
  for (const Array& array : arrays) bytes += array.live_bytes();
  return bytes;
}

}  // namespace headrace::frame
