#include "frame/parquet/value_decoder.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "frame/parquet/delta.h"
#include "frame/parquet/run_decoder.h"
#include "frame/view.h"
#include "text/utf8.h"

namespace headrace::frame::parquet {
namespace {

using Bytes = std::span<const std::byte>;

std::unexpected<Error> ended() { return fail(ErrorKind::InvalidData, "ends before its last value"); }

bool is_bytes(Physical physical) { return physical == Physical::ByteArray || physical == Physical::FixedByteArray; }
bool is_text(const Leaf& leaf) { return leaf.value_type.id() == TypeId::String; }

/// PERF: most strings are ASCII, and short.
bool is_ascii(std::string_view value) {
  uint64_t bits = 0;
  size_t i = 0;
  for (; i + 8 <= value.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, value.data() + i, 8);
    bits |= word;
  }
  for (; i < value.size(); ++i) bits |= static_cast<uint8_t>(value[i]);
  return (bits & 0x8080808080808080) == 0;
}

Result<void> check_text(std::string_view value) {
  if (is_ascii(value) || text::utf8::valid_prefix(value) == value.size()) return {};
  return fail(ErrorKind::InvalidData, "has a string that is not UTF-8; read it as Binary by another tool, or mend the file");
}

std::string_view characters(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Values of these numbers out of many.
void pick(const std::byte* from, size_t width, std::span<const uint32_t> numbers, std::byte* to) {
  for (size_t i = 0; i < numbers.size(); ++i) std::memcpy(to + i * width, from + size_t{numbers[i]} * width, width);
}

/// A decoder that reads some values by reading all.
class WholeDecoder : public ValueDecoder {
 public:
  explicit WholeDecoder(size_t width) : width_(width) {}
  Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) override {
    all_.resize(count * width_);
    HR_CHECK(read(all_.data(), count));
    pick(all_.data(), width_, numbers, to);
    return {};
  }

 private:
  size_t width_;
  std::vector<std::byte> all_;
};

/// Numbers as they lie.
class PlainNumbers final : public ValueDecoder {
 public:
  PlainNumbers(Bytes page, size_t width) : page_(page), width_(width) {}
  Result<void> read(std::byte* to, size_t count) override {
    if (count > page_.size() / width_) return ended();
    if (count > 0) std::memcpy(to, page_.data(), count * width_);
    page_ = page_.subspan(count * width_);
    return {};
  }
  Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) override {
    if (count > page_.size() / width_) return ended();
    pick(page_.data(), width_, numbers, to);
    page_ = page_.subspan(count * width_);
    return {};
  }

 private:
  Bytes page_;
  size_t width_;
};

class PlainBits final : public WholeDecoder {
 public:
  explicit PlainBits(Bytes page) : WholeDecoder(1), page_(page) {}
  Result<void> read(std::byte* to, size_t count) override {
    if (count > page_.size() * 8 - at_) return ended();
    for (size_t i = 0; i < count; ++i, ++at_) to[i] = page_[at_ / 8] >> (at_ % 8) & std::byte{1};
    return {};
  }

 private:
  Bytes page_;
  size_t at_ = 0;
};

class RunBits final : public WholeDecoder {
 public:
  explicit RunBits(Bytes runs) : WholeDecoder(1), runs_(runs, 1) {}
  Result<void> read(std::byte* to, size_t count) override {
    values_.resize(count);
    HR_CHECK(runs_.read(values_.data(), count));
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<std::byte>(values_[i]);
    return {};
  }

 private:
  RunDecoder runs_;
  std::vector<uint32_t> values_;
};

