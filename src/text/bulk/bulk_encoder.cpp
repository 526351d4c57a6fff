#include "text/bulk/bulk_encoder.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <utility>

#include "base/thread_pool.h"
#include "text/bulk/lookup_kernels.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

/// Entries of which it is learnt while building whether they are encoded as themselves: the
/// frequent ones are first in a vocabulary. The rest is learnt when it is met.
constexpr size_t kConfirmedAtOnce = 32768;

std::atomic<uint64_t> next_serial{1};

/// A missed piece's tokens, in ThreadMemory::missed.
struct MissedTokens {
  uint32_t at;
  uint32_t count;
};

/// What a thread keeps for encoders.
struct ThreadMemory {
  PieceCaches caches;
  SplitChunk chunk;
  std::vector<Symbol> symbols;
  std::vector<TokenId> ids;
  std::vector<uint32_t> ends;
  // Three tokens a byte: a space of which the vocabulary has only the bytes; and four a piece that may be written.
  TokenId out[SplitChunk::kBytes * 4 + 8];
  MissedPiece misses[SplitChunk::kBytes + 32];
  MissedTokens missed_tokens[SplitChunk::kBytes + 32];
  TokenId missed[SplitChunk::kBytes * 3 + 8];  // the misses' tokens, in any order
  uint64_t whole[SplitChunk::kBlocks + 2];  // where pieces begin, before barriers cut them
};

ThreadMemory& thread_memory() {
  thread_local const auto memory = std::make_unique<ThreadMemory>();
  return *memory;
}

/// Makes a chunk of a stretch, with no piece's beginning marked.
void take_stretch(std::string_view stretch, SplitChunk& chunk) {
  static constexpr uint8_t kNoCodes[128] = {};
  std::memcpy(chunk.padded, stretch.data(), stretch.size());
  std::memset(chunk.padded + stretch.size(), 0, 128);
  chunk.text = chunk.padded;
  chunk.size = stretch.size();
  chunk.blocks = (stretch.size() + 63) / 64;
  split_kernels().classify(chunk.text, chunk.blocks, kNoCodes, chunk.codes, chunk.high, chunk.continuation);
  std::fill_n(chunk.starts, chunk.blocks + 1, 0);
}

/// Keeps of a chunk at `begin` the pieces before `stop`, where one begins.
size_t shorten(SplitChunk& chunk, size_t begin, size_t stop) {
  chunk.size = stop - begin;
  if (chunk.blocks == 0) return stop;
  const size_t w = chunk.size / 64;
  chunk.starts[w] &= (uint64_t{1} << (chunk.size % 64)) - 1;
  chunk.blocks = (chunk.size + 63) / 64;
  return stop;
}

bool is_ascii_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/// Whether a piece of every family begins at `at`, whatever is before: a word after a newline, the single
/// space between two words, a comma or full stop after a Han character.
bool begins_any_piece(std::string_view text, size_t at) {
  if (is_ascii_letter(text[at])) return text[at - 1] == '\n';
  if (text[at] == ' ') return is_ascii_letter(text[at - 1]) && is_ascii_letter(text[at + 1]);
  const std::string_view here = text.substr(at, 3);
  const auto lead = static_cast<uint8_t>(text[at - 3]);
  return (here == "\uFF0C" || here == "\u3002") && lead >= 0xE5 && lead <= 0xE8;
}

}  // namespace

void PieceEncoder::encode_each(std::span<ShortPiece> pieces) const {
  std::vector<Symbol> symbols;
  for (ShortPiece& piece : pieces) {
    encode(piece.bytes, symbols);
    piece.count = static_cast<uint32_t>(std::min(symbols.size(), ShortPiece::kMost));
    for (uint32_t i = 0; i < piece.count; ++i) piece.ids[i] = symbols[i].id;
  }
}

/// One call of encode.
class BulkEncoder::Run {
 public:
  /// Pieces that begin before `stop`, where one begins, of a text that ends at `end`.
  Run(const BulkEncoder& encoder, std::string_view text, size_t stop, size_t end, TokenSink& sink)
      : encoder_(encoder), table_(encoder.table_), memory_(thread_memory()), cache_(memory_.caches.of(encoder.serial_, encoder.hash_)),
        out_(memory_.out), text_(text), stop_(stop), end_(end), sink_(sink) {}

