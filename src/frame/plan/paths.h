#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"

namespace headrace::frame {

/// The files that a path means: itself, or those below a folder that end with `extension`, or those that fit a pattern with * ? [] and **
/// (folders of any depth); by name, without folders. NotFound if there are none.
Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& source, std::string_view extension);

}  // namespace headrace::frame
