#pragma once

#include <cstddef>

namespace headrace::text {

/// Code points [first, last]; tables of them are sorted.
struct CodePoints {
  char32_t first, last;
};
/// Code points of one script. Those in no run belong to every script.
struct ScriptRun {
  char32_t first, last;
  int script;
};

// What the reference's own character tests say; each has another version of Unicode.
extern const CodePoints kPunctuation[];
extern const size_t kPunctuationCount;
extern const CodePoints kNumeric[];
extern const size_t kNumericCount;
extern const ScriptRun kScripts[];
extern const size_t kScriptsCount;

}  // namespace headrace::text