  Result<void> split_by_family(size_t begin);
  Result<void> split_by_pre_tokenizer(size_t begin);
  Result<void> split_by_barriers(size_t begin);

 private:
  static constexpr size_t kBatch = 64;

  bool put_offsets(size_t begin);
  void put_words();
  void cut_pieces();
  void encode_chunk(size_t begin);
  void encode_pieces(const uint8_t* text, const uint32_t* begins, size_t count);
  void encode_long_alone(size_t begin, size_t end);
  std::optional<TokenId> entry_alone(std::string_view piece, VocabularyTable::Slot* slot, bool whole);
  struct Missing;
  void encode_missing(std::span<Missing> pieces);
  void encode_longer(Missing& missing);
  bool find_missing(Missing& missing);
  bool find_missing_long(Missing& missing);
  void merge_missing(std::span<Missing> pieces);
  void put(size_t miss, std::span<const TokenId> ids);
  void put_missed_between();
  void append_tokens();
  bool begins_piece(size_t at) const;
  std::span<const TokenId> merged(std::string_view piece);
  void add_with_offsets(size_t begin, std::string_view piece, bool whole);
  size_t cut_at_barriers(size_t from);
  size_t barrier_after(size_t from) const;

  const BulkEncoder& encoder_;
  VocabularyTable& table_;
  ThreadMemory& memory_;
  PieceCache& cache_;
  TokenId* out_;
  std::string_view text_;
  size_t stop_;
  size_t end_;
  TokenSink& sink_;
  size_t count_ = 0;         // of out_
  size_t misses_ = 0;        // pieces of which `out_` has nothing
  size_t missed_count_ = 0;  // of their tokens
};

std::span<const TokenId> BulkEncoder::Run::merged(std::string_view piece) {
  encoder_.pieces_->encode(piece, memory_.symbols);
  memory_.ids.clear();
  for (const Symbol& symbol : memory_.symbols) memory_.ids.push_back(symbol.id);
  return memory_.ids;
}

/// Whether the piece, which is an entry, is encoded as that entry alone.
bool BulkEncoder::confirm(VocabularyTable::Slot* slot, std::span<const TokenId> ids) const {
  const uint32_t id = VocabularyTable::load(slot) & VocabularyTable::kIdMask;
  const bool alone = ids.size() == 1 && ids[0] == id;
  const uint32_t otherwise = ignore_merges_ ? id | VocabularyTable::kUnconfirmed | VocabularyTable::kOnlyWhole : VocabularyTable::kNone;
  VocabularyTable::store(slot, alone ? id : otherwise);
  return alone;
}

bool BulkEncoder::Run::begins_piece(size_t at) const { return memory_.whole[at / 64] >> (at % 64) & 1; }

/// `slot` is the entry that is spelled like the piece, or null; `whole` says that the piece is not a part of one.
/// Returns the entry's id if that is all that the piece is.
std::optional<TokenId> BulkEncoder::Run::entry_alone(std::string_view piece, VocabularyTable::Slot* slot, bool whole) {
  const uint32_t value = slot ? VocabularyTable::load(slot) : VocabularyTable::kNone;
  if (!VocabularyTable::is_entry(value)) return std::nullopt;
  const TokenId id = value & VocabularyTable::kIdMask;
  if (!(value & VocabularyTable::kUnconfirmed)) return id;
  const bool tried = value & VocabularyTable::kOnlyWhole;
  if (!tried && encoder_.confirm(slot, merged(piece))) return id;
  return encoder_.ignore_merges_ && whole ? std::optional(id) : std::nullopt;
}

/// A piece that is not in its first place in the cache.
struct BulkEncoder::Run::Missing {
  static constexpr PackedPiece kLong{0, ~uint64_t{0}};
  size_t miss;  // its number
  std::string_view piece;
  bool whole;                             // not a part of a piece
  PackedPiece packed = kLong;             // of short ones
  uint64_t hash = 0;
  VocabularyTable::Slot* slot = nullptr;  // of the entry that is spelled so

