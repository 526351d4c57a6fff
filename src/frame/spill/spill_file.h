#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/buffer.h"

namespace headrace::frame {

/// What a query puts on disk because its memory is too small: one file without a name, which is gone when the query is, however that
/// ends. Blocks are compressed (LZ4), sent to the disk as they are written and dropped from the page cache, which would be memory again.
/// Thread-safe.
class SpillFile {
 public:
  /// In `folder`, or HEADRACE_SPILL_DIR, or /var/tmp or /tmp, whichever is on a disk. `limit_bytes`: of the file, at most. NotFound or
  /// InvalidArgument names the folder that does not do: file systems in memory do not.
  static Result<std::shared_ptr<SpillFile>> create(const std::optional<std::filesystem::path>& folder, uint64_t limit_bytes);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  struct Place {
    uint64_t offset = 0;
    uint64_t packed_bytes = 0, bytes = 0;
  };
  /// Io tells that the disk is full, OutOfMemory that the limit is reached.
  Result<Place> write(std::span<const std::byte> bytes, const std::shared_ptr<MemoryBudget>& budget);
  Result<Buffer> read(const Place& place, const std::shared_ptr<MemoryBudget>& budget) const;

  /// How much has been written, and how much that was before it was compressed.
  uint64_t written_bytes() const { return end_.load(std::memory_order_relaxed); }
  uint64_t spilled_bytes() const { return spilled_.load(std::memory_order_relaxed); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  SpillFile(std::filesystem::path folder, int descriptor, uint64_t limit_bytes)
      : folder_(std::move(folder)), descriptor_(descriptor), limit_bytes_(limit_bytes) {}
  Result<uint64_t> place_for(uint64_t bytes);
  Result<void> write_at(uint64_t offset, std::span<const std::byte> bytes) const;
  void drop_from_cache();

  std::filesystem::path folder_;
  int descriptor_;
  uint64_t limit_bytes_;
  std::atomic<uint64_t> end_{0}, spilled_{0};
  std::mutex mutex_;
  uint64_t dropped_ = 0;  // up to here the file is out of the page cache
};

}  // namespace headrace::frame
