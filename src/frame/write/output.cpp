#include "frame/write/output.h"

#include <fcntl.h>
#include <fmt/format.h>
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

Result<Output> Output::open(const WriteTarget& target) {
  // Two writers of one file have a temporary one each; the last to end has the name.
  static std::atomic<uint64_t> count{0};
  Output output(target);
  const auto* path = std::get_if<std::filesystem::path>(&target);
  if (path == nullptr) return output;
  output.temporary_ = *path;
  output.temporary_ += fmt::format(".{}.{}.part", ::getpid(), count.fetch_add(1));
  output.descriptor_ = ::open(output.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (output.descriptor_ < 0) return std::unexpected(output.error(errno));
  return output;
}

Output::Output(Output&& other) noexcept
    : target_(std::move(other.target_)), temporary_(std::move(other.temporary_)), descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

Output::~Output() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
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
  int code = ::close(std::exchange(descriptor_, -1)) != 0 ? errno : 0;
  if (code == 0 && ::rename(temporary_.c_str(), path->c_str()) != 0) code = errno;
  if (code == 0) return {};
  ::unlink(temporary_.c_str());
  return std::unexpected(error(code));
}

}  // namespace headrace::frame