  bool is_short() const { return piece.size() <= PackedPiece::kLongest; }
  bool is_spelled_as(const Missing& other) const { return packed == other.packed && (is_short() || piece == other.piece); }
};

void BulkEncoder::Run::put(size_t miss, std::span<const TokenId> ids) {
  memory_.missed_tokens[miss] = {static_cast<uint32_t>(missed_count_), static_cast<uint32_t>(ids.size())};
  for (const TokenId id : ids) memory_.missed[missed_count_++] = id;
}

/// Looks in the cache and in the vocabulary. False: the merges have to say.
bool BulkEncoder::Run::find_missing(Missing& missing) {
  if (const auto known = cache_.find(missing.packed, missing.hash)) return put(missing.miss, *known), true;
  missing.slot = table_.find(missing.packed, missing.hash);
  const uint32_t value = missing.slot ? VocabularyTable::load(missing.slot) : VocabularyTable::kNone;
  if (!VocabularyTable::is_entry(value)) return false;
  const TokenId id = value & VocabularyTable::kIdMask;
  if (!(value & VocabularyTable::kUnconfirmed)) {
    cache_.add(missing.packed, missing.hash, {&id, 1});
    return put(missing.miss, {&id, 1}), true;
  }
  if (!(value & VocabularyTable::kOnlyWhole)) return false;
  if (missing.whole) return put(missing.miss, {&id, 1}), true;
  PackedPiece part = missing.packed;
  part.high |= PieceCache::kPart;
  const auto known = cache_.find(part, missing.hash);
  if (known) put(missing.miss, *known);
  return known.has_value();
}

/// The same for a piece of more than fifteen bytes.
bool BulkEncoder::Run::find_missing_long(Missing& missing) {
  missing.slot = table_.find_long(missing.piece, missing.hash);
  const uint32_t value = missing.slot ? VocabularyTable::load(missing.slot) : VocabularyTable::kNone;
  if (VocabularyTable::is_entry(value)) {
    const TokenId id = value & VocabularyTable::kIdMask;
    const bool tried = value & VocabularyTable::kOnlyWhole;
    if (!(value & VocabularyTable::kUnconfirmed) || (tried && missing.whole)) return put(missing.miss, {&id, 1}), true;
    if (!tried) return false;
  }
  const auto known = cache_.find_long(missing.piece, missing.hash);
  if (!known.empty()) put(missing.miss, known);
  return !known.empty();
}

/// Merges pieces side by side, equal ones once.
void BulkEncoder::Run::merge_missing(std::span<Missing> pieces) {
  ShortPiece merged[kBatch];
  const Missing* first_of[kBatch];
  uint8_t job_of[kBatch];
  size_t jobs = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    size_t job = 0;
    while (job < jobs && !first_of[job]->is_spelled_as(pieces[i])) ++job;
    job_of[i] = static_cast<uint8_t>(job);
    if (job < jobs) continue;
    merged[jobs].bytes = pieces[i].piece;
    first_of[jobs++] = &pieces[i];
  }
  encoder_.pieces_->encode_each({merged, jobs});
  for (size_t job = 0; job < jobs; ++job) {
    const Missing& missing = *first_of[job];
    const std::span<const TokenId> ids(merged[job].ids, merged[job].count);
    const uint32_t value = missing.slot ? VocabularyTable::load(missing.slot) : VocabularyTable::kNone;
    const bool is_entry = VocabularyTable::is_entry(value);
    PackedPiece key = missing.packed;
    if (is_entry && !encoder_.confirm(missing.slot, ids) && encoder_.ignore_merges_) key.high |= PieceCache::kPart;
    if (missing.is_short()) {
      cache_.add(key, missing.hash, ids);
    } else if (ids.size() > 1 || !is_entry) {
      cache_.add_long(missing.piece, missing.hash, ids);
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    const ShortPiece& of = merged[job_of[i]];
    const uint32_t value = pieces[i].slot ? VocabularyTable::load(pieces[i].slot) : VocabularyTable::kNone;
    const TokenId id = value & VocabularyTable::kIdMask;
    const bool entry_counts = pieces[i].whole && VocabularyTable::is_entry(value);
    if (entry_counts && encoder_.ignore_merges_) {
      put(pieces[i].miss, {&id, 1});
    } else {
      put(pieces[i].miss, {of.ids, of.count});
    }
  }
}

