#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pretokenize/pattern_pre_tokenizer.h"

#include <fmt/format.h>
#include <pcre2.h>

#include "text/pretokenize/pattern_classes.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

// Of one match attempt. The patterns need a few steps a byte; a step is about a
// nanosecond, so the first limit is some seconds, whatever the text.
constexpr uint32_t kMostSteps = 1u << 31;
constexpr uint32_t kMostHeapKiB = 256 * 1024;
constexpr size_t kMostStackBytes = size_t{64} << 20;

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// What one call needs beside the compiled patterns.
struct MatchMemory {
  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(32 * 1024, kMostStackBytes, nullptr)};

  bool usable() {
    if (!data || !context || !stack) return false;
    pcre2_set_match_limit(context.get(), kMostSteps);
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

class PatternPreTokenizer final : public PreTokenizer {
 public:
  explicit PatternPreTokenizer(Owned<pcre2_code> code) : code_(std::move(code)) {}

  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const override {
    thread_local MatchMemory memory;
    if (!memory.usable()) return fail(ErrorKind::OutOfMemory, "No memory to match a tokenizer's pattern with.");
    return split(text, memory, ends);
  }

 private:
  Result<void> split(std::string_view text, MatchMemory& memory, std::vector<uint32_t>& ends) const {
    const PCRE2_SIZE* found = pcre2_get_ovector_pointer(memory.data.get());
    size_t done = 0;  // the text is cut up to here
    for (size_t at = 0; at < text.size();) {
      const int count = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, memory.data.get(), memory.context.get());
      if (count == PCRE2_ERROR_NOMATCH) break;
      if (count < 0) {
        return fail(ErrorKind::OutOfRange, fmt::format("The tokenizer's pattern gave up on a text of {} bytes ({}); "
                                                       "split the text.", text.size(), error_message(count)));
      }
      const size_t begin = found[0], end = found[1];
      if (begin > done) ends.push_back(static_cast<uint32_t>(done = begin));
      if (end > done) ends.push_back(static_cast<uint32_t>(done = end));
      at = end > begin ? end : end + (end < text.size() ? utf8::length_by_lead(text[end]) : 1);
    }
    if (done < text.size()) ends.push_back(static_cast<uint32_t>(text.size()));
    return {};
  }

  Owned<pcre2_code> code_;
};

}  // namespace

Result<std::unique_ptr<const PreTokenizer>> make_pattern_pre_tokenizer(const std::string& pattern) {
  const std::string explicit_pattern = with_explicit_classes(pattern);
  int error = 0;
  PCRE2_SIZE at = 0;
  Owned<pcre2_code> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(explicit_pattern.data()), explicit_pattern.size(),
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &at, nullptr));
  if (!code) return fail(ErrorKind::Internal, fmt::format("The pattern \"{}\": {}", pattern, error_message(error)));
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower, not different
  return std::make_unique<PatternPreTokenizer>(std::move(code));
}

}  // namespace headrace::text
