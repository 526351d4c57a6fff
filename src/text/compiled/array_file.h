#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/vocabulary/table_array.h"

/// A file of arrays that is used where it lies in memory (docs/design/0017): a header, a list of where the arrays are,
/// then the arrays, each at a multiple of 64 bytes. All numbers are little-endian; offsets count from the file's
/// beginning. A checksum covers every byte.
namespace headrace::text::compiled {

inline constexpr std::string_view kMagic{"\x89HRTOK\r\n", 8};
inline constexpr uint32_t kVersion = 2;

inline bool looks_compiled(std::string_view bytes) { return bytes.starts_with(kMagic); }

/// A hash of every byte and of their number. Not for keeping forgers out.
uint64_t checksum(std::string_view bytes);

/// Writes the checksum of what a file holds by now into it; `file` has a header.
void seal(std::span<char> file);

class ArrayWriter {
 public:
  template <class T>
  void add(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    add_bytes(reinterpret_cast<const char*>(values.data()), values.size(), sizeof(T));
  }
  template <class T>
  void add(const TableArray<T>& values) {
    add(std::span<const T>(values.data(), values.size()));
  }
  void add(std::string_view text) { add(std::span(text.data(), text.size())); }
  std::string finish() &&;

 private:
  struct Place {
    uint64_t offset = 0;
    uint64_t count = 0;
    uint32_t value_bytes = 0;
  };
  void add_bytes(const char* data, size_t count, size_t value_bytes);

  std::vector<Place> places_;
  std::string arrays_;
};

/// Hands the arrays of a file out in the order in which they were added.
class ArrayReader {
 public:
  /// `data` lives as long as `owner`, begins at a multiple of 64 bytes, and may be written to (changes stay in this
  /// process). InvalidData or Unsupported say what is wrong with a file that is none, or not whole.
  static Result<ArrayReader> open(std::shared_ptr<const void> owner, std::span<char> data);

  /// InvalidData if there is no further array, or its values are of another size.
  template <class T>
  Result<void> take(TableArray<T>& values) {
    HR_TRY(const auto array, next(sizeof(T)));
    values = TableArray<T>(owner_, reinterpret_cast<T*>(array.data()), array.size() / sizeof(T));
    return {};
  }
  bool all_taken() const { return taken_ == count_; }

 private:
  ArrayReader(std::shared_ptr<const void> owner, std::span<char> data, uint32_t count)
      : owner_(std::move(owner)), data_(data), count_(count) {}
  Result<std::span<char>> next(size_t value_bytes);

  std::shared_ptr<const void> owner_;
  std::span<char> data_;
  uint32_t count_;
  uint32_t taken_ = 0;
};

}  // namespace headrace::text::compiled