/// A piece that is too long for merging beside others.
void BulkEncoder::Run::encode_longer(Missing& missing) {
  const std::string_view piece = missing.piece;
  if (const auto id = entry_alone(piece, table_.find_long(piece, missing.hash), missing.whole)) return put(missing.miss, {&*id, 1});
  if (const auto known = cache_.find_long(piece, missing.hash); !known.empty()) return put(missing.miss, known);
  const std::span<const TokenId> ids = merged(piece);
  cache_.add_long(piece, missing.hash, ids);
  put(missing.miss, ids);
}

/// At most a batch. Requests the tables' lines for all before it looks at the first.
void BulkEncoder::Run::encode_missing(std::span<Missing> pieces) {
  for (Missing& missing : pieces) {
    if (missing.is_short()) {
      missing.packed = pack(reinterpret_cast<const uint8_t*>(missing.piece.data()), missing.piece.size());
      missing.hash = encoder_.hash_(missing.packed);
      table_.prefetch(missing.hash);
      cache_.prefetch_second(missing.hash);
    } else {
      missing.hash = encoder_.hash_(reinterpret_cast<const uint8_t*>(missing.piece.data()), missing.piece.size());
      table_.prefetch_long(missing.hash);
      cache_.prefetch_long(missing.hash);
    }
  }
  const size_t longest = encoder_.pieces_->longest_of_each();
  size_t unknown = 0;
  for (Missing& missing : pieces) {
    if (missing.piece.size() > longest) {
      encode_longer(missing);
    } else if (!(missing.is_short() ? find_missing(missing) : find_missing_long(missing))) {
      pieces[unknown++] = missing;
    }
  }
  if (unknown > 0) merge_missing(pieces.first(unknown));
}

/// Moves what is in `out_` apart, from its end on, and puts the misses' tokens between.
void BulkEncoder::Run::put_missed_between() {
  size_t written = count_;
  count_ += missed_count_;
  size_t end = count_;
  for (size_t m = misses_; m-- > 0;) {
    const size_t place = memory_.misses[m].place, between = written - place;
    const MissedTokens& tokens = memory_.missed_tokens[m];
    std::memmove(out_ + end - between, out_ + place, between * sizeof(TokenId));
    end -= between + tokens.count;
    std::copy_n(memory_.missed + tokens.at, tokens.count, out_ + end);
    written = place;
  }
}

/// Appends what is in `out_` to the sink, with the misses' tokens between.
///
/// PERF: eight tokens at a time and up to seven too many, which is cheaper than to call for a few.
void BulkEncoder::Run::append_tokens() {
  constexpr size_t kAtOnce = 8;
  std::vector<TokenId>& ids = *sink_.ids;
  const size_t before = ids.size(), total = count_ + missed_count_;
  ids.resize(before + total + kAtOnce);
  TokenId* to = ids.data() + before;
  size_t from = 0;
  const auto copy_until = [&](size_t end) {
    for (size_t at = from; at < end; at += kAtOnce) std::memcpy(to + (at - from), out_ + at, kAtOnce * sizeof(TokenId));
    to += end - from;
    from = end;
  };
  for (size_t m = 0; m < misses_; ++m) {
    copy_until(memory_.misses[m].place);
    const MissedTokens& tokens = memory_.missed_tokens[m];
    for (size_t i = 0; i < tokens.count; ++i) to[i] = memory_.missed[tokens.at + i];
    to += tokens.count;
  }
  copy_until(count_);
  ids.resize(before + total);
}

