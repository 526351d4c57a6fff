#if defined(__x86_64__)
#include <immintrin.h>

#include "frame/csv/field_loops.h"

namespace headrace::frame::csv::fields_avx2 {
namespace {

__m256i load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

uint64_t joined(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

class Block {
 public:
  explicit Block(const Dialect& dialect)
      : separator_(_mm256_set1_epi8(static_cast<char>(dialect.separator))), quote_(_mm256_set1_epi8(static_cast<char>(dialect.quote))),
        eol_(_mm256_set1_epi8(static_cast<char>(dialect.eol))), quotes_(dialect.has_quote ? ~uint64_t{0} : 0) {}
  BlockMasks masks(const uint8_t* text) const {
    const __m256i a = load(text), b = load(text + 32);
    const auto equal = [&](__m256i to) { return joined(_mm256_cmpeq_epi8(a, to), _mm256_cmpeq_epi8(b, to)); };
    return {.separators = equal(separator_), .quotes = equal(quote_) & quotes_, .ends = equal(eol_), .high = joined(a, b)};
  }

 private:
  __m256i separator_, quote_, eol_;
  uint64_t quotes_;
};

}  // namespace

const FieldKernels kKernels{"avx2", count_loop<Block>, find_loop<Block>};

}  // namespace headrace::frame::csv::fields_avx2
#endif
