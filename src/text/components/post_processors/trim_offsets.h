#pragma once

#include "text/encoding.h"

namespace headrace::text {

/// Takes the white space that byte-level tokens begin and end with out of their offsets,
/// in the encoding and its windows. A single space before a first token stays when it
/// is the one that `add_prefix_space` put there.
void trim_offsets(Encoding& encoding, bool add_prefix_space);

}  // namespace headrace::text
