#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// Bytes that grow, within a budget, by doubling. What lies beyond the written bytes is zero, or anything where that is asked for.
class GrowingBuffer {
 public:
  explicit GrowingBuffer(std::shared_ptr<MemoryBudget> budget, Buffer::Contents contents = Buffer::Contents::Zeros)
      : budget_(std::move(budget)), contents_(contents) {}
  /// Makes room for `bytes` in all.
  Result<void> reserve(size_t bytes);
  const Buffer& buffer() const { return buffer_; }
  Buffer take() { return std::move(buffer_); }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  Buffer::Contents contents_;
  Buffer buffer_;
};

/// Makes an array value by value. The values of a type are appended by the call of its layout; an error of any call is
/// OutOfMemory, of the budget.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(DataType type, std::shared_ptr<MemoryBudget> budget = process_budget());
  ~ArrayBuilder();
  ArrayBuilder(ArrayBuilder&&) noexcept;
  ArrayBuilder& operator=(ArrayBuilder&&) noexcept;

  const DataType& type() const { return type_; }
  size_t size() const { return size_; }

  Result<void> append_null();
  Result<void> append_bool(bool value);
  /// Of Layout::Fixed but Categorical; T must be as wide as value_bytes().
  template <class T>
  Result<void> append(T value) {
    HR_CHECK(grow_one());
    values_.buffer().template as<T>()[size_++] = value;
    return {};
  }
  /// Of String, Binary and Categorical. OutOfRange from 2^31 bytes on.
  Result<void> append_bytes(std::string_view bytes);
  /// Of List: the items appended to items() since the last call are one value.
  Result<void> append_list();
  ArrayBuilder& items() { return *child_; }

  /// What was appended; the builder is then empty.
  Result<Array> finish();

 private:
  struct Categories;

  /// Room for one more value, marked valid.
  Result<void> grow_one();
  Result<View> store(std::string_view bytes);
  Result<uint32_t> code_of(std::string_view bytes);

  DataType type_;
  std::shared_ptr<MemoryBudget> budget_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t nulls_ = 0;
  GrowingBuffer values_;
  GrowingBuffer validity_;
  std::vector<Buffer> blocks_;
  size_t block_used_ = 0;
  std::unique_ptr<ArrayBuilder> child_;
  std::unique_ptr<Categories> categories_;
};

}  // namespace headrace::frame
