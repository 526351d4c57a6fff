#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/array.h"
#include "frame/parquet/write/stored_type.h"

namespace headrace::frame::parquet {

/// Values of fixed width as they lie in a file, after those that `out` has.
void append_fixed(const Array& values, const StoredType& stored, std::string& out);
/// Bits, eight a byte; all values of a page together.
void append_bits(const std::vector<Array>& values, std::string& out);
/// Bytes with their length before them.
inline void append_sized(std::string_view bytes, std::string& out) {
  const auto size = static_cast<uint32_t>(bytes.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out += bytes;
}

/// The least and the greatest value so far, as statistics have them.
class Bounds {
 public:
  explicit Bounds(DataType type) : type_(std::move(type)) {}
  void add(const Array& values);
  /// None if there are no values, or none that can be told: text longer than is worth it, an order that is not agreed on.
  std::optional<std::string> least() const { return is_known_ ? least_ : std::nullopt; }
  std::optional<std::string> greatest() const { return is_known_ ? greatest_ : std::nullopt; }

 private:
  template <class T>
  void add_numbers(const Array& values);
  void add_texts(const Array& values);
  void add_bools(const Array& values);
  template <class T>
  void note(T least, T greatest);

  DataType type_;
  bool is_known_ = true;
  std::optional<std::string> least_, greatest_;
};

}  // namespace headrace::frame::parquet
