#if defined(__x86_64__)
#include <immintrin.h>

#include "frame/csv/field_loops.h"

namespace headrace::frame::csv::fields_avx512 {
namespace {

class Block {
 public:
  explicit Block(const Dialect& dialect)
      : separator_(_mm512_set1_epi8(static_cast<char>(dialect.separator))), quote_(_mm512_set1_epi8(static_cast<char>(dialect.quote))),
        eol_(_mm512_set1_epi8(static_cast<char>(dialect.eol))), quotes_(dialect.has_quote ? ~uint64_t{0} : 0) {}
  BlockMasks masks(const uint8_t* text) const {
    const __m512i bytes = _mm512_loadu_si512(text);
    return {.separators = _mm512_cmpeq_epi8_mask(bytes, separator_),
            .quotes = _mm512_cmpeq_epi8_mask(bytes, quote_) & quotes_,
            .ends = _mm512_cmpeq_epi8_mask(bytes, eol_),
            .high = _mm512_movepi8_mask(bytes)};
  }

 private:
  __m512i separator_, quote_, eol_;
  uint64_t quotes_;
};

}  // namespace

const FieldKernels kKernels{"avx512", count_loop<Block>, find_loop<Block>};

}  // namespace headrace::frame::csv::fields_avx512
#endif
