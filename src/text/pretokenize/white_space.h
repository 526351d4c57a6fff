#pragma once

#include "text/pretokenize/character_class.h"

namespace headrace::text {

/// The end of the piece of white space at the cursor, by \s*[\r\n]+|\s+(?!\S)|\s+ : up
/// to the last newline of the run; else the whole run at the end of the text; else all
/// but its last character, or that one where it is alone.
inline size_t white_space_piece_end(Cursor cursor) {
  const size_t first_end = cursor.next();
  size_t last = cursor.at(), after_newline = 0;
  for (; cursor.is(kWhiteSpace); cursor.advance()) {
    last = cursor.at();
    if (cursor.is_newline()) after_newline = cursor.next();
  }
  if (after_newline > 0) return after_newline;
  if (cursor.at_end()) return cursor.at();
  return last < first_end ? first_end : last;
}

}  // namespace headrace::text
