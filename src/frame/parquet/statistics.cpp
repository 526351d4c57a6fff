#include "frame/parquet/statistics.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "frame/parquet/convert.h"
#include "frame/parquet/value_decoder.h"

namespace headrace::frame::parquet {
namespace {

/// Whether the order of values in the file is that of the column's.
bool is_ordered(const Leaf& leaf) {
  const TypeId id = leaf.value_type.id();
  return leaf.lists.empty() && leaf.physical != Physical::Int96 && id != TypeId::Float16 && id != TypeId::Null;
}

bool is_nan(const Array& value) {
  if (value.type().id() == TypeId::Float32) return std::isnan(value.data<float>()[0]);
  return value.type().id() == TypeId::Float64 && std::isnan(value.data<double>()[0]);
}

Result<Array> value_of(const Leaf& leaf, const std::string& bytes) {
  const DataType& type = leaf.value_type;
  HR_TRY(Buffer values, Buffer::from_pool(sizeof(View)));
  Array::Parts parts{.type = type, .size = 1, .values = values, .nulls = 0};
  if (type.layout() == Layout::Bits) {
    values.data()[0] = static_cast<std::byte>(bytes[0] != 0);
    return Array::make(std::move(parts));
  }
  Blocks blocks;
  View view;
  const auto* decoded = reinterpret_cast<const std::byte*>(bytes.data());
  if (decoded_bytes(leaf.physical) == sizeof(View)) {
    HR_TRY(Buffer block, Buffer::from_pool(bytes.size() + 1));
    std::memcpy(block.data(), bytes.data(), bytes.size());
    view = View::of(bytes, 0, 0);
    blocks.push_back(std::move(block));
    decoded = reinterpret_cast<const std::byte*>(&view);
  }
  if (are_values(leaf)) {
    std::memcpy(values.data(), decoded, type.value_bytes());
  } else {
    HR_CHECK(convert(leaf, decoded, 1, blocks, values.data()));
  }
  if (type.layout() == Layout::Views) parts.blocks = std::make_shared<const Blocks>(std::move(blocks));
  return Array::make(std::move(parts));
}

}  // namespace

std::optional<Array> bound_of(const Leaf& leaf, const std::optional<std::string>& bytes) {
  if (!bytes || !is_ordered(leaf)) return std::nullopt;
  const size_t width = decoded_bytes(leaf.physical);
  if (width != sizeof(View) && bytes->size() != width) return std::nullopt;
  auto value = value_of(leaf, *bytes);
  if (!value || is_nan(*value)) return std::nullopt;
  return *std::move(value);
}

}  // namespace headrace::frame::parquet
