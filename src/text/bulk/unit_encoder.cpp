#include "text/bulk/unit_encoder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "text/bulk/piece_cache.h"
#include "text/bulk/split_kernels.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

std::atomic<uint64_t> next_serial{1};

/// A stretch of a text, and where in it units begin.
struct UnitChunk {
  static constexpr size_t kBytes = 4096;
  static constexpr size_t kBlocks = kBytes / 64;

  size_t size = 0;
  size_t blocks = 0;
  uint64_t words[kBlocks + 2];     // units that begin by the rules
  uint64_t barriers[kBlocks + 2];  // units that continue a word
  uint64_t high[kBlocks + 2];
  uint64_t continuation[kBlocks + 2];
  CodePlanes planes[kBlocks + 2];
  uint8_t codes[kBytes + 128];
  uint8_t padded[64 + kBytes + 192];

  uint8_t* text() { return padded + 64; }  // with room for a space in front
};

/// Tokens of a unit as the cache keeps them: with the id, where they come from and whether a word begins.
struct Place {
  static constexpr uint32_t kBits = 11;
  static constexpr uint32_t kMost = (1u << kBits) - 1;
  static uint32_t pack(const UnitToken& token) { return token.begin | token.end << kBits | uint32_t{token.begins_word} << (2 * kBits); }
  static UnitToken unpack(TokenId id, uint32_t place) {
    return {id, place & kMost, place >> kBits & kMost, (place >> (2 * kBits)) != 0};
  }
};

/// In the cache in place of tokens: the unit depends on what is before it. More than what lies in a line, so that
/// nobody takes it for tokens who looks there.
constexpr std::array<TokenId, 6> kDepends = {PieceCache::kIdMask};
bool depends(std::span<const TokenId> found) { return !found.empty() && found.front() == kDepends.front(); }

/// No token's id.
constexpr uint32_t kNone = ~uint32_t{0};

/// Characters side by side, of which one is wide; `at`: of the right one.
struct UnitPair {
  uint32_t at;
  uint16_t left, right;
};

/// A unit whose tokens are not in the first place for them.
struct Miss {
  uint32_t unit;   // its number
  uint32_t place;  // in `out`, of its tokens, as if all misses had none
  size_t first;    // in `missed`, of its tokens
  size_t count;
  bool dependent;  // on what is before it
};

/// What a thread keeps for encoders. What a cache holds is another where places are wanted.
struct ThreadMemory {
  PieceCaches caches;
  UnitChunk chunk;
  UnitTokens unit;
  std::vector<TokenId> packed;
  TokenId out[4 * (UnitChunk::kBytes + 64) + 4];
  Miss misses[UnitChunk::kBytes + 64];
  UnitPair pairs[UnitChunk::kBytes + 64];
  std::vector<TokenId> missed;                    // the misses' tokens, in any order
  std::vector<UnitIds> wanted;                    // what the model is asked for
  std::vector<uint32_t> wanted_by;                // and the number of the miss
  uint32_t begins[UnitChunk::kBytes + 64];
  uint32_t ends[UnitChunk::kBytes + 64];
};

ThreadMemory& thread_memory() {
  thread_local const auto memory = std::make_unique<ThreadMemory>();
  return *memory;
}

void lower(uint8_t* to, const char* from, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<uint8_t>(from[i]);
    const auto upper = static_cast<uint8_t>(static_cast<uint8_t>(c - 'A') < 26);
    to[i] = static_cast<uint8_t>(c + (upper << 5));
  }
}

bool bit_at(const uint64_t* bits, size_t at) { return bits[at / 64] >> (at % 64) & 1; }

void keep_below(uint64_t* bits, size_t end, size_t blocks) {
  if (end / 64 < blocks) bits[end / 64] &= (uint64_t{1} << (end % 64)) - 1;
  for (size_t w = end / 64 + 1; w < blocks; ++w) bits[w] = 0;
}

/// Whether a unit is one token, which comes from all of it.
bool is_all_of(const UnitTokens& unit, TokenId id, size_t size) {
  if (unit.tokens.size() != 1 || !unit.spelled.empty()) return false;
  const UnitToken& token = unit.tokens[0];
  return token.id == id && token.begin == 0 && token.end == size;
}

}  // namespace

Result<void> UnitModel::encode_each(std::span<UnitIds> units, std::vector<TokenId>& ids) const {
  UnitTokens tokens;
  for (UnitIds& each : units) {
    HR_CHECK(encode(each.unit, tokens));
    each.first = ids.size();
    each.count = tokens.tokens.size();
    each.depends_on_before = tokens.depends_on_before;
    for (const UnitToken& token : tokens.tokens) ids.push_back(token.id);
  }
  return {};
}

