#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/components/models/token_table.h"

namespace headrace::text {

/// The files that a model is saved to: "folder/name", or "folder/prefix-name".
class ModelFiles {
 public:
  ModelFiles(std::string folder, std::optional<std::string> prefix) : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  /// Io or NotFound in the operating system's words, as the reference gives them.
  Result<void> write(std::string_view name, std::string_view content);
  std::vector<std::string> paths() && { return std::move(paths_); }
  const std::vector<std::string>& paths() const& { return paths_; }

 private:
  std::string folder_;
  std::optional<std::string> prefix_;
  std::vector<std::string> paths_;
};

/// {"spelling":id,…} in order of id.
std::string vocabulary_json(const TokenTable& vocabulary);

}  // namespace headrace::text
