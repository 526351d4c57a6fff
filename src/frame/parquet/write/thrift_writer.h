#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::frame::parquet {

/// Writes Thrift's compact protocol, as ThriftReader reads it. Fields of a struct come by rising numbers.
class ThriftWriter {
 public:
  void add_int32(int16_t field, int32_t value) { add_whole(field, kInt32, value); }
  void add_int64(int16_t field, int64_t value) { add_whole(field, kInt64, value); }
  void add_int8(int16_t field, int8_t value) {
    begin_field(field, kInt8);
    out_ += static_cast<char>(value);
  }
  void add_bool(int16_t field, bool value) { begin_field(field, value ? kTrue : kFalse); }
  void add_bytes(int16_t field, std::string_view bytes) {
    begin_field(field, kBytes);
    append_bytes(bytes);
  }
  void begin_struct(int16_t field) {
    begin_field(field, kStruct);
    begin_item();
  }
  /// A struct that is an item of a list.
  void begin_item() { last_.push_back(0); }
  void end_struct() {
    out_ += '\0';
    last_.pop_back();
  }
  void add_empty_struct(int16_t field) {
    begin_struct(field);
    end_struct();
  }
  void begin_structs(int16_t field, size_t count) { begin_list(field, kStruct, count); }
  void add_int32s(int16_t field, const std::vector<int32_t>& values) {
    begin_list(field, kInt32, values.size());
    for (const int32_t value : values) append_whole(value);
  }
  void add_strings(int16_t field, const std::vector<std::string>& values) {
    begin_list(field, kBytes, values.size());
    for (const std::string& value : values) append_bytes(value);
  }
  /// The outermost struct ends.
  std::string finish() {
    out_ += '\0';
    return std::move(out_);
  }

 private:
  enum Type : uint8_t { kTrue = 1, kFalse = 2, kInt8 = 3, kInt32 = 5, kInt64 = 6, kBytes = 8, kList = 9, kStruct = 12 };

  void append_unsigned(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void append_whole(int64_t value) { append_unsigned(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63)); }
  void append_bytes(std::string_view bytes) {
    append_unsigned(bytes.size());
    out_ += bytes;
  }
  void begin_field(int16_t field, Type type) {
    out_ += static_cast<char>((field - last_.back()) << 4 | type);
    last_.back() = field;
  }
  void add_whole(int16_t field, Type type, int64_t value) {
    begin_field(field, type);
    append_whole(value);
  }
  void begin_list(int16_t field, Type type, size_t count) {
    begin_field(field, kList);
    constexpr size_t kShort = 15;
    out_ += static_cast<char>((count < kShort ? count : kShort) << 4 | type);
    if (count >= kShort) append_unsigned(count);
  }

  std::string out_;
  std::vector<int16_t> last_{0};
};

}  // namespace headrace::frame::parquet
