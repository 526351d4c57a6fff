#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace headrace {
namespace {

Error io_error(const char* what, const std::filesystem::path& path, int code) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Io;
  return Error{kind, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code))};
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(io_error("open", path, errno));
  File file;
  file.path_ = path;
  file.descriptor_ = descriptor;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return std::unexpected(io_error("examine", path, errno));
  if (S_ISDIR(status.st_mode)) return std::unexpected(io_error("read", path, EISDIR));
  file.size_bytes_ = static_cast<uint64_t>(status.st_size);
  return file;
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(other.size_bytes_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> File::read_at(uint64_t offset, std::span<std::byte> into) const {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(io_error("read", path_, errno));
    if (got == 0) {
      return fail(ErrorKind::InvalidData,
                  fmt::format("{} ends at byte {} but byte {} is needed; the file is truncated", path_.string(),
                              offset + done, offset + into.size()));
    }
    done += static_cast<size_t>(got);
  }
  return {};
}

Result<Buffer> File::map() const {
  if (size_bytes_ == 0) return Buffer();
  void* base = ::mmap(nullptr, size_bytes_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (base == MAP_FAILED) return std::unexpected(io_error("map", path_, errno));
  const size_t length = size_bytes_;
  return Buffer::foreign(static_cast<std::byte*>(base), length, [base, length] { ::munmap(base, length); });
}

Result<Buffer> File::map_private() const {
  if (size_bytes_ == 0) return Buffer();
  void* base = ::mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor_, 0);
  if (base == MAP_FAILED) return std::unexpected(io_error("map", path_, errno));
#ifdef MADV_POPULATE_READ
  ::madvise(base, size_bytes_, MADV_POPULATE_READ);
#endif
  const size_t length = size_bytes_;
  return Buffer::foreign(static_cast<std::byte*>(base), length, [base, length] { ::munmap(base, length); });
}

Result<std::string> read_file(const std::filesystem::path& path, uint64_t limit_bytes) {
  HR_TRY(auto file, File::open(path));
  if (file.size_bytes() > limit_bytes) {
    return fail(ErrorKind::OutOfRange, fmt::format("{} has {} bytes; at most {} are read here", path.string(),
                                                   file.size_bytes(), limit_bytes));
  }
  std::string content;
  Result<void> read;
  // Not filled with zeros first. The lambda's own size is not used: GCC 12 passes the capacity.
  content.resize_and_overwrite(file.size_bytes(), [&](char* data, size_t) {
    read = file.read_at(0, std::as_writable_bytes(std::span(data, file.size_bytes())));
    return file.size_bytes();
  });
  HR_CHECK(std::move(read));
  return content;
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.part", ::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return std::unexpected(io_error("create", temporary, errno));
  int code = 0;
  while (!content.empty() && code == 0) {
    const ssize_t wrote = ::write(descriptor, content.data(), content.size());
    if (wrote < 0) {
      code = errno == EINTR ? 0 : errno;
    } else {
      content.remove_prefix(static_cast<size_t>(wrote));
    }
  }
  if (::close(descriptor) != 0 && code == 0) code = errno;
  if (code == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) code = errno;
  if (code != 0) {
    ::unlink(temporary.c_str());
    return std::unexpected(io_error("write", path, code));
  }
  return {};
}

}  // namespace headrace
