#include "text/pretokenize/pattern_pre_tokenizer.h"

#include <fmt/format.h>

#include "text/pretokenize/pattern_classes.h"
#include "text/regex/pcre2_memory.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

// Of one match attempt. The patterns need a few steps a byte; a step is about a
// nanosecond, so this is some seconds, whatever the text.
constexpr uint32_t kMostSteps = 1u << 31;

class PatternPreTokenizer final : public PreTokenizer {
 public:
  explicit PatternPreTokenizer(pcre2::Owned<pcre2_code> code) : code_(std::move(code)) {}

  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const override {
    thread_local pcre2::MatchMemory memory;
    if (!memory.prepare()) return fail(ErrorKind::OutOfMemory, "No memory to match a tokenizer's pattern with.");
    pcre2_set_match_limit(memory.context.get(), kMostSteps);
    return split(text, memory, ends);
  }

 private:
  Result<void> split(std::string_view text, pcre2::MatchMemory& memory, std::vector<uint32_t>& ends) const {
    const PCRE2_SIZE* found = pcre2_get_ovector_pointer(memory.data.get());
    size_t done = 0;  // the text is cut up to here
    for (size_t at = 0; at < text.size();) {
      const int count = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, memory.data.get(), memory.context.get());
      if (count == PCRE2_ERROR_NOMATCH) break;
      if (count < 0) {
        return fail(ErrorKind::OutOfRange, fmt::format("The tokenizer's pattern gave up on a text of {} bytes ({}); "
                                                       "split the text.", text.size(), pcre2::error_message(count)));
      }
      const size_t begin = found[0], end = found[1];
      if (begin > done) ends.push_back(static_cast<uint32_t>(done = begin));
      if (end > done) ends.push_back(static_cast<uint32_t>(done = end));
      at = end > begin ? end : end + (end < text.size() ? utf8::length_by_lead(text[end]) : 1);
    }
    if (done < text.size()) ends.push_back(static_cast<uint32_t>(text.size()));
    return {};
  }

  pcre2::Owned<pcre2_code> code_;
};

}  // namespace

Result<std::unique_ptr<const PreTokenizer>> make_pattern_pre_tokenizer(const std::string& pattern) {
  const std::string explicit_pattern = with_explicit_classes(pattern);
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2::Owned<pcre2_code> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(explicit_pattern.data()), explicit_pattern.size(),
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &at, nullptr));
  if (!code) return fail(ErrorKind::Internal, fmt::format("The pattern \"{}\": {}", pattern, pcre2::error_message(error)));
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // without it matching is slower, not different
  return std::make_unique<PatternPreTokenizer>(std::move(code));
}

}  // namespace headrace::text
