#include "frame/parquet/write/compress.h"

#include <fmt/format.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

namespace headrace::frame::parquet {
namespace {

std::unexpected<Error> wrong_level(int level, std::string_view codec) {
  return fail(ErrorKind::InvalidArgument, fmt::format("compression_level={} is none of {}'s.", level, codec));
}

Result<std::string> gzipped(std::string_view bytes, int level) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return wrong_level(level, "gzip");
  std::string packed(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return packed;
}

Result<std::string> zstd_packed(std::string_view bytes, int level) {
  if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) return wrong_level(level, "zstd");
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size)) return fail(ErrorKind::Internal, fmt::format("zstd: {}.", ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

std::string snappy_packed(std::string_view bytes) {
  std::string packed;
  snappy::Compress(bytes.data(), bytes.size(), &packed);
  return packed;
}

std::string lz4_packed(std::string_view bytes) {
  std::string packed(static_cast<size_t>(LZ4_compressBound(static_cast<int>(bytes.size()))), '\0');
  const int size = LZ4_compress_default(bytes.data(), packed.data(), static_cast<int>(bytes.size()), static_cast<int>(packed.size()));
  packed.resize(static_cast<size_t>(size));
  return packed;
}

}  // namespace

Result<std::string> compress(Codec codec, std::optional<int> level, std::string_view bytes) {
  constexpr int kGzipLevel = 6, kZstdLevel = 3;
  switch (codec) {
    case Codec::None: return std::string(bytes);
    case Codec::Snappy: return snappy_packed(bytes);
    case Codec::Gzip: return gzipped(bytes, level.value_or(kGzipLevel));
    case Codec::Zstd: return zstd_packed(bytes, level.value_or(kZstdLevel));
    case Codec::Lz4Raw: return lz4_packed(bytes);
    default: return fail(ErrorKind::Unsupported, fmt::format("Parquet is not written with {} here.", name(codec)));
  }
}

}  // namespace headrace::frame::parquet