/// One call of encode.
class UnitEncoder::Run {
 public:
  Run(const UnitEncoder& encoder, std::string_view text, size_t begin, size_t end, const UnitSink& sink)
      : encoder_(encoder), spec_(encoder.spec_), memory_(thread_memory()), chunk_(memory_.chunk),
        cache_(memory_.caches.of(2 * encoder.serial_ + (sink.tokens->offsets ? 1 : 0), encoder.hash_)),
        stretch_(text.substr(begin, end - begin)), base_(begin),
        barriers_(spec_.ascii_pairs && encoder.may_have_barriers(stretch_)), sink_(*sink.tokens), spelled_(sink.spelled),
        scored_to_(sink_.ids->size()) {}

  Result<void> encode();

 private:
  static constexpr size_t kBatch = 32;
  /// Longer units seldom come again.
  static constexpr size_t kLongestKept = 32;
  /// A unit as the cache knows it.
  class Key;
  void take(size_t from);
  void encode_characters();
  void find_ascii_barriers();
  void drop_barriers();
  void find_words();
  size_t end_of_chunk(size_t from);
  size_t list_units(bool more);
  Result<void> encode_units(size_t count);
  size_t find_units(size_t count, size_t& written);
  Result<bool> find_missing(size_t misses);
  Result<bool> ask_model();
  Result<void> put_all(size_t written, size_t misses);
  void add_up_scores();
  Result<void> encode_in_order(size_t count);
  Result<void> encode_each_dependent(size_t count);
  Result<void> encode_unit(size_t begin, size_t end);
  Result<void> encode_alone(size_t begin, size_t end, TextUnit::Place place);
  void put_found(size_t begin, std::span<const uint32_t> found);
  void put_places(size_t begin, const UnitTokens& unit, size_t first);
  Result<void> encode_word_from(size_t begin);
  Result<void> encode_dependent(const TextUnit& unit);
  void remember(const Key& key, const UnitTokens& unit);
  /// The bytes of a block that the chunk has.
  uint64_t in_chunk(size_t w) const { return chunk_.size >= w * 64 + 64 ? ~uint64_t{0} : (uint64_t{1} << (chunk_.size % 64)) - 1; }
  bool is_word(size_t begin) const { return bit_at(chunk_.words, begin); }
  TextUnit unit_at(size_t begin, size_t end) const {
    return {stretch_, from_ + begin, from_ + end, is_word(begin) ? TextUnit::Place::Word : TextUnit::Place::Continuing, base_ == 0};
  }
  bool has_own_space(size_t begin) const;
  PackedPiece packed_at(size_t begin, size_t end) const;
  std::atomic<uint32_t>* single_at(size_t begin, size_t end) const;

  const UnitEncoder& encoder_;
  const UnitSpec& spec_;
  ThreadMemory& memory_;
  UnitChunk& chunk_;
  PieceCache& cache_;
  std::string_view stretch_;
  size_t base_;  // of the stretch in the text
  bool barriers_;
  bool continuing_ = false;  // whether the chunk's first unit continues a word
  size_t from_ = 0;          // of the chunk in the stretch
  size_t word_ = 0;          // where in the stretch the word began that the chunk's first unit continues
  size_t encoded_to_ = 0;    // by whole words, where that is more than by units
  TokenSink& sink_;
  std::vector<std::pair<size_t, std::string>>* spelled_;
  std::optional<double> score_ = 0;  // of the stretch's tokens before `scored_to_`, where all of it is one word
  size_t scored_to_;                 // of sink_.ids
};

/// Whether a unit that is looked up with a space in front has one of its own, before what cannot begin a unit: the same
/// tokens as with one put in front, at other places.
bool UnitEncoder::Run::has_own_space(size_t begin) const {
  return spec_.words_have_space && is_word(begin) && (chunk_.codes[begin] & unit_code::kSpace);
}

/// A short unit as it is looked up, without kPart; what no key is for longer ones.
PackedPiece UnitEncoder::Run::packed_at(size_t begin, size_t end) const {
  constexpr PackedPiece kNoKey{0, ~uint64_t{0}};
  const size_t size = end - begin;
  const uint8_t* text = chunk_.padded + 64 + begin;
  if (!spec_.words_have_space || !is_word(begin) || (chunk_.codes[begin] & unit_code::kSpace)) {
    return size <= PackedPiece::kLongest ? pack(text, size) : kNoKey;
  }
  if (size >= PackedPiece::kLongest) return kNoKey;
  const PackedPiece piece = pack(text, size);
  constexpr uint64_t kLength = uint64_t{0xFF} << 56;
  const uint64_t bytes = piece.high & ~kLength;
  return {piece.low << 8 | ' ', (bytes << 8 | piece.low >> 56) + static_cast<uint64_t>(size + 1) * (uint64_t{1} << 56)};
}

