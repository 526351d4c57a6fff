#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::text {

/// Walks over the fields of one protobuf message without copying. Whatever the bytes are,
/// it stays within them.
class ProtobufReader {
 public:
  enum class Wire : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

  explicit ProtobufReader(std::string_view message) : begin_(message.data()), rest_(message) {}

  /// Goes to the next field; false at the end, or where the bytes are no message (see `broken`).
  bool next();
  bool broken() const { return broken_; }
  /// Where the reader stands, in bytes from the begin of the message.
  size_t position() const { return static_cast<size_t>(rest_.data() - begin_); }

  uint32_t field() const { return field_; }
  Wire wire() const { return wire_; }
  uint64_t number() const { return number_; }          ///< Varint, Fixed32, Fixed64
  float single() const;                                ///< Fixed32
  std::string_view bytes() const { return bytes_; }    ///< Bytes

 private:
  bool varint(uint64_t& value);
  bool fixed(size_t size, uint64_t& value);
  bool fail();

  const char* begin_;
  std::string_view rest_;
  uint32_t field_ = 0;
  Wire wire_ = Wire::Varint;
  uint64_t number_ = 0;
  std::string_view bytes_;
  bool broken_ = false;
};

}  // namespace headrace::text
