// Compiles the spec of each pre-tokenizer to its stage.
#include <functional>
#include <memory>
#include <vector>

#include "text/components.h"
#include "text/components/pre_tokenizers/byte_level.h"
#include "text/components/pre_tokenizers/character_tests.h"
#include "text/components/pre_tokenizers/cut.h"
#include "text/pretokenize/published_families.h"
#include "text/regex.h"
#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using Stage = std::shared_ptr<const PreTokenizerStage>;
using Cut = std::function<Result<Pieces>(NormalizedString)>;

/// Cuts every piece in the same way.
class CuttingStage final : public PreTokenizerStage {
 public:
  explicit CuttingStage(Cut cut) : cut_(std::move(cut)) {}
  Result<void> pre_tokenize(PreTokenizedString& text) const override {
    return text.split([this](size_t, NormalizedString piece) { return cut_(std::move(piece)); });
  }

 private:
  Cut cut_;
};

/// Runs stages one after another.
class SequenceStage final : public PreTokenizerStage {
 public:
  explicit SequenceStage(std::vector<Stage> stages) : stages_(std::move(stages)) {}
  Result<void> pre_tokenize(PreTokenizedString& text) const override {
    for (const Stage& stage : stages_) HR_CHECK(stage->pre_tokenize(text));
    return {};
  }

 private:
  std::vector<Stage> stages_;
};

Stage cutting(Cut cut) { return std::make_shared<CuttingStage>(std::move(cut)); }

Stage splitting(Finder finder, SplitBehavior behavior) {
  return cutting([finder = std::move(finder), behavior](const NormalizedString& piece) { return cut(piece, finder, behavior); });
}

/// Runs of word characters, and runs of what is neither word nor white space.
Result<std::vector<Match>> find_words(std::string_view text) {
  enum class Kind : uint8_t { Space, Word, Other };
  std::vector<Match> parts;
  if (text.empty()) return std::vector<Match>{{}};
  Kind last = Kind::Space;
  for (uint32_t at = 0; at < text.size();) {
    uint32_t length;
    const char32_t c = utf8::decode(text.data() + at, length);
    const Kind kind = is_reference_word(c) ? Kind::Word : reference_unicode::is_white_space(c) ? Kind::Space : Kind::Other;
    if (parts.empty() || kind != last) parts.push_back({{at, at}, kind != Kind::Space});
    at += length;
    parts.back().bytes.end = at;
    last = kind;
  }
  return parts;
}

Result<Pieces> slices(const NormalizedString& text, const std::vector<uint32_t>& edges) {
  Pieces pieces;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    auto part = text.slice_normalized({edges[i], edges[i + 1]});
    if (!part) return fail(ErrorKind::Internal, "A pre-tokenizer cut a text within a character.");
    pieces.push_back({std::move(*part), std::nullopt});
  }
  return pieces;
}

Result<Pieces> cut_into_lengths(const NormalizedString& text, size_t length) {
  std::vector<uint32_t> edges;
  const std::string& bytes = text.normalized();
  size_t characters = 0;
  for (size_t at = 0; at < bytes.size(); at += utf8::length_by_lead(bytes[at])) {
    if (characters++ % length == 0) edges.push_back(static_cast<uint32_t>(at));
  }
  edges.push_back(static_cast<uint32_t>(bytes.size()));
  return slices(text, edges);
}

/// Cuts where a script begins. What goes with any script stays with what is before it;
/// where nothing is before it, it is lost, as in the reference.
Result<Pieces> cut_between_scripts(const NormalizedString& text) {
  std::vector<uint32_t> edges;
  const std::string& bytes = text.normalized();
  int last = kEveryScript - 1;  // none yet
  for (size_t at = 0; at < bytes.size();) {
    uint32_t length;
    const int script = reference_script(utf8::decode(bytes.data() + at, length));
    if (script != kEveryScript && script != last) {
      edges.push_back(static_cast<uint32_t>(at));
      last = script;
    }
    at += length;
  }
  edges.push_back(static_cast<uint32_t>(bytes.size()));
  return slices(text, edges);
}

