#include "frame/parquet/write/column_encoder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <vector>

#include "frame/parquet/write/compress.h"
#include "frame/parquet/write/levels.h"
#include "frame/parquet/write/plain_values.h"
#include "frame/parquet/write/stored_type.h"
#include "frame/parquet/write/thrift_writer.h"

namespace headrace::frame::parquet {
namespace {

/// The different values of a chunk by numbers, in the order in which they came.
class Dictionary {
 public:
  /// Values that a dictionary may have, and their bytes; with more of them a page of numbers is no shorter than one of values.
  static constexpr size_t kMostValues = size_t{1} << 16, kMostBytes = size_t{1} << 20;

  /// Its number; none if there is no more room.
  std::optional<uint32_t> number_of(std::string_view value) {
    const uint64_t hash = std::hash<std::string_view>()(value);
    for (size_t slot = hash & mask();; slot = (slot + 1) & mask()) {
      const uint32_t number = slots_[slot];
      if (number != kFree && values_[number] == value) return number;
      if (number != kFree) continue;
      bytes_ += value.size() + sizeof(uint32_t);
      if (values_.size() == kMostValues || bytes_ > kMostBytes) return std::nullopt;
      slots_[slot] = static_cast<uint32_t>(values_.size());
      values_.emplace_back(value);
      if (values_.size() * 2 > slots_.size()) grow();
      return static_cast<uint32_t>(values_.size() - 1);
    }
  }
  const std::vector<std::string>& values() const { return values_; }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  size_t mask() const { return slots_.size() - 1; }
  void grow() {
    slots_.assign(slots_.size() * 4, kFree);
    for (uint32_t number = 0; number < values_.size(); ++number) {
      size_t slot = std::hash<std::string_view>()(values_[number]) & mask();
      while (slots_[slot] != kFree) slot = (slot + 1) & mask();
      slots_[slot] = number;
    }
  }

  std::vector<std::string> values_;
  std::vector<uint32_t> slots_ = std::vector<uint32_t>(1024, kFree);
  size_t bytes_ = 0;
};

class ColumnEncoder {
 public:
  ColumnEncoder(const Column& column, const EncodeOptions& options, const std::shared_ptr<MemoryBudget>& budget)
      : column_(column), options_(options), budget_(budget), leaf_(leaf_type(column.type())), stored_(stored_type_of(leaf_)),
        depth_(list_depth(column.type())), bounds_(leaf_) {}

  Result<EncodedChunk> encode() {
    HR_TRY(const Reservation held, Reservation::take(budget_, bytes_needed()));
    HR_CHECK(take_apart());
    const bool has_dictionary = number_values();
    if (has_dictionary) HR_CHECK(add_dictionary_page());
    size_t first = 0;
    for (const Leaves& page : pages_) {
      std::string bytes = levels_of(page);
      const size_t values = count_of(page);
      if (has_dictionary) {
        append_numbers(first, values, bytes);
      } else {
        append_values(page.values, bytes);
      }
      first += values;
      HR_CHECK(add_page(PageHeader::Kind::Data, page.count, has_dictionary, bytes));
    }
    add_statistics();
    return std::move(out_);
  }

 private:
  /// About: what is there once as values, once as a page, once packed.
  uint64_t bytes_needed() const {
    uint64_t bytes = 0;
    for (const Array& chunk : column_.chunks()) bytes += chunk.live_bytes();
    return 3 * bytes + column_.size() * sizeof(uint32_t);
  }

  /// Pages of about as many bytes as options say, each of whole rows.
  Result<void> take_apart() {
    uint64_t bytes = 1;
    for (const Array& chunk : column_.chunks()) bytes += chunk.live_bytes();
    const uint64_t row_bytes = bytes / std::max<size_t>(column_.size(), 1) + 1;
    const size_t rows = std::clamp<uint64_t>(options_.page_bytes / row_bytes, 1, size_t{1} << 20);
    for (size_t begin = 0; begin < column_.size(); begin += rows) {
      HR_TRY(Leaves page, leaves_of(column_.slice(begin, rows), budget_));
      out_.values += page.count;
      values_ += count_of(page);
      pages_.push_back(std::move(page));
    }
    return {};
  }

  static size_t count_of(const Leaves& page) {
    size_t count = 0;
    for (const Array& array : page.values) count += array.size();
    return count;
  }

  std::string levels_of(const Leaves& page) const {
    std::string out;
    const int greatest = 1 + 2 * depth_;
    if (depth_ > 0) append_levels(page.repetitions, depth_, out);
    if (page.is_full) {
      append_full_levels(page.count, greatest, out);
    } else {
      append_levels(page.definitions, greatest, out);
    }
    return out;
  }

