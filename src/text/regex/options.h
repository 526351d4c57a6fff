#pragma once

#include "text/regex/case_folds.h"
#include "text/regex/code_point_set.h"

namespace headrace::text::regex {

/// What (?imxWDSP-imxWDSP) switches, and (?I) at the beginning of a pattern.
struct Options {
  bool ignore_case = false;
  bool dot_all = false;
  bool extended = false;
  bool ascii_word = false;
  bool ascii_digit = false;
  bool ascii_space = false;
  bool ascii_posix = false;
  FoldTable folds = FoldTable::Unicode;
};

}  // namespace headrace::text::regex
