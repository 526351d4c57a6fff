#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalized_string.h"

namespace headrace::text {

enum class NormalForm : uint8_t { Nfc, Nfd, Nfkc, Nfkd };

/// Normalises a text with the tables of reference_unicode.h, and says of each character
/// what it stands for. Takes n log n time in the longest run of marks.
std::vector<CharacterChange> normalized(std::string_view text, NormalForm form);

/// Whether a text is known to be unchanged by the form after a glance at it.
bool is_plainly_normal(std::string_view text, NormalForm form);

/// Whether a text is in NFC, and what it is in NFC: normalises only where marks and the like are.
bool is_nfc(std::string_view text);
/// Makes now what the first text that is not ASCII would wait for.
void make_nfc_tables();
std::string nfc(std::string_view text);

}  // namespace headrace::text
