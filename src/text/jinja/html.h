#pragma once

#include <string>
#include <string_view>

namespace headrace::text::jinja {

/// Writes & < > " ' as entities, as the `escape` filter does.
std::string escape_html(std::string_view text);

}  // namespace headrace::text::jinja
