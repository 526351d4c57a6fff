#include "frame/parquet/column_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/parquet/convert.h"

namespace headrace::frame::parquet {
namespace {

std::unexpected<Error> broken(std::string what) { return fail(ErrorKind::InvalidData, std::move(what)); }

unsigned bits_for(int greatest) { return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(greatest))); }

}  // namespace

/// What a read has put together so far.
struct ColumnReader::Output {
  Output(const DataType& type, const std::shared_ptr<MemoryBudget>& budget)
      : values(budget, type.layout() == Layout::Bits ? Buffer::Contents::Zeros : Buffer::Contents::Anything), validity(budget) {}

  size_t slots = 0;      // values and nulls
  size_t nulls = 0;
  GrowingBuffer values;  // of the column's layout; whoever has no value for a slot clears it, but for bits
  GrowingBuffer validity;
  bool is_nullable = false;
  Blocks blocks;         // the first is the dictionary's
  size_t last_page = 0;  // that has a block
  // Of lists: a level for each entry of the rows.
  std::vector<uint32_t> definitions, repetitions;

  Result<void> reserve(const DataType& type, size_t slots_in_all) {
    const size_t words = (slots_in_all + 63) / 64 * 8 + 8;
    if (is_nullable) HR_CHECK(validity.reserve(words));
    return values.reserve(type.layout() == Layout::Bits ? words : slots_in_all * type.value_bytes());
  }
};

ColumnReader::ColumnReader(const File& file, const Leaf& leaf, const ColumnChunk& chunk, std::shared_ptr<MemoryBudget> budget)
    : leaf_(leaf), budget_(budget), pages_(file, chunk, decoded_bytes(leaf.physical) == sizeof(View), budget), values_left_(chunk.values) {}

Result<void> ColumnReader::set_dictionary(Page page) {
  auto dictionary = std::make_unique<Dictionary>();
  dictionary->size = static_cast<size_t>(page.header.values);
  const size_t width = decoded_bytes(leaf_.physical);
  // A value takes a byte at least, but for those of no bytes and bits.
  if (dictionary->size > page.values.size() * 8 + 1) return broken("has a dictionary of more values than bytes");
  dictionary->values.resize(dictionary->size * width);
  HR_TRY(const auto decoder, make_decoder(leaf_, Encoding::Plain, page.values, dictionary->size, nullptr));
  decoder->set_block(0);
  HR_CHECK(decoder->read(dictionary->values.data(), dictionary->size));
  dictionary->bytes = page.bytes;
  dictionary_ = std::move(dictionary);
  return {};
}

Result<void> ColumnReader::next_page() {
  while (page_left_ == 0) {
    if (values_left_ <= 0) return broken("has fewer rows than its row group");
    HR_TRY(Page page, pages_.next(leaf_.greatest_repetition(), leaf_.greatest_definition));
    if (page.header.kind == PageHeader::Kind::Dictionary) {
      HR_CHECK(set_dictionary(std::move(page)));
      continue;
    }
    page_ = std::move(page);
    ++page_number_;
    page_left_ = static_cast<size_t>(page_.header.values);
    values_left_ -= page_.header.values;
    HR_TRY(decoder_, make_decoder(leaf_, page_.header.encoding, page_.values, page_left_, dictionary_.get()));
    definitions_ = RunDecoder(page_.definition_levels, bits_for(leaf_.greatest_definition));
    if (!leaf_.lists.empty()) HR_CHECK(read_levels());
  }
  return {};
}

Result<void> ColumnReader::read_levels() {
  // A page may say that it has 2^31 values and be a few bytes: levels are read as far as there are runs of them.
  constexpr size_t kStep = size_t{1} << 20;
  RunDecoder repetitions(page_.repetition_levels, bits_for(leaf_.greatest_repetition()));
  definition_levels_.clear();
  repetition_levels_.clear();
  level_ = 0;
  for (size_t at = 0; at < page_left_; at += kStep) {
    const size_t step = std::min(kStep, page_left_ - at);
    definition_levels_.resize(at + step);
    repetition_levels_.resize(at + step);
    HR_CHECK(definitions_.read(definition_levels_.data() + at, step));
    HR_CHECK(repetitions.read(repetition_levels_.data() + at, step));
  }
  const auto is_level = [](int greatest) { return [greatest](uint32_t level) { return level <= static_cast<uint32_t>(greatest); }; };
  const bool fine = std::ranges::all_of(definition_levels_, is_level(leaf_.greatest_definition)) &&
                    std::ranges::all_of(repetition_levels_, is_level(leaf_.greatest_repetition()));
  if (!fine) return broken("has levels deeper than its type");
  return {};
}

