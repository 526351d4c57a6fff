#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace headrace {

/// A limit on bytes, arranged in a tree: a reservation in a child is also one in
/// every ancestor, so a model, a cache and a frame can share one limit that a
/// user sets. Reserve before allocating; going over a limit is an Error and
/// changes nothing. Thread-safe.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  static constexpr uint64_t kUnlimited = UINT64_MAX;

  /// Creates a root budget of `limit_bytes`.
  static std::shared_ptr<MemoryBudget> create(std::string name, uint64_t limit_bytes = kUnlimited);
  /// Creates a budget inside this one.
  std::shared_ptr<MemoryBudget> child(std::string name, uint64_t limit_bytes = kUnlimited);

  /// Takes `bytes` here and in every ancestor, or takes nothing and returns an
  /// OutOfMemory error that names the budget that is full.
  Result<void> reserve(uint64_t bytes);
  /// Gives `bytes` back.
  void release(uint64_t bytes);

  const std::string& name() const { return name_; }
  uint64_t limit_bytes() const { return limit_bytes_; }
  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  /// The most that was reserved at one time.
  uint64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  /// What could still be reserved, here and in every ancestor.
  uint64_t available_bytes() const;

 private:
  MemoryBudget(std::string name, uint64_t limit_bytes, std::shared_ptr<MemoryBudget> parent);
  bool try_take(uint64_t bytes);

  std::string name_;
  uint64_t limit_bytes_;
  std::shared_ptr<MemoryBudget> parent_;
  std::atomic<uint64_t> used_bytes_{0};
  std::atomic<uint64_t> peak_bytes_{0};
};

/// A reservation that is given back when it goes out of scope. Movable.
class Reservation {
 public:
  Reservation() = default;
  static Result<Reservation> take(std::shared_ptr<MemoryBudget> budget, uint64_t bytes);
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();
  uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  uint64_t bytes_ = 0;
};

/// The process-wide root, unlimited until a user sets HEADRACE_MEMORY or a
/// command's --memory (which make children of it).
const std::shared_ptr<MemoryBudget>& process_budget();

/// Reads "512MiB", "2GB", "1.5 GiB", "1048576": bytes. InvalidArgument otherwise.
Result<uint64_t> parse_bytes(std::string_view text);
/// Writes a byte count for a person: "98.4 MB".
std::string format_bytes(uint64_t bytes);

}  // namespace headrace
