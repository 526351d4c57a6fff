#include "frame/parquet/footer.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <list>
#include <mutex>
#include <utility>

namespace headrace::frame::parquet {
namespace {

constexpr size_t kMagic = 4;
/// The greatest footer that is read: far above any that is written.
constexpr uint64_t kGreatestFooter = uint64_t{1} << 30;

std::unexpected<Error> wrong(ErrorKind kind, const std::filesystem::path& path, std::string_view what) {
  return fail(kind, fmt::format("{}: {}.", path.string(), what), path.string());
}

Result<Buffer> read_bytes(const File& file, const std::shared_ptr<MemoryBudget>& budget) {
  const auto& path = file.path();
  if (file.size_bytes() < 3 * kMagic) {
    return wrong(ErrorKind::InvalidData, path, fmt::format("it is no Parquet file: it has {} bytes", file.size_bytes()));
  }
  std::array<std::byte, 8> end;
  HR_CHECK(file.read_at(file.size_bytes() - end.size(), end));
  const std::string_view magic(reinterpret_cast<const char*>(end.data()) + 4, kMagic);
  if (magic == "PARE") return wrong(ErrorKind::Unsupported, path, "its footer is encrypted; decrypt the file first");
  if (magic != "PAR1") return wrong(ErrorKind::InvalidData, path, "it is no Parquet file, or was cut off: it does not end with PAR1");
  uint32_t size = 0;
  std::memcpy(&size, end.data(), 4);
  if (size > file.size_bytes() - 3 * kMagic || size > kGreatestFooter) {
    return wrong(ErrorKind::InvalidData, path,
                 fmt::format("it says that its footer has {} bytes, and has {} itself", size, file.size_bytes()));
  }
  HR_TRY(Buffer footer, Buffer::from_pool(size, budget));
  HR_CHECK(file.read_at(file.size_bytes() - end.size() - size, footer.bytes()));
  return footer;
}

Result<std::shared_ptr<const Footer>> read_footer(const File& file, const std::shared_ptr<MemoryBudget>& budget, size_t& bytes) {
  const auto& path = file.path();
  HR_TRY(const Buffer read, read_bytes(file, budget));
  bytes = read.size();
  const auto footer = std::make_shared<Footer>();
  auto metadata = parse_footer(read.bytes());
  if (!metadata) return wrong(metadata.error().kind, path, metadata.error().message);
  footer->metadata = *std::move(metadata);
  auto columns = leaves_of(footer->metadata);
  if (!columns) return wrong(columns.error().kind, path, columns.error().message);
  footer->columns = *std::move(columns);
  std::vector<Field> fields;
  for (const Leaf& leaf : footer->columns.leaves) fields.push_back({leaf.name, leaf.type});
  auto schema = Schema::make(std::move(fields));
  if (!schema) return wrong(schema.error().kind, path, schema.error().message);
  footer->schema = *std::move(schema);
  return footer;
}

/// Footers of the files that were opened last, the latest first. Never destroyed: queries may end after static objects do.
class Remembered {
 public:
  static Remembered& process() {
    static auto* const remembered = new Remembered();
    return *remembered;
  }

  std::shared_ptr<const Footer> find(const std::filesystem::path& path, const FileIdentity& identity) {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->path != path) continue;
      if (entry->identity != identity) {
        entries_.erase(entry);
        return nullptr;
      }
      entries_.splice(entries_.begin(), entries_, entry);
      return entry->footer;
    }
    return nullptr;
  }

  void add(const std::filesystem::path& path, const FileIdentity& identity, std::shared_ptr<const Footer> footer) {
    const std::lock_guard lock(mutex_);
    entries_.push_front({path, identity, std::move(footer)});
    if (entries_.size() > kMost) entries_.pop_back();
  }

 private:
  static constexpr size_t kMost = 64;
  struct Entry {
    std::filesystem::path path;
    FileIdentity identity;
    std::shared_ptr<const Footer> footer;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;
};

/// A file that was written a moment ago may be written again without its time changing: clocks of file systems are coarse.
bool is_settled(const FileIdentity& identity) {
  constexpr int64_t kCoarse = 50'000'000;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return nanoseconds - std::max(identity.modified, identity.changed) > kCoarse;
}

}  // namespace

std::optional<FileIdentity> FileIdentity::of(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return FileIdentity{found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim), nanoseconds(found.st_ctim)};
}

Result<std::shared_ptr<const Footer>> footer_of(const File& file, const std::optional<FileIdentity>& before,
                                                const std::shared_ptr<MemoryBudget>& budget) {
  constexpr size_t kMostBytes = size_t{256} << 10;
  const auto after = FileIdentity::of(file.path());
  const bool is_known = before && before == after && is_settled(*after);
  if (is_known) {
    if (auto footer = Remembered::process().find(file.path(), *after)) return footer;
  }
  size_t bytes = 0;
  HR_TRY(auto footer, read_footer(file, budget, bytes));
  if (is_known && bytes <= kMostBytes) Remembered::process().add(file.path(), *after, footer);
  return footer;
}

}  // namespace headrace::frame::parquet
