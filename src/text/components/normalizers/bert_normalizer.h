#pragma once

#include "text/components.h"

namespace headrace::text {

/// Cleans, sets Chinese characters apart, strips accents, lower-cases: what the settings ask for.
void normalize_bert(const BertNormalizer& settings, NormalizedString& text);

/// Whether a character is one that is set apart.
bool is_bert_chinese(char32_t c);

}  // namespace headrace::text
