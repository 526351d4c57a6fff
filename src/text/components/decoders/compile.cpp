#include "text/components/decoders/stages.h"
#include "text/regex.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using StagePointer = std::shared_ptr<const DecoderStage>;

/// A literal as the reference searches it: as a pattern, so that an empty one matches
/// between all characters of a text that has some.
Finder find_literal(const std::string& literal) {
  if (!literal.empty()) return find_string(literal);
  return [](std::string_view text) -> Result<std::vector<Match>> {
    const auto size = static_cast<uint32_t>(text.size());
    std::vector<Match> matches;
    for (uint32_t at = 0; at < size;) {
      const uint32_t end = at + utf8::length_by_lead(text[at]);
      matches.push_back({{at, at}, true});
      matches.push_back({{at, end}, false});
      at = end;
    }
    if (size > 0) matches.push_back({{size, size}, true});
    return matches;
  };
}

Result<Finder> finder(const PatternSpec& pattern) {
  if (const auto* literal = std::get_if<StringPattern>(&pattern)) return find_literal(literal->text);
  HR_TRY(auto regex, Regex::compile(std::get<RegexPattern>(pattern).text));
  return find_regex(regex);
}

struct Compiler {
  Result<StagePointer> operator()(const BpeDecoder& spec) const { return std::make_shared<BpeDecoderStage>(spec); }
  Result<StagePointer> operator()(const ByteFallback&) const { return std::make_shared<ByteFallbackStage>(); }
  Result<StagePointer> operator()(const ByteLevelDecoder&) const { return std::make_shared<ByteLevelDecoderStage>(); }
  Result<StagePointer> operator()(const Ctc& spec) const { return std::make_shared<CtcStage>(spec); }
  Result<StagePointer> operator()(const Fuse&) const { return std::make_shared<FuseStage>(); }
  Result<StagePointer> operator()(const MetaspaceDecoder& spec) const { return std::make_shared<MetaspaceDecoderStage>(spec); }
  Result<StagePointer> operator()(const ReplaceDecoder& spec) const {
    HR_TRY(auto find, finder(spec.pattern));
    return std::make_shared<ReplaceDecoderStage>(std::move(find), spec.content);
  }
  Result<StagePointer> operator()(const StripDecoder& spec) const { return std::make_shared<StripDecoderStage>(spec); }
  Result<StagePointer> operator()(const WordPieceDecoder& spec) const { return std::make_shared<WordPieceDecoderStage>(spec); }
  Result<StagePointer> operator()(const DecoderSequence& spec) const {
    std::vector<StagePointer> stages;
    for (const auto& part : spec.parts) {
      if (!part) continue;
      HR_TRY(auto stage, part->stage());
      stages.push_back(std::move(stage));
    }
    return std::make_shared<DecoderSequenceStage>(std::move(stages));
  }
  Result<StagePointer> operator()(const CustomDecoder& spec) const {
    if (!spec.stage) return fail(ErrorKind::InvalidArgument, "a decoder of a program's own has no stage");
    return spec.stage;
  }
};

}  // namespace

Result<std::shared_ptr<const DecoderStage>> compile(const DecoderSpec& spec) { return std::visit(Compiler{}, spec.value); }

}  // namespace headrace::text
