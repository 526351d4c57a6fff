#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// The content of a tokenizer's file, read into memory: at most 4 GiB.
class TextFile {
 public:
  static Result<TextFile> read(const std::filesystem::path& path);
  std::string_view text() const { return {bytes_.data(), bytes_.size()}; }

 private:
  TableArray<char> bytes_;
};

}  // namespace headrace::text
