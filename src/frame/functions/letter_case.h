#pragma once

#include <string>
#include <string_view>

namespace headrace::frame {

// With the mappings of Unicode that make several characters of one, and the sigma at the end of a word; of no language in particular.
void append_lowercase(std::string_view text, std::string& out);
void append_uppercase(std::string_view text, std::string& out);

/// The characters as they are seen, last first: what belongs together stays so.
void append_reversed(std::string_view text, std::string& out);

}  // namespace headrace::frame
