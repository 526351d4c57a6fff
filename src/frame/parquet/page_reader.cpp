#include "frame/parquet/page_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "frame/parquet/codec.h"

namespace headrace::frame::parquet {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kWindow = uint64_t{1} << 20;
/// The sizes in old files forget a dictionary's header.
constexpr uint64_t kForgotten = 256;
constexpr uint64_t kFooter = 8;

std::unexpected<Error> broken(std::string what) { return fail(ErrorKind::InvalidData, std::move(what)); }

/// Levels of a first-generation page, behind their length.
Result<Bytes> take_levels(Bytes& rest, int greatest, Encoding encoding) {
  if (greatest == 0) return Bytes{};
  if (encoding != Encoding::RunLength) {
    return fail(ErrorKind::Unsupported,
                fmt::format("has levels in encoding {}, which no writer of the last ten years uses", name(encoding)));
  }
  uint32_t size = 0;
  if (rest.size() < 4) return broken("has a page too short for its levels");
  std::memcpy(&size, rest.data(), 4);
  if (size > rest.size() - 4) return broken(fmt::format("has {} bytes of levels in a page of {}", size, rest.size()));
  const Bytes levels = rest.subspan(4, size);
  rest = rest.subspan(4 + size);
  return levels;
}

}  // namespace

PageReader::PageReader(const File& file, const ColumnChunk& chunk, bool keeps_pages, std::shared_ptr<MemoryBudget> budget)
    : file_(file), chunk_(chunk), keeps_pages_(keeps_pages), budget_(std::move(budget)), at_(static_cast<uint64_t>(chunk.first_page)) {
  const uint64_t most = file.size_bytes() < kFooter ? 0 : file.size_bytes() - kFooter;
  end_ = std::min(most, at_ + static_cast<uint64_t>(std::max<int64_t>(chunk.compressed_bytes, 0)) + kForgotten);
}

Result<Bytes> PageReader::window(uint64_t size) {
  if (at_ > end_ || size > end_ - at_) return broken(fmt::format("ends at byte {} of the file, within a page", end_));
  if (at_ < buffer_begin_ || at_ + size > buffer_end_) {
    const uint64_t wanted = std::min(end_ - at_, std::max(size, kWindow));
    if (buffer_.size() < wanted) {
      HR_TRY(buffer_, Buffer::from_pool(wanted, budget_, Buffer::Contents::Anything));
    }
    HR_CHECK(file_.read_at(at_, buffer_.bytes().first(wanted)));
    buffer_begin_ = at_;
    buffer_end_ = at_ + wanted;
  }
  return Bytes(buffer_.data() + (at_ - buffer_begin_), size);
}

Result<PageHeader> PageReader::read_header() {
  // Headers are short, unless they hold long statistics.
  for (uint64_t size = 256;; size *= 8) {
    const uint64_t left = at_ < end_ ? end_ - at_ : 0;
    HR_TRY(const Bytes bytes, window(std::min(size, left)));
    size_t taken = 0;
    if (const auto header = parse_page_header(bytes, taken)) {
      at_ += taken;
      return *header;
    }
    if (size >= left) return broken(fmt::format("has a broken page header at byte {} of the file", at_));
  }
}

/// PERF: memory that a page before had is in the cache and was cleared by the kernel already.
Result<Buffer> PageReader::memory_for_page(size_t bytes) {
  if (keeps_pages_) return Buffer::from_pool(bytes, budget_, Buffer::Contents::Anything);
  if (page_.empty() || page_.size() < bytes) {
    page_ = {};
    // zlib wants a place even for nothing.
    HR_TRY(page_, Buffer::from_pool(std::max<size_t>(bytes, 1), budget_, Buffer::Contents::Anything));
  }
  return page_;
}

Result<size_t> PageReader::skip(size_t most) {
  const uint64_t begin = at_;
  HR_TRY(const PageHeader header, read_header());
  const bool is_data = header.kind == PageHeader::Kind::Data || header.kind == PageHeader::Kind::DataV2;
  const bool fits = header.values > 0 && static_cast<size_t>(header.values) <= most && header.compressed_bytes >= 0;
  if (!is_data || !fits || static_cast<uint64_t>(header.compressed_bytes) > end_ - at_) {
    at_ = begin;
    return 0;
  }
  at_ += static_cast<uint64_t>(header.compressed_bytes);
  return static_cast<size_t>(header.values);
}

Result<Page> PageReader::next(int greatest_repetition, int greatest_definition) {
  using enum PageHeader::Kind;
  for (;;) {
    Page page;
    HR_TRY(page.header, read_header());
    const PageHeader& header = page.header;
    if (header.bytes < 0 || header.compressed_bytes < 0 || header.values < 0) {
      return broken(fmt::format("has a page of {} bytes and {} values before byte {} of the file", header.bytes, header.values, at_));
    }
    HR_TRY(Bytes body, window(static_cast<uint64_t>(header.compressed_bytes)));
    at_ += body.size();
    const bool is_known = header.kind == Data || header.kind == DataV2 || header.kind == Dictionary;
    if (!is_known) continue;
    if (header.checksum && *header.checksum != crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))) {
      return broken(fmt::format("has a page before byte {} of the file whose checksum is wrong", at_));
    }
    uint64_t in_front = 0;
    if (header.kind == DataV2) {
      if (header.repetition_bytes < 0 || header.definition_bytes < 0) return broken("has levels of fewer than no bytes");
      in_front = uint64_t{static_cast<uint32_t>(header.repetition_bytes)} + static_cast<uint32_t>(header.definition_bytes);
      if (in_front > body.size() || in_front > static_cast<uint64_t>(header.bytes)) return broken("has more levels than bytes in a page");
    }
    const auto size = static_cast<size_t>(header.bytes);
    HR_TRY(page.bytes, memory_for_page(size));
    const auto unpacked = page.bytes.bytes().first(size);
    if (in_front > 0) std::memcpy(unpacked.data(), body.data(), in_front);
    const Codec codec = header.kind == DataV2 && !header.is_compressed ? Codec::None : chunk_.codec;
    const auto values = unpacked.subspan(in_front);
    // A page of nulls alone may have nothing to unpack.
    if (!(values.empty() && body.size() == in_front)) HR_CHECK(decompress(codec, body.subspan(in_front), values));
    if (header.kind == DataV2) {
      page.repetition_levels = unpacked.first(static_cast<size_t>(header.repetition_bytes));
      page.definition_levels = unpacked.subspan(static_cast<size_t>(header.repetition_bytes), static_cast<size_t>(header.definition_bytes));
      page.values = values;
    } else {
      Bytes rest = unpacked;
      if (header.kind == Data) {
        HR_TRY(page.repetition_levels, take_levels(rest, greatest_repetition, header.repetition_encoding));
        HR_TRY(page.definition_levels, take_levels(rest, greatest_definition, header.definition_encoding));
      }
      page.values = rest;
    }
    return page;
  }
}

}  // namespace headrace::frame::parquet