/// PERF: of most texts one piece in thirty or fewer is not in its first line. The chunk's missing pieces come afterwards
/// and together, so that they wait for memory together.
void BulkEncoder::Run::encode_pieces(const uint8_t* text, const uint32_t* begins, size_t count) {
  lookup_kernels().look_up(cache_.first_lines(), encoder_.hash_, text, begins, count, out_, memory_.misses, count_, misses_);
  missed_count_ = 0;
  std::vector<Missing> missing;
  missing.reserve(std::min(kBatch, misses_));
  for (size_t first = 0; first < misses_; first += kBatch) {
    const size_t batch = std::min(kBatch, misses_ - first);
    missing.clear();
    for (size_t i = 0; i < batch; ++i) {
      const uint32_t piece = memory_.misses[first + i].piece;
      const uint32_t* at = begins + piece;
      const bool whole = begins_piece(at[0]) && (piece + 1 == count || begins_piece(at[1]));
      missing.push_back({first + i, {reinterpret_cast<const char*>(text) + at[0], at[1] - at[0]}, whole});
    }
    encode_missing(missing);
  }
}

/// Appends a piece's tokens with their places. Those that hold a part of a character
/// come from the whole of it.
void BulkEncoder::Run::add_with_offsets(size_t begin, std::string_view piece, bool whole) {
  const auto add = [&](TokenId id, size_t from, size_t to) {
    while (utf8::is_continuation(text_[from])) --from;
    while (to < text_.size() && utf8::is_continuation(text_[to])) ++to;
    sink_.add(id, from, to);
    if (sink_.words) sink_.words->push_back(sink_.next_word - 1);
  };
  if (const auto id = entry_alone(piece, encoder_.find(piece), whole)) return add(*id, begin, begin + piece.size());
  merged(piece);
  for (const Symbol& symbol : memory_.symbols) add(symbol.id, begin + symbol.begin, begin + symbol.end);
}

VocabularyTable::Slot* BulkEncoder::find(std::string_view piece) const {
  if (piece.size() > PackedPiece::kLongest) {
    return table_.find_long(piece, hash_(reinterpret_cast<const uint8_t*>(piece.data()), piece.size()));
  }
  const PackedPiece packed = pack(piece);
  return table_.find(packed, hash_(packed));
}

void BulkEncoder::Run::encode_chunk(size_t begin) {
  const SplitChunk& chunk = memory_.chunk;
  uint32_t begins[SplitChunk::kBytes + 64];
  const size_t count = lookup_kernels().places(chunk.starts, chunk.blocks, begins);
  begins[count] = static_cast<uint32_t>(chunk.size);
  encode_pieces(chunk.text, begins, count);
  if (!sink_.offsets) return append_tokens();
  put_missed_between();
  if (!put_offsets(begin)) {
    for (size_t i = 0; i < count; ++i) {
      const bool whole = begins_piece(begins[i]) && (i + 1 == count || begins_piece(begins[i + 1]));
      if (begins_piece(begins[i])) ++sink_.next_word;
      add_with_offsets(begin + begins[i], text_.substr(begin + begins[i], begins[i + 1] - begins[i]), whole);
    }
    return;
  }
  sink_.ids->insert(sink_.ids->end(), out_, out_ + count_);
}

/// Appends the places of a chunk's tokens, from their sizes alone. That is right where these add up
/// to the chunk; if a byte has no token or is spelled otherwise, nothing is appended.
bool BulkEncoder::Run::put_offsets(size_t begin) {
  const SplitChunk& chunk = memory_.chunk;
  const TableArray<uint8_t>& sizes = encoder_.token_sizes_;
  size_t sum = 0;
  for (size_t i = 0; i < count_; ++i) {
    const size_t size = out_[i] < sizes.size() ? sizes[out_[i]] : 0;
    if (size == 0) return false;
    sum += size;
  }
  if (sum != chunk.size) return false;
  // Some pre-tokenizers cut inside characters.
  const size_t end = begin + chunk.size;
  if (utf8::is_continuation(text_[begin]) || (end < text_.size() && utf8::is_continuation(text_[end]))) return false;
  const auto inside = [&](size_t at) { return at < chunk.size && (chunk.continuation[at / 64] >> (at % 64) & 1); };
  const size_t before = sink_.offsets->size();
  sink_.offsets->resize(before + count_);
  Offset* offset = sink_.offsets->data() + before;
  size_t at = 0;
  for (size_t i = 0; i < count_; ++i) {
    size_t from = at;
    at += sizes[out_[i]];
    size_t to = at;
    while (inside(from)) --from;
    while (inside(to)) ++to;
    offset[i] = {static_cast<uint32_t>(begin + from), static_cast<uint32_t>(begin + to)};
  }
  if (sink_.words) put_words();
  return true;
}