uint32_t ColumnReader::block_of_page(Output& out) {
  const bool has_views = decoded_bytes(leaf_.physical) == sizeof(View);
  if (!has_views) return 0;
  const Encoding encoding = page_.header.encoding;
  const bool by_dictionary = encoding == Encoding::PlainDictionary || encoding == Encoding::RunLengthDictionary;
  if (out.blocks.empty()) out.blocks.push_back(dictionary_ ? dictionary_->bytes : Buffer{});
  // A dictionary may be read after the first block was made.
  if (dictionary_ && out.blocks[0].empty()) out.blocks[0] = dictionary_->bytes;
  if (by_dictionary) return 0;
  if (out.last_page != page_number_) {
    const Buffer own = decoder_->own_block();
    // Offsets of plain values count from where the values begin.
    const size_t before = static_cast<size_t>(page_.values.data() - page_.bytes.data());
    out.blocks.push_back(!own.empty() ? own
                                      : Buffer::foreign(page_.bytes.data() + before, page_.values.size(), [keep = page_.bytes] {}));
    out.last_page = page_number_;
  }
  return static_cast<uint32_t>(out.blocks.size() - 1);
}

namespace {

template <class T>
void spread(const std::byte* from, const Bitmap& valid, size_t slots, std::byte* to) {
  for (size_t begin = 0; begin < slots; begin += 64) {
    for (uint64_t word = valid.word(begin); word != 0; word &= word - 1) {
      const size_t slot = begin + static_cast<size_t>(std::countr_zero(word));
      std::memcpy(to + slot * sizeof(T), from, sizeof(T));
      from += sizeof(T);
    }
  }
}

void spread_values(size_t width, const std::byte* from, const Bitmap& valid, size_t slots, std::byte* to) {
  switch (width) {
    case 1: return spread<uint8_t>(from, valid, slots, to);
    case 2: return spread<uint16_t>(from, valid, slots, to);
    case 4: return spread<uint32_t>(from, valid, slots, to);
    case 8: return spread<uint64_t>(from, valid, slots, to);
    default: return spread<View>(from, valid, slots, to);
  }
}

}  // namespace

Result<void> ColumnReader::read_values(size_t slots, size_t present, Output& out) {
  const DataType& type = leaf_.value_type;
  const size_t first = out.slots, width = type.value_bytes();
  out.slots += slots;
  out.nulls += slots - present;
  if (type.layout() == Layout::None) return {};
  std::byte* to = out.values.buffer().data() + first * width;
  if (present < slots && type.layout() != Layout::Bits) std::memset(to, 0, slots * width);
  if (present == 0) return {};
  decoder_->set_block(block_of_page(out));
  const bool direct = are_values(leaf_);
  if (direct && present == slots) return decoder_->read(to, present);

  decoded_.resize(present * decoded_bytes(leaf_.physical));
  HR_CHECK(decoder_->read(decoded_.data(), present));
  const Bitmap valid = present == slots ? Bitmap() : Bitmap(out.validity.buffer(), first, slots);
  if (type.layout() == Layout::Bits) {
    const Bitmap bits(out.values.buffer(), first, slots);
    size_t next = 0;
    for (size_t slot = 0; slot < slots; ++slot) {
      if (valid[slot] && decoded_[next++] != std::byte{0}) bits.set(slot);
    }
    return {};
  }
  if (direct) {
    spread_values(width, decoded_.data(), valid, slots, to);
    return {};
  }
  if (present == slots) return convert(leaf_, decoded_.data(), present, out.blocks, to);
  std::vector<std::byte> converted(present * width);
  HR_CHECK(convert(leaf_, decoded_.data(), present, out.blocks, converted.data()));
  spread_values(width, converted.data(), valid, slots, to);
  return {};
}

Result<void> ColumnReader::read_flat(size_t rows, Output& out) {
  out.is_nullable = leaf_.greatest_definition > 0;
  HR_CHECK(out.reserve(leaf_.value_type, rows));
  while (out.slots < rows) {
    HR_CHECK(next_page());
    const size_t slots = std::min(rows - out.slots, page_left_);
    size_t present = slots;
    if (out.is_nullable) {
      const Bitmap validity(out.validity.buffer(), 0, rows);
      HR_TRY(present, definitions_.read_equal(static_cast<uint32_t>(leaf_.greatest_definition), validity, out.slots, slots));
    }
    HR_CHECK(read_values(slots, present, out));
    page_left_ -= slots;
  }
  return {};
}

