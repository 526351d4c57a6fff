#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include "text/regex/parser.h"
#include "text/regex/pcre2_writer.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr uint32_t kMostHeapKiB = 256 * 1024;
constexpr size_t kMostStackBytes = size_t{64} << 20;
constexpr uint32_t kMostPcre2Nesting = 10'000;
constexpr int kTooLarge = 120;  // PCRE2's "regular expression is too large"

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// What one call needs beside the compiled pattern.
struct MatchMemory {
  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(32 * 1024, kMostStackBytes, nullptr)};

  bool prepare(uint32_t most_steps) {
    if (!data || !context || !stack) return false;
    pcre2_set_match_limit(context.get(), most_steps);
    pcre2_set_heap_limit(context.get(), kMostHeapKiB);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    return true;
  }
};

std::string error_message(int code) {
  char text[256] = {};
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
  return text;
}

/// The compiled pattern, or PCRE2's error code.
Owned<pcre2_code> compile_pcre2(const std::string& pattern, int& error) {
  const Owned<pcre2_compile_context> context(pcre2_compile_context_create(nullptr));
  if (!context) return nullptr;
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kMostPcre2Nesting);
  PCRE2_SIZE at = 0;
  return Owned<pcre2_code>(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                         PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL, &error, &at, context.get()));
}

}  // namespace

struct Regex::State {
  std::string pattern;
  uint32_t match_steps;
  Owned<pcre2_code> code;

  Result<bool> find(std::string_view text, size_t from, MatchMemory& memory) const;
};

Result<Regex> Regex::compile(std::string_view pattern, const Limits& limits) {
  if (pattern.size() > limits.pattern_bytes) {
    return fail(ErrorKind::OutOfRange, fmt::format("The pattern has {} bytes, more than the {} allowed.", pattern.size(), limits.pattern_bytes));
  }
  if (utf8::valid_prefix(pattern) != pattern.size()) return fail(ErrorKind::InvalidArgument, "The pattern is not valid UTF-8.");
  HR_TRY(const regex::ParsedPattern parsed, regex::parse(pattern, limits.depth));
  auto state = std::make_shared<State>();
  int error = 0;
  for (const regex::SetStyle style : {regex::SetStyle::InPlace, regex::SetStyle::Shared}) {
    HR_TRY(const std::string written, regex::write_pcre2(parsed, style));
    state->code = compile_pcre2(written, error);
    if (state->code || error != kTooLarge) break;
  }
  if (!state->code) {
    return fail(ErrorKind::Unsupported, fmt::format("The pattern cannot be compiled: {}.", error_message(error)), std::string(pattern));
  }
  pcre2_jit_compile(state->code.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower, not different
  state->pattern = pattern;
  state->match_steps = limits.match_steps;
  Regex regex;
  regex.state_ = std::move(state);
  return regex;
}

const std::string& Regex::pattern() const { return state_->pattern; }

/// Finds the first match that begins at `from` or later; its place is in the memory's data.
Result<bool> Regex::State::find(std::string_view text, size_t from, MatchMemory& memory) const {
  const auto match = [&](uint32_t options) {
    return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, PCRE2_NO_UTF_CHECK | options,
                       memory.data.get(), memory.context.get());
  };
  int count = match(0);
  if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match(PCRE2_NO_JIT);  // the interpreter's memory is on the heap
  if (count >= 0) return true;
  if (count == PCRE2_ERROR_NOMATCH) return false;
  return fail(ErrorKind::OutOfRange, fmt::format("The pattern gave up on a text of {} bytes ({}); split the text or change the pattern.",
                                                 text.size(), error_message(count)), pattern);
}

Result<void> Regex::find_all(std::string_view text, std::vector<Offset>& matches) const {
  thread_local MatchMemory memory;
  if (!memory.prepare(state_->match_steps)) return fail(ErrorKind::OutOfMemory, "No memory to match a pattern with.");
  const PCRE2_SIZE* const place = pcre2_get_ovector_pointer(memory.data.get());
  constexpr size_t kNone = SIZE_MAX;
  size_t last_end = kNone;
  for (size_t from = 0; from <= text.size();) {
    HR_TRY(const bool found, state_->find(text, from, memory));
    if (!found) break;
    const size_t begin = place[0], end = place[1];
    // An empty match right behind the last one is none: look on from the next character.
    if (begin == end && end == last_end) {
      from = end + (end < text.size() ? utf8::length_by_lead(text[end]) : 1);
      continue;
    }
    matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    from = last_end = end;
  }
  return {};
}

}  // namespace headrace::text