/// Appends the numbers of the pieces of a chunk's tokens, whose sizes add up to the chunk.
void BulkEncoder::Run::put_words() {
  size_t at = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (begins_piece(at)) ++sink_.next_word;
    sink_.words->push_back(sink_.next_word - 1);
    at += encoder_.token_sizes_[out_[i]];
  }
}

/// A piece that is longer than a chunk.
void BulkEncoder::Run::encode_long_alone(size_t begin, size_t end) {
  const std::string_view piece = text_.substr(begin, end - begin);
  if (sink_.offsets) {
    ++sink_.next_word;
    return add_with_offsets(begin, piece, true);
  }
  if (const auto id = entry_alone(piece, encoder_.find(piece), true)) return sink_.ids->push_back(*id);
  const std::span<const TokenId> ids = merged(piece);
  sink_.ids->insert(sink_.ids->end(), ids.begin(), ids.end());
  constexpr size_t kKept = 1 << 16;  // given back when a long piece has made it large
  if (memory_.symbols.capacity() > kKept) memory_.symbols = {}, memory_.ids = {};
}

/// Cuts a chunk's pieces at barriers, and remembers what they were.
void BulkEncoder::Run::cut_pieces() {
  SplitChunk& chunk = memory_.chunk;
  std::copy_n(chunk.starts, chunk.blocks, memory_.whole);
  if (encoder_.barriers_) encoder_.barriers_->cut_wide(chunk);
}

Result<void> BulkEncoder::Run::split_by_family(size_t begin) {
  SplitChunk& chunk = memory_.chunk;
  const std::string_view text = text_.substr(0, end_);
  while (begin < stop_ && !sink_.full()) {
    size_t end = encoder_.splitter_->cut(text, begin, chunk);
    if (end > stop_) end = shorten(chunk, begin, stop_);
    if (chunk.blocks == 0) {
      encode_long_alone(begin, end);
    } else {
      cut_pieces();
      encode_chunk(begin);
    }
    begin = end;
  }
  return {};
}

/// Pieces of another pre-tokenizer, as many at a time as fit a chunk.
Result<void> BulkEncoder::Run::split_by_pre_tokenizer(size_t begin) {
  std::vector<uint32_t>& ends = memory_.ends;
  ends.clear();
  HR_CHECK(encoder_.pre_tokenizer_->split(text_.substr(begin, end_ - begin), ends));
  const size_t base = begin;
  for (size_t i = 0; i < ends.size() && !sink_.full();) {
    if (base + ends[i] - begin > SplitChunk::kBytes) {
      encode_long_alone(begin, base + ends[i]);
      begin = base + ends[i++];
      continue;
    }
    size_t last = i;
    while (last + 1 < ends.size() && base + ends[last + 1] - begin <= SplitChunk::kBytes) ++last;
    SplitChunk& chunk = memory_.chunk;
    take_stretch(text_.substr(begin, base + ends[last] - begin), chunk);
    chunk.starts[0] = 1;
    for (; i < last; ++i) {
      const size_t at = base + ends[i] - begin;
      chunk.starts[at / 64] |= uint64_t{1} << (at % 64);
    }
    ++i;
    cut_pieces();
    encode_chunk(begin);
    begin = base + ends[last];
  }
  if (ends.capacity() > (size_t{1} << 16)) ends = {};
  return {};
}

/// The first barrier after `from`, or the end.
size_t BulkEncoder::Run::barrier_after(size_t from) const {
  uint32_t length;
  char32_t before = encoder_.character(text_.data() + from, length);
  for (size_t at = from + length; at < stop_; at += length) {
    const char32_t here = encoder_.character(text_.data() + at, length);
    if (encoder_.barriers_->between(before, here)) return at;
    before = here;
  }
  return stop_;
}

