#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/regex/parser.h"
#include "text/regex/step_budget.h"
#include "text/tokenizer.h"

struct pcre2_real_code_8;

namespace headrace::text::regex {

/// A pattern that PCRE2 has compiled. Immutable; shared by threads.
class Pcre2Pattern {
 public:
  /// Unsupported names what PCRE2 has no counterpart of. `pattern` is for messages.
  static Result<std::unique_ptr<const Pcre2Pattern>> compile(const ParsedPattern& parsed, std::string_view pattern);

  /// The first match that begins at `from` or later. OutOfRange when one place or all of them cost too much.
  Result<std::optional<Offset>> find(std::string_view text, size_t from, StepBudget& budget) const;

 private:
  friend class Pcre2Search;
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  using Code = std::unique_ptr<pcre2_real_code_8, FreeCode>;

  static Code compile_text(const std::string& written, int& error);
  const pcre2_real_code_8* for_windows() const;

  std::string pattern_;
  bool in_one_go_ = false;  ///< \G is where a search began, so it cannot go on in steps
  Code code_;
  mutable std::once_flag windows_once_;
  mutable Code windows_code_;  ///< the same, compiled for texts that end early
};

}  // namespace headrace::text::regex
