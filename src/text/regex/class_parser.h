#pragma once

#include "base/error.h"
#include "text/regex/node.h"
#include "text/regex/options.h"
#include "text/regex/pattern_reader.h"

namespace headrace::text::regex {

/// Reads a class in brackets; the reader is behind "[". With ignore_case the characters of
/// the same case are in it, and what folds to several characters is an alternative.
Result<Node> read_class(PatternReader& reader, const Options& options, uint32_t depth_left);

}  // namespace headrace::text::regex
