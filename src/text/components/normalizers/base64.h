#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::text {

/// The standard alphabet; written with padding, read with or without.
std::string base64_encoded(std::string_view bytes);
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace headrace::text
