#include "frame/write/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace headrace::frame {

Error Output::error(int code) const {
  const std::string path = std::get<std::filesystem::path>(target_).string();
  return {ErrorKind::Io, fmt::format("{} cannot be written: {}.", path, std::generic_category().message(code)), path};
}

namespace {

/// In the target's folder; two writers of one file have one each, and the last to end has the target's name.
std::filesystem::path temporary_name(const std::filesystem::path& target) {
  static std::atomic<uint64_t> count{0};
  std::filesystem::path name = target;
  name += fmt::format(".{}.{}.part", ::getpid(), count.fetch_add(1));
  return name;
}

/// A file without a name in the target's folder, which is gone with the process if it dies; -1 where there can be none.
int open_nameless(const std::filesystem::path& target) {
  if (::access("/proc/self/fd", X_OK) != 0) return -1;  // it gets its name by that
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  return ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
}

}  // namespace

Result<Output> Output::open(const WriteTarget& target) {
  Output output(target);
  const auto* path = std::get_if<std::filesystem::path>(&target);
  if (path == nullptr) return output;
  struct stat info{};
  if (::stat(path->c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {  // a pipe, a device: nothing to be replaced
    output.kind_ = Kind::AsItIs;
    output.descriptor_ = ::open(path->c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    output.kind_ = Kind::Nameless;
    output.descriptor_ = open_nameless(*path);
    if (output.descriptor_ < 0) {
      output.kind_ = Kind::Temporary;
      output.temporary_ = temporary_name(*path);
      output.descriptor_ = ::open(output.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    }
  }
  if (output.descriptor_ < 0) return std::unexpected(output.error(errno));
  return output;
}

Output::Output(Output&& other) noexcept
    : target_(std::move(other.target_)), temporary_(std::move(other.temporary_)), descriptor_(std::exchange(other.descriptor_, -1)),
      kind_(other.kind_), size_(other.size_) {}

Output::~Output() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (kind_ == Kind::Temporary) ::unlink(temporary_.c_str());
}

Result<void> Output::write(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  if (const auto* call = std::get_if<1>(&target_)) return bytes.empty() ? Result<void>() : (*call)(bytes);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(descriptor_, bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) return std::unexpected(error(errno));
    if (wrote > 0) bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return {};
}

Result<void> Output::finish() {
  const auto* path = std::get_if<std::filesystem::path>(&target_);
  if (path == nullptr) return {};
  int code = 0;
  if (kind_ == Kind::Nameless) {
    temporary_ = temporary_name(*path);
    const std::string link = fmt::format("/proc/self/fd/{}", descriptor_);
    if (::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) return std::unexpected(error(errno));
    kind_ = Kind::Temporary;
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) code = errno;
  if (kind_ == Kind::AsItIs) return code == 0 ? Result<void>() : std::unexpected(error(code));
  if (code == 0 && ::rename(temporary_.c_str(), path->c_str()) != 0) code = errno;
  if (code == 0) return {};
  ::unlink(temporary_.c_str());
  return std::unexpected(error(code));
}

}  // namespace headrace::frame