Result<void> ColumnReader::read_nested(size_t rows, Output& out) {
  const auto item = static_cast<uint32_t>(leaf_.lists.back().item), greatest = static_cast<uint32_t>(leaf_.greatest_definition);
  out.is_nullable = greatest > item;
  size_t begun = 0;
  for (bool done = false; !done;) {
    if (page_left_ == 0) {
      // The last row ends with its chunk.
      if (begun == rows && values_left_ <= 0) break;
      HR_CHECK(next_page());
    }
    const size_t begin = level_;
    size_t slots = 0, present = 0;
    for (; page_left_ > 0; ++level_, --page_left_) {
      const bool begins = repetition_levels_[level_] == 0;
      if (begins && begun == rows) {
        done = true;
        break;
      }
      if (!begins && begun == 0) return broken("has a row that begins with a later item");
      begun += begins;
      slots += definition_levels_[level_] >= item;
      present += definition_levels_[level_] == greatest;
    }
    const auto from = static_cast<ptrdiff_t>(begin), to = static_cast<ptrdiff_t>(level_);
    out.definitions.insert(out.definitions.end(), definition_levels_.begin() + from, definition_levels_.begin() + to);
    out.repetitions.insert(out.repetitions.end(), repetition_levels_.begin() + from, repetition_levels_.begin() + to);
    HR_CHECK(out.reserve(leaf_.value_type, out.slots + slots));
    if (out.is_nullable) {
      const Bitmap validity(out.validity.buffer(), out.slots, slots);
      size_t slot = 0;
      for (size_t i = begin; i < level_; ++i) {
        if (definition_levels_[i] < item) continue;
        if (definition_levels_[i] == greatest) validity.set(slot);
        ++slot;
      }
    }
    HR_CHECK(read_values(slots, present, out));
  }
  return {};
}

/// Wraps the values into the lists that the levels tell of, from the innermost: a list begins at each entry that repeats none
/// of its own items, if the list around it has an item there.
Result<Array> ColumnReader::lists_of(Array items, const Output& out) const {
  DataType type = items.type();
  for (size_t depth = leaf_.lists.size(); depth-- > 0;) {
    const ListLevel level = leaf_.lists[depth];
    const auto around = static_cast<uint32_t>(depth == 0 ? 0 : leaf_.lists[depth - 1].item);
    ArrayBuilder sizes(TypeId::Int64, budget_);  // offsets without their first
    ArrayBuilder valid(TypeId::Bool, budget_);
    int64_t count = 0;
    size_t lists = 0, nulls = 0;
    for (size_t i = 0; i < out.definitions.size(); ++i) {
      const uint32_t definition = out.definitions[i], repetition = out.repetitions[i];
      if (repetition <= depth && definition >= around) {
        if (lists++ > 0) HR_CHECK(sizes.append(count));
        const bool is_list = definition >= static_cast<uint32_t>(level.defined);
        nulls += !is_list;
        HR_CHECK(valid.append_bool(is_list));
      }
      count += repetition <= depth + 1 && definition >= static_cast<uint32_t>(level.item);
    }
    if (lists > 0) HR_CHECK(sizes.append(count));
    HR_TRY(const Array ends, sizes.finish());
    HR_TRY(const Array is_list, valid.finish());
    HR_TRY(Buffer offsets, Buffer::from_pool((lists + 1) * 8, budget_));
    if (lists > 0) std::memcpy(offsets.data() + 8, ends.data<std::byte>(), lists * 8);
    type = DataType::list(type);
    Array::Parts parts{.type = type,
                       .size = lists,
                       .values = std::move(offsets),
                       .child = std::make_shared<const Array>(std::move(items)),
                       .nulls = nulls};
    if (nulls > 0) parts.validity = Bitmap(is_list.buffer(), 0, lists);
    HR_TRY(items, Array::make(std::move(parts)));
  }
  return items;
}

Result<void> ColumnReader::skip(uint64_t rows) {
  constexpr uint64_t kStep = uint64_t{1} << 14;
  while (rows > 0) {
    // Of lists a page has more values than rows, and a row may go on in the next page.
    if (page_left_ == 0 && leaf_.lists.empty() && values_left_ > 0) {
      HR_TRY(const size_t skipped, pages_.skip(rows));
      values_left_ -= static_cast<int64_t>(skipped);
      rows -= skipped;
      if (skipped > 0) continue;
    }
    const uint64_t within = leaf_.lists.empty() && page_left_ > 0 ? std::min<uint64_t>(page_left_, rows) : rows;
    const uint64_t step = std::min(within, kStep);
    HR_CHECK(read(step));
    rows -= step;
  }
  return {};
}

