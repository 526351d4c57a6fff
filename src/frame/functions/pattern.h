#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;

namespace headrace::frame {

/// What a text is searched for: bytes, or a pattern in the syntax that Rust's regex crate and RE2 share, without what takes more
/// than linear time there (back references, looking around). Immutable; shared by threads.
class Pattern {
 public:
  static Pattern literal(std::string_view bytes);
  /// InvalidArgument says what is wrong and where; Unsupported names what that syntax has and we have not. A pattern without special
  /// characters becomes a literal.
  static Result<Pattern> compile(std::string_view pattern);
  /// Either, as `is_literal` says.
  static Result<Pattern> of(std::string_view pattern, bool is_literal) { return is_literal ? literal(pattern) : compile(pattern); }

  /// Without the whole match.
  size_t groups() const { return names_.size(); }
  /// A group by its name or number; nothing if there is none.
  std::optional<size_t> group(std::string_view name) const;

 private:
  friend class PatternSearch;
  std::string text_;
  std::shared_ptr<const pcre2_real_code_8> code_;  ///< absent for a literal
  std::vector<std::string> names_;
};

/// One thread's search. The pattern must stay.
class PatternSearch {
 public:
  explicit PatternSearch(const Pattern& pattern);

  struct Match {
    size_t begin, end;
  };
  /// The first match that begins at `from` or later. OutOfRange if the pattern takes too many steps on the text.
  Result<std::optional<Match>> find(std::string_view text, size_t from);
  /// Group `index` of the last match, 0 being the whole; nothing if it took no part.
  std::optional<Match> group(size_t index) const;

  /// Calls each(match) for the matches from left to right, none overlapping and no empty one at another's end, until it gives false.
  template <class Each>
  Result<void> each(std::string_view text, const Each& each) {
    size_t from = 0, last = SIZE_MAX;
    while (from <= text.size()) {
      HR_TRY(const std::optional<Match> match, find(text, from));
      if (!match) break;
      const bool is_empty = match->begin == match->end;
      if (!(is_empty && match->end == last) && !each(*match)) break;
      last = match->end;
      from = is_empty ? after(text, match->end) : match->end;
    }
    return {};
  }

 private:
  static size_t after(std::string_view text, size_t place);

  const Pattern& pattern_;
  std::shared_ptr<pcre2_real_match_data_8> data_;
  Match literal_{};
};

/// A pattern translated for PCRE2; errors as compile()'s.
Result<std::string> translated_pattern(std::string_view pattern);

}  // namespace headrace::frame
