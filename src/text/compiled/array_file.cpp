#include "text/compiled/array_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include "base/thread_pool.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text::compiled {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kMostArrays = 256;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t n_arrays;
  uint64_t file_bytes;
  uint64_t checksum;  // of the file with zeros here
};
struct Entry {
  uint64_t offset;
  uint64_t count;
  uint32_t value_bytes;
  uint32_t unused;
};
static_assert(sizeof(Header) == 32 && sizeof(Entry) == 24);

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

uint64_t word(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, 8);
  return value;
}

/// PERF: four chains of multiplications, so that what bounds it is memory.
uint64_t checksum_of_block(std::string_view bytes) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u, kSecond = 0xD6E8FEB86659FD93u;
  uint64_t lanes[4] = {kFirst ^ bytes.size(), kSecond, ~kFirst, ~kSecond};
  const auto add = [](uint64_t& lane, const char* at) { lane = fold_multiply(word(at) ^ kSecond, word(at + 8) ^ lane) + word(at); };
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left >= 64; left -= 64, p += 64) {
    for (int i = 0; i < 4; ++i) add(lanes[i], p + 16 * i);
  }
  char rest[64] = {};
  if (left > 0) std::memcpy(rest, p, left);
  for (int i = 0; i < 4; ++i) add(lanes[i], rest + 16 * i);
  return fold_multiply(lanes[0] ^ std::rotl(lanes[1], 17), lanes[2] ^ std::rotl(lanes[3], 31)) + fold_multiply(lanes[1], lanes[3] ^ kFirst);
}

uint64_t file_checksum(std::string_view file) {
  Header header;
  std::memcpy(&header, file.data(), sizeof header);
  header.checksum = 0;
  const uint64_t first = checksum({reinterpret_cast<const char*>(&header), sizeof header});
  return fold_multiply(first ^ 0x9E3779B97F4A7C15u, checksum(file.substr(sizeof header)) ^ 0xD6E8FEB86659FD93u);
}

std::unexpected<Error> broken(std::string what) {
  return fail(ErrorKind::InvalidData, "The compiled tokenizer " + std::move(what) + "; compile it again.");
}

}  // namespace

uint64_t checksum(std::string_view bytes) {
  constexpr size_t kBlock = size_t{1} << 20;
  const size_t blocks = bytes.size() / kBlock + 1;
  std::vector<uint64_t> sums(blocks);
  const auto add = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) sums[i] = checksum_of_block(bytes.substr(i * kBlock, kBlock));
  };
  if (blocks == 1) {
    add(0, 1);
  } else {
    ThreadPool::process().parallel_for(blocks, 2, add);
  }
  uint64_t sum = bytes.size();
  for (const uint64_t block : sums) sum = fold_multiply(sum ^ 0x9E3779B97F4A7C15u, block ^ 0xD6E8FEB86659FD93u) + block;
  return sum;
}


void seal(std::span<char> file) {
  const uint64_t sum = file_checksum({file.data(), file.size()});
  std::memcpy(file.data() + offsetof(Header, checksum), &sum, sizeof sum);
}

void ArrayWriter::add_bytes(const char* data, size_t count, size_t value_bytes) {
  arrays_.resize(aligned(arrays_.size()));
  places_.push_back({arrays_.size(), count, static_cast<uint32_t>(value_bytes)});
  if (count > 0) arrays_.append(data, count * value_bytes);
}

std::string ArrayWriter::finish() && {
  const size_t begin = aligned(sizeof(Header) + places_.size() * sizeof(Entry));
  std::string file(begin, '\0');
  Header header{{}, kVersion, static_cast<uint32_t>(places_.size()), begin + arrays_.size(), 0};
  std::memcpy(header.magic, kMagic.data(), kMagic.size());
  for (size_t i = 0; i < places_.size(); ++i) {
    const Entry entry{begin + places_[i].offset, places_[i].count, places_[i].value_bytes, 0};
    std::memcpy(file.data() + sizeof(Header) + i * sizeof(Entry), &entry, sizeof entry);
  }
  file += arrays_;
  std::memcpy(file.data(), &header, sizeof header);
  seal(file);
  return file;
}

Result<ArrayReader> ArrayReader::open(std::shared_ptr<const void> owner, std::span<char> data) {
  if constexpr (std::endian::native != std::endian::little) {
    return fail(ErrorKind::Unsupported, "Compiled tokenizers are read on little-endian machines only; load the tokenizer.json.");
  }
  const std::string_view file(data.data(), data.size());
  if (!looks_compiled(file)) return fail(ErrorKind::InvalidData, "The file is no compiled tokenizer.");
  Header header;
  if (file.size() < sizeof header) return broken(fmt::format("ends after {} bytes, within its header", file.size()));
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != kVersion) {
    return fail(ErrorKind::Unsupported,
                fmt::format("The compiled tokenizer has version {} of the format, and version {} is read here; compile it again.", header.version,
                            kVersion));
  }
  if (header.file_bytes != file.size()) return broken(fmt::format("has {} bytes where {} were written", file.size(), header.file_bytes));
  if (header.n_arrays > kMostArrays || sizeof header + header.n_arrays * sizeof(Entry) > file.size()) {
    return broken(fmt::format("says that it has {} arrays", header.n_arrays));
  }
  if (header.checksum != file_checksum(file)) return broken("is damaged: its checksum is another");
  return ArrayReader(std::move(owner), data, header.n_arrays);
}

Result<std::span<char>> ArrayReader::next(size_t value_bytes) {
  if (taken_ == count_) return broken(fmt::format("has only {} arrays", count_));
  Entry entry;
  std::memcpy(&entry, data_.data() + sizeof(Header) + taken_ * sizeof(Entry), sizeof entry);
  const bool fits = entry.value_bytes == value_bytes && entry.offset % kAlignment == 0 && entry.offset <= data_.size() &&
                    entry.count <= (data_.size() - entry.offset) / value_bytes;
  if (!fits) return broken(fmt::format("has an array (number {}) that is not where and what it should be", taken_));
  ++taken_;
  return data_.subspan(entry.offset, entry.count * value_bytes);
}

}  // namespace headrace::text::compiled
