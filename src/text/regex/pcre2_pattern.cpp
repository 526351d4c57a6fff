#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex/pcre2_pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>

#include "text/regex/pcre2_writer.h"
#include "text/unicode/utf8.h"

namespace headrace::text::regex {
namespace {

constexpr uint32_t kMostHeapKiB = 256 * 1024;
constexpr size_t kMostStackBytes = size_t{64} << 20;
constexpr uint32_t kMostPcre2Nesting = 10'000;
constexpr int kTooLarge = 120;  // PCRE2's "regular expression is too large"

// PCRE2 does not tell what a search cost. So it gets the text in windows, and few steps a place: what needs more says so,
// by a partial match or by an error, and is tried place by place, which can be counted.
constexpr size_t kWindow = 512;
constexpr uint32_t kFewSteps = 5000;
constexpr uint32_t kMoreSteps = 8;  // times as many
constexpr size_t kBytesPerStep = 8;  // to look at that many takes about as long as a step

struct Free {
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// What a thread needs beside the compiled pattern.
struct MatchMemory {
  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(32 * 1024, kMostStackBytes, nullptr)};

  bool prepare() {
    if (!data || !context || !stack) return false;
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

bool has_search_begin(const Node& node) {
  if (node.kind == NodeKind::Anchor && node.anchor == AnchorKind::SearchBegin) return true;
  return std::ranges::any_of(node.children, has_search_begin);
}

/// The end of the character that `at` is in or before, at most the text's end.
size_t character_end(std::string_view text, size_t at) {
  at = std::min(at, text.size());
  while (at < text.size() && utf8::is_continuation(text[at])) ++at;
  return at;
}

}  // namespace

/// The search for one match.
class Pcre2Search {
 public:
  Pcre2Search(const Pcre2Pattern& pattern, std::string_view text, StepBudget& budget, MatchMemory& memory)
      : pattern_(pattern), text_(text), budget_(budget), memory_(memory) {}

  Result<bool> run(size_t from) {
    if (pattern_.in_one_go_) return outcome(match(from, text_.size(), 0, budget_.one_match));
    for (size_t place_by_place = 0;;) {
      if (from < place_by_place) {
        HR_TRY(const bool found, match_at(from));
        if (found) return true;
        if (from == text_.size()) return false;
        from = character_end(text_, from + 1);
        continue;
      }
      const size_t end = character_end(text_, from + kWindow);
      const int count = match(from, end, 0, std::min(kFewSteps, budget_.one_match));
      if (count == PCRE2_ERROR_PARTIAL) {
        from = pcre2_get_startchar(memory_.data.get());
        place_by_place = from + 1;
      } else if (count == PCRE2_ERROR_MATCHLIMIT) {
        place_by_place = end + (end == text_.size());
      } else if (count == PCRE2_ERROR_NOMATCH && end < text_.size()) {
        from = end;
      } else {
        return outcome(count);
      }
    }
  }

 private:
  int match(size_t from, size_t end, uint32_t options, uint32_t steps) {
    const bool is_window = end < text_.size();
    const pcre2_code* const code = is_window ? pattern_.for_windows() : pattern_.code_.get();
    if (!code) return PCRE2_ERROR_NOMEMORY;
    if (is_window) options |= PCRE2_PARTIAL_HARD;
    pcre2_set_match_limit(memory_.context.get(), steps);
    const auto run = [&](uint32_t more) {
      return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text_.data()), end, from, PCRE2_NO_UTF_CHECK | options | more,
                         memory_.data.get(), memory_.context.get());
    };
    const int count = run(0);
    return count == PCRE2_ERROR_JIT_STACKLIMIT ? run(PCRE2_NO_JIT) : count;  // the interpreter's memory is on the heap
  }

  /// Whether there is a match that begins at `start`: with more steps and a longer window each time, all paid for.
  Result<bool> match_at(size_t start) {
    uint32_t steps = std::min(kFewSteps, budget_.one_match);
    for (size_t window = 2 * kWindow;;) {
      const int count = match(start, character_end(text_, start + window), PCRE2_ANCHORED, steps);
      if (count == PCRE2_ERROR_PARTIAL) {
        if (!budget_.take(window / kBytesPerStep)) return too_much();
        window *= 2;
      } else if (count == PCRE2_ERROR_MATCHLIMIT && steps < budget_.one_match) {
        if (!budget_.take(steps)) return too_much();
        steps = static_cast<uint32_t>(std::min<uint64_t>(uint64_t{steps} * kMoreSteps, budget_.one_match));
      } else {
        return outcome(count);
      }
    }
  }

  Result<bool> outcome(int count) const {
    if (count >= 0) return true;
    if (count == PCRE2_ERROR_NOMATCH) return false;
    return gave_up(error_message(count));
  }

  std::unexpected<Error> too_much() const { return gave_up("too many steps in all"); }

  std::unexpected<Error> gave_up(std::string_view why) const {
    return fail(ErrorKind::OutOfRange,
                fmt::format("The pattern gave up on a text of {} bytes ({}); split the text or change the pattern.", text_.size(), why),
                pattern_.pattern_);
  }

  const Pcre2Pattern& pattern_;
  std::string_view text_;
  StepBudget& budget_;
  MatchMemory& memory_;
};

void Pcre2Pattern::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Pcre2Pattern::Code Pcre2Pattern::compile_text(const std::string& written, int& error) {
  const Owned<pcre2_compile_context> context(pcre2_compile_context_create(nullptr));
  if (!context) return nullptr;
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kMostPcre2Nesting);
  PCRE2_SIZE at = 0;
  return Code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(written.data()), written.size(), PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL,
                            &error, &at, context.get()));
}

Result<std::unique_ptr<const Pcre2Pattern>> Pcre2Pattern::compile(const ParsedPattern& parsed, std::string_view pattern) {
  auto compiled = std::make_unique<Pcre2Pattern>();
  int error = 0;
  for (const SetStyle style : {SetStyle::InPlace, SetStyle::Shared}) {
    HR_TRY(const std::string written, write_pcre2(parsed, style));
    compiled->code_ = compile_text(written, error);
    if (compiled->code_ || error != kTooLarge) break;
  }
  if (!compiled->code_) {
    return fail(ErrorKind::Unsupported, fmt::format("The pattern cannot be compiled: {}.", error_message(error)), std::string(pattern));
  }
  pcre2_jit_compile(compiled->code_.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower, not different
  compiled->pattern_ = pattern;
  compiled->in_one_go_ = has_search_begin(parsed.root);
  return compiled;
}

const pcre2_real_code_8* Pcre2Pattern::for_windows() const {
  std::call_once(windows_once_, [this] {
    windows_code_.reset(pcre2_code_copy(code_.get()));
    if (windows_code_) pcre2_jit_compile(windows_code_.get(), PCRE2_JIT_PARTIAL_HARD);
  });
  return windows_code_.get();
}

Result<std::optional<Offset>> Pcre2Pattern::find(std::string_view text, size_t from, StepBudget& budget) const {
  thread_local MatchMemory memory;
  if (!memory.prepare()) return fail(ErrorKind::OutOfMemory, "No memory to match a pattern with.");
  HR_TRY(const bool found, Pcre2Search(*this, text, budget, memory).run(from));
  if (!found) return std::nullopt;
  const PCRE2_SIZE* const place = pcre2_get_ovector_pointer(memory.data.get());
  return Offset{static_cast<uint32_t>(place[0]), static_cast<uint32_t>(place[1])};
}

}  // namespace headrace::text::regex
