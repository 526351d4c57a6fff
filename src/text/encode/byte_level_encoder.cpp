#include "text/bpe/byte_level_bpe.h"
#include "text/encode/segment_encoder.h"
#include "text/pretokenize/pre_tokenizer.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// Memory of one thread; given back when a long text has made it large.
struct Scratch {
  MergeScratch<uint32_t> merge;
  std::vector<uint32_t> ends;

  void trim() {
    constexpr size_t kKept = 1 << 16;
    if (ends.capacity() > kKept || merge.symbols.capacity() > kKept) *this = {};
  }
};

class ByteLevelEncoder final : public SegmentEncoder {
 public:
  ByteLevelEncoder(std::unique_ptr<const PreTokenizer> pre_tokenizer, ByteLevelBpe bpe)
      : pre_tokenizer_(std::move(pre_tokenizer)), bpe_(std::move(bpe)) {}

  Result<void> encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const override {
    thread_local Scratch scratch;
    scratch.ends.clear();
    const std::string_view segment = text.substr(begin, end - begin);
    HR_CHECK(pre_tokenizer_->split(segment, scratch.ends));
    size_t at = 0;
    for (const uint32_t piece_end : scratch.ends) {
      if (sink.full()) break;
      bpe_.encode(segment.substr(at, piece_end - at), scratch.merge);
      emit(text, begin + at, scratch.merge, sink);
      at = piece_end;
    }
    scratch.trim();
    return {};
  }

 private:
  /// A token that holds a part of a character comes from the whole character.
  static void emit(std::string_view text, size_t base, const MergeScratch<uint32_t>& merged, TokenSink& sink) {
    for (const Symbol& symbol : merged.symbols) {
      size_t begin = base + symbol.begin, end = base + symbol.end;
      if (sink.offsets) {
        while (utf8::is_continuation(text[begin])) --begin;
        while (end < text.size() && utf8::is_continuation(text[end])) ++end;
      }
      sink.add(symbol.id, begin, end);
    }
  }

  std::unique_ptr<const PreTokenizer> pre_tokenizer_;
  ByteLevelBpe bpe_;
};

}  // namespace

Result<std::unique_ptr<const SegmentEncoder>> make_byte_level_encoder(const Vocabulary& vocabulary,
                                                                      const StringArena& token_bytes,
                                                                      const TokenizerSource& source) {
  HR_TRY(PreTokenizerChoice choice, choose_pre_tokenizer(source.pre_tokenizer));
  HR_TRY(ByteLevelBpe bpe, ByteLevelBpe::build(vocabulary, token_bytes, source.merges, choice.ignore_merges));
  return std::make_unique<ByteLevelEncoder>(std::move(choice.pre_tokenizer), std::move(bpe));
}

}  // namespace headrace::text
