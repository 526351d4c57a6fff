#include "frame/parquet/thrift_reader.h"

namespace headrace::frame::parquet {

bool ThriftReader::enter() {
  if (++depth_ > kDeepest) fail();
  return !failed_;
}

uint8_t ThriftReader::read_byte() {
  if (failed_ || at_ >= bytes_.size()) {
    fail();
    return 0;
  }
  return std::to_integer<uint8_t>(bytes_[at_++]);
}

uint64_t ThriftReader::read_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = read_byte();
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

int64_t ThriftReader::read_integer() {
  const uint64_t value = read_varint();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

std::string_view ThriftReader::read_binary() {
  const uint64_t size = read_varint();
  if (failed_ || size > bytes_.size() - at_) {
    fail();
    return {};
  }
  const std::string_view value(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
  at_ += size;
  return value;
}

ThriftReader::Field ThriftReader::next_field(int& id) {
  const uint8_t head = read_byte();
  const auto type = static_cast<ThriftType>(head & 15);
  if (failed_ || type == ThriftType::Stop) return {};
  const int step = head >> 4;
  id = step ? id + step : static_cast<int>(read_integer());
  if (head == 0 || type > ThriftType::Struct) fail();
  return failed_ ? Field{} : Field{id, type};
}

uint64_t ThriftReader::list_size(ThriftType wanted) {
  const uint8_t head = read_byte();
  uint64_t size = head >> 4;
  if (size == 15) size = read_varint();
  const auto type = static_cast<ThriftType>(head & 15);
  // Every element takes a byte at least.
  const bool is_bool = type <= ThriftType::False && wanted <= ThriftType::False;
  if (size > bytes_.size() - at_ || (size > 0 && type != wanted && !is_bool)) fail();
  return failed_ ? 0 : size;
}

void ThriftReader::skip_map() {
  const uint64_t size = read_varint();
  if (size == 0) return;
  const uint8_t types = read_byte();
  if (size > bytes_.size() - at_) fail();
  for (uint64_t i = 0; i < size && !failed_; ++i) {
    skip(static_cast<ThriftType>(types >> 4));
    skip(static_cast<ThriftType>(types & 15));
  }
}

void ThriftReader::skip(ThriftType type) {
  if (!enter()) return;
  switch (type) {
    case ThriftType::True:
    case ThriftType::False: break;
    case ThriftType::Byte: read_byte(); break;
    case ThriftType::Int16:
    case ThriftType::Int32:
    case ThriftType::Int64: read_varint(); break;
    case ThriftType::Double:
      for (int i = 0; i < 8; ++i) read_byte();
      break;
    case ThriftType::Binary: read_binary(); break;
    case ThriftType::List:
    case ThriftType::Set: {
      if (at_ >= bytes_.size()) return fail();
      const auto element = static_cast<ThriftType>(std::to_integer<uint8_t>(bytes_[at_]) & 15);
      // In lists a bool takes a byte.
      const bool is_bool = element == ThriftType::True || element == ThriftType::False;
      read_list(element, [&] { skip(is_bool ? ThriftType::Byte : element); });
      break;
    }
    case ThriftType::Map: skip_map(); break;
    case ThriftType::Struct: read_struct([&](const Field& field) { skip(field.type); }); break;
    case ThriftType::Stop: fail(); break;
  }
  --depth_;
}

}  // namespace headrace::frame::parquet
