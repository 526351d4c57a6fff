#include "frame/array_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

namespace headrace::frame {
namespace {

constexpr size_t kFirstRows = 64;
constexpr size_t kFirstBlock = size_t{8} << 10;
constexpr size_t kGreatestBlock = size_t{1} << 20;

void set_bit(const Buffer& bits, size_t row, bool value) {
  const auto mask = static_cast<std::byte>(1u << (row % 8));
  std::byte& byte = bits.data()[row / 8];
  byte = value ? byte | mask : byte & ~mask;
}

}  // namespace

Result<void> GrowingBuffer::reserve(size_t bytes) {
  if (bytes <= buffer_.size()) return {};
  const size_t before = buffer_.size();
  const auto contents = before == 0 ? contents_ : Buffer::Contents::Anything;
  HR_TRY(Buffer larger, Buffer::from_pool(std::max(bytes, before * 2), budget_, contents));
  if (before > 0) {
    std::memcpy(larger.data(), buffer_.data(), before);
    if (contents_ == Buffer::Contents::Zeros) std::memset(larger.data() + before, 0, larger.size() - before);
  }
  buffer_ = std::move(larger);
  return {};
}

/// The code of each string.
struct ArrayBuilder::Categories {
  std::unordered_map<std::string, uint32_t> codes;
};

ArrayBuilder::ArrayBuilder(DataType type, std::shared_ptr<MemoryBudget> budget)
    : type_(std::move(type)), budget_(std::move(budget)), values_(budget_), validity_(budget_) {
  if (type_.id() == TypeId::List) child_ = std::make_unique<ArrayBuilder>(type_.inner(), budget_);
  if (type_.id() == TypeId::Categorical) {
    child_ = std::make_unique<ArrayBuilder>(TypeId::String, budget_);
    categories_ = std::make_unique<Categories>();
  }
}

ArrayBuilder::~ArrayBuilder() = default;
ArrayBuilder::ArrayBuilder(ArrayBuilder&&) noexcept = default;
ArrayBuilder& ArrayBuilder::operator=(ArrayBuilder&&) noexcept = default;

Result<void> ArrayBuilder::grow_one() {
  if (size_ == capacity_) {
    capacity_ = std::max(kFirstRows, capacity_ * 2);
    HR_CHECK(validity_.reserve(capacity_ / 8));
    HR_CHECK(values_.reserve(type_.bytes_of(capacity_)));
  }
  set_bit(validity_.buffer(), size_, true);
  return {};
}

Result<void> ArrayBuilder::append_null() {
  HR_CHECK(grow_one());
  set_bit(validity_.buffer(), size_, false);
  ++nulls_;
  ++size_;
  if (type_.id() == TypeId::List) values_.buffer().as<int64_t>()[size_] = static_cast<int64_t>(child_->size());
  return {};
}

Result<void> ArrayBuilder::append_bool(bool value) {
  HR_CHECK(grow_one());
  set_bit(values_.buffer(), size_++, value);
  return {};
}

Result<View> ArrayBuilder::store(std::string_view bytes) {
  if (bytes.size() <= View::kInside) return View::inside(bytes);
  if (bytes.size() > View::kLongest) {
    return fail(ErrorKind::OutOfRange,
                fmt::format("A value of {} bytes is too long: a column's are shorter than 2 GiB each.", bytes.size()));
  }
  if (blocks_.empty() || blocks_.back().size() - block_used_ < bytes.size()) {
    const size_t next = std::min(kGreatestBlock, kFirstBlock << std::min<size_t>(blocks_.size(), 16));
    HR_TRY(Buffer block, Buffer::from_pool(std::max(bytes.size(), next), budget_));
    blocks_.push_back(std::move(block));
    block_used_ = 0;
  }
  std::memcpy(blocks_.back().data() + block_used_, bytes.data(), bytes.size());
  const View view = View::of(bytes, static_cast<uint32_t>(blocks_.size() - 1), static_cast<uint32_t>(block_used_));
  block_used_ += bytes.size();
  return view;
}

Result<uint32_t> ArrayBuilder::code_of(std::string_view bytes) {
  const auto [place, is_new] = categories_->codes.try_emplace(std::string(bytes), static_cast<uint32_t>(child_->size()));
  if (is_new) HR_CHECK(child_->append_bytes(bytes));
  return place->second;
}

Result<void> ArrayBuilder::append_bytes(std::string_view bytes) {
  if (type_.id() == TypeId::Categorical) {
    HR_TRY(const uint32_t code, code_of(bytes));
    return append(code);
  }
  HR_TRY(const View view, store(bytes));
  return append(view);
}

Result<void> ArrayBuilder::append_list() {
  HR_CHECK(grow_one());
  values_.buffer().as<int64_t>()[++size_] = static_cast<int64_t>(child_->size());
  return {};
}

Result<Array> ArrayBuilder::finish() {
  Array::Parts parts{.type = type_, .size = size_, .values = values_.take(), .nulls = nulls_};
  if (nulls_ > 0 && type_.id() != TypeId::Null) parts.validity = Bitmap(validity_.take(), 0, size_);
  if (!blocks_.empty()) parts.blocks = std::make_shared<const Blocks>(std::move(blocks_));
  if (child_) {
    HR_TRY(Array child, child_->finish());
    parts.child = std::make_shared<const Array>(std::move(child));
  }
  *this = ArrayBuilder(type_, budget_);
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
