#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// How rows of key columns of some types are compared: as words, if all columns and their nulls fit 64 bits or the one column is of 64,
/// otherwise
/// as bytes: those of the one column of strings, or all columns' one after the other.
class KeyLayout {
 public:
  explicit KeyLayout(std::vector<DataType> types);

  const std::vector<DataType>& types() const { return types_; }
  bool is_words() const { return is_words_; }
  bool is_strings() const { return is_strings_; }
  /// Whether null is not in the word or the bytes, but beside.
  bool has_null_beside() const { return has_null_beside_; }

 private:
  std::vector<DataType> types_;
  bool is_words_ = false, is_strings_ = false, has_null_beside_ = false;
};

/// The keys of some rows, ready to be looked up. What is read again is kept: memory is taken once and used for the next rows.
struct KeyBatch {
  std::span<const uint64_t> words;  ///< of a column, of `packed`, or of whoever gave them
  std::vector<uint64_t> packed;
  std::vector<std::string_view> bytes;  ///< of the columns' memory, or of `encoded`
  std::vector<char> encoded;
  std::vector<uint8_t> nulls;  ///< 1 where the key is null beside; empty if it is nowhere
  std::vector<uint64_t> hashes;
  std::vector<Array> columns;

  size_t rows() const { return hashes.size(); }
  /// The keys of columns of so many rows. OutOfMemory, of the budget.
  Result<void> assign(const KeyLayout& layout, std::vector<Array> key_columns, size_t rows, const std::shared_ptr<MemoryBudget>& budget);
  /// Keys that are words, those; they have to last as long as the batch is used.
  void assign_words(std::span<const uint64_t> key_words, std::span<const uint8_t> key_nulls);

 private:
  void pack_words(const KeyLayout& layout, size_t rows);
};

/// The column `index` of keys that are words.
Result<Array> column_of_words(const KeyLayout& layout, size_t index, std::span<const uint64_t> words, std::span<const uint8_t> nulls,
                              const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
