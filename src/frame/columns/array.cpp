#include "frame/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headrace::frame {
namespace {

bool has_child(const DataType& type) { return type.id() == TypeId::List || type.id() == TypeId::Categorical; }

Result<void> check(const Array::Parts& parts) {
  const auto broken = [&](std::string what) {
    return fail(ErrorKind::InvalidArgument, fmt::format("A column of type {} with {} rows {}.", to_string(parts.type), parts.size, what));
  };
  const uint64_t needed = parts.type.bytes_of(parts.offset + parts.size);
  // A list of no rows may come without offsets.
  const bool may_lack = parts.size == 0;
  if (!may_lack && parts.values.size() < needed) {
    return broken(fmt::format("needs {} bytes of values and has {}", needed, parts.values.size()));
  }
  if (!parts.validity.is_absent() && parts.validity.size() != parts.size) {
    return broken(fmt::format("says of {} rows whether they are null", parts.validity.size()));
  }
  if (has_child(parts.type) && !parts.child && !may_lack) return broken("lacks its items");
  if (parts.type.id() == TypeId::List && parts.child && parts.child->type() != parts.type.inner()) {
    return broken(fmt::format("has items of type {}", to_string(parts.child->type())));
  }
  return {};
}

const std::shared_ptr<const Blocks>& no_blocks() {
  static const auto kNone = std::make_shared<const Blocks>();
  return kNone;
}

}  // namespace

Array::Array(Parts parts) : parts_(std::move(parts)) {
  if (parts_.type.id() == TypeId::Null) {
    parts_.validity = {};
    nulls_ = parts_.size;
    return;
  }
  if (parts_.validity.is_absent()) {
    nulls_ = 0;
    return;
  }
  nulls_ = parts_.nulls ? *parts_.nulls : parts_.size - parts_.validity.ones();
  if (nulls_ == 0) parts_.validity = {};
}

Result<Array> Array::make(Parts parts) {
  if (!parts.blocks) parts.blocks = no_blocks();
  if (has_child(parts.type) && !parts.child && parts.size == 0) {
    const bool is_list = parts.type.id() == TypeId::List;
    HR_TRY(auto child, all_null(is_list ? parts.type.inner() : DataType(TypeId::String), 0));
    parts.child = std::make_shared<const Array>(std::move(child));
  }
  HR_CHECK(check(parts));
  return Array(std::move(parts));
}

Result<Array> Array::all_null(DataType type, size_t size, std::shared_ptr<MemoryBudget> budget) {
  Parts parts{.type = type, .size = size};
  if (type.layout() != Layout::None) {
    HR_TRY(parts.values, Buffer::from_pool(type.bytes_of(size), budget));
    HR_TRY(parts.validity, Bitmap::zeros(size, budget));
    parts.nulls = size;
  }
  if (has_child(type)) {
    HR_TRY(auto child, all_null(type.id() == TypeId::List ? type.inner() : DataType(TypeId::String), 0, budget));
    parts.child = std::make_shared<const Array>(std::move(child));
  }
  return make(std::move(parts));
}

std::string_view bytes_of(const View& view, const Blocks& blocks) {
  if (view.is_inside()) return view.inner_bytes();
  return {blocks[view.place.block].as<const char>() + view.place.offset, view.size};
}

std::string_view Array::bytes(size_t row) const {
  if (parts_.type.id() == TypeId::Categorical) return parts_.child->bytes(data<uint32_t>()[row]);
  return bytes_of(data<View>()[row], *parts_.blocks);
}

Array Array::slice(size_t begin, size_t size) const {
  Parts parts = parts_;
  parts.offset += begin;
  parts.size = size;
  parts.validity = parts_.validity.slice(begin, size);
  parts.nulls.reset();
  return Array(std::move(parts));
}

uint64_t Array::live_bytes() const {
  uint64_t bytes = type().bytes_of(size()) + (validity().is_absent() ? 0 : (size() + 7) / 8);
  if (type().layout() == Layout::Views) {
    for (size_t row = 0; row < size(); ++row) {
      const View& view = data<View>()[row];
      if (!view.is_inside() && is_valid(row)) bytes += view.size;
    }
  }
  if (type().id() == TypeId::List && size() > 0) {
    const auto begin = static_cast<size_t>(begin_of(0)), end = static_cast<size_t>(begin_of(size()));
    bytes += items().slice(begin, end - begin).live_bytes();
  }
  if (type().id() == TypeId::Categorical) bytes += categories().live_bytes();
  return bytes;
}

uint64_t Array::held_bytes() const {
  uint64_t bytes = parts_.values.size() + parts_.validity.buffer().size();
  if (parts_.blocks) {
    for (const Buffer& block : *parts_.blocks) bytes += block.size();
  }
  if (parts_.child) bytes += parts_.child->held_bytes();
  return bytes;
}

}  // namespace headrace::frame
