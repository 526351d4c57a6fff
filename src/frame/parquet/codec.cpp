#include "frame/parquet/codec.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>

namespace headrace::frame::parquet {
namespace {

const char* chars(std::span<const std::byte> bytes) { return reinterpret_cast<const char*>(bytes.data()); }
char* chars(std::span<std::byte> bytes) { return reinterpret_cast<char*>(bytes.data()); }

bool snappy_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  size_t size = 0;
  return snappy::GetUncompressedLength(chars(bytes), bytes.size(), &size) && size == into.size() &&
         snappy::RawUncompress(chars(bytes), bytes.size(), chars(into));
}

/// Gzip files, one after the other, or zlib's own frame.
bool gzip_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  z_stream stream{};
  constexpr int kGzipOrZlib = 15 + 32;
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return false;
  // zlib's interface is not const and does not write.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(into.size());
  int status = Z_OK;
  while (status == Z_OK) {
    status = inflate(&stream, Z_FINISH);
    if (status == Z_STREAM_END && stream.avail_in > 0 && stream.avail_out > 0) status = inflateReset(&stream);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && stream.avail_out == 0;
}

bool brotli_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  size_t size = into.size();
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  return BrotliDecoderDecompress(bytes.size(), from, &size, reinterpret_cast<uint8_t*>(into.data())) == BROTLI_DECODER_RESULT_SUCCESS &&
         size == into.size();
}

bool zstd_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  const size_t size = ZSTD_decompress(into.data(), into.size(), bytes.data(), bytes.size());
  return !ZSTD_isError(size) && size == into.size();
}

bool lz4_block_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  const int size = LZ4_decompress_safe(chars(bytes), chars(into), static_cast<int>(bytes.size()), static_cast<int>(into.size()));
  return size >= 0 && static_cast<size_t>(size) == into.size();
}

uint32_t big_endian(const std::byte* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, 4);
  return __builtin_bswap32(value);
}

/// Hadoop's framing: sizes before and after in front of every block.
bool lz4_frames_fill(std::span<const std::byte> bytes, std::span<std::byte> into) {
  while (!into.empty()) {
    if (bytes.size() < 8) return false;
    const uint32_t size = big_endian(bytes.data()), compressed = big_endian(bytes.data() + 4);
    if (size > into.size() || compressed > bytes.size() - 8) return false;
    if (!lz4_block_fills(bytes.subspan(8, compressed), into.first(size))) return false;
    bytes = bytes.subspan(8 + compressed);
    into = into.subspan(size);
  }
  return bytes.empty();
}

/// Files say LZ4 of both framings: one fits, or none.
bool lz4_fills(std::span<const std::byte> bytes, std::span<std::byte> into) {
  return lz4_frames_fill(bytes, into) || lz4_block_fills(bytes, into);
}

Result<bool> fills(Codec codec, std::span<const std::byte> bytes, std::span<std::byte> into) {
  switch (codec) {
    case Codec::None:
      if (bytes.size() == into.size() && !into.empty()) std::memcpy(into.data(), bytes.data(), bytes.size());
      return bytes.size() == into.size();
    case Codec::Snappy: return snappy_fills(bytes, into);
    case Codec::Gzip: return gzip_fills(bytes, into);
    case Codec::Brotli: return brotli_fills(bytes, into);
    case Codec::Lz4: return lz4_fills(bytes, into);
    case Codec::Zstd: return zstd_fills(bytes, into);
    case Codec::Lz4Raw: return lz4_block_fills(bytes, into);
    case Codec::Lzo: break;
  }
  return fail(ErrorKind::Unsupported,
              fmt::format("is compressed by {}, for which there is no library here; write it with another codec", name(codec)));
}

}  // namespace

Result<void> decompress(Codec codec, std::span<const std::byte> bytes, std::span<std::byte> into) {
  HR_TRY(const bool filled, fills(codec, bytes, into));
  if (filled) return {};
  return fail(ErrorKind::InvalidData, fmt::format("has {} bytes that {} does not unpack to {}", bytes.size(), name(codec), into.size()));
}

}  // namespace headrace::frame::parquet