/// Bytes with their length in front, or of one length.
class PlainBytes final : public ValueDecoder {
 public:
  PlainBytes(Bytes page, const Leaf& leaf) : page_(page), leaf_(leaf), checks_(is_text(leaf)) {}
  void set_block(uint32_t block) override { block_ = block; }
  Result<void> read(std::byte* to, size_t count) override {
    std::string_view value;
    for (size_t i = 0; i < count; ++i) {
      if (!next(value)) return ended();
      if (checks_) HR_CHECK(check_text(value));
      put(value, to + i * sizeof(View));
    }
    return {};
  }
  Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) override {
    std::string_view value;
    size_t taken = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!next(value)) return ended();
      if (taken == numbers.size() || numbers[taken] != i) continue;
      if (checks_) HR_CHECK(check_text(value));
      put(value, to + taken++ * sizeof(View));
    }
    return {};
  }

 private:
  /// False at the end.
  bool next(std::string_view& value) {
    uint32_t size = static_cast<uint32_t>(leaf_.fixed_bytes);
    if (leaf_.physical != Physical::FixedByteArray) {
      if (page_.size() - at_ < 4) return false;
      std::memcpy(&size, page_.data() + at_, 4);
      at_ += 4;
    }
    if (size > page_.size() - at_) return false;
    value = characters(page_.subspan(at_, size));
    at_ += size;
    return true;
  }
  /// The value that was the next one, as a view.
  void put(std::string_view value, std::byte* to) const {
    const View view = View::of(value, block_, static_cast<uint32_t>(at_ - value.size()));
    std::memcpy(to, &view, sizeof view);
  }

  Bytes page_;
  const Leaf& leaf_;
  bool checks_;
  size_t at_ = 0;
  uint32_t block_ = 0;
};

class DictionaryValues final : public ValueDecoder {
 public:
  DictionaryValues(RunDecoder indices, const Dictionary& dictionary, size_t width)
      : indices_(indices), dictionary_(dictionary), width_(width) {}
  Result<void> read(std::byte* to, size_t count) override {
    picked_.resize(count);
    HR_CHECK(indices_.read(picked_.data(), count));
    return look_up(to);
  }
  Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) override {
    picked_.resize(count);
    HR_CHECK(indices_.read(picked_.data(), count));
    for (size_t i = 0; i < numbers.size(); ++i) picked_[i] = picked_[numbers[i]];
    picked_.resize(numbers.size());
    return look_up(to);
  }

 private:
  /// The values of the indices picked.
  Result<void> look_up(std::byte* to) const {
    uint32_t greatest = 0;
    for (const uint32_t index : picked_) greatest = std::max(greatest, index);
    if (!picked_.empty() && greatest >= dictionary_.size) {
      return fail(ErrorKind::InvalidData, fmt::format("has index {} into a dictionary of {} values", greatest, dictionary_.size));
    }
    switch (width_) {
      case 4: pick<4>(to); break;
      case 8: pick<8>(to); break;
      case 16: pick<16>(to); break;
      default:
        for (size_t i = 0; i < picked_.size(); ++i) std::memcpy(to + i * width_, dictionary_.values.data() + picked_[i] * width_, width_);
    }
    return {};
  }
  template <size_t kWidth>
  void pick(std::byte* to) const {
    const std::byte* values = dictionary_.values.data();
    for (size_t i = 0; i < picked_.size(); ++i) std::memcpy(to + i * kWidth, values + size_t{picked_[i]} * kWidth, kWidth);
  }

  RunDecoder indices_;
  const Dictionary& dictionary_;
  size_t width_;
  std::vector<uint32_t> picked_;
};

class DeltaNumbers final : public WholeDecoder {
 public:
  DeltaNumbers(std::vector<int64_t> values, size_t width) : WholeDecoder(width), values_(std::move(values)), width_(width) {}
  Result<void> read(std::byte* to, size_t count) override {
    if (count > values_.size() - at_) return ended();
    for (size_t i = 0; i < count; ++i) std::memcpy(to + i * width_, &values_[at_ + i], width_);  // the low bytes
    at_ += count;
    return {};
  }

 private:
  std::vector<int64_t> values_;
  size_t width_;
  size_t at_ = 0;
};