class UnitEncoder::Run::Key {
 public:
  Key(const Run& run, size_t begin, size_t end) : packed_(run.packed_at(begin, end)) {
    const bool own_space = run.has_own_space(begin);
    is_short_ = packed_.high != ~uint64_t{0};
    if (is_short_) {
      hash_ = run.encoder_.hash_(packed_);
      if (own_space) packed_.high |= PieceCache::kPart;
      return;
    }
    const bool put_in_front = run.spec_.words_have_space && !own_space && run.is_word(begin);
    if (own_space || end - begin + put_in_front > kLongestKept) return;
    bytes_[0] = ' ';
    std::memcpy(bytes_ + put_in_front, run.chunk_.padded + 64 + begin, end - begin);
    size_ = end - begin + put_in_front;
    hash_ = run.encoder_.hash_(reinterpret_cast<const uint8_t*>(bytes_), size_);
  }

  void prefetch(const PieceCache& cache) const {
    if (is_short_) {
      cache.prefetch_second(hash_);
    } else if (size_ > 0) {
      cache.prefetch_long(hash_);
    }
  }
  /// Valid until something is added.
  std::optional<std::span<const uint32_t>> find(PieceCache& cache) const {
    if (is_short_) return cache.find(packed_, hash_);
    const auto found = size_ > 0 ? cache.find_long(bytes(), hash_) : std::span<const uint32_t>();
    return found.empty() ? std::nullopt : std::optional(found);
  }
  void add(PieceCache& cache, std::span<const uint32_t> tokens) const {
    if (is_short_) {
      cache.add(packed_, hash_, tokens);
    } else if (size_ > 0) {
      cache.add_long(bytes(), hash_, tokens);
    }
  }

 private:
  std::string_view bytes() const { return {bytes_, size_}; }

  PackedPiece packed_;
  uint64_t hash_ = 0;
  bool is_short_ = false;
  size_t size_ = 0;  // of a longer one; 0: it is not kept
  char bytes_[kLongestKept];
};

/// Copies what a chunk may hold: whole characters.
void UnitEncoder::Run::take(size_t from) {
  const size_t left = stretch_.size() - from;
  chunk_.size = std::min(left, UnitChunk::kBytes);
  while (from + chunk_.size < stretch_.size() && utf8::is_continuation(stretch_[from + chunk_.size])) --chunk_.size;
  uint8_t* text = chunk_.text();
  if (spec_.lowers_ascii) {
    lower(text, stretch_.data() + from, chunk_.size);
  } else {
    std::memcpy(text, stretch_.data() + from, chunk_.size);
  }
  std::memset(text + chunk_.size, 0, 128);
  chunk_.blocks = (chunk_.size + 63) / 64;
  from_ = from;
}

/// Each byte's code is its character's. Barriers beside wide characters are looked for on the way.
void UnitEncoder::Run::encode_characters() {
  const uint8_t* text = chunk_.text();
  uint8_t* codes = chunk_.codes;
  split_kernels().classify(text, chunk_.blocks, encoder_.ascii_, codes, chunk_.high, chunk_.continuation);
  std::fill_n(chunk_.barriers, chunk_.blocks + 1, 0);
  const UnitCodes& table = *spec_.codes;
  UnitPair* const pairs = memory_.pairs;
  size_t n_pairs = 0;
  const auto mark = [&](size_t at, uint8_t both, char32_t before, char32_t here) {
    pairs[n_pairs] = {static_cast<uint32_t>(at), static_cast<uint16_t>(before), static_cast<uint16_t>(here)};
    n_pairs += (both & unit_code::kKnown) != 0;
  };
  size_t at = 0;
  for (size_t w = 0; w < chunk_.blocks; ++w) {
    for (;;) {
      const size_t skipped = at > w * 64 ? at - w * 64 : 0;
      if (skipped >= 64) break;
      const uint64_t left = chunk_.high[w] >> skipped << skipped;
      if (!left) break;
      at = w * 64 + static_cast<size_t>(std::countr_zero(left));
      char32_t before = at > 0 ? text[at - 1] : 0;
      uint8_t code_before = at > 0 ? codes[at - 1] : 0;
      bool wide_before = false;
      while (at < chunk_.size && text[at] >= 0x80) {
        const uint8_t lead = text[at];
        if (lead < 0xE0) {
          const char32_t here = (lead & 0x1Fu) << 6 | (text[at + 1] & 0x3Fu);
          codes[at] = codes[at + 1] = table.of_basic(here);
          if (wide_before) mark(at, code_before & codes[at], before, here);
          before = here, code_before = codes[at], wide_before = false;
          at += 2;
        } else if (lead < 0xF0) {
          const char32_t here = (lead & 0x0Fu) << 12 | (text[at + 1] & 0x3Fu) << 6 | (text[at + 2] & 0x3Fu);
          codes[at] = codes[at + 1] = codes[at + 2] = table.of_basic(here);
          const bool wide = Barriers::is_wide(here);
          if (wide | wide_before) mark(at, code_before & codes[at], before, here);
          before = here, code_before = codes[at], wide_before = wide;
          at += 3;
        } else {
          std::memset(codes + at, unit_code::kJoining, 4);
          code_before = 0, wide_before = false;
          at += 4;
        }
      }
      if (at >= chunk_.size) break;
      if (wide_before) mark(at, code_before & codes[at], before, text[at]);
    }
  }
  if (barriers_ && n_pairs > 0) {
    // PERF: apart from the above, so that many looks into the table wait for memory together.
    const Barriers& barriers = encoder_.barriers();
    for (const UnitPair& pair : std::span(pairs, n_pairs)) {
      chunk_.barriers[pair.at / 64] |= uint64_t{barriers.between_wide(pair.left, pair.right)} << (pair.at % 64);
    }
  }
  std::memset(codes + chunk_.size, 0, chunk_.blocks * 64 - chunk_.size);
  split_kernels().planes(codes, chunk_.blocks, chunk_.planes);
  chunk_.planes[chunk_.blocks] = {};
}

