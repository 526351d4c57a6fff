#include "frame/plan/paths.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <span>
#include <string>
#include <system_error>

namespace headrace::frame {
namespace {

namespace fs = std::filesystem;

bool is_pattern(const std::string& text) { return text.find_first_of("*?[") != text.npos; }

/// Files that fit the parts of a pattern below a folder.
class Search {
 public:
  std::vector<fs::path> found;

  void run(const fs::path& folder, std::span<const fs::path> parts) {
    const std::string part = parts.front().string();
    const auto rest = parts.subspan(1);
    if (part == "**") {
      // Folders of no depth, or of one and then of any.
      if (!rest.empty()) run(folder, rest);
      each_entry(folder, [&](const fs::path& path, bool is_folder) {
        if (is_folder) run(path, parts);
        if (!is_folder && rest.empty()) found.push_back(path);
      });
    } else if (is_pattern(part)) {
      each_entry(folder, [&](const fs::path& path, bool is_folder) {
        if (::fnmatch(part.c_str(), path.filename().c_str(), FNM_PERIOD) != 0) return;
        take(path, is_folder, rest);
      });
    } else {
      std::error_code ignored;
      const fs::path path = folder / parts.front();
      if (fs::exists(path, ignored)) take(path, fs::is_directory(path, ignored), rest);
    }
  }

 private:
  void take(const fs::path& path, bool is_folder, std::span<const fs::path> rest) {
    if (is_folder && !rest.empty()) run(path, rest);
    if (!is_folder && rest.empty()) found.push_back(path);
  }

  template <class Use>
  static void each_entry(const fs::path& folder, const Use& use) {
    std::error_code ignored;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
      std::error_code unknown;
      use(folder / it->path().filename(), it->is_directory(unknown));
    }
  }
};

}  // namespace

Result<std::vector<fs::path>> files_of(const fs::path& source, std::string_view extension) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(source, ignored);
  // A file whose name looks like a pattern is that file.
  if (!is_folder && (!is_pattern(source.string()) || fs::exists(source, ignored))) return std::vector{source};
  std::vector<fs::path> parts;
  fs::path root = is_folder ? source : source.root_path();
  if (is_folder) {
    parts = {"**", fmt::format("*{}", extension)};
  } else {
    for (const fs::path& part : source.relative_path()) parts.push_back(part);
  }
  Search search;
  search.run(root, parts);
  if (search.found.empty()) {
    const char* what = is_folder ? "There is no file that ends with {1} below {0}." : "No file fits {0}.";
    return fail(ErrorKind::NotFound, fmt::format(fmt::runtime(what), source.string(), extension), source.string());
  }
  std::ranges::sort(search.found);
  const auto again = std::ranges::unique(search.found);
  search.found.erase(again.begin(), again.end());
  return std::move(search.found);
}

}  // namespace headrace::frame
