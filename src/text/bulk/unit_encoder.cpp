#include "text/bulk/unit_encoder.h"

#include <algorithm>
#include <atomic>
#include <bit>
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

/// In the cache in place of a token: the unit depends on what is before it.
constexpr TokenId kDepends = PieceCache::kIdMask;

/// What a thread keeps for encoders: caches for the few that it used last.
struct ThreadMemory {
  static constexpr size_t kMostCaches = 4;
  struct Cache {
    uint64_t serial;
    bool places;
    std::unique_ptr<PieceCache> cache;
  };
  std::vector<Cache> caches;
  UnitChunk chunk;
  UnitTokens unit;
  std::vector<TokenId> packed;
  uint32_t begins[UnitChunk::kBytes + 64];
  uint32_t ends[UnitChunk::kBytes + 64];

  PieceCache& cache_of(uint64_t serial, const PieceHash& hash, bool places) {
    const auto found = std::ranges::find_if(caches, [&](const Cache& cache) { return cache.serial == serial && cache.places == places; });
    if (found == caches.end()) {
      if (caches.size() == kMostCaches) caches.pop_back();
      caches.insert(caches.begin(), {serial, places, std::make_unique<PieceCache>(piece_cache_bytes(), hash)});
    } else if (found != caches.begin()) {
      std::rotate(caches.begin(), found, found + 1);
    }
    return *caches.front().cache;
  }
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

/// One call of encode.
class UnitEncoder::Run {
 public:
  Run(const UnitEncoder& encoder, std::string_view text, size_t begin, size_t end, const UnitSink& sink)
      : encoder_(encoder), spec_(encoder.spec_), table_(encoder.table_), memory_(thread_memory()), chunk_(memory_.chunk),
        cache_(memory_.cache_of(encoder.serial_, encoder.hash_, sink.tokens->offsets != nullptr)),
        stretch_(text.substr(begin, end - begin)), base_(begin),
        barriers_(spec_.barriers && encoder.may_have_barriers(stretch_)), sink_(*sink.tokens), spelled_(sink.spelled) {}

  Result<void> encode();

 private:
  static constexpr size_t kBatch = 32;
  /// Longer units seldom come again.
  static constexpr size_t kLongestKept = 32;
  void take(size_t from);
  void encode_characters();
  void find_words();
  size_t end_of_chunk(size_t from);
  size_t list_units(bool more);
  Result<void> encode_units(size_t from, size_t count);
  Result<void> encode_missed(size_t begin, size_t end, const PackedPiece* packed, std::string_view key, uint64_t hash, uint32_t found_id);
  Result<void> encode_alone(size_t begin, size_t end, TextUnit::Place place);
  void put_found(size_t begin, std::span<const uint32_t> found);
  void put_places(size_t begin, const UnitTokens& unit, size_t first);
  Result<void> encode_word_from(size_t begin);
  void remember(const PackedPiece* packed, std::string_view key, uint64_t hash, const UnitTokens& unit);
  bool is_word(size_t begin) const { return bit_at(chunk_.words, begin); }
  std::atomic<uint32_t>* single_at(size_t begin, size_t end) const;