void UnitEncoder::Run::find_ascii_barriers() {
  uint64_t high_carry = 1, known_carry = 0;
  for (size_t w = 0; w < chunk_.blocks; ++w) {
    const uint64_t high = chunk_.high[w], known = chunk_.planes[w].of[std::countr_zero(unit_code::kKnown)];
    uint64_t both = known & (known << 1 | known_carry) & ~(high | high << 1 | high_carry);
    high_carry = high >> 63;
    known_carry = known >> 63;
    const uint8_t* text = chunk_.text() + w * 64;
    if (std::popcount(both) > 8) {
      chunk_.barriers[w] |= both & spec_.ascii_pairs->apart(text);
      continue;
    }
    for (; both; both &= both - 1) {
      const auto at = static_cast<ptrdiff_t>(std::countr_zero(both));
      if (spec_.ascii_pairs->apart(text[at - 1], text[at])) chunk_.barriers[w] |= both & -both;
    }
  }
}

/// begins_unit, for 64 bytes at a time.
void UnitEncoder::Run::find_words() {
  using namespace unit_code;
  const auto plane = [&](size_t w, uint8_t code) { return chunk_.planes[w].of[std::countr_zero(code)]; };
  uint64_t apart_carry = 0, glue_carry = 0, solid_carry = 0;
  for (size_t w = 0; w < chunk_.blocks; ++w) {
    const uint64_t space = plane(w, kSpace), glue = plane(w, kGlue);
    const uint64_t may_begin = ~(chunk_.continuation[w] | plane(w, kJoining) | (glue << 1 | glue_carry));
    glue_carry = glue >> 63;
    if (spec_.cut == UnitCut::Words) {
      const uint64_t apart = space | plane(w, kSingle);
      chunk_.words[w] = may_begin & (apart | apart << 1 | apart_carry);
      apart_carry = apart >> 63;
    } else {
      chunk_.words[w] = may_begin & space;
      if (spec_.cut == UnitCut::SpaceLedLonely) {
        const uint64_t solid = plane(w, kSolid);
        const uint64_t solid_after = solid >> 1 | plane(w + 1, kSolid) << 63;
        chunk_.words[w] &= (solid << 1 | solid_carry) & solid_after;
        solid_carry = solid >> 63;
      }
    }
  }
  keep_below(chunk_.words, chunk_.size, chunk_.blocks);
}

/// Drops barriers behind which a word has a character that is not easy: what follows them takes all steps, and so the whole word.
void UnitEncoder::Run::drop_barriers() {
  const auto easy = [&](size_t w) { return chunk_.planes[w].of[std::countr_zero(unit_code::kEasy)]; };
  bool behind = false;  // whether there is one in what is left of the word
  for (size_t w = chunk_.blocks; w-- > 0;) {
    const uint64_t words = chunk_.words[w], odd = ~(easy(w) | chunk_.continuation[w] | words);
    if (!behind && !(odd & in_chunk(w))) continue;
    for (uint64_t left = words | (odd & in_chunk(w)) | chunk_.barriers[w]; left;) {
      const uint64_t bit = uint64_t{1} << (63 - std::countl_zero(left));
      left ^= bit;
      if (words & bit) {
        behind = false;
      } else if (odd & bit) {
        behind = true;
      } else if (behind) {
        chunk_.barriers[w] ^= bit;
      }
    }
  }
}

/// Shortens the chunk to whole units; 0 where not even one is known to end in it.
size_t UnitEncoder::Run::end_of_chunk(size_t from) {
  if (from + chunk_.size == stretch_.size()) return chunk_.size;
  size_t w = chunk_.blocks;
  while (w-- > 0) {
    const uint64_t starts = chunk_.words[w] | chunk_.barriers[w];
    if (starts) return w * 64 + 63 - static_cast<size_t>(std::countl_zero(starts));
  }
  return 0;
}