/// Makes a chunk of whole units, cut wherever two characters have a barrier between them; returns
/// its end, or `from` where not even one unit is known to end in a chunk.
size_t BulkEncoder::Run::cut_at_barriers(size_t from) {
  SplitChunk& chunk = memory_.chunk;
  size_t size = std::min(stop_ - from, SplitChunk::kBytes);
  while (from + size < stop_ && utf8::is_continuation(text_[from + size])) --size;
  take_stretch(text_.substr(from, size), chunk);
  encoder_.barriers_->cut_everywhere(chunk, encoder_.lower_block_is_space_ ? kMetaCharacter : 0x10FFFF);
  chunk.starts[0] |= 1;
  if (from + size == stop_) return stop_;
  size_t w = chunk.blocks - 1;
  while (!chunk.starts[w]) --w;
  const size_t last = w * 64 + 63 - static_cast<size_t>(std::countl_zero(chunk.starts[w]));
  chunk.size = last;
  chunk.starts[last / 64] &= ~(uint64_t{1} << (last % 64));
  chunk.blocks = (last + 63) / 64;
  return from + last;
}

Result<void> BulkEncoder::Run::split_by_barriers(size_t begin) {
  while (begin < stop_ && !sink_.full()) {
    size_t end = cut_at_barriers(begin);
    if (end > begin) {
      std::fill_n(memory_.whole, memory_.chunk.blocks, 0);
      encode_chunk(begin);
    } else {
      end = barrier_after(begin);
      encode_long_alone(begin, end);
    }
    begin = end;
  }
  return {};
}

char32_t BulkEncoder::character(const char* p, uint32_t& length) const {
  const char32_t c = utf8::decode(p, length);
  return lower_block_is_space_ && c == kMetaCharacter ? U' ' : c;
}

size_t BulkEncoder::first_unit_end(std::string_view text, size_t begin, size_t end) const {
  char32_t before = U' ';
  uint32_t length;
  for (size_t at = begin; at < end; at += length) {
    const char32_t here = character(text.data() + at, length);
    if (at > begin && barriers_->between(before, here)) return at;
    before = here;
  }
  return end;
}

Result<std::shared_ptr<const BulkEncoder>> BulkEncoder::build(BulkSpec spec) {
  if (!spec.rules && !spec.pre_tokenizer && !spec.barriers) {
    return fail(ErrorKind::Internal, "A bulk encoder needs something that cuts texts into pieces.");
  }
  return std::shared_ptr<const BulkEncoder>(new BulkEncoder(std::move(spec)));
}

BulkEncoder::BulkEncoder(BulkSpec spec)
    : hash_(spec.hash.value_or(PieceHash())),
      table_(spec.ready ? VocabularyTable(*spec.ready, hash_) : VocabularyTable(spec.entries, hash_, spec.whole)),
      barriers_(std::move(spec.barriers)),
      pre_tokenizer_(std::move(spec.pre_tokenizer)),
      pieces_(std::move(spec.pieces)),
      ignore_merges_(spec.ignore_merges),
      lower_block_is_space_(spec.lower_block_is_space),
      serial_(next_serial.fetch_add(1)) {
  if (spec.rules) splitter_.emplace(*spec.rules);
  token_sizes_ = spec.token_bytes ? TableArray<uint8_t>(spec.token_bytes->size()) : std::move(spec.token_sizes);
  for (uint32_t id = 0; spec.token_bytes && id < spec.token_bytes->size(); ++id) {
    const size_t size = (*spec.token_bytes)[id].size();
    token_sizes_[id] = size < 256 ? static_cast<uint8_t>(size) : 0;
  }
  if (spec.whole.empty()) confirm_entries(std::span(spec.entries).first(std::min(kConfirmedAtOnce, spec.entries.size())));
}

BulkEncoder::~BulkEncoder() = default;

/// Learns of entries what calls would learn one by one, on all threads.
void BulkEncoder::confirm_entries(std::span<const BulkEntry> entries) {
  constexpr size_t kGrain = 4096;
  ThreadPool::process().parallel_for(entries.size(), kGrain, [&](size_t begin, size_t end) {
    std::vector<Symbol> symbols;
    for (const BulkEntry& entry : entries.subspan(begin, end - begin)) {
      if (entry.bytes.empty() || entry.bytes.size() > PackedPiece::kLongest) continue;
      const PackedPiece packed = pack(entry.bytes);
      VocabularyTable::Slot* slot = table_.find(packed, hash_(packed));
      pieces_->encode(entry.bytes, symbols);
      if (symbols.size() == 1 && symbols[0].id == entry.id) VocabularyTable::store(slot, entry.id);
    }
  });
}

