#include "base/memory_budget.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace headrace {

MemoryBudget::MemoryBudget(std::string name, uint64_t limit_bytes, std::shared_ptr<MemoryBudget> parent)
    : name_(std::move(name)), limit_bytes_(limit_bytes), parent_(std::move(parent)) {}

std::shared_ptr<MemoryBudget> MemoryBudget::create(std::string name, uint64_t limit_bytes) {
  return std::shared_ptr<MemoryBudget>(new MemoryBudget(std::move(name), limit_bytes, nullptr));
}

std::shared_ptr<MemoryBudget> MemoryBudget::child(std::string name, uint64_t limit_bytes) {
  return std::shared_ptr<MemoryBudget>(new MemoryBudget(std::move(name), limit_bytes, shared_from_this()));
}

bool MemoryBudget::try_take(uint64_t bytes) {
  uint64_t used = used_bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_bytes_ || used > limit_bytes_ - bytes) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  const uint64_t now = used + bytes;
  uint64_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (peak < now && !peak_bytes_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return true;
}

Result<void> MemoryBudget::reserve(uint64_t bytes) {
  for (MemoryBudget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    if (budget->try_take(bytes)) continue;
    for (MemoryBudget* taken = this; taken != budget; taken = taken->parent_.get()) taken->used_bytes_ -= bytes;
    return fail(ErrorKind::OutOfMemory,
                fmt::format("{} more would exceed the memory limit of {} for {} ({} in use); raise the limit or ask for less",
                            format_bytes(bytes), format_bytes(budget->limit_bytes_), budget->name_,
                            format_bytes(budget->used_bytes())));
  }
  return {};
}

void MemoryBudget::release(uint64_t bytes) {
  for (MemoryBudget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    budget->used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
}

uint64_t MemoryBudget::available_bytes() const {
  uint64_t available = kUnlimited;
  for (const MemoryBudget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    if (budget->limit_bytes_ == kUnlimited) continue;
    const uint64_t used = budget->used_bytes();
    available = std::min(available, budget->limit_bytes_ > used ? budget->limit_bytes_ - used : 0);
  }
  return available;
}

Result<Reservation> Reservation::take(std::shared_ptr<MemoryBudget> budget, uint64_t bytes) {
  HR_CHECK(budget->reserve(bytes));
  Reservation reservation;
  reservation.budget_ = std::move(budget);
  reservation.bytes_ = bytes;
  return reservation;
}

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Reservation::~Reservation() {
  if (budget_) budget_->release(bytes_);
}

const std::shared_ptr<MemoryBudget>& process_budget() {
  static const std::shared_ptr<MemoryBudget> budget = MemoryBudget::create("the process");
  return budget;
}

Result<uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::string lower;
  for (char c : unit) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  double scale = 0;
  if (lower.empty() || lower == "b") scale = 1;
  if (lower == "k" || lower == "kib") scale = 1024.0;
  if (lower == "m" || lower == "mib") scale = 1024.0 * 1024;
  if (lower == "g" || lower == "gib") scale = 1024.0 * 1024 * 1024;
  if (lower == "t" || lower == "tib") scale = 1024.0 * 1024 * 1024 * 1024;
  if (lower == "kb") scale = 1e3;
  if (lower == "mb") scale = 1e6;
  if (lower == "gb") scale = 1e9;
  if (lower == "tb") scale = 1e12;
  if (error != std::errc() || scale == 0 || !(number >= 0) || number * scale >= 9e18) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("\"{}\" is not a size in bytes; write it as 512MiB, 2GB or 1048576", text));
  }
  return static_cast<uint64_t>(number * scale);
}

std::string format_bytes(uint64_t bytes) {
  if (bytes == MemoryBudget::kUnlimited) return "unlimited";
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 1000000000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace headrace