  const UnitEncoder& encoder_;
  const UnitSpec& spec_;
  VocabularyTable& table_;
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

/// Each byte's code is its character's. Barriers are looked for on the way: where a character of three bytes is
/// on one side at least, so that words of letters stay whole.
void UnitEncoder::Run::encode_characters() {
  const uint8_t* text = chunk_.text();
  uint8_t* codes = chunk_.codes;
  split_kernels().classify(text, chunk_.blocks, encoder_.ascii_, codes, chunk_.high, chunk_.continuation);
  std::fill_n(chunk_.barriers, chunk_.blocks + 1, 0);
  const UnitCodes& table = *spec_.codes;
  const Barriers* const barriers = barriers_ ? spec_.barriers.get() : nullptr;
  const auto mark = [&](size_t at, uint8_t both, char32_t before, char32_t here) {
    if (barriers && (both & unit_code::kKnown)) {
      chunk_.barriers[at / 64] |= uint64_t{barriers->between(before, here)} << (at % 64);
    }
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
          mark(at, code_before & codes[at], before, here);
          before = here, code_before = codes[at], wide_before = true;
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
  std::memset(codes + chunk_.size, 0, chunk_.blocks * 64 - chunk_.size);
  split_kernels().planes(codes, chunk_.blocks, chunk_.planes);
  chunk_.planes[chunk_.blocks] = {};
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

/// Encodes the whole word that continues at `begin` of the stretch, and appends what is not there yet.
Result<void> UnitEncoder::Run::encode_word_from(size_t begin) {
  size_t word = word_;
  if (begin > from_) {
    for (size_t at = begin - from_; at-- > 0;) {
      if (!is_word(at)) continue;
      word = from_ + at;
      break;
    }
  }
  bool at_barrier;
  const size_t end = encoder_.unit_end(stretch_, word, false, at_barrier);
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

void UnitEncoder::Run::remember(const PackedPiece* packed, std::string_view key, uint64_t hash, const UnitTokens& unit) {
  std::vector<TokenId>& kept = memory_.packed;
  kept.clear();
  for (const UnitToken& token : unit.tokens) {
    kept.push_back(token.id);
    if (!sink_.offsets) continue;
    if (token.begin > Place::kMost || token.end > Place::kMost) return;
    kept.push_back(Place::pack(token));
  }
  if (sink_.offsets && !unit.spelled.empty()) return;
  if (packed) {
    cache_.add(*packed, hash, kept);
  } else {
    cache_.add_long(key, hash, kept);
  }
}

Result<void> UnitEncoder::Run::encode_alone(size_t begin, size_t end, TextUnit::Place place) {
  HR_CHECK(spec_.model->encode({stretch_, begin, end, place, base_ == 0}, memory_.unit));
  if (memory_.unit.depends_on_before) return encode_word_from(begin);
  put_places(begin, memory_.unit, 0);
  constexpr size_t kKept = 1 << 16;  // given back when a long unit has made it large
  if (memory_.unit.tokens.capacity() > kKept) memory_.unit = {};
  return {};
}

/// A unit that is no entry of the vocabulary, or not known to be that alone. `packed` is null where its key is too long for that.
Result<void> UnitEncoder::Run::encode_missed(size_t begin, size_t end, const PackedPiece* packed, std::string_view key, uint64_t hash,
                                             uint32_t found_id) {
  if (packed) {
    if (const auto found = cache_.find(*packed, hash)) {
      if (!found->empty() && found->front() == kDepends) return encode_word_from(from_ + begin);
      put_found(begin, *found);
      return {};
    }
  } else if (const auto found = cache_.find_long(key, hash); !found.empty()) {
    if (found[0] == kDepends) return encode_word_from(from_ + begin);
    put_found(begin, found);
    return {};
  }
  const TextUnit::Place place = is_word(begin) ? TextUnit::Place::Word : TextUnit::Place::Continuing;
  HR_CHECK(spec_.model->encode({stretch_, from_ + begin, from_ + end, place, base_ == 0}, memory_.unit));
  if (memory_.unit.depends_on_before) {
    const uint32_t mark[2] = {kDepends, 0};
    const std::span<const TokenId> kept(mark, sink_.offsets ? 2 : 1);
    packed ? cache_.add(*packed, hash, kept) : cache_.add_long(key, hash, kept);
    return encode_word_from(from_ + begin);
  }
  put_places(from_ + begin, memory_.unit, 0);
  if (std::atomic<uint32_t>* single = single_at(begin, end); single && !memory_.unit.tokens.empty()) {
    const TokenId id = memory_.unit.tokens[0].id;
    if (is_all_of(memory_.unit, id, end - begin)) single->store(id, std::memory_order_relaxed);
  }
  if (VocabularyTable::is_entry(found_id) && is_all_of(memory_.unit, found_id & VocabularyTable::kIdMask, end - begin)) {
    VocabularyTable::store(encoder_.slot_of(key), found_id & VocabularyTable::kIdMask);
    return {};
  }
  remember(packed, key, hash, memory_.unit);
  return {};
}

/// PERF: three passes over a batch, as in BulkEncoder: keys, hashes; looks into the table; tokens.
Result<void> UnitEncoder::Run::encode_units(size_t from, size_t count) {
  PackedPiece packed[kBatch];
  uint64_t hashes[kBatch];
  uint32_t ids[kBatch];
  uint32_t at[kBatch];
  static_assert(kBatch <= 32);
  uint8_t* text = chunk_.text();
  for (size_t first = 0; first < count; first += kBatch) {
    const size_t batch = std::min(kBatch, count - first);
    const uint32_t* begins = memory_.begins + first;
    const uint32_t* ends = memory_.ends + first;
    uint32_t found = 0;  // units whose token is known before the table is asked
    for (size_t i = 0; i < batch; ++i) {
      at[i] = begins[i];
      if (const std::atomic<uint32_t>* single = single_at(begins[i], ends[i])) {
        ids[i] = single->load(std::memory_order_relaxed);
        if (ids[i] != VocabularyTable::kNone) {
          found |= uint32_t{1} << i;
          continue;
        }
      }
      const bool in_front = spec_.words_have_space && is_word(begins[i]) && !(chunk_.codes[begins[i]] & unit_code::kSpace);
      if (in_front) text[static_cast<int64_t>(at[i]--) - 1] = ' ';
      const auto signed_at = static_cast<int32_t>(at[i]);
      const size_t size = ends[i] - at[i];
      if (size > kLongestKept) continue;
      if (size <= PackedPiece::kLongest) {
        packed[i] = pack(text + signed_at, size);
        hashes[i] = encoder_.hash_(packed[i]);
        table_.prefetch(hashes[i]);
      } else {
        hashes[i] = encoder_.hash_(text + signed_at, size);
        table_.prefetch_long(hashes[i]);
      }
    }
    const auto key_at = [&](size_t i) {
      return std::string_view(reinterpret_cast<const char*>(text) + static_cast<int32_t>(at[i]), ends[i] - at[i]);
    };
    for (size_t i = 0; i < batch; ++i) {
      if (found >> i & 1) continue;
      if (ends[i] - at[i] <= PackedPiece::kLongest) {
        ids[i] = table_.probe(packed[i], hashes[i]);
        if (ids[i] == VocabularyTable::kElsewhere) {
          VocabularyTable::Slot* slot = table_.find(packed[i], hashes[i]);
          ids[i] = slot ? VocabularyTable::load(slot) : VocabularyTable::kAbsent;
        }
        if (ids[i] & VocabularyTable::kUnconfirmed) cache_.first_lines().prefetch(hashes[i]);
      } else if (ends[i] - at[i] > kLongestKept) {
        ids[i] = VocabularyTable::kAbsent;
      } else {
        VocabularyTable::Slot* slot = table_.find_long(key_at(i), hashes[i]);
        ids[i] = slot ? VocabularyTable::load(slot) : VocabularyTable::kAbsent;
        if (ids[i] & VocabularyTable::kUnconfirmed) cache_.prefetch_long(hashes[i]);
      }
    }
    for (size_t i = 0; i < batch; ++i) {
      if (from + begins[i] < encoded_to_) continue;
      if (ids[i] & VocabularyTable::kUnconfirmed) {
        const size_t size = ends[i] - at[i];
        if (size > kLongestKept) {
          const TextUnit::Place place = is_word(begins[i]) ? TextUnit::Place::Word : TextUnit::Place::Continuing;
          HR_CHECK(encode_alone(from + begins[i], from + ends[i], place));
          continue;
        }
        const bool is_short = size <= PackedPiece::kLongest;
        HR_CHECK(encode_missed(begins[i], ends[i], is_short ? &packed[i] : nullptr, key_at(i), hashes[i], ids[i]));
        continue;
      }
      sink_.ids->push_back(ids[i]);
      if (!sink_.offsets) continue;
      sink_.offsets->push_back({static_cast<uint32_t>(base_ + from + begins[i]), static_cast<uint32_t>(base_ + from + ends[i])});
      sink_.next_word += is_word(begins[i]);
      if (sink_.words) sink_.words->push_back(sink_.next_word - 1);
    }
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
  }
  while (from < stretch_.size()) {
    if (!continuing_) word_ = from;
    take(from);
    encode_characters();
    find_words();
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
      HR_CHECK(encode_units(from, list_units(more)));
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

UnitEncoder::UnitEncoder(UnitSpec spec) : spec_(std::move(spec)), table_(spec_.entries, hash_, {}), serial_(next_serial.fetch_add(1)) {
  for (char32_t c = 0; c < 128; ++c) ascii_[c] = spec_.codes->of_basic(c);
  if (spec_.has_singles) {
    constexpr size_t kCharacters = 0x10000;
    singles_ = std::make_unique<std::atomic<uint32_t>[]>(kCharacters);
    std::fill_n(singles_.get(), kCharacters, VocabularyTable::kNone);
  }
  spec_.entries = {};
}

/// The slot of a key, or null.
VocabularyTable::Slot* UnitEncoder::slot_of(std::string_view key) const {
  if (key.size() > PackedPiece::kLongest) return table_.find_long(key, hash_(reinterpret_cast<const uint8_t*>(key.data()), key.size()));
  const PackedPiece packed = pack(key);
  return table_.find(packed, hash_(packed));
}

UnitEncoder::~UnitEncoder() = default;

bool UnitEncoder::begins_unit(uint8_t before, uint8_t here, uint8_t after) const {
  using namespace unit_code;
  if ((here & kJoining) || (before & kGlue)) return false;
  if (spec_.cut == UnitCut::Words) return (here | before) & (kSpace | kSingle);
  return (here & kSpace) && (spec_.cut == UnitCut::SpaceLed || (before & after & kSolid));
}

uint8_t UnitEncoder::code_at(std::string_view text, size_t at, uint32_t& length) const {
  return spec_.codes->of(utf8::decode(text.data() + at, length));
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
    if (barriers && (before & here & unit_code::kKnown) && (length == 3 || at - last == 3)) {
      uint32_t ignored;
      at_barrier = spec_.barriers->between(utf8::decode(text.data() + last, ignored), utf8::decode(text.data() + at, ignored));
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
