#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace headrace::model {

/// Reads a file's header front to back through a small buffer. Every read is checked
/// against the size of the file, and memory that the header makes its reader keep is
/// counted against a limit, so that a hostile header is an error and never a large
/// allocation. The file is read, not mapped: one that shrinks meanwhile is an error too.
class HeaderStream {
 public:
  HeaderStream(const File& file, uint64_t limit_bytes)
      : file_(file), buffer_(kBufferBytes), memory_left_(limit_bytes) {}

  uint64_t position() const { return buffer_start_ + cursor_; }
  uint64_t remaining() const { return file_.size_bytes() - position(); }

  /// Reads a little-endian number. `what` names it in the error of a file that ends.
  template <class T>
    requires std::is_arithmetic_v<T>
  Result<T> number(std::string_view what) {
    std::byte bytes[sizeof(T)];
    HR_CHECK(read(bytes, what));
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }

  /// Reads a length and as many bytes; more than `limit` is an error.
  Result<std::string> string(std::string_view what, uint64_t limit);

  Result<void> read(std::span<std::byte> into, std::string_view what);

  /// Counts `bytes` of memory that the header asks its reader to keep.
  Result<void> keep(uint64_t bytes, std::string_view what);

 private:
  static constexpr size_t kBufferBytes = size_t{64} << 10;
  static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

  const File& file_;
  std::vector<std::byte> buffer_;
  uint64_t buffer_start_ = 0;  // file offset of buffer_[0]
  size_t buffered_ = 0;
  size_t cursor_ = 0;
  uint64_t memory_left_;
};

/// A name from a file, made safe to print: at most 80 characters, others than plain
/// ASCII as \xNN.
std::string printable(std::string_view name);

}  // namespace headrace::model