/// Bytes whose lengths are known apart from them.
class SizedBytes final : public WholeDecoder {
 public:
  SizedBytes(std::vector<int64_t> sizes, Bytes bytes, Buffer own, size_t first, bool checks)
      : WholeDecoder(sizeof(View)), sizes_(std::move(sizes)), bytes_(bytes), own_(std::move(own)), offset_(first), checks_(checks) {}
  void set_block(uint32_t block) override { block_ = block; }
  Buffer own_block() const override { return own_; }
  Result<void> read(std::byte* to, size_t count) override {
    if (count > sizes_.size() - at_) return ended();
    for (size_t i = 0; i < count; ++i, ++at_) {
      const auto size = static_cast<uint64_t>(sizes_[at_]);
      if (sizes_[at_] < 0 || size > bytes_.size() - offset_) return ended();
      const std::string_view value = characters(bytes_.subspan(offset_, size));
      if (checks_) HR_CHECK(check_text(value));
      const View view = View::of(value, block_, static_cast<uint32_t>(offset_));
      std::memcpy(to + i * sizeof(View), &view, sizeof view);
      offset_ += size;
    }
    return {};
  }

 private:
  std::vector<int64_t> sizes_;
  Bytes bytes_;  // of the page, or of own_
  Buffer own_;
  size_t offset_;
  bool checks_;
  size_t at_ = 0;
  uint32_t block_ = 0;
};

/// What BYTE_STREAM_SPLIT takes apart, put together: first bytes of all values stand first in it, then their second ones.
Result<Buffer> joined(Bytes page, size_t width) {
  const size_t values = page.size() / width;
  HR_TRY(Buffer out, Buffer::from_pool(values * width));
  for (size_t byte = 0; byte < width; ++byte) {
    const std::byte* from = page.data() + byte * values;
    for (size_t i = 0; i < values; ++i) out.data()[i * width + byte] = from[i];
  }
  return out;
}

/// Numbers in memory of their own.
class OwnedNumbers final : public ValueDecoder {
 public:
  OwnedNumbers(Buffer own, size_t width) : own_(std::move(own)), numbers_(own_.bytes(), width) {}
  Result<void> read(std::byte* to, size_t count) override { return numbers_.read(to, count); }
  Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) override {
    return numbers_.read_some(to, count, numbers);
  }

 private:
  Buffer own_;
  PlainNumbers numbers_;
};

Result<std::unique_ptr<ValueDecoder>> plain(const Leaf& leaf, Bytes page) {
  if (leaf.physical == Physical::Boolean) return std::make_unique<PlainBits>(page);
  if (is_bytes(leaf.physical)) return std::make_unique<PlainBytes>(page, leaf);
  return std::make_unique<PlainNumbers>(page, decoded_bytes(leaf.physical));
}

Result<std::unique_ptr<ValueDecoder>> by_dictionary(const Leaf& leaf, Bytes page, const Dictionary* dictionary) {
  if (dictionary == nullptr) return fail(ErrorKind::InvalidData, "has indices and no dictionary");
  if (page.empty()) return std::make_unique<DictionaryValues>(RunDecoder(page, 0), *dictionary, decoded_bytes(leaf.physical));
  const auto bits = std::to_integer<unsigned>(page[0]);
  if (bits > 32) return fail(ErrorKind::InvalidData, fmt::format("has indices of {} bits", bits));
  return std::make_unique<DictionaryValues>(RunDecoder(page.subspan(1), bits), *dictionary, decoded_bytes(leaf.physical));
}

/// Runs of booleans, behind their length.
Result<std::unique_ptr<ValueDecoder>> runs(Bytes page) {
  uint32_t size = 0;
  if (page.size() < 4) return ended();
  std::memcpy(&size, page.data(), 4);
  if (size > page.size() - 4) return ended();
  return std::make_unique<RunBits>(page.subspan(4, size));
}

Result<std::unique_ptr<ValueDecoder>> delta_lengths(const Leaf& leaf, Bytes page, size_t values) {
  Bytes rest = page;
  HR_TRY(auto sizes, read_deltas(rest, values));
  return std::make_unique<SizedBytes>(std::move(sizes), page, Buffer{}, page.size() - rest.size(), is_text(leaf));
}

