#include "frame/parquet/write/levels.h"

#include <bit>
#include <cstring>

#include "frame/columns/gather.h"
#include "frame/parquet/write/stored_type.h"

namespace headrace::frame::parquet {
namespace {

/// Goes through the values of an array, lists within lists, and notes which of the leaf are there.
class Walk {
 public:
  Walk(Leaves& out, bool has_lists) : out_(out), has_lists_(has_lists) {}

  /// Rows [begin, end), which are defined to `definition`; the first one repeats at `first`, the others at `depth`.
  void rows(const Array& array, size_t begin, size_t end, uint8_t definition, uint8_t first, uint8_t depth) {
    const bool is_list = array.type().id() == TypeId::List;
    if (!is_list) leaf_ = &array;
    for (size_t row = begin; row < end; ++row) {
      const uint8_t repetition = row == begin ? first : depth;
      const bool is_valid = array.type().id() != TypeId::Null && array.is_valid(row);
      if (!is_list) {
        add(static_cast<uint8_t>(definition + is_valid), repetition);
        if (is_valid) taken.push_back(row);
        continue;
      }
      const auto from = static_cast<size_t>(array.begin_of(row)), to = static_cast<size_t>(array.begin_of(row + 1));
      if (!is_valid || from == to) {
        add(static_cast<uint8_t>(definition + is_valid), repetition);
        continue;
      }
      rows(array.items(), from, to, static_cast<uint8_t>(definition + 2), repetition, static_cast<uint8_t>(depth + 1));
    }
  }

  const Array* leaf() const { return leaf_; }
  std::vector<uint64_t> taken;

 private:
  void add(uint8_t definition, uint8_t repetition) {
    out_.definitions.push_back(definition);
    if (has_lists_) out_.repetitions.push_back(repetition);
  }

  Leaves& out_;
  bool has_lists_;
  const Array* leaf_ = nullptr;
};

void append_unsigned(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_run(uint32_t value, size_t count, int bits, std::string& out) {
  append_unsigned(count << 1, out);
  for (int shift = 0; shift < bits; shift += 8) out += static_cast<char>(value >> shift);
}

/// Whole groups of eight; what is missing of the last is zeros.
void append_groups(const uint32_t* values, size_t count, int bits, std::string& out) {
  const size_t groups = (count + 7) / 8;
  append_unsigned(groups << 1 | 1, out);
  uint64_t word = 0;
  int filled = 0;
  for (size_t i = 0; i < groups * 8; ++i) {
    word |= static_cast<uint64_t>(i < count ? values[i] : 0) << filled;
    for (filled += bits; filled >= 8; filled -= 8, word >>= 8) out += static_cast<char>(word);
  }
}

size_t run_length(const uint32_t* values, size_t count) {
  size_t length = 1;
  while (length < count && values[length] == values[0]) ++length;
  return length;
}

void prefix_size(size_t begin, std::string& out) {
  const auto size = static_cast<uint32_t>(out.size() - begin - sizeof(uint32_t));
  std::memcpy(out.data() + begin, &size, sizeof(size));
}

}  // namespace

Result<Leaves> leaves_of(const Column& rows, const std::shared_ptr<MemoryBudget>& budget) {
  Leaves out;
  const bool has_lists = rows.type().id() == TypeId::List;
  if (!has_lists && rows.nulls() == 0 && rows.type().id() != TypeId::Null) {
    out.is_full = true;
    out.count = rows.size();
    out.values.assign(rows.chunks().begin(), rows.chunks().end());
    return out;
  }
  for (const Array& chunk : rows.chunks()) {
    Walk walk(out, has_lists);
    for (size_t row = 0; row < chunk.size() && has_lists; ++row) walk.rows(chunk, row, row + 1, 0, 0, 0);
    if (!has_lists) walk.rows(chunk, 0, chunk.size(), 0, 0, 0);
    if (walk.taken.empty()) continue;
    HR_TRY(Array values, gather(*walk.leaf(), walk.taken, budget));
    out.values.push_back(std::move(values));
  }
  out.count = out.definitions.size();
  return out;
}

void append_runs(const uint32_t* values, size_t count, int bits, std::string& out) {
  constexpr size_t kWorthARun = 16;
  size_t begin = 0, at = 0;
  while (at < count) {
    const size_t length = run_length(values + at, count - at);
    // Groups before a run must be whole.
    const size_t missing = (8 - (at - begin) % 8) % 8;
    if (length < kWorthARun + missing) {
      at += length;
      continue;
    }
    at += missing;
    if (at > begin) append_groups(values + begin, at - begin, bits, out);
    append_run(values[at], length - missing, bits, out);
    begin = at += length - missing;
  }
  if (at > begin) append_groups(values + begin, at - begin, bits, out);
}

void append_levels(const std::vector<uint8_t>& levels, int greatest, std::string& out) {
  const size_t begin = out.size();
  out.append(sizeof(uint32_t), '\0');
  const std::vector<uint32_t> wide(levels.begin(), levels.end());
  append_runs(wide.data(), wide.size(), std::bit_width(static_cast<unsigned>(greatest)), out);
  prefix_size(begin, out);
}

void append_full_levels(size_t count, int greatest, std::string& out) {
  const size_t begin = out.size();
  out.append(sizeof(uint32_t), '\0');
  append_run(static_cast<uint32_t>(greatest), count, std::bit_width(static_cast<unsigned>(greatest)), out);
  prefix_size(begin, out);
}

}  // namespace headrace::frame::parquet
