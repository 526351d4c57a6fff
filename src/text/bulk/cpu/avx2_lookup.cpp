#if defined(__x86_64__)
#include <immintrin.h>

#include "text/bulk/lookup_kernels.h"

namespace headrace::text::lookup_avx2 {
namespace {

/// By a piece's size, and 16 for all that are longer: which of its bytes count, and its length in the last byte;
/// of the longer ones what no key is.
struct alignas(32) Packing {
  uint8_t mask[16];
  uint8_t length[16];
};
struct Packings {
  Packing of[17];
};
constexpr Packings make_packings() {
  Packings packings{};
  for (int size = 0; size < 16; ++size) {
    for (int i = 0; i < size; ++i) packings.of[size].mask[i] = 0xFF;
    packings.of[size].length[15] = static_cast<uint8_t>(size);
  }
  for (int i = 8; i < 16; ++i) packings.of[16].length[i] = 0xFF;
  return packings;
}
constexpr Packings kPackings = make_packings();

/// By which of the four words of two keys are equal to a piece's: where in the line its ids are, and above that a
/// mask for their number.
constexpr uint32_t kPlaces[16] = {32, 32, 32, 0xFF20, 32, 32, 32, 0xFF20, 32, 32, 32, 0xFF20, 0xFF30, 0xFF30, 0xFF30, 0xFF20};

/// By a byte: the places of its bits.
struct BytePlaces {
  alignas(8) uint8_t of[256][8];
};
constexpr BytePlaces make_byte_places() {
  BytePlaces places{};
  for (int byte = 0; byte < 256; ++byte) {
    for (int bit = 0, n = 0; bit < 8; ++bit) {
      if (byte >> bit & 1) places.of[byte][n++] = static_cast<uint8_t>(bit);
    }
  }
  return places;
}
constexpr BytePlaces kBytePlaces = make_byte_places();

/// PERF: a byte of bits at a time, of which eight places are stored, however many are set.
size_t places(const uint64_t* bits, size_t words, uint32_t* places) {
  uint32_t* out = places;
  __m256i base = _mm256_setzero_si256();
  const __m256i eight = _mm256_set1_epi32(8);
  for (size_t w = 0; w < words; ++w) {
    uint64_t word = bits[w];
    for (int i = 0; i < 8; ++i, word >>= 8) {
      const uint8_t* of = kBytePlaces.of[word & 0xFF];
      const __m256i here = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(of)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_add_epi32(here, base));
      out += __builtin_popcountll(word & 0xFF);
      base = _mm256_add_epi32(base, eight);
    }
  }
  return static_cast<size_t>(out - places);
}

/// PERF: two passes over a batch, as everywhere, with a key in one register and both keys of a line in another.
void look_up(const PieceCache::FirstLines& lines, const PieceHash& hash, const uint8_t* text, const uint32_t* begins, size_t count,
             TokenId* out, MissedPiece* misses, size_t& written, size_t& missed) {
  alignas(32) __m128i packed[LookupKernels::kBatch];
  const PieceCache::Line* line_of[LookupKernels::kBatch];
  const PieceCache::Line* const all_lines = lines.data();
  const uint64_t mask = lines.mask(), low_seed = hash.first(), high_seed = hash.second();
  const __m128i id_mask = _mm_setr_epi32(PieceCache::kIdMask, -1, -1, -1);
  size_t n_written = 0, n_missed = 0;
  for (size_t first = 0; first < count; first += LookupKernels::kBatch) {
    const size_t batch = count - first < LookupKernels::kBatch ? count - first : LookupKernels::kBatch;
    const uint32_t* at = begins + first;
    for (size_t i = 0; i < batch; ++i) {
      const uint32_t begin = at[i], size = at[i + 1] - begin;
      const Packing& packing = kPackings.of[size < 16 ? size : 16];
      __m128i piece = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + begin));
      piece = _mm_and_si128(piece, _mm_load_si128(reinterpret_cast<const __m128i*>(packing.mask)));
      piece = _mm_or_si128(piece, _mm_load_si128(reinterpret_cast<const __m128i*>(packing.length)));
      _mm_store_si128(&packed[i], piece);
      const auto low = static_cast<uint64_t>(_mm_cvtsi128_si64(piece)), high = static_cast<uint64_t>(_mm_extract_epi64(piece, 1));
      const PieceCache::Line* line = all_lines + (fold_multiply(low ^ low_seed, high ^ high_seed) & mask);
      line_of[i] = line;
      _mm_prefetch(reinterpret_cast<const char*>(line), _MM_HINT_T0);
    }
    for (size_t i = 0; i < batch; ++i) {
      const PieceCache::Line* line = line_of[i];
      const __m256i keys = _mm256_load_si256(reinterpret_cast<const __m256i*>(line->keys));
      const __m256i equal = _mm256_cmpeq_epi64(keys, _mm256_broadcastsi128_si256(packed[i]));
      const uint32_t place = kPlaces[_mm256_movemask_pd(_mm256_castsi256_pd(equal))];
      const __m128i ids = _mm_load_si128(reinterpret_cast<const __m128i*>(reinterpret_cast<const char*>(line) + (place & 0xFF)));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + n_written), _mm_and_si128(ids, id_mask));
      const uint32_t tokens = (static_cast<uint32_t>(_mm_cvtsi128_si32(ids)) >> 24) & (place >> 8);
      misses[n_missed].piece = static_cast<uint32_t>(first + i);
      misses[n_missed].place = static_cast<uint32_t>(n_written);
      n_missed += tokens == 0;
      n_written += tokens;
    }
  }
  written = n_written;
  missed = n_missed;
}

}  // namespace

extern const LookupKernels kKernels;
const LookupKernels kKernels{"avx2", places, look_up};

}  // namespace headrace::text::lookup_avx2
#endif
