#include "text/files/text_file.h"

#include <fmt/format.h>

#include <span>

#include "base/file.h"

namespace headrace::text {

Result<TextFile> TextFile::read(const std::filesystem::path& path) {
  constexpr uint64_t kMostBytes = uint64_t{4} << 30;
  HR_TRY(const File file, File::open(path));
  if (file.size_bytes() > kMostBytes) {
    return fail(ErrorKind::OutOfRange, fmt::format("{} has {} bytes; at most {} are read here", path.string(), file.size_bytes(), kMostBytes));
  }
  TextFile read;
  read.bytes_ = TableArray<char>(file.size_bytes(), TablePages::Large);
  HR_CHECK(file.read_at(0, std::as_writable_bytes(std::span(read.bytes_.data(), read.bytes_.size()))));
  return read;
}

}  // namespace headrace::text
