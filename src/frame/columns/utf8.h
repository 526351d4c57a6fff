#pragma once

#include <string_view>

namespace headrace::frame {

/// Whether bytes are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view bytes);

}  // namespace headrace::frame
