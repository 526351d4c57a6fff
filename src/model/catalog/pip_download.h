#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace headrace::model {

struct PipDownload {
  std::vector<std::string> python;          ///< command of a Python with pip; empty: the first found on PATH
  std::vector<std::string> requirements;    ///< "name==version"
  std::filesystem::path into;               ///< an existing folder; wheels end up in it, pip works inside it
  std::function<void(uint64_t)> progress;   ///< bytes written below `into` so far
  std::function<bool()> cancelled;          ///< polled every 50 ms
};

/// Fetches the wheels of the requirements with pip as a child process; none of their
/// code is executed. NotFound if there is no Python with pip; Io with one clear
/// sentence if there is no network or no space; Cancelled (and the child is ended).
Result<void> pip_download(const PipDownload& download);

}  // namespace headrace::model
