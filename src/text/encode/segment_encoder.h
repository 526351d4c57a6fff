#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "text/encode/token_sink.h"
#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// Encodes the stretches of a text between its added tokens. Immutable.
class SegmentEncoder {
 public:
  virtual ~SegmentEncoder() = default;
  /// Encodes text[begin, end), which is valid UTF-8. May stop once the sink is full.
  virtual Result<void> encode(std::string_view text, size_t begin, size_t end, TokenSink& sink) const = 0;
};

/// Byte-level BPE over the pieces that the named pre-tokenizer cuts. Both arguments
/// must outlive the encoder.
Result<std::unique_ptr<const SegmentEncoder>> make_byte_level_encoder(const Vocabulary& vocabulary,
                                                                      const StringArena& token_bytes,
                                                                      const TokenizerSource& source);

/// SentencePiece-type BPE with its treatment of spaces.
Result<std::unique_ptr<const SegmentEncoder>> make_sentencepiece_encoder(const Vocabulary& vocabulary,
                                                                         const StringArena& token_bytes,
                                                                         const TokenizerSource& source);

}  // namespace headrace::text