/// Each value is the beginning of the one before it and some bytes more.
Result<std::unique_ptr<ValueDecoder>> delta_bytes(const Leaf& leaf, Bytes page, size_t values) {
  Bytes rest = page;
  HR_TRY(const auto shared, read_deltas(rest, values));
  HR_TRY(auto sizes, read_deltas(rest, values));
  if (shared.size() != sizes.size()) return fail(ErrorKind::InvalidData, "has beginnings and ends of values in different numbers");
  uint64_t total = 0;
  int64_t last = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (shared[i] < 0 || shared[i] > last || sizes[i] < 0 || static_cast<uint64_t>(sizes[i]) > page.size()) return ended();
    last = shared[i] + sizes[i];
    total += static_cast<uint64_t>(last);
    if (total > View::kLongest)
      return fail(ErrorKind::OutOfRange, "has a page whose strings share beginnings and have 2 GiB when written out");
  }
  HR_TRY(Buffer own, Buffer::from_pool(total));
  std::byte* to = own.data();
  const std::byte* before = to;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const auto begin = static_cast<size_t>(shared[i]), more = static_cast<size_t>(sizes[i]);
    if (more > rest.size()) return ended();
    if (begin > 0) std::memcpy(to, before, begin);
    if (more > 0) std::memcpy(to + begin, rest.data(), more);
    rest = rest.subspan(more);
    before = to;
    to += begin + more;
    sizes[i] += shared[i];
  }
  const Bytes bytes = own.bytes();
  return std::make_unique<SizedBytes>(std::move(sizes), bytes, std::move(own), 0, is_text(leaf));
}

}  // namespace

size_t decoded_bytes(Physical physical) {
  switch (physical) {
    case Physical::Boolean: return 1;
    case Physical::Int32:
    case Physical::Float: return 4;
    case Physical::Int64:
    case Physical::Double: return 8;
    case Physical::Int96: return 12;
    case Physical::ByteArray:
    case Physical::FixedByteArray: return sizeof(View);
  }
  std::unreachable();
}

Result<std::unique_ptr<ValueDecoder>> make_decoder(const Leaf& leaf, Encoding encoding, Bytes page, size_t values,
                                                   const Dictionary* dictionary) {
  const Physical physical = leaf.physical;
  const bool is_whole = physical == Physical::Int32 || physical == Physical::Int64;
  switch (encoding) {
    case Encoding::Plain: return plain(leaf, page);
    case Encoding::PlainDictionary:
    case Encoding::RunLengthDictionary: return by_dictionary(leaf, page, dictionary);
    case Encoding::RunLength:
      if (physical == Physical::Boolean) return runs(page);
      break;
    case Encoding::DeltaBinaryPacked:
      if (is_whole) {
        HR_TRY(auto numbers, read_deltas(page, values));
        return std::make_unique<DeltaNumbers>(std::move(numbers), decoded_bytes(physical));
      }
      break;
    case Encoding::DeltaLengthByteArray:
      if (physical == Physical::ByteArray) return delta_lengths(leaf, page, values);
      break;
    case Encoding::DeltaByteArray:
      if (is_bytes(physical)) return delta_bytes(leaf, page, values);
      break;
    case Encoding::ByteStreamSplit:
      if (physical == Physical::FixedByteArray && leaf.fixed_bytes > 0) {
        const auto width = static_cast<size_t>(leaf.fixed_bytes);
        HR_TRY(Buffer own, joined(page, width));
        std::vector<int64_t> sizes(page.size() / width, leaf.fixed_bytes);
        const Bytes bytes = own.bytes();
        return std::make_unique<SizedBytes>(std::move(sizes), bytes, std::move(own), 0, false);
      }
      if (is_whole || physical == Physical::Float || physical == Physical::Double) {
        HR_TRY(Buffer own, joined(page, decoded_bytes(physical)));
        return std::make_unique<OwnedNumbers>(std::move(own), decoded_bytes(physical));
      }
      break;
    case Encoding::BitPacked: break;
  }
  return fail(ErrorKind::Unsupported,
              fmt::format("has values in encoding {}, which does not go with its type or is not known here", name(encoding)));
}

}  // namespace headrace::frame::parquet
