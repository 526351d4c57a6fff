#include "text/regex.h"

#include <fmt/format.h>

#include "text/limits.h"
#include "text/regex/backtracker.h"
#include "text/regex/parser.h"
#include "text/regex/pcre2_pattern.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

// A text costs a good pattern a few steps a byte, whatever its length.
constexpr uint64_t kFreeStepsPerByte = 16;

Regex::Limits process_limits() {
  return {.match_steps = static_cast<uint32_t>(limit(Limit::MatchSteps)),
          .find_steps = limit(Limit::FindSteps),
          .pattern_bytes = static_cast<uint32_t>(limit(Limit::PatternBytes)),
          .depth = static_cast<uint32_t>(limit(Limit::PatternDepth))};
}

}  // namespace

struct Regex::State {
  std::string pattern;
  std::optional<Limits> limits;  // none: those of the process
  std::unique_ptr<const regex::Pcre2Pattern> pcre2;       // one of these
  std::unique_ptr<const regex::Backtracker> backtracker;

  Result<std::optional<Offset>> find(std::string_view text, size_t from, regex::StepBudget& budget) const {
    return pcre2 ? pcre2->find(text, from, budget) : backtracker->find(text, from, budget);
  }
};

Result<Regex> Regex::compile(std::string_view pattern, const Limits& limits) { return compile(pattern, limits, false); }
Result<Regex> Regex::compile(std::string_view pattern) { return compile(pattern, process_limits(), true); }

Result<Regex> Regex::compile(std::string_view pattern, const Limits& limits, bool limits_of_process) {
  if (pattern.size() > limits.pattern_bytes) {
    return fail(ErrorKind::OutOfRange,
                fmt::format("The pattern has {} bytes, more than the {} allowed.", pattern.size(), limits.pattern_bytes));
  }
  if (utf8::valid_prefix(pattern) != pattern.size()) return fail(ErrorKind::InvalidArgument, "The pattern is not valid UTF-8.");
  HR_TRY(const regex::ParsedPattern parsed, regex::parse(pattern, limits.depth));
  auto state = std::make_shared<State>();
  auto pcre2 = regex::Pcre2Pattern::compile(parsed, pattern);
  if (pcre2) {
    state->pcre2 = std::move(*pcre2);
  } else {
    state->backtracker = regex::Backtracker::compile(parsed, pattern);
  }
  state->pattern = pattern;
  if (!limits_of_process) state->limits = limits;
  Regex regex;
  regex.state_ = std::move(state);
  return regex;
}

const std::string& Regex::pattern() const { return state_->pattern; }

Result<void> Regex::find_all(std::string_view text, std::vector<Offset>& matches) const {
  const Limits limits = state_->limits.value_or(process_limits());
  regex::StepBudget budget{.one_match = limits.match_steps, .left = limits.find_steps + kFreeStepsPerByte * text.size()};
  constexpr size_t kNone = SIZE_MAX;
  size_t last_end = kNone;
  for (size_t from = 0; from <= text.size();) {
    HR_TRY(const auto match, state_->find(text, from, budget));
    if (!match) break;
    // An empty match right behind the last one is none: look on from the next character.
    if (match->begin == match->end && match->end == last_end) {
      from = match->end + (match->end < text.size() ? utf8::length_by_lead(text[match->end]) : 1);
      continue;
    }
    matches.push_back(*match);
    from = last_end = match->end;
  }
  return {};
}

}  // namespace headrace::text