/// Lists the units, without the spaces that lie between words, and puts a space in front of words if that
/// is how they are looked up.
size_t UnitEncoder::Run::list_units(bool more) {
  using namespace unit_code;
  uint32_t* begins = memory_.begins;
  uint32_t* ends = memory_.ends;
  size_t count = 0, ended = 0;
  uint64_t dropped_carry = 0;
  for (size_t w = 0; w < chunk_.blocks; ++w) {
    const uint64_t starts = chunk_.words[w] | chunk_.barriers[w];
    uint64_t dropped = 0;
    if (spec_.cut == UnitCut::Words) {
      // A byte of white space, behind which the next unit begins.
      uint64_t after = w + 1 < chunk_.blocks ? (chunk_.words[w + 1] | chunk_.barriers[w + 1]) & 1 : 0;
      if (w + 1 == chunk_.blocks && more && chunk_.size % 64 == 0) after = 1;
      uint64_t starts_and_end = starts;
      if (more && w == chunk_.size / 64) starts_and_end |= uint64_t{1} << (chunk_.size % 64);
      dropped = starts & chunk_.planes[w].of[std::countr_zero(kSpace)] & ~chunk_.high[w] & (starts_and_end >> 1 | after << 63);
    }
    const auto base = static_cast<uint32_t>(w * 64);
    for (uint64_t bits = starts & ~dropped; bits; bits &= bits - 1) begins[count++] = base + static_cast<uint32_t>(std::countr_zero(bits));
    uint64_t stops = starts & ~(dropped << 1 | dropped_carry);
    if (w == 0) stops &= ~uint64_t{1};
    for (; stops; stops &= stops - 1) ends[ended++] = base + static_cast<uint32_t>(std::countr_zero(stops));
    dropped_carry = dropped >> 63;
  }
  if (ended < count) ends[ended] = static_cast<uint32_t>(chunk_.size);
  return count;
}

void UnitEncoder::Run::add_up_scores() {
  if (score_) score_ = spec_.model->score_after(*score_, std::span(*sink_.ids).subspan(scored_to_));
  scored_to_ = sink_.ids->size();
}

/// Encodes a unit that depends on what is before it in its word.
Result<void> UnitEncoder::Run::encode_dependent(const TextUnit& unit) {
  if (spec_.one_word) add_up_scores();
  if (spec_.one_word && score_) {
    HR_TRY(score_, spec_.model->encode_after(unit, *score_, memory_.unit));
    if (score_) {
      put_places(unit.begin, memory_.unit, 0);
      scored_to_ = sink_.ids->size();
      return {};
    }
  }
  return encode_word_from(unit.begin);
}

/// Encodes the whole word that continues at `begin` of the stretch, and appends what is not there yet.
Result<void> UnitEncoder::Run::encode_word_from(size_t begin) {
  size_t word = spec_.one_word ? 0 : word_;
  if (begin > from_ && !spec_.one_word) {
    for (size_t at = begin - from_; at-- > 0;) {
      if (!is_word(at)) continue;
      word = from_ + at;
      break;
    }
  }
  bool at_barrier;
  const size_t end = spec_.one_word ? stretch_.size() : encoder_.unit_end(stretch_, word, false, at_barrier);
  const bool first = spec_.first_is_special && word == 0;
  HR_CHECK(spec_.model->encode({stretch_, word, end, first ? TextUnit::Place::First : TextUnit::Place::Word, base_ == 0}, memory_.unit));
  size_t there = 0;
  while (there < memory_.unit.tokens.size() && word + memory_.unit.tokens[there].begin < begin) ++there;
  put_places(word, memory_.unit, there);
  encoded_to_ = end;
  return {};
}

/// Where the token is kept of a unit that is a single character; null: it is none.
std::atomic<uint32_t>* UnitEncoder::Run::single_at(size_t begin, size_t end) const {
  if (!encoder_.singles_ || !(chunk_.codes[begin] & unit_code::kSingle)) return nullptr;
  uint32_t length;
  const char32_t c = utf8::decode(reinterpret_cast<const char*>(chunk_.padded + 64 + begin), length);
  return length == end - begin ? &encoder_.singles_[c] : nullptr;
}

/// Appends tokens that the cache keeps.
void UnitEncoder::Run::put_found(size_t begin, std::span<const uint32_t> found) {
  if (!sink_.offsets) {
    sink_.ids->insert(sink_.ids->end(), found.begin(), found.end());
    return;
  }
  const size_t at = base_ + from_ + begin;
  for (size_t i = 0; i < found.size(); i += 2) {
    const UnitToken token = Place::unpack(found[i], found[i + 1]);
    sink_.add(token.id, at + token.begin, at + token.end);
    sink_.next_word += token.begins_word;
    if (sink_.words) sink_.words->push_back(sink_.next_word - 1);
  }
}

/// Appends the tokens from `first_token` on that a model has made of the unit at `begin` of the stretch.
void UnitEncoder::Run::put_places(size_t begin, const UnitTokens& unit, size_t first_token) {
  const size_t first = sink_.ids->size() - first_token;
  for (const UnitToken& token : std::span(unit.tokens).subspan(first_token)) {
    sink_.next_word += token.begins_word;
    sink_.add(token.id, base_ + begin + token.begin, base_ + begin + token.end);
    if (sink_.words) sink_.words->push_back(sink_.next_word - 1);
  }
  if (!spelled_ || !sink_.offsets) return;
  for (const auto& [index, spelling] : unit.spelled) {
    if (index >= first_token) spelled_->emplace_back(first + index, spelling);
  }
}

