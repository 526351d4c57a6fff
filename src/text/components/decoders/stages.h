#pragma once

#include "text/components.h"

namespace headrace::text {

/// Replaces the suffix of words by spaces, that of the last token by nothing.
class BpeDecoderStage final : public DecoderStage {
 public:
  explicit BpeDecoderStage(BpeDecoder spec) : spec_(std::move(spec)) {}
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  BpeDecoder spec_;
};

/// Joins runs of <0x..> tokens to the text that their bytes are; a run that is not valid
/// UTF-8 as a whole becomes one U+FFFD a byte.
class ByteFallbackStage final : public DecoderStage {
 public:
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;
};

/// Byte letters to bytes, all tokens together; a token with any other letter stands for itself.
class ByteLevelDecoderStage final : public DecoderStage {
 public:
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;
};

/// Connectionist temporal classification: repeated tokens once, padding left out.
class CtcStage final : public DecoderStage {
 public:
  explicit CtcStage(Ctc spec) : spec_(std::move(spec)) {}
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  Ctc spec_;
};

/// All tokens as one, so that the decoders that follow see the whole text.
class FuseStage final : public DecoderStage {
 public:
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;
};

/// The replacement character to spaces; those of the first token to nothing when one was prepended.
class MetaspaceDecoderStage final : public DecoderStage {
 public:
  explicit MetaspaceDecoderStage(MetaspaceDecoder spec);
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  MetaspaceDecoder spec_;
  std::string replacement_;
};

class ReplaceDecoderStage final : public DecoderStage {
 public:
  ReplaceDecoderStage(Finder find, std::string content) : find_(std::move(find)), content_(std::move(content)) {}
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  Finder find_;
  std::string content_;
};

/// Up to `start` times the character from the front of each token, up to `stop` times from its end.
class StripDecoderStage final : public DecoderStage {
 public:
  explicit StripDecoderStage(StripDecoder spec);
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  StripDecoder spec_;
  std::string content_;
};

/// Joins pieces with the prefix, puts spaces before the others.
class WordPieceDecoderStage final : public DecoderStage {
 public:
  explicit WordPieceDecoderStage(WordPieceDecoder spec) : spec_(std::move(spec)) {}
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  WordPieceDecoder spec_;
};

class DecoderSequenceStage final : public DecoderStage {
 public:
  explicit DecoderSequenceStage(std::vector<std::shared_ptr<const DecoderStage>> stages) : stages_(std::move(stages)) {}
  Result<std::vector<std::string>> decode_chain(std::vector<std::string> tokens) const override;

 private:
  std::vector<std::shared_ptr<const DecoderStage>> stages_;
};

}  // namespace headrace::text
