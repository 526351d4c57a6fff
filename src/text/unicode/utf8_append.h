#pragma once

#include "text/unicode/utf8.h"  // has utf8::append

namespace headrace::text::utf8 {

inline uint32_t length_of(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

}  // namespace headrace::text::utf8
