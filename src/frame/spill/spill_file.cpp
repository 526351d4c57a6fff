#include "frame/spill/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <lz4.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace headrace::frame {
namespace {

/// So much is written before the disk is waited for.
constexpr uint64_t kDropStep = uint64_t{8} << 20;

std::string reason() { return std::strerror(errno); }

bool is_in_memory(const std::filesystem::path& folder) {
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) return false;
  return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

/// A file that nobody else can open.
int open_nameless(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
  std::string name = (folder / "headrace-spill-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

Result<std::filesystem::path> folder_of(const std::optional<std::filesystem::path>& wanted) {
  const char* setting = std::getenv("HEADRACE_SPILL_DIR");
  const bool is_set = setting != nullptr && *setting != 0;
  if (wanted || is_set) {
    std::filesystem::path folder = wanted ? *wanted : std::filesystem::path(setting);
    if (!is_in_memory(folder)) return folder;
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}: what a query spills would be in memory again there; name a folder on a disk", folder.string()),
                folder.string());
  }
  for (const char* folder : {"/var/tmp", "/tmp"}) {
    if (::access(folder, W_OK) == 0 && !is_in_memory(folder)) return std::filesystem::path(folder);
  }
  return fail(ErrorKind::NotFound,
              "the query needs more memory than it may have, and neither /var/tmp nor /tmp is on a disk where it could put the rest; "
              "name a folder in HEADRACE_SPILL_DIR");
}

}  // namespace

Result<std::shared_ptr<SpillFile>> SpillFile::create(const std::optional<std::filesystem::path>& folder, uint64_t limit_bytes) {
  HR_TRY(std::filesystem::path chosen, folder_of(folder));
  const int descriptor = open_nameless(chosen);
  if (descriptor < 0) {
    const ErrorKind kind = errno == ENOENT || errno == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Io;
    return fail(kind, fmt::format("{}: no file can be made there for what the query has no memory for: {}; name another folder in "
                                  "HEADRACE_SPILL_DIR", chosen.string(), reason()),
                chosen.string());
  }
  return std::shared_ptr<SpillFile>(new SpillFile(std::move(chosen), descriptor, limit_bytes));
}

SpillFile::~SpillFile() { ::close(descriptor_); }

Result<uint64_t> SpillFile::place_for(uint64_t bytes) {
  uint64_t end = end_.load();
  do {
    if (bytes > limit_bytes_ || end > limit_bytes_ - bytes) {
      return fail(ErrorKind::OutOfMemory,
                  fmt::format("{}: the query would spill more than {} there; raise that limit or the one of memory", folder_.string(),
                              format_bytes(limit_bytes_)));
    }
  } while (!end_.compare_exchange_weak(end, end + bytes));
  return end;
}

Result<void> SpillFile::write_at(uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return fail(ErrorKind::Io,
                  fmt::format("{}: what the query has no memory for cannot be written: {}; name another folder in HEADRACE_SPILL_DIR, or "
                              "give it more memory", folder_.string(), written == 0 ? "nothing is taken" : reason()),
                  folder_.string());
    }
    offset += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

void SpillFile::drop_from_cache() {
  uint64_t begin = 0, end = 0;
  {
    const std::lock_guard lock(mutex_);
    begin = dropped_;
    end = end_.load();
    if (end - begin < kDropStep) return;
    dropped_ = end;
  }
  const auto offset = static_cast<off_t>(begin), size = static_cast<off_t>(end - begin);
  ::sync_file_range(descriptor_, offset, size, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  ::posix_fadvise(descriptor_, offset, size, POSIX_FADV_DONTNEED);
}

Result<SpillFile::Place> SpillFile::write(std::span<const std::byte> bytes, const std::shared_ptr<MemoryBudget>& budget) {
  if (bytes.size() > LZ4_MAX_INPUT_SIZE) {
    return fail(ErrorKind::OutOfRange, fmt::format("{} at once cannot be spilled.", format_bytes(bytes.size())));
  }
  const auto size = static_cast<int>(bytes.size());
  const int bound = LZ4_compressBound(size);
  HR_TRY(const Buffer packed, Buffer::from_pool(static_cast<size_t>(bound), budget, Buffer::Contents::Anything));
  const auto* from = reinterpret_cast<const char*>(bytes.data());
  const int packed_size = LZ4_compress_default(from, packed.as<char>(), size, bound);
  // What does not become shorter is written as it is.
  const bool is_shorter = packed_size > 0 && packed_size < size;
  const std::span<const std::byte> written = is_shorter ? packed.bytes().first(static_cast<size_t>(packed_size)) : bytes;
  HR_TRY(const uint64_t offset, place_for(written.size()));
  HR_CHECK(write_at(offset, written));
  spilled_ += bytes.size();
  drop_from_cache();
  return Place{offset, written.size(), bytes.size()};
}

Result<Buffer> SpillFile::read(const Place& place, const std::shared_ptr<MemoryBudget>& budget) const {
  HR_TRY(Buffer packed, Buffer::from_pool(place.packed_bytes, budget, Buffer::Contents::Anything));
  for (uint64_t at = 0; at < place.packed_bytes;) {
    const ssize_t taken = ::pread(descriptor_, packed.data() + at, place.packed_bytes - at, static_cast<off_t>(place.offset + at));
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) {
      return fail(ErrorKind::Io,
                  fmt::format("{}: what the query spilled cannot be read again: {}", folder_.string(), taken == 0 ? "it ends" : reason()),
                  folder_.string());
    }
    at += static_cast<uint64_t>(taken);
  }
  ::posix_fadvise(descriptor_, static_cast<off_t>(place.offset), static_cast<off_t>(place.packed_bytes), POSIX_FADV_DONTNEED);
  if (place.packed_bytes == place.bytes) return packed;
  HR_TRY(Buffer bytes, Buffer::from_pool(place.bytes, budget, Buffer::Contents::Anything));
  const int size = LZ4_decompress_safe(packed.as<const char>(), bytes.as<char>(), static_cast<int>(place.packed_bytes),
                                       static_cast<int>(place.bytes));
  if (size < 0 || static_cast<uint64_t>(size) != place.bytes) {
    return fail(ErrorKind::Io, fmt::format("{}: what the query spilled came back broken", folder_.string()), folder_.string());
  }
  return bytes;
}

}  // namespace headrace::frame