void UnitEncoder::Run::remember(const Key& key, const UnitTokens& unit) {
  std::vector<TokenId>& kept = memory_.packed;
  kept.clear();
  for (const UnitToken& token : unit.tokens) {
    kept.push_back(token.id);
    if (!sink_.offsets) continue;
    if (token.begin > Place::kMost || token.end > Place::kMost) return;
    kept.push_back(Place::pack(token));
  }
  if (sink_.offsets && !unit.spelled.empty()) return;
  key.add(cache_, kept);
}

Result<void> UnitEncoder::Run::encode_alone(size_t begin, size_t end, TextUnit::Place place) {
  if (spec_.one_word) return encode_dependent({stretch_, begin, end, place, base_ == 0});
  HR_CHECK(spec_.model->encode({stretch_, begin, end, place, base_ == 0}, memory_.unit));
  if (memory_.unit.depends_on_before) return encode_word_from(begin);
  put_places(begin, memory_.unit, 0);
  constexpr size_t kKept = 1 << 16;  // given back when a long unit has made it large
  if (memory_.unit.tokens.capacity() > kKept) memory_.unit = {};
  return {};
}

/// Looks into the first place for each unit, and writes what is there to `out`. Returns how many misses there are.
///
/// PERF: as in BulkEncoder: keys, hashes and prefetches of a batch; then looks with no branch on what was found.
size_t UnitEncoder::Run::find_units(size_t count, size_t& written) {
  PackedPiece packed[kBatch];
  uint64_t hashes[kBatch];
  TokenId singles[kBatch];
  const bool has_singles = encoder_.singles_ != nullptr;
  const PieceCache::FirstLines lines = cache_.first_lines();
  const PieceHash hash = encoder_.hash_;
  const uint32_t* begins = memory_.begins;
  const uint32_t* ends = memory_.ends;
  TokenId* const out = memory_.out;
  Miss* const misses = memory_.misses;
  size_t missed = 0, done = 0;
  for (size_t first = 0; first < count; first += kBatch) {
    const size_t batch = std::min(kBatch, count - first);
    for (size_t i = 0; i < batch; ++i) {
      const uint32_t begin = begins[first + i], end = ends[first + i];
      singles[i] = kNone;
      if (has_singles) {
        const std::atomic<uint32_t>* single = single_at(begin, end);
        if (single) singles[i] = single->load(std::memory_order_relaxed);
        if (singles[i] != kNone) continue;
      }
      packed[i] = packed_at(begin, end);
      hashes[i] = hash(packed[i]);
      if (has_own_space(begin)) packed[i].high |= PieceCache::kPart;
      lines.prefetch(hashes[i]);
    }
    for (size_t i = 0; i < batch; ++i) {
      if (singles[i] != kNone) {
        out[done++] = singles[i];
        continue;
      }
      const uint32_t tokens = lines.find(packed[i], hashes[i], out + done);
      misses[missed].unit = static_cast<uint32_t>(first + i);
      misses[missed].place = static_cast<uint32_t>(done);
      missed += tokens == 0;
      done += tokens;
    }
  }
  written = done;
  return missed;
}

/// Finds the tokens of misses. False: one depends on what is before it.
Result<bool> UnitEncoder::Run::find_missing(size_t misses) {
  std::vector<TokenId>& missed = memory_.missed;
  missed.clear();
  memory_.wanted.clear();
  memory_.wanted_by.clear();
  for (uint32_t n = 0; n < misses; ++n) {
    constexpr uint32_t kAhead = 8;
    if (n + kAhead < misses) {
      const uint32_t unit = memory_.misses[n + kAhead].unit;
      Key(*this, memory_.begins[unit], memory_.ends[unit]).prefetch(cache_);
    }
    Miss& miss = memory_.misses[n];
    const uint32_t begin = memory_.begins[miss.unit], end = memory_.ends[miss.unit];
    miss.dependent = false;
    if (const auto found = Key(*this, begin, end).find(cache_)) {
      miss.dependent = depends(*found);
      if (miss.dependent && !spec_.one_word) return false;
      miss.first = missed.size();
      miss.count = found->size();
      missed.insert(missed.end(), found->begin(), found->end());
      continue;
    }
    memory_.wanted.push_back({unit_at(begin, end)});
    memory_.wanted_by.push_back(n);
  }
  return ask_model();
}