  /// Calls use(bytes) for every value until it is false.
  template <class Use>
  bool each_value(const Use& use) const {
    std::string fixed;
    for (const Leaves& page : pages_) {
      for (const Array& array : page.values) {
        if (stored_.fixed_bytes > 0) {
          const auto width = static_cast<size_t>(stored_.fixed_bytes);
          fixed.clear();
          append_fixed(array, stored_, fixed);
          for (size_t i = 0; i < array.size(); ++i) {
            if (!use(std::string_view(fixed).substr(i * width, width))) return false;
          }
        } else {
          for (size_t i = 0; i < array.size(); ++i) {
            if (!use(array.bytes(i))) return false;
          }
        }
      }
    }
    return true;
  }

  /// Whether a dictionary is worth it: then the values' numbers are known.
  bool number_values() {
    constexpr size_t kTried = 4096;
    if (leaf_.id() == TypeId::Bool || leaf_.id() == TypeId::Null || values_ == 0) return false;
    numbers_.reserve(values_);
    return each_value([&](std::string_view value) {
             const auto number = dictionary_.number_of(value);
             if (!number) return false;
             numbers_.push_back(*number);
             return numbers_.size() < kTried || dictionary_.values().size() * 2 < numbers_.size();
           }) &&
           dictionary_.values().size() * 2 <= values_;
  }

  Result<void> add_dictionary_page() {
    std::string bytes;
    for (const std::string& value : dictionary_.values()) {
      if (stored_.fixed_bytes > 0) {
        bytes += value;
      } else {
        append_sized(value, bytes);
      }
    }
    HR_CHECK(add_page(PageHeader::Kind::Dictionary, dictionary_.values().size(), true, bytes));
    out_.dictionary_bytes = out_.bytes.size();
    return {};
  }

  void append_numbers(size_t first, size_t count, std::string& out) const {
    const int bits = std::max(1, static_cast<int>(std::bit_width(dictionary_.values().size() - 1)));
    out += static_cast<char>(bits);
    append_runs(numbers_.data() + first, count, bits, out);
  }

  void append_values(const std::vector<Array>& values, std::string& out) const {
    if (leaf_.id() == TypeId::Null) return;
    if (leaf_.id() == TypeId::Bool) return append_bits(values, out);
    for (const Array& array : values) {
      if (stored_.fixed_bytes > 0) {
        append_fixed(array, stored_, out);
      } else {
        for (size_t i = 0; i < array.size(); ++i) append_sized(array.bytes(i), out);
      }
    }
  }

  Result<void> add_page(PageHeader::Kind kind, size_t values, bool has_dictionary, const std::string& bytes) {
    constexpr size_t kMost = INT32_MAX / 2;
    if (bytes.size() > kMost) return fail(ErrorKind::Unsupported, "a page of it would be longer than 1 GiB; write smaller row groups");
    HR_TRY(const std::string packed, compress(options_.codec, options_.level, bytes));
    const bool is_dictionary = kind == PageHeader::Kind::Dictionary;
    ThriftWriter header;
    header.add_int32(1, is_dictionary ? 2 : 0);
    header.add_int32(2, static_cast<int32_t>(bytes.size()));
    header.add_int32(3, static_cast<int32_t>(packed.size()));
    header.begin_struct(is_dictionary ? 7 : 5);
    header.add_int32(1, static_cast<int32_t>(values));
    const bool is_plain = is_dictionary || !has_dictionary;
    header.add_int32(2, static_cast<int32_t>(is_plain ? Encoding::Plain : Encoding::RunLengthDictionary));
    if (!is_dictionary) {
      header.add_int32(3, static_cast<int32_t>(Encoding::RunLength));
      header.add_int32(4, static_cast<int32_t>(Encoding::RunLength));
    }
    header.end_struct();
    const std::string head = header.finish();
    out_.unpacked_bytes += head.size() + bytes.size();
    out_.bytes += head;
    out_.bytes += packed;
    return {};
  }

  void add_statistics() {
    if (depth_ == 0) out_.nulls = static_cast<int64_t>(out_.values - values_);
    if (!options_.has_statistics) {
      out_.nulls.reset();
      return;
    }
    for (const Leaves& page : pages_) {
      for (const Array& array : page.values) bounds_.add(array);
    }
    out_.least = bounds_.least();
    out_.greatest = bounds_.greatest();
  }

  const Column& column_;
  const EncodeOptions& options_;
  const std::shared_ptr<MemoryBudget>& budget_;
  DataType leaf_;
  StoredType stored_;
  int depth_;
  std::vector<Leaves> pages_;
  size_t values_ = 0;
  Dictionary dictionary_;
  std::vector<uint32_t> numbers_;
  Bounds bounds_;
  EncodedChunk out_;
};

}  // namespace

Result<EncodedChunk> encode_column(const Column& column, const EncodeOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  return ColumnEncoder(column, options, budget).encode();
}

}  // namespace headrace::frame::parquet