Result<Pieces> cut_at_spaces(NormalizedString text, const MetaspacePreTokenizer& spec) {
  std::string replacement;
  utf8::append(replacement, spec.replacement);
  HR_CHECK(text.replace(find_character(U' '), replacement));
  const bool wanted = spec.prepend_scheme == PrependScheme::Always ||
                      (spec.prepend_scheme == PrependScheme::First && text.original_offsets().begin == 0);
  if (wanted && !text.normalized().starts_with(replacement)) text.prepend(replacement);
  if (!spec.split) return one_piece(std::move(text));
  return cut(text, find_character(spec.replacement), SplitBehavior::MergedWithNext);
}

Result<Finder> finder_of(const PatternSpec& pattern) {
  if (const auto* literal = std::get_if<StringPattern>(&pattern)) {
    if (!literal->text.empty()) return find_string(literal->text);
    HR_TRY(const Regex everywhere, Regex::compile(""));
    return find_regex(everywhere);
  }
  const std::string& text = std::get<RegexPattern>(pattern).text;
  if (const auto rules = rules_of_pattern(text)) return find_pieces(*rules);
  if (is_published_pattern(text)) return find_regex_later(text);
  HR_TRY(const Regex regex, Regex::compile(text));
  return find_regex(regex);
}

struct Compiler {
  Result<Stage> operator()(const BertPreTokenizer&) const {
    return std::make_shared<SequenceStage>(std::vector<Stage>{splitting(find_where(reference_unicode::is_white_space), SplitBehavior::Removed),
                                                              splitting(find_where(is_reference_punctuation), SplitBehavior::Isolated)});
  }
  Result<Stage> operator()(const ByteLevelPreTokenizer& spec) const { return compile_byte_level(spec); }
  Result<Stage> operator()(const CharDelimiterSplit& spec) const {
    return splitting(find_character(spec.delimiter), SplitBehavior::Removed);
  }
  Result<Stage> operator()(const Digits& spec) const {
    return splitting(find_where(is_reference_numeric), spec.individual_digits ? SplitBehavior::Isolated : SplitBehavior::Contiguous);
  }
  Result<Stage> operator()(const FixedLength& spec) const {
    if (spec.length == 0) return fail(ErrorKind::InvalidArgument, "FixedLength: the length must not be 0.");
    return cutting([length = spec.length](const NormalizedString& piece) { return cut_into_lengths(piece, length); });
  }
  Result<Stage> operator()(const MetaspacePreTokenizer& spec) const {
    return cutting([spec](NormalizedString piece) { return cut_at_spaces(std::move(piece), spec); });
  }
  Result<Stage> operator()(const Punctuation& spec) const { return splitting(find_where(is_reference_punctuation), spec.behavior); }
  Result<Stage> operator()(const SplitPreTokenizer& spec) const {
    HR_TRY(Finder finder, finder_of(spec.pattern));
    return splitting(spec.invert ? inverted(std::move(finder)) : std::move(finder), spec.behavior);
  }
  Result<Stage> operator()(const UnicodeScripts&) const { return cutting(cut_between_scripts); }
  Result<Stage> operator()(const Whitespace&) const { return splitting(inverted(find_words), SplitBehavior::Removed); }
  Result<Stage> operator()(const WhitespaceSplit&) const {
    return splitting(find_where(reference_unicode::is_white_space), SplitBehavior::Removed);
  }
  Result<Stage> operator()(const PreTokenizerSequence& spec) const {
    std::vector<Stage> stages;
    for (const LivePart<PreTokenizerSpec>& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Stage stage, part->stage());
      stages.push_back(std::move(stage));
    }
    return std::make_shared<SequenceStage>(std::move(stages));
  }
  Result<Stage> operator()(const CustomPreTokenizer& spec) const {
    if (!spec.stage) return fail(ErrorKind::InvalidArgument, "A custom pre-tokenizer without an object to call.");
    return spec.stage;
  }
};

}  // namespace

Result<std::shared_ptr<const PreTokenizerStage>> compile(const PreTokenizerSpec& spec) { return std::visit(Compiler{}, spec.value); }

}  // namespace headrace::text