Result<bool> UnitEncoder::Run::ask_model() {
  HR_CHECK(spec_.model->encode_each(memory_.wanted, memory_.missed));
  bool known = true;
  for (size_t i = 0; i < memory_.wanted.size(); ++i) {
    const UnitIds& unit = memory_.wanted[i];
    Miss& miss = memory_.misses[memory_.wanted_by[i]];
    miss.first = unit.first;
    miss.count = unit.count;
    miss.dependent = unit.depends_on_before;
    known &= !unit.depends_on_before || spec_.one_word;
    const uint32_t begin = memory_.begins[miss.unit], end = memory_.ends[miss.unit];
    std::span<const TokenId> ids(kDepends);
    if (!unit.depends_on_before) ids = std::span(memory_.missed).subspan(unit.first, unit.count);
    if (std::atomic<uint32_t>* single = single_at(begin, end); single && ids.size() == 1 && (chunk_.codes[begin] & unit_code::kEasy)) {
      single->store(ids[0], std::memory_order_relaxed);
      continue;
    }
    const Key key(*this, begin, end);
    if (!key.find(cache_)) key.add(cache_, ids);  // the same unit may have been asked for twice
  }
  return known;
}

Result<void> UnitEncoder::Run::put_all(size_t written, size_t misses) {
  std::vector<TokenId>& ids = *sink_.ids;
  size_t at = 0;
  for (const Miss& miss : std::span(memory_.misses, misses)) {
    ids.insert(ids.end(), memory_.out + at, memory_.out + miss.place);
    at = miss.place;
    if (miss.dependent) {
      HR_CHECK(encode_dependent(unit_at(memory_.begins[miss.unit], memory_.ends[miss.unit])));
      if (encoded_to_ > from_) return {};  // by all of the stretch
      continue;
    }
    const auto first = memory_.missed.begin() + static_cast<ptrdiff_t>(miss.first);
    ids.insert(ids.end(), first, first + static_cast<ptrdiff_t>(miss.count));
  }
  ids.insert(ids.end(), memory_.out + at, memory_.out + written);
  return {};
}

Result<void> UnitEncoder::Run::encode_units(size_t count) {
  if (spec_.one_word) {
    add_up_scores();
    if (!score_ || std::abs(*score_) > spec_.greatest_score) return encode_each_dependent(count);
  }
  if (sink_.offsets || from_ < encoded_to_) return encode_in_order(count);
  size_t written = 0;
  const size_t misses = find_units(count, written);
  if (misses > 0) {
    HR_TRY(const bool found, find_missing(misses));
    if (!found) return encode_in_order(count);
  }
  HR_CHECK(put_all(written, misses));
  constexpr size_t kKept = 1 << 16;  // given back when long units have made it large
  if (memory_.missed.capacity() > kKept) memory_.missed = {};
  return {};
}

Result<void> UnitEncoder::Run::encode_each_dependent(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t begin = memory_.begins[i], end = memory_.ends[i];
    if (from_ + begin >= encoded_to_) HR_CHECK(encode_dependent(unit_at(begin, end)));
  }
  return {};
}

Result<void> UnitEncoder::Run::encode_unit(size_t begin, size_t end) {
  std::atomic<uint32_t>* const single = single_at(begin, end);
  if (single) {
    const uint32_t id = single->load(std::memory_order_relaxed);
    UnitTokens& unit = memory_.unit;
    if (id != kNone) {
      unit.clear();
      unit.tokens.push_back({id, 0, static_cast<uint32_t>(end - begin), is_word(begin)});
      put_places(from_ + begin, unit, 0);
      return {};
    }
  }
  const Key key(*this, begin, end);
  if (const auto found = key.find(cache_)) {
    if (depends(*found)) return encode_dependent(unit_at(begin, end));
    put_found(begin, *found);
    return {};
  }
  HR_CHECK(spec_.model->encode(unit_at(begin, end), memory_.unit));
  if (memory_.unit.depends_on_before) {
    key.add(cache_, kDepends);
    return encode_dependent(unit_at(begin, end));
  }
  put_places(from_ + begin, memory_.unit, 0);
  if (single && !memory_.unit.tokens.empty() && is_all_of(memory_.unit, memory_.unit.tokens[0].id, end - begin)) {
    single->store(memory_.unit.tokens[0].id, std::memory_order_relaxed);
  } else {
    remember(key, memory_.unit);
  }
  return {};
}

/// One unit after another: with places, or where whole words have to be encoded.
Result<void> UnitEncoder::Run::encode_in_order(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t begin = memory_.begins[i], end = memory_.ends[i];
    if (from_ + begin >= encoded_to_) HR_CHECK(encode_unit(begin, end));
  }
  return {};
}

