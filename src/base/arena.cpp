#include "base/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace headrace {
namespace {

constexpr size_t kLargestBlock = size_t{1} << 20;

std::byte* align(std::byte* pointer, size_t alignment) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  return reinterpret_cast<std::byte*>((address + alignment - 1) & ~(uintptr_t{alignment} - 1));
}

}  // namespace

void* Arena::allocate(size_t bytes, size_t alignment) {
  std::byte* start = align(cursor_, alignment);
  if (cursor_ == nullptr || start > end_ || static_cast<size_t>(end_ - start) < bytes) {
    const size_t size = std::max(next_block_bytes_, bytes + alignment);
    next_block_bytes_ = std::min(kLargestBlock, next_block_bytes_ * 2);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    cursor_ = blocks_.back().memory.get();
    end_ = cursor_ + size;
    start = align(cursor_, alignment);
  }
  cursor_ = start + bytes;
  allocated_bytes_ += bytes;
  return start;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  auto* place = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(place, text.data(), text.size());
  return {place, text.size()};
}

void Arena::clear() {
  allocated_bytes_ = 0;
  if (blocks_.empty()) return;
  auto largest = std::max_element(blocks_.begin(), blocks_.end(),
                                  [](const Block& a, const Block& b) { return a.size < b.size; });
  Block kept = std::move(*largest);
  blocks_.clear();
  cursor_ = kept.memory.get();
  end_ = cursor_ + kept.size;
  blocks_.push_back(std::move(kept));
}

}  // namespace headrace
