#include <string>

#include "text/bpe/sentencepiece_bpe.h"
#include "text/bulk/bulk_encoder.h"
#include "text/encode/segment_encoder.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

/// Memory of one thread; given back when a long text has made it large.
struct Scratch {
  MergeScratch<uint64_t> merge;
  std::string normalized;

  void trim() {
    constexpr size_t kKept = 1 << 18;
    if (normalized.capacity() > kKept || merge.symbols.capacity() > kKept) *this = {};
  }
};

/// Appends `text` with ▁ for each space.
void append_normalized(std::string_view text, std::string& out) {
  for (size_t at; (at = text.find(' ')) != std::string_view::npos; text.remove_prefix(at + 1)) {
    out.append(text.substr(0, at)).append(kMetaSymbol);
  }
  out.append(text);
}

/// Walks from a normalized text back to the original, in step with its tokens.
class OriginalPosition {
 public:
  OriginalPosition(std::string_view original, size_t begin, size_t prefix)
      : original_(original), at_(begin), here_(prefix), prefix_(prefix) {}

  /// The token [begin, end) of the normalized text, as the whole characters it comes
  /// from. The added prefix comes from the first character, as that is whom it precedes.
  Offset of(std::string_view normalized, size_t begin, size_t end) {
    begin = std::max(begin, prefix_);
    end = std::max(end, prefix_ + 1);
    while (utf8::is_continuation(normalized[begin])) --begin;
    while (end < normalized.size() && utf8::is_continuation(normalized[end])) ++end;
    advance(begin);
    const auto first = static_cast<uint32_t>(at_);
    const size_t kept_at = at_, kept_here = here_;
    advance(end);
    const auto last = static_cast<uint32_t>(at_);
    if (utf8::length_by_lead(normalized[begin]) + begin >= end) at_ = kept_at, here_ = kept_here;
    return {first, last};
  }

 private:
  void advance(size_t to) {
    while (here_ < to) {
      const uint32_t length = utf8::length_by_lead(original_[at_]);
      here_ += original_[at_] == ' ' ? kMetaSymbol.size() : length;
      at_ += length;
    }
  }

  std::string_view original_;
  size_t at_;
  size_t here_;
  size_t prefix_;
};

/// Units of a text as it is written, with spaces.
class SentencePieces final : public PieceEncoder {
 public:
  explicit SentencePieces(std::shared_ptr<const SentencePieceBpe> bpe) : bpe_(std::move(bpe)) {}

  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override {
    thread_local Scratch scratch;
    scratch.normalized.clear();
    append_normalized(piece, scratch.normalized);
    bpe_->encode(scratch.normalized, scratch.merge);
    symbols.swap(scratch.merge.symbols);
    if (scratch.normalized.size() != piece.size()) find_places(piece, symbols);
    scratch.trim();
  }

 private:
  /// From bytes of the normalized piece to bytes of the piece; a part of ▁ comes from the whole space.
  static void find_places(std::string_view piece, std::vector<Symbol>& symbols) {
    uint32_t at = 0, here = 0;
    const auto advance = [&](uint32_t to) {
      while (at < piece.size()) {
        const uint32_t step = piece[at] == ' ' ? static_cast<uint32_t>(kMetaSymbol.size()) : 1;
        if (here + step > to) break;
        here += step;
        ++at;
      }
    };
    for (Symbol& symbol : symbols) {
      const uint32_t end = symbol.end;
      advance(symbol.begin);
      symbol.begin = at;
      advance(end);
      symbol.end = here == end ? at : at + 1;
    }
  }

  std::shared_ptr<const SentencePieceBpe> bpe_;
};

class SentencePieceEncoder final : public SegmentEncoder {
 public:
  SentencePieceEncoder(std::shared_ptr<const SentencePieceBpe> bpe, std::shared_ptr<const BulkEncoder> bulk, bool add_space_prefix)
      : bpe_(std::move(bpe)), bulk_(std::move(bulk)), add_space_prefix_(add_space_prefix) {}

  Result<void> encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const override {
    if (!bulk_) return encode_normalized(text, begin, end, sink);
    if (add_space_prefix_ && begin < end) {
      const size_t first_end = bulk_->first_unit_end(text, begin, end);
      HR_CHECK(encode_normalized(text, begin, first_end, sink));
      begin = first_end;
    }
    return bulk_->encode(text, begin, end, sink);
  }

 private:
  Result<void> encode_normalized(std::string_view text, size_t begin, size_t end, TokenSink& sink) const {
    thread_local Scratch scratch;
    scratch.normalized.clear();
    if (add_space_prefix_) scratch.normalized += kMetaSymbol;
    OriginalPosition original(text, begin, scratch.normalized.size());
    append_normalized(text.substr(begin, end - begin), scratch.normalized);
    const std::string_view normalized = scratch.normalized;
    for (size_t at = 0; at < normalized.size() && !sink.full();) {
      const size_t unit_end = bpe_->unit_end(normalized, at);
      bpe_->encode(normalized.substr(at, unit_end - at), scratch.merge);
      for (const Symbol& symbol : scratch.merge.symbols) {
        Offset offset;
        if (sink.offsets) offset = original.of(normalized, at + symbol.begin, at + symbol.end);
        sink.add(symbol.id, offset.begin, offset.end);
      }
      at = unit_end;
    }
    scratch.trim();
    return {};
  }

  std::shared_ptr<const SentencePieceBpe> bpe_;
  std::shared_ptr<const BulkEncoder> bulk_;  // null: characters may become the unknown token, one for a run of them
  bool add_space_prefix_;
};

}  // namespace

Result<std::unique_ptr<const SegmentEncoder>> make_sentencepiece_encoder(const Vocabulary& vocabulary,
                                                                         const StringArena& token_bytes,
                                                                         const TokenizerSource& source) {
  HR_TRY(SentencePieceBpe built, SentencePieceBpe::build(vocabulary, source.scores, source.unk));
  const auto bpe = std::make_shared<const SentencePieceBpe>(std::move(built));
  std::shared_ptr<const BulkEncoder> bulk;
  if (bpe->spells_every_byte()) {
    BulkSpec spec;
    spec.pieces = std::make_shared<SentencePieces>(bpe);
    spec.lower_block_is_space = true;
    spec.token_bytes = &token_bytes;
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
      // A space in an entry's own spelling is none that a text has: there it is ▁.
      if (!bpe->is_atomic(id) && vocabulary.spelling(id).find(' ') == std::string_view::npos) spec.entries.push_back({token_bytes[id], id});
    }
    spec.barriers = std::make_shared<const Barriers>(spec.entries);
    HR_TRY(bulk, BulkEncoder::build(std::move(spec)));
  }
  return std::make_unique<SentencePieceEncoder>(bpe, std::move(bulk), source.add_space_prefix);
}

}  // namespace headrace::text
