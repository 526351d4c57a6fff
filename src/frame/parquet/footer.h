#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "frame/data_frame.h"
#include "frame/parquet/leaf.h"
#include "frame/parquet/metadata.h"

namespace headrace::frame::parquet {

/// What a file's footer says.
struct Footer {
  FileMetadata metadata;
  LeafSchema columns;
  Schema schema;  ///< of the columns that can be read
};

/// What tells that a path is the file that it was before.
struct FileIdentity {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  int64_t modified = 0, changed = 0;  ///< nanoseconds

  static std::optional<FileIdentity> of(const std::filesystem::path& path);
  bool operator==(const FileIdentity&) const = default;
};

/// The footer of a file that was just opened; `before`: what its path was before that. Short footers of files that have not changed for a
/// while are remembered, of the last few dozen files. InvalidData or Unsupported names the file and what is wrong.
Result<std::shared_ptr<const Footer>> footer_of(const File& file, const std::optional<FileIdentity>& before,
                                                const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame::parquet
