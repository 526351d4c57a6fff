#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "frame/spill/spilled_rows.h"

namespace headrace::frame {

/// The spill file of a query, made when the first operator needs it. Thread-safe.
class SpillStore {
 public:
  SpillStore(std::optional<std::filesystem::path> folder, uint64_t limit_bytes) : folder_(std::move(folder)), limit_bytes_(limit_bytes) {}
  Result<std::shared_ptr<SpillFile>> file();

 private:
  std::optional<std::filesystem::path> folder_;
  uint64_t limit_bytes_;
  std::mutex mutex_;
  std::shared_ptr<SpillFile> file_;
};

/// What one operator of a query spills. Thread-safe.
class Spilling {
 public:
  /// `share_bytes`: what the operator holds in memory before it spills.
  Spilling(std::shared_ptr<SpillStore> store, uint64_t share_bytes, std::shared_ptr<MemoryBudget> budget)
      : store_(std::move(store)), share_bytes_(share_bytes), budget_(std::move(budget)) {}

  uint64_t share_bytes() const { return share_bytes_; }
  uint64_t spilled_bytes() const { return spilled_.load(std::memory_order_relaxed); }
  Result<SpilledRows> spill(std::span<const Array> arrays);
  Result<std::vector<Array>> load(const SpilledRows& rows) const;

 private:
  std::shared_ptr<SpillStore> store_;
  uint64_t share_bytes_;
  std::shared_ptr<MemoryBudget> budget_;
  std::atomic<uint64_t> spilled_{0};
};

/// Bytes of the rows that these arrays have.
uint64_t live_bytes(std::span<const Array> arrays);

}  // namespace headrace::frame