Result<void> UnitEncoder::Run::encode() {
  size_t from = 0;
  uint32_t length;
  const bool joins = spec_.joining_first_is_special && (encoder_.code_at(stretch_, 0, length) & unit_code::kJoining);
  if (joins) return encode_alone(0, stretch_.size(), TextUnit::Place::First);
  if (spec_.first_is_special) {
    from = encoder_.unit_end(stretch_, 0, barriers_, continuing_);
    HR_CHECK(encode_alone(0, from, TextUnit::Place::First));
    if (encoded_to_ > from) from = encoded_to_;
  }
  while (from < stretch_.size()) {
    if (!continuing_) word_ = from;
    take(from);
    encode_characters();
    if (barriers_) find_ascii_barriers();
    find_words();
    if (barriers_) drop_barriers();
    chunk_.words[0] = (chunk_.words[0] & ~uint64_t{1}) | (continuing_ ? 0 : 1);
    chunk_.barriers[0] = (chunk_.barriers[0] & ~uint64_t{1}) | (continuing_ ? 1 : 0);
    size_t size = end_of_chunk(from);
    if (size == 0) {
      const TextUnit::Place place = continuing_ ? TextUnit::Place::Continuing : TextUnit::Place::Word;
      const size_t end = encoder_.unit_end(stretch_, from, barriers_, continuing_);
      HR_CHECK(encode_alone(from, end, place));
      from = end;
    } else {
      const bool more = from + size < stretch_.size();
      if (more) {
        continuing_ = !bit_at(chunk_.words, size);
        chunk_.size = size;
        chunk_.blocks = (size + 63) / 64;
        keep_below(chunk_.words, size, chunk_.blocks);
        keep_below(chunk_.barriers, size, chunk_.blocks);
      }
      HR_CHECK(encode_units(list_units(more)));
      from += size;
    }
    if (encoded_to_ > from) {
      from = encoded_to_;
      continuing_ = false;
    } else if (continuing_) {
      for (size_t at = chunk_.size; at-- > 0;) {
        if (!is_word(at)) continue;
        word_ = from_ + at;
        break;
      }
    }
  }
  return {};
}

UnitEncoder::UnitEncoder(UnitSpec spec) : spec_(std::move(spec)), serial_(next_serial.fetch_add(1)) {
  for (char32_t c = 0; c < 128; ++c) ascii_[c] = spec_.codes->of_basic(c);
  if (spec_.has_singles) {
    constexpr size_t kCharacters = 0x10000;
    singles_ = std::make_unique<std::atomic<uint32_t>[]>(kCharacters);
    std::fill_n(singles_.get(), kCharacters, kNone);
  }
}

UnitEncoder::~UnitEncoder() = default;

const Barriers& UnitEncoder::barriers() const {
  std::call_once(once_, [this] { barriers_ = spec_.make_barriers(); });
  return *barriers_;
}

bool UnitEncoder::begins_unit(uint8_t before, uint8_t here, uint8_t after) const {
  using namespace unit_code;
  if ((here & kJoining) || (before & kGlue)) return false;
  if (spec_.cut == UnitCut::Words) return (here | before) & (kSpace | kSingle);
  return (here & kSpace) && (spec_.cut == UnitCut::SpaceLed || (before & after & kSolid));
}

uint8_t UnitEncoder::code_at(std::string_view text, size_t at, uint32_t& length) const {
  return spec_.codes->of(utf8::decode(text.data() + at, length));
}

bool UnitEncoder::barrier_between(char32_t left, char32_t right) const {
  if ((left | right) < 0x80) return spec_.ascii_pairs->apart(static_cast<uint8_t>(left), static_cast<uint8_t>(right));
  return (Barriers::is_wide(left) || Barriers::is_wide(right)) && barriers().between(left, right);
}

/// Where the unit that begins at `begin` ends, and whether that is a barrier.
size_t UnitEncoder::unit_end(std::string_view text, size_t begin, bool barriers, bool& at_barrier) const {
  at_barrier = false;
  uint32_t length;
  uint8_t before = code_at(text, begin, length);
  size_t last = begin;
  for (size_t at = begin + length; at < text.size(); last = at, at += length) {
    const uint8_t here = code_at(text, at, length);
    uint32_t after_length;
    const uint8_t after = at + length < text.size() ? code_at(text, at + length, after_length) : 0;
    if (begins_unit(before, here, after)) return at;
    if (barriers && (before & here & unit_code::kKnown)) {
      uint32_t ignored;
      at_barrier = barrier_between(utf8::decode(text.data() + last, ignored), utf8::decode(text.data() + at, ignored));
      if (at_barrier) return at;
    }
    before = here;
  }
  return text.size();
}

/// Whether no word is too long for barriers.
bool UnitEncoder::may_have_barriers(std::string_view stretch) const {
  const std::string_view ends = spec_.codes->of_basic('\n') & unit_code::kSpace ? " \n" : " ";
  for (size_t at = 0; stretch.size() - at > spec_.longest_with_barriers;) {
    const size_t space = stretch.substr(at, spec_.longest_with_barriers).find_last_of(ends);
    if (space == std::string_view::npos || space == 0) return false;
    at += space;
  }
  return true;
}

Result<void> UnitEncoder::encode(std::string_view text, size_t begin, size_t end, const UnitSink& sink) const {
  if (begin >= end) return {};
  return Run(*this, text, begin, end, sink).encode();
}

}  // namespace headrace::text
