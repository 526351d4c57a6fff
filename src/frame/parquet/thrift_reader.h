#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace headrace::frame::parquet {

/// What stands in front of a value in Thrift's compact protocol.
enum class ThriftType : uint8_t {
  Stop = 0,
  True = 1,
  False = 2,
  Byte = 3,
  Int16 = 4,
  Int32 = 5,
  Int64 = 6,
  Double = 7,
  Binary = 8,
  List = 9,
  Set = 10,
  Map = 11,
  Struct = 12,
};

/// Reads Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md) out
/// of bytes that nobody vouches for. After a failure every read gives nothing, and `error()` says where it happened: the
/// structs of Parquet are read to their end and looked at once.
class ThriftReader {
 public:
  explicit ThriftReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  struct Field {
    int id = 0;
    ThriftType type = ThriftType::Stop;
  };

  /// Calls use(field) for each field of a struct; a field that use() leaves unread must be skipped by it (skip(field.type)).
  template <class Use>
  void read_struct(const Use& use) {
    if (!enter()) return;
    int id = 0;
    for (Field field = next_field(id); field.type != ThriftType::Stop; field = next_field(id)) use(field);
    --depth_;
  }
  /// Calls use() for each element of a list whose elements must be of `type`.
  template <class Use>
  void read_list(ThriftType type, const Use& use) {
    for (uint64_t left = list_size(type); left > 0 && !failed_; --left) use();
  }

  int64_t read_integer();
  int read_int8() { return static_cast<int8_t>(read_byte()); }
  std::string_view read_binary();
  static bool read_bool(const Field& field) { return field.type == ThriftType::True; }
  void skip(ThriftType type);

  size_t position() const { return at_; }
  bool failed() const { return failed_; }

 private:
  static constexpr int kDeepest = 64;

  bool enter();
  void fail() { failed_ = true; }
  uint8_t read_byte();
  uint64_t read_varint();
  Field next_field(int& id);
  /// How many elements follow; never more than there are bytes.
  uint64_t list_size(ThriftType wanted);
  void skip_map();

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace headrace::frame::parquet
