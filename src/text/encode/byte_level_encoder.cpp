#include "text/bpe/byte_level_bpe.h"
#include "text/bpe/byte_letters.h"
#include "text/bulk/bulk_encoder.h"
#include "text/encode/segment_encoder.h"
#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {
namespace {

class BytePieces final : public PieceEncoder {
 public:
  explicit BytePieces(ByteLevelBpe bpe) : bpe_(std::move(bpe)) {}

  void encode(std::string_view piece, std::vector<Symbol>& symbols) const override {
    bpe_.encode(piece, symbols);
  }
  void encode_each(std::span<ShortPiece> pieces) const override { bpe_.encode_each(pieces); }
  size_t longest_of_each() const override { return ShortPiece::kMost; }

 private:
  ByteLevelBpe bpe_;
};

class ByteLevelEncoder final : public SegmentEncoder {
 public:
  explicit ByteLevelEncoder(std::shared_ptr<const BulkEncoder> bulk) : bulk_(std::move(bulk)) {}

  Result<void> encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const override {
    return bulk_->encode(text, begin, end, sink);
  }

 private:
  std::shared_ptr<const BulkEncoder> bulk_;
};

}  // namespace

Result<std::unique_ptr<const SegmentEncoder>> make_byte_level_encoder(const Vocabulary& vocabulary,
                                                                      const StringArena& token_bytes,
                                                                      const TokenizerSource& source) {
  HR_TRY(PreTokenizerChoice choice, choose_pre_tokenizer(source.pre_tokenizer));
  BulkSpec spec;
  spec.ignore_merges = choice.ignore_merges;
  spec.token_bytes = &token_bytes;
  spec.rules = choice.rules;
  spec.pre_tokenizer = std::move(choice.pre_tokenizer);
  // An added token may be the result of merges as well: spelled in byte letters then.
  StringArena added;
  std::vector<TokenId> added_ids;
  std::string bytes;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.is_added(id)) {
      spec.entries.push_back({token_bytes[id], id});
    } else if (bytes.clear(); ByteLetters::append_bytes(vocabulary.spelling(id), bytes)) {
      added.append(bytes);
      added_ids.push_back(id);
    }
  }
  std::vector<BulkEntry> joined = spec.entries;
  for (uint32_t i = 0; i < added.size(); ++i) joined.push_back({added[i], added_ids[i]});
  spec.barriers = std::make_shared<const Barriers>(joined);
  HR_TRY(ByteLevelBpe bpe, ByteLevelBpe::build(vocabulary, source.merges, spec.barriers));
  spec.pieces = std::make_shared<BytePieces>(std::move(bpe));
  HR_TRY(auto bulk, BulkEncoder::build(std::move(spec)));
  return std::make_unique<ByteLevelEncoder>(std::move(bulk));
}

}  // namespace headrace::text
