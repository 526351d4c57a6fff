#include "model/catalog/pip_download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/file.h"

extern char** environ;

namespace headrace::model {
namespace {

using Command = std::vector<std::string>;

/// What became of a child process that ended by itself.
struct Ended {
  int exit_code = 0;  ///< 128 + n for signal n
};

/// This process's environment with pip's settings laid over it.
std::vector<std::string> child_environment(const std::filesystem::path& into) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with("TMPDIR=") && !text.starts_with("LC_ALL=")) variables.emplace_back(text);
  }
  // pip streams a wheel into its temporary folder first: below `into`, so that it is seen and swept.
  variables.push_back("TMPDIR=" + into.string());
  variables.push_back("LC_ALL=C.UTF-8");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

/// A child in a process group of its own, which is ended with everything it started
/// if it still runs when this goes out of scope.
class Child {
 public:
  static Result<Child> start(Command command, const std::filesystem::path& into, const std::filesystem::path& log) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    auto environment = child_environment(into);
    Child child;
    const int code = ::posix_spawnp(&child.pid_, command[0].c_str(), &actions, &attributes, pointers(command).data(),
                                    pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
      child.pid_ = -1;
      return fail(ErrorKind::NotFound, fmt::format("cannot start {}: {}", command[0], std::strerror(code)));
    }
    return child;
  }

  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Result<Ended> wait(const PipDownload& download, const std::function<void()>& tick) {
    for (;;) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      if (got < 0 && errno != EINTR) {
        pid_ = -1;  // somebody else in this process has waited for it (SIGCHLD ignored)
        return Ended{0};
      }
      if (got == pid_) {
        pid_ = -1;
        return Ended{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
      }
      if (download.cancelled && download.cancelled()) return fail(ErrorKind::Cancelled, "the download was cancelled");
      if (tick) tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

 private:
  Child() = default;
  pid_t pid_ = -1;
};

uint64_t bytes_below(const std::filesystem::path& folder) {
  uint64_t total = 0;
  std::error_code code;
  auto entry = std::filesystem::recursive_directory_iterator(folder, code);
  while (!code && entry != std::filesystem::recursive_directory_iterator()) {
    std::error_code vanished;
    if (entry->is_regular_file(vanished) && !vanished) {
      const auto size = entry->file_size(vanished);
      if (!vanished) total += size;
    }
    entry.increment(code);
  }
  return total;
}

/// The first command on PATH that runs pip.
Result<Command> find_pip(const PipDownload& download, const std::filesystem::path& log) {
  std::vector<Command> candidates;
  if (!download.python.empty()) candidates.push_back(download.python);
  candidates.push_back({"python3"});
  candidates.push_back({"python"});
  for (auto& candidate : candidates) {
    candidate.insert(candidate.end(), {"-m", "pip"});
    Command probe = candidate;
    probe.push_back("--version");
    auto child = Child::start(probe, download.into, log);
    if (!child) continue;
    HR_TRY(const auto ended, child->wait(download, {}));
    if (ended.exit_code == 0) return candidate;
  }
  return fail(ErrorKind::NotFound, "no Python with pip was found on PATH");
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> needles) {
  for (const auto needle : needles) {
    if (text.find(needle) != std::string_view::npos) return true;
  }
  return false;
}

std::string last_error_line(std::string_view output) {
  std::string found = "pip printed nothing";
  while (!output.empty()) {
    const size_t end = std::min(output.find('\n'), output.size());
    const std::string_view line = output.substr(0, end);
    if (line.starts_with("ERROR:") || line.find("Error:") != std::string_view::npos) found = std::string(line);
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  return found.substr(0, 400);
}

/// One sentence about why pip failed.
Error explain(std::string_view output) {
  if (contains_any(output, {"No space left on device", "Disk quota exceeded"})) {
    return {ErrorKind::Io, "the disk is full; free some space, or set HEADRACE_HOME to a folder on another disk"};
  }
  if (contains_any(output, {"Failed to establish a new connection", "Name or service not known", "NameResolutionError",
                            "Temporary failure in name resolution", "Network is unreachable", "ConnectTimeout",
                            "Connection refused", "Cannot connect to proxy", "Read timed out", "Connection reset"})) {
    return {ErrorKind::Io, "the package registry cannot be reached; check the network, or pip's proxy and index settings"};
  }
  // pip's last words are then that there is no such package.
  if (contains_any(output, {"CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError"})) {
    return {ErrorKind::Io,
            "the package registry's certificate is not trusted here; add its authority to the system's certificates, or name "
            "a file of them in PIP_CERT"};
  }
  return {ErrorKind::Io, fmt::format("pip failed ({})", last_error_line(output))};
}

}  // namespace

Result<void> pip_download(const PipDownload& download) {
  const auto log = download.into / "pip.log";
  HR_TRY(Command command, find_pip(download, log));
  command.insert(command.end(), {"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
                                 "--disable-pip-version-check", "--progress-bar=off", "--retries=2", "-d",
                                 download.into.string()});
  command.insert(command.end(), download.requirements.begin(), download.requirements.end());
  HR_TRY(auto child, Child::start(command, download.into, log));
  int ticks = 0;
  const auto tick = [&] {
    if (download.progress && ticks++ % 4 == 0) download.progress(bytes_below(download.into));
  };
  HR_TRY(const auto ended, child.wait(download, tick));
  if (ended.exit_code == 0) return {};
  return std::unexpected(explain(read_file(log, 16 << 20).value_or("")));
}

}  // namespace headrace::model
