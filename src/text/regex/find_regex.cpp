#include <memory>
#include <mutex>
#include <utility>

#include "text/normalized_string.h"
#include "text/regex.h"

namespace headrace::text {

Finder find_regex(const Regex& regex) {
  return [regex](std::string_view text) -> Result<std::vector<Match>> {
    std::vector<Match> parts;
    if (text.empty()) return std::vector<Match>{{}};
    std::vector<Offset> matches;
    HR_CHECK(regex.find_all(text, matches));
    uint32_t done = 0;
    for (const Offset& match : matches) {
      if (match.begin != done) parts.push_back({{done, match.begin}, false});
      parts.push_back({match, true});
      done = match.end;
    }
    if (done != text.size()) parts.push_back({{done, static_cast<uint32_t>(text.size())}, false});
    return parts;
  };
}

namespace {

struct LaterRegex {
  std::string pattern;
  std::once_flag once;
  Result<Finder> finder = Finder();
};

}  // namespace

/// PERF: a published tokenizer's pattern costs two milliseconds, and bulk encoding does not ask for it.
Finder find_regex_later(std::string pattern) {
  auto later = std::make_shared<LaterRegex>();
  later->pattern = std::move(pattern);
  return [later](std::string_view text) -> Result<std::vector<Match>> {
    std::call_once(later->once, [&] {
      const auto regex = Regex::compile(later->pattern);
      later->finder = regex ? Result<Finder>(find_regex(*regex)) : std::unexpected(regex.error());
    });
    if (!later->finder) return std::unexpected(later->finder.error());
    return (*later->finder)(text);
  };
}

}  // namespace headrace::text
