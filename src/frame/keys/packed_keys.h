#pragma once

#include <optional>
#include <span>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// Keys of several columns as one word, if the ranges of their values have room in 64 bits together. Equal rows, and no others, have equal
/// words.
class PackedKeys {
 public:
  /// The word of a row that has none: a null where null is no value, or a value out of the range that the keys were made for. Words are
  /// less.
  static constexpr uint64_t kNone = UINT64_MAX;

  /// From the columns of one side; `with_nulls`: null is a value. Nothing if there is no room, or of strings, lists and wide decimals.
  static std::optional<PackedKeys> make(std::span<const Array> columns, bool with_nulls);

  /// The words of these columns' rows, types as they were.
  void pack(std::span<const Array> columns, std::span<uint64_t> words) const;
  /// How many words there may be; no more than that are greater than the greatest word.
  uint64_t words() const { return words_; }

 private:
  struct Field {
    uint64_t least = 0, greatest = 0;
    bool with_null = false;  ///< null is the value after the greatest
    int shift = 0;
  };
  std::vector<Field> fields_;
  uint64_t words_ = 1;
};

}  // namespace headrace::frame