Result<void> ColumnReader::read_some_values(size_t slots, std::span<const uint64_t> numbers, uint64_t first, Output& out) {
  const size_t width = leaf_.value_type.value_bytes();
  // Which values the rows are: all that have one are counted.
  Bitmap valid;
  size_t present = slots;
  if (out.is_nullable) {
    HR_TRY(valid, Bitmap::zeros(slots, budget_));
    HR_TRY(present, definitions_.read_equal(static_cast<uint32_t>(leaf_.greatest_definition), valid, 0, slots));
  }
  wanted_.clear();
  size_t word = 0, before = 0;  // values before slot 64 * word
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t slot = numbers[i] - first;
    if (out.is_nullable) {
      if (!valid[slot]) continue;
      for (; word < slot / 64; ++word) before += static_cast<size_t>(std::popcount(valid.word(word * 64)));
      const uint64_t below = slot % 64 == 0 ? 0 : valid.word(word * 64) << (64 - slot % 64);
      wanted_.push_back(static_cast<uint32_t>(before + static_cast<size_t>(std::popcount(below))));
      Bitmap(out.validity.buffer(), 0, out.slots + numbers.size()).set(out.slots + i);
    } else {
      wanted_.push_back(static_cast<uint32_t>(slot));
    }
  }
  std::byte* to = out.values.buffer().data() + out.slots * width;
  out.slots += numbers.size();
  out.nulls += numbers.size() - wanted_.size();
  if (wanted_.size() < numbers.size()) std::memset(to, 0, numbers.size() * width);
  if (present == 0) return {};
  if (!wanted_.empty()) decoder_->set_block(block_of_page(out));
  if (wanted_.size() == numbers.size()) return decoder_->read_some(to, present, wanted_);
  decoded_.resize(wanted_.size() * width);
  HR_CHECK(decoder_->read_some(decoded_.data(), present, wanted_));
  size_t next = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (valid[numbers[i] - first]) std::memcpy(to + i * width, decoded_.data() + width * next++, width);
  }
  return {};
}

Result<void> ColumnReader::read_some_flat(size_t rows, std::span<const uint64_t> numbers, Output& out) {
  out.is_nullable = leaf_.greatest_definition > 0;
  HR_CHECK(out.reserve(leaf_.value_type, numbers.size()));
  for (uint64_t first = 0; first < rows;) {
    HR_CHECK(next_page());
    const size_t slots = std::min<uint64_t>(rows - first, page_left_);
    const auto end = std::ranges::lower_bound(numbers, first + slots);
    const auto here = static_cast<size_t>(end - numbers.begin());
    HR_CHECK(read_some_values(slots, numbers.first(here), first, out));
    numbers = numbers.subspan(here);
    page_left_ -= slots;
    first += slots;
  }
  return {};
}

Result<Array> ColumnReader::read_some(size_t rows, std::span<const uint64_t> numbers) {
  if (!leaf_.lists.empty() || !are_values(leaf_)) {
    HR_TRY(const Array all, read(rows));
    return gather(all, numbers, budget_);
  }
  Output out(leaf_.value_type, budget_);
  HR_CHECK(read_some_flat(rows, numbers, out));
  return finish(out);
}

Result<Array> ColumnReader::read(size_t rows) {
  if (rows == 0) return Array::make({.type = leaf_.type});
  Output out(leaf_.value_type, budget_);
  HR_CHECK(leaf_.lists.empty() ? read_flat(rows, out) : read_nested(rows, out));
  if (leaf_.lists.empty()) return finish(out);
  HR_TRY(Array values, finish(out));
  HR_TRY(Array lists, lists_of(std::move(values), out));
  if (lists.size() != rows) return broken(fmt::format("has {} rows where {} were to come", lists.size(), rows));
  return lists;
}

/// The values that were put together; of lists the levels stay.
Result<Array> ColumnReader::finish(Output& out) const {
  Array::Parts parts{.type = leaf_.value_type, .size = out.slots, .values = out.values.take(), .nulls = out.nulls};
  if (out.nulls > 0 && out.is_nullable) parts.validity = Bitmap(out.validity.take(), 0, out.slots);
  if (!out.blocks.empty() && leaf_.value_type.layout() == Layout::Views)
    parts.blocks = std::make_shared<const Blocks>(std::move(out.blocks));
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame::parquet
