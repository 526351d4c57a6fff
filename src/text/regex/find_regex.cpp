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

}  // namespace headrace::text
