#define PCRE2_CODE_UNIT_WIDTH 8
#include "frame/functions/pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <charconv>

#include "text/utf8.h"

namespace headrace::frame {
namespace {

/// Beyond it a text makes a pattern go back and forth without end.
constexpr uint32_t kMatchSteps = 10'000'000;

bool is_plain(std::string_view pattern) { return pattern.find_first_of("\\.+*?()|[{}^$") == pattern.npos; }

std::string message_of(int error) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

std::vector<std::string> names_of(const pcre2_code* code) {
  uint32_t groups = 0, count = 0, width = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &width);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  std::vector<std::string> names(groups);
  for (uint32_t i = 0; i < count; ++i, table += width) {
    names[static_cast<size_t>(table[0] << 8 | table[1]) - 1] = reinterpret_cast<const char*>(table + 2);
  }
  return names;
}

}  // namespace

Pattern Pattern::literal(std::string_view bytes) {
  Pattern pattern;
  pattern.text_ = bytes;
  return pattern;
}

Result<Pattern> Pattern::compile(std::string_view text) {
  if (is_plain(text)) return literal(text);
  HR_TRY(const std::string translated, translated_pattern(text));
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(pcre2_compile_context_create(nullptr),
                                                                                               pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  size_t place = 0;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C, &error, &place, context.get());
  if (code == nullptr) {
    return fail(ErrorKind::InvalidArgument, fmt::format("the pattern {:?} is wrong: {}", text, message_of(error)));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // Without it, it is slower only.
  Pattern pattern;
  pattern.text_ = text;
  pattern.code_ = {code, [](const pcre2_code* done) { pcre2_code_free(const_cast<pcre2_code*>(done)); }};
  pattern.names_ = names_of(code);
  return pattern;
}

std::optional<size_t> Pattern::group(std::string_view name) const {
  size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) return number <= names_.size() ? std::optional(number) : std::nullopt;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return i + 1;
  }
  return std::nullopt;
}

PatternSearch::PatternSearch(const Pattern& pattern) : pattern_(pattern) {
  if (pattern.code_ == nullptr) return;
  data_ = {pcre2_match_data_create_from_pattern(pattern.code_.get(), nullptr), pcre2_match_data_free};
}

Result<std::optional<PatternSearch::Match>> PatternSearch::find(std::string_view text, size_t from) {
  if (pattern_.code_ == nullptr) {
    const size_t place = text.find(pattern_.text_, from);
    if (place == text.npos) return std::nullopt;
    literal_ = {place, place + pattern_.text_.size()};
    return literal_;
  }
  struct Context {
    pcre2_match_context* limits = pcre2_match_context_create(nullptr);
    Context() { pcre2_set_match_limit(limits, kMatchSteps); }
    ~Context() { pcre2_match_context_free(limits); }
  };
  thread_local const Context context;
  const char* begin = text.data() == nullptr ? "" : text.data();
  const int found = pcre2_match(pattern_.code_.get(), reinterpret_cast<PCRE2_SPTR>(begin), text.size(), from, PCRE2_NO_UTF_CHECK,
                                data_.get(), context.limits);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0) {
    return fail(ErrorKind::OutOfRange, fmt::format("the pattern {:?} takes too many steps on a text of {} bytes ({}); simplify it",
                                                   pattern_.text_, text.size(), message_of(found)));
  }
  return group(0);
}

std::optional<PatternSearch::Match> PatternSearch::group(size_t index) const {
  if (pattern_.code_ == nullptr) return index == 0 ? std::optional(literal_) : std::nullopt;
  if (index > pattern_.groups()) return std::nullopt;
  const size_t* places = pcre2_get_ovector_pointer(data_.get());
  if (places[2 * index] == PCRE2_UNSET) return std::nullopt;
  return Match{places[2 * index], places[2 * index + 1]};
}

size_t PatternSearch::after(std::string_view text, size_t place) {
  return place < text.size() ? place + headrace::text::utf8::length_by_lead(text[place]) : place + 1;
}

}  // namespace headrace::frame
