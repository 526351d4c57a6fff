#pragma once

#include <memory>

#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

/// Cuts runs of decimal digits into threes, counted from the right as one reads numbers:
/// the pattern (?=(\d{3})+(?!\d)), which would take quadratic time.
std::unique_ptr<const PreTokenizer> make_triples_from_right();

/// The same for \d{1,3}(?=(?:\d{3})*\b): the run is also cut off from what is around
/// it, and left alone where a letter or another word character follows it.
std::unique_ptr<const PreTokenizer> make_bounded_triples_from_right();

/// What Falcon's last two steps do. They run on text that is already spelled in byte
/// letters, some of which are numbers themselves (the bytes B2, B3, B9, BC, BD, BE spell
/// ² ³ ¹ ¼ ½ ¾): runs of such bytes and digits are cut out, then each three digits.
std::unique_ptr<const PreTokenizer> make_falcon_digits();

}  // namespace headrace::text
