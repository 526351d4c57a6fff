#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// How a column takes part in an order. Nulls are first or last whichever way the values go.
struct SortOrder {
  bool descending = false;
  bool nulls_last = false;
};

/// A row to be put in order, and the word of its keys that it is compared by.
struct SortEntry {
  uint64_t word;
  uint64_t row;
};

/// The keys of rows as words: whole numbers of 64 bits which, compared one after the other, give the order of the rows. Columns of few
/// different bits share a word: what counts is the range of their values. Strings are as many words as they need, made when rows are equal
/// up to there. NaN is greater than all numbers, -0.0 equal to 0.0, false less than true; strings go by their bytes, categories by their
/// strings.
class SortKeys {
 public:
  /// Which of a row's words.
  struct Place {
    size_t step = 0;  ///< a word of fixed columns, or a column of strings
    size_t word = 0;  ///< of a string
  };

  /// One order for each column; columns of equal length. Unsupported for lists.
  static Result<SortKeys> make(std::vector<Array> columns, std::span<const SortOrder> orders);

  /// How many words at most tell rows apart, strings counted as one.
  size_t steps() const { return steps_.size(); }
  /// The highest bits of words that may differ there.
  int bits(Place place) const { return steps_[place.step].bits; }
  /// Gives the entries their words of that place.
  void fill(Place place, std::span<SortEntry> entries) const;
  /// The place that tells rows apart that have this word here, if there is one.
  std::optional<Place> after(Place place, uint64_t word) const;

 private:
  /// A part of a word: (value - least) or (greatest - value), and a place for null below or above.
  struct Field {
    enum class What : uint8_t { Value, Validity, High, Low };
    size_t column = 0;
    What what = What::Value;
    bool descending = false;
    uint64_t base = 0;        ///< the least, descending the greatest
    uint64_t first = 0;       ///< what that is encoded as
    uint64_t null_value = 0;  ///< what null is encoded as
    int bits = 0;
    int shift = 0;
  };
  struct Step {
    std::vector<Field> fields;
    std::optional<size_t> bytes;  ///< the column of strings
    bool descending = false;
    int bits = 0;
  };

  void add_column(size_t column, SortOrder order);
  void add_range(Field field, bool nulls_last, uint64_t least, uint64_t greatest, bool has_nulls);
  void add_field(const Field& field);
  void fill_field(const Field& field, std::span<SortEntry> entries) const;
  void fill_bytes(const Step& step, size_t word, std::span<SortEntry> entries) const;
  template <class Each>
  void with_values(const Field& field, const Each& each) const;

  std::vector<Array> columns_;
  std::vector<std::vector<uint32_t>> ranks_;  ///< of categories, by code
  std::vector<Step> steps_;
};

}  // namespace headrace::frame
