#include "text/components/pre_tokenizers/character_tests.h"

#include <algorithm>
#include <span>

#include "text/components/pre_tokenizers/class_tables.h"
#include "text/regex/code_point_set.h"
#include "text/regex/properties.h"

namespace headrace::text {
namespace {

/// The run that holds `c`, or null.
template <class Run>
const Run* find_run(std::span<const Run> runs, char32_t c) {
  const auto after = std::ranges::upper_bound(runs, c, {}, &Run::first);
  if (after == runs.begin() || c > std::prev(after)->last) return nullptr;
  return &*std::prev(after);
}

}  // namespace

bool is_reference_punctuation(char32_t c) { return find_run(std::span(kPunctuation, kPunctuationCount), c) != nullptr; }
bool is_reference_numeric(char32_t c) { return find_run(std::span(kNumeric, kNumericCount), c) != nullptr; }

bool is_reference_word(char32_t c) {
  static const regex::CodePointSet words = [] {
    regex::CodePointSet set;
    for (const char* name : {"alphabetic", "m", "nd", "pc", "joincontrol"}) set.add(regex::known_property(name));
    return set;
  }();
  return words.contains(c);
}

int reference_script(char32_t c) {
  const ScriptRun* run = find_run(std::span(kScripts, kScriptsCount), c);
  return run ? run->script : kEveryScript;
}

}  // namespace headrace::text
