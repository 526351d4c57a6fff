#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/memory_budget.h"

namespace headrace {

/// A counted block of host memory under columns, tensors, weights and pages.
/// Copying a Buffer shares the block; the last owner frees it and gives its bytes
/// back to the budget. Sharing is thread-safe, writing to the bytes is up to the
/// owners.
class Buffer {
 public:
  Buffer() = default;

  /// Allocates zeroed memory for `size` bytes, aligned to 64 bytes, or to 2 MB
  /// (and advised to use huge pages) from 4 MB up. Pages are touched lazily.
  static Result<Buffer> allocate(size_t size, std::shared_ptr<MemoryBudget> budget = process_budget());

  enum class Contents : uint8_t { Zeros, Anything };
  /// For memory that comes and goes, as a query's does: from 64 KiB to 32 MiB blocks of the page pool, which
  /// have pages already. Counted is the whole block. Aligned to 64 bytes.
  static Result<Buffer> from_pool(size_t size, std::shared_ptr<MemoryBudget> budget = process_budget(),
                                  Contents contents = Contents::Zeros);

  /// Wraps memory owned by somebody else (DLPack, Arrow, a mapped file);
  /// `release` is called once, from whichever thread drops the last owner.
  static Buffer foreign(std::byte* data, size_t size, std::function<void()> release);

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<std::byte> bytes() const { return {data_, size_}; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::shared_ptr<void> owner_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace headrace