void BulkEncoder::learn(std::span<const BulkEntry> entries) const {
  std::vector<Symbol> symbols;
  for (const BulkEntry& entry : entries) {
    VocabularyTable::Slot* slot = entry.bytes.empty() ? nullptr : find(entry.bytes);
    const uint32_t value = slot ? VocabularyTable::load(slot) : VocabularyTable::kNone;
    const bool known = !(value & VocabularyTable::kUnconfirmed) || (value & VocabularyTable::kOnlyWhole);
    if (!VocabularyTable::is_entry(value) || known) continue;
    pieces_->encode(entry.bytes, symbols);
    const TokenId id = symbols.empty() ? 0 : symbols[0].id;
    confirm(slot, std::span(&id, symbols.size() == 1 ? 1 : 0));
  }
}

Result<void> BulkEncoder::encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const {
  const std::vector<size_t> parts = part_ends(text, begin, end, sink);
  if (parts.size() == 1) return encode_part(text, begin, end, end, sink);
  std::vector<EncodedText> encoded(parts.size());
  std::vector<Result<void>> outcomes(parts.size());
  ThreadPool::process().parallel_for(parts.size(), 1, [&](size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) {
      const size_t from = i == 0 ? begin : parts[i - 1];
      encoded[i].ids.reserve((parts[i] - from) / 3);
      TokenSink part{&encoded[i].ids, sink.offsets ? &encoded[i].offsets : nullptr};
      outcomes[i] = encode_part(text, from, parts[i], end, part);
    }
  });
  for (size_t i = 0; i < parts.size(); ++i) {
    HR_CHECK(outcomes[i]);
    sink.ids->insert(sink.ids->end(), encoded[i].ids.begin(), encoded[i].ids.end());
    if (sink.offsets) sink.offsets->insert(sink.offsets->end(), encoded[i].offsets.begin(), encoded[i].offsets.end());
  }
  return {};
}

Result<void> BulkEncoder::encode_part(std::string_view text, size_t begin, size_t stop, size_t end, TokenSink& sink) const {
  Run run(*this, text, stop, end, sink);
  if (splitter_) return run.split_by_family(begin);
  if (pre_tokenizer_) return run.split_by_pre_tokenizer(begin);
  return run.split_by_barriers(begin);
}

/// Where the parts end that threads encode side by side: at pieces' beginnings, the last at the text's end.
std::vector<size_t> BulkEncoder::part_ends(std::string_view text, size_t begin, size_t end, const TokenSink& sink) const {
  constexpr size_t kLeast = 128 << 10, kMostSearched = 64 << 10;
  const bool whole = (!splitter_ && pre_tokenizer_) || sink.words || sink.limit != std::numeric_limits<size_t>::max() || end - begin < 2 * kLeast;
  const size_t threads = whole ? 1 : static_cast<size_t>(ThreadPool::process().threads());
  // More parts than threads, so that a thread that is held up is not waited for long.
  const size_t count = threads == 1 ? 1 : std::min(threads * 4, (end - begin) / kLeast);
  std::vector<size_t> ends;
  for (size_t part = 1; part < count; ++part) {
    const size_t target = begin + (end - begin) / count * part;
    for (size_t at = std::max(target, ends.empty() ? begin + 4 : ends.back() + 4); at + 4 < std::min(end, target + kMostSearched); ++at) {
      if (!begins_part(text, at)) continue;
      ends.push_back(at);
      break;
    }
  }
  ends.push_back(end);
  return ends;
}

bool BulkEncoder::begins_part(std::string_view text, size_t at) const {
  if (splitter_) return begins_any_piece(text, at);
  if (utf8::is_continuation(text[at])) return false;
  size_t before = at - 1;
  while (utf8::is_continuation(text[before])) --before;
  uint32_t length;
  return barriers_->between(character(text.data() + before, length), character(text.data() + at, length));
}

}  // namespace headrace::text
