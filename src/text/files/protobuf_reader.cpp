#include "text/files/protobuf_reader.h"

#include <bit>

namespace headrace::text {

bool ProtobufReader::fail() {
  broken_ = true;
  return false;
}

bool ProtobufReader::varint(uint64_t& value) {
  value = 0;
  for (uint32_t shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return false;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtobufReader::fixed(size_t size, uint64_t& value) {
  if (rest_.size() < size) return false;
  value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(rest_[i]);
  rest_.remove_prefix(size);
  return true;
}

bool ProtobufReader::next() {
  if (rest_.empty() || broken_) return false;
  uint64_t key = 0;
  if (!varint(key) || key >> 3 == 0 || key >> 3 > 0x1FFFFFFF) return fail();
  field_ = static_cast<uint32_t>(key >> 3);
  wire_ = static_cast<Wire>(key & 7);
  bytes_ = {};
  switch (wire_) {
    case Wire::Varint: return varint(number_) || fail();
    case Wire::Fixed64: return fixed(8, number_) || fail();
    case Wire::Fixed32: return fixed(4, number_) || fail();
    case Wire::Bytes:
      if (!varint(number_) || number_ > rest_.size()) return fail();
      bytes_ = rest_.substr(0, number_);
      rest_.remove_prefix(number_);
      return true;
  }
  return fail();  // groups have not been written for many years
}

float ProtobufReader::single() const { return std::bit_cast<float>(static_cast<uint32_t>(number_)); }

}  // namespace headrace::text
