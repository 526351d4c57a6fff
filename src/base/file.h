#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/error.h"

namespace headrace {

/// A file open for reading at any offset. Movable; `read_at` is thread-safe.
class File {
 public:
  static Result<File> open(const std::filesystem::path& path);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }

  /// Fills `into` from `offset`. Reading past the end is an InvalidData error
  /// (also when the file shrank after it was opened).
  Result<void> read_at(uint64_t offset, std::span<std::byte> into) const;

  /// Maps the whole file read-only. A file that shrinks afterwards raises SIGBUS
  /// on access, so parsers of untrusted files use `read_at`.
  Result<Buffer> map() const;
  /// The same for reading and writing: what is written stays in this process, and only pages that are take
  /// memory of its own. All is read in at once where the system can.
  Result<Buffer> map_private() const;

 private:
  File() = default;
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_bytes_ = 0;
};

/// Reads a whole file of at most `limit_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t limit_bytes = uint64_t{1} << 30);

/// Writes a file so that readers see either the old or the new content: into a
/// temporary file beside it, which is then renamed.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace headrace
