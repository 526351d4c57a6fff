#pragma once

#include <string_view>

namespace headrace::server {

/// page/index.html, embedded by the build (cmake/embed_text.cmake).
std::string_view chat_page();

}  // namespace headrace::server
