#pragma once

#include <string>
#include <string_view>

namespace headrace::text {

/// Every `from` in the text as `to`, from left to right. An empty `from` lies between all
/// characters, before the first and after the last.
std::string replace_text(std::string_view text, std::string_view from, std::string_view to);

/// Takes back what tokenizing English did: spaces before punctuation and contractions.
std::string clean_up(std::string_view text);

}  // namespace headrace::text
