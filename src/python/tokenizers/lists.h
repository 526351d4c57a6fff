#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "text/tokenizer.h"

namespace headrace::python {

// Lists of Python objects, made as the interpreter itself makes them. Equal numbers are one object, whoever asked
// for them; tokens are one `str` each as long as they are asked for again.

nanobind::list list_of_ids(std::span<const uint32_t> ids);
/// Of numbers few of which are large, and equal neighbours.
nanobind::list list_of_numbers(std::span<const uint32_t> numbers);
/// The same with None for one of the numbers.
nanobind::list list_of_numbers_or_none(std::span<const uint32_t> numbers, uint32_t none);
nanobind::list list_of_numbers_or_none(std::span<const std::optional<uint32_t>> numbers);
/// Of pairs (begin, end).
nanobind::list list_of_offsets(std::span<const text::Offset> offsets);
/// Of tokens' spellings; `ids` are theirs.
nanobind::list list_of_tokens(std::span<const std::string> tokens, std::span<const uint32_t> ids);

}  // namespace headrace::python
