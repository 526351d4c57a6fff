#include "text/components/post_processors/stages.h"

#include "text/components/post_processors/special_tokens.h"
#include "text/components/post_processors/trim_offsets.h"
#include "text/strings/growth.h"

namespace headrace::text {

Result<std::vector<Encoding>> BertProcessingStage::process(std::vector<Encoding> encodings, bool add_special_tokens) const {
  if (!add_special_tokens) return encodings;
  for (size_t i = 0; i < encodings.size(); ++i) {
    Surrounding with{.before = spec_.cls, .after = spec_.sep, .sequence = 0, .type_id = 0};
    if (i > 0) with = {.before = std::nullopt, .after = spec_.sep, .sequence = 1, .type_id = 1};
    encodings[i] = surround(std::move(encodings[i]), with);
  }
  return encodings;
}

Result<std::vector<Encoding>> RobertaProcessingStage::process(std::vector<Encoding> encodings, bool add_special_tokens) const {
  for (size_t i = 0; i < encodings.size(); ++i) {
    Encoding& encoding = encodings[i];
    if (spec_.trim_offsets) trim_offsets(encoding, spec_.add_prefix_space);
    encoding.set_type_ids(0);
    if (!add_special_tokens) continue;
    for (Encoding& more : encoding.overflowing) more.set_type_ids(0);
    const uint32_t sequence = i == 0 ? 0 : 1;
    encoding = surround(std::move(encoding),
                        {.before = i == 0 ? spec_.cls : spec_.sep, .after = spec_.sep, .sequence = sequence, .type_id = 0});
  }
  return encodings;
}

Result<std::vector<Encoding>> ByteLevelProcessingStage::process(std::vector<Encoding> encodings, bool) const {
  for (size_t i = 0; i < encodings.size(); ++i) {
    if (spec_.trim_offsets) trim_offsets(encodings[i], spec_.add_prefix_space);
    encodings[i].set_sequence_id(static_cast<uint32_t>(i));
  }
  return encodings;
}

TemplateProcessingStage::TemplateProcessingStage(TemplateProcessing spec) : spec_(std::move(spec)) {
  added_to_single_ = count_added(spec_.single);
  added_to_pair_ = count_added(spec_.pair);
}

const TemplateSpecialToken* TemplateProcessingStage::find(const std::string& id) const {
  const auto found = spec_.special_tokens.find(id);
  return found != spec_.special_tokens.end() ? &found->second : nullptr;
}

size_t TemplateProcessingStage::count_added(const std::vector<TemplatePiece>& pieces) const {
  size_t count = 0;
  for (const TemplatePiece& piece : pieces) {
    const TemplateSpecialToken* token = piece.is_sequence ? nullptr : find(piece.id);
    if (token) count += token->ids.size();
  }
  return count;
}

/// Before the parts are made: a template may name a sequence, or a token of many ids, any number of times.
Result<void> TemplateProcessingStage::check_growth(const std::vector<Encoding>& encodings, bool add_special_tokens) const {
  const bool is_pair = encodings.size() == 2;
  size_t own = 0, size = add_special_tokens ? added_tokens(is_pair) : 0;
  for (const Encoding& encoding : encodings) own += encoding.size() * (1 + encoding.overflowing.size());
  for (const TemplatePiece& piece : is_pair ? spec_.pair : spec_.single) {
    const size_t sequence = piece.id == "A" ? 0 : 1;
    if (piece.is_sequence && sequence < encodings.size()) size += encodings[sequence].size() * (1 + encodings[sequence].overflowing.size());
  }
  return check_encoding_growth(own, 1, size);
}

Result<std::vector<Encoding>> TemplateProcessingStage::process(std::vector<Encoding> encodings, bool add_special_tokens) const {
  if (encodings.empty() || encodings.size() > 2) {
    return fail(ErrorKind::InvalidArgument, "TemplateProcessing takes one sequence or two, not " + std::to_string(encodings.size()) +
                                                "; put it before other post-processors that add tokens");
  }
  HR_CHECK(check_growth(encodings, add_special_tokens));
  std::vector<Encoding> parts;
  for (const TemplatePiece& piece : encodings.size() == 2 ? spec_.pair : spec_.single) {
    if (!piece.is_sequence) {
      if (!add_special_tokens) continue;
      const TemplateSpecialToken* token = find(piece.id);
      if (!token) return fail(ErrorKind::InvalidArgument, "Missing SpecialToken(s) with id(s) `" + piece.id + "`", piece.id);
      parts.push_back(special_encoding(*token, piece.type_id));
      continue;
    }
    const size_t sequence = piece.id == "A" ? 0 : 1;
    if (sequence >= encodings.size()) {
      return fail(ErrorKind::InvalidArgument, "the template for a single sequence asks for a second one, $B");
    }
    encodings[sequence].set_type_ids(piece.type_id);
    encodings[sequence].set_sequence_id(static_cast<uint32_t>(sequence));
    parts.push_back(encodings[sequence]);
  }
  return parts;
}

size_t PostProcessorSequenceStage::added_tokens(bool is_pair) const {
  size_t count = 0;
  for (const auto& stage : stages_) count += stage->added_tokens(is_pair);
  return count;
}

Result<std::vector<Encoding>> PostProcessorSequenceStage::process(std::vector<Encoding> encodings, bool add_special_tokens) const {
  for (const auto& stage : stages_) {
    HR_TRY(encodings, stage->process(std::move(encodings), add_special_tokens));
  }
  return encodings;
}

}  // namespace headrace::text
