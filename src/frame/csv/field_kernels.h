#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "frame/csv/dialect.h"

namespace headrace::frame::csv {

/// What a stretch of text has, whatever stands before it.
struct Counts {
  uint64_t quotes = 0;
  uint64_t ends = 0;          ///< of rows, if all of it were outside of quotes
  uint64_t ends_outside = 0;  ///< if it begins outside of quotes: then those outside; otherwise the others are
};

/// What a search for fields leaves to the next block of text.
struct FieldSearch {
  uint64_t inside = 0;      ///< all ones within quotes
  uint64_t after = 1;       ///< 1 if the byte before was a separator, an end or a quote
  bool has_high = false;    ///< there were bytes that are not ASCII
  bool has_stray = false;   ///< there were quotes that open in the midst of a field
  uint64_t ends = 0;        ///< how many of the places are ends of rows
};

/// The loops over every byte of text, for an instruction set each. Text is whole blocks of 64 bytes, at any address.
struct FieldKernels {
  const char* name;
  Counts (*count)(const uint8_t* text, size_t blocks, const Dialect& dialect);
  /// Writes the places, from `at` on, of separators and ends outside of quotes; returns how many. Up to 64 a block are written.
  size_t (*find)(const uint8_t* text, size_t blocks, const Dialect& dialect, uint32_t at, uint32_t* fields, FieldSearch& search);
};

/// Those of the best instruction set that this CPU has.
const FieldKernels& field_kernels();
/// All that this CPU can run, the portable ones first.
std::span<const FieldKernels* const> all_field_kernels();

namespace fields_portable { extern const FieldKernels kKernels; }
namespace fields_avx2 { extern const FieldKernels kKernels; }
namespace fields_avx512 { extern const FieldKernels kKernels; }

}  // namespace headrace::frame::csv
