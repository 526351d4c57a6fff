#include "text/pipeline/ids_around.h"

namespace headrace::text {
namespace {

struct Reader {
  std::optional<IdsAround> operator()(const BertProcessing& spec) const { return IdsAround{{spec.cls.second}, {spec.sep.second}}; }
  std::optional<IdsAround> operator()(const RobertaProcessing& spec) const { return IdsAround{{spec.cls.second}, {spec.sep.second}}; }
  std::optional<IdsAround> operator()(const ByteLevelProcessing&) const { return IdsAround{}; }
  std::optional<IdsAround> operator()(const TemplateProcessing& spec) const {
    IdsAround around;
    size_t sequences = 0;
    for (const TemplatePiece& piece : spec.single) {
      if (piece.is_sequence) {
        if (piece.id != "A" || ++sequences > 1) return std::nullopt;
        continue;
      }
      const auto token = spec.special_tokens.find(piece.id);
      if (token == spec.special_tokens.end()) return std::nullopt;
      std::vector<TokenId>& side = sequences == 0 ? around.before : around.after;
      side.insert(side.end(), token->second.ids.begin(), token->second.ids.end());
    }
    return sequences == 1 ? std::optional(around) : std::nullopt;
  }
  std::optional<IdsAround> operator()(const PostProcessorSequence& spec) const {
    IdsAround all;
    for (const auto& part : spec.parts) {
      const auto more = ids_around(part);
      // After one that adds tokens, another sees several sequences.
      const bool both_add = more && !(all.before.empty() && all.after.empty()) && !(more->before.empty() && more->after.empty());
      if (!more || both_add) return std::nullopt;
      if (!more->before.empty() || !more->after.empty()) all = *more;
    }
    return all;
  }
  std::optional<IdsAround> operator()(const CustomPostProcessor&) const { return std::nullopt; }
};

}  // namespace

std::optional<IdsAround> ids_around(const LivePart<PostProcessorSpec>& post_processor) {
  if (!post_processor) return IdsAround{};
  return std::visit(Reader{}, post_processor->get().value);
}

}  // namespace headrace::text
