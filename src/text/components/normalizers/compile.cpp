// Compiles the spec of each normalizer to its stage.
#include <memory>
#include <vector>

#include "text/bpe/byte_letters.h"
#include "text/components/normalizers/bert_normalizer.h"
#include "text/components/normalizers/charsmap.h"
#include "text/components/normalizers/edit_normalizer.h"
#include "text/regex.h"
#include "text/strings/growth.h"
#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using Stage = std::shared_ptr<const NormalizerStage>;

void spell_bytes(NormalizedString& text) {
  std::vector<CharacterChange> letters;
  letters.reserve(text.normalized().size());
  for (const char byte : text.normalized()) {
    uint32_t length;
    const std::string letter = ByteLetters::letter(static_cast<uint8_t>(byte));
    letters.push_back({utf8::decode(letter.data(), length), utf8::is_continuation(byte)});
  }
  text.transform(letters);
}

bool is_dropped_by_nmt(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool is_space_to_nmt(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

void normalize_nmt(NormalizedString& text) {
  text.filter([](char32_t c) { return !is_dropped_by_nmt(c); });
  text.map([](char32_t c) { return is_space_to_nmt(c) ? U' ' : c; });
}

void strip_accents(NormalizedString& text) {
  text.filter([](char32_t c) { return !(reference_unicode::flags(c) & reference_unicode::kCombiningMark); });
}

/// What the empty string finds where it is a pattern: every place between characters, and both ends.
Result<std::vector<Match>> find_everywhere(std::string_view text) {
  std::vector<Match> matches;
  for (uint32_t at = 0; at < text.size();) {
    const uint32_t end = at + utf8::length_by_lead(text[at]);
    matches.push_back({{at, at}, true});
    matches.push_back({{at, end}, false});
    at = end;
  }
  const auto size = static_cast<uint32_t>(text.size());
  matches.push_back({{size, size}, !text.empty()});
  return matches;
}

Result<Finder> finder_of(const PatternSpec& pattern) {
  if (const auto* literal = std::get_if<StringPattern>(&pattern)) {
    return literal->text.empty() ? Finder(find_everywhere) : find_string(literal->text);
  }
  HR_TRY(const Regex regex, Regex::compile(std::get<RegexPattern>(pattern).text));
  return find_regex(regex);
}

/// Runs stages one after another.
class SequenceStage final : public NormalizerStage {
 public:
  explicit SequenceStage(std::vector<Stage> stages) : stages_(std::move(stages)) {}
  Result<void> normalize(NormalizedString& text) const override {
    for (const Stage& stage : stages_) {
      HR_CHECK(stage->normalize(text));
      HR_CHECK(check_text_growth(text.original().size(), text.normalized().size()));
    }
    return {};
  }

 private:
  std::vector<Stage> stages_;
};

struct Compiler {
  Result<Stage> operator()(const BertNormalizer& spec) const {
    return plain_edit_normalizer([spec](NormalizedString& text) { normalize_bert(spec, text); });
  }
  Result<Stage> operator()(const ByteLevelNormalizer&) const { return plain_edit_normalizer(spell_bytes); }
  Result<Stage> operator()(const Nfc&) const { return plain_edit_normalizer(&NormalizedString::nfc); }
  Result<Stage> operator()(const Nfd&) const { return plain_edit_normalizer(&NormalizedString::nfd); }
  Result<Stage> operator()(const Nfkc&) const { return plain_edit_normalizer(&NormalizedString::nfkc); }
  Result<Stage> operator()(const Nfkd&) const { return plain_edit_normalizer(&NormalizedString::nfkd); }
  Result<Stage> operator()(const Nmt&) const { return plain_edit_normalizer(normalize_nmt); }
  Result<Stage> operator()(const Lowercase&) const { return plain_edit_normalizer(&NormalizedString::lowercase); }
  Result<Stage> operator()(const StripAccents&) const { return plain_edit_normalizer(strip_accents); }
  Result<Stage> operator()(const StripNormalizer& spec) const {
    return plain_edit_normalizer([spec](NormalizedString& text) { text.strip(spec.strip_left, spec.strip_right); });
  }
  Result<Stage> operator()(const Prepend& spec) const {
    return plain_edit_normalizer([spec](NormalizedString& text) { text.prepend(spec.prepend); });
  }
  Result<Stage> operator()(const Precompiled& spec) const {
    HR_TRY(Charsmap parsed, Charsmap::parse(spec.charsmap));
    const auto map = std::make_shared<const Charsmap>(std::move(parsed));
    if (spec.longest_match) return edit_normalizer([map](NormalizedString& text) { return map->normalize_longest(text); });
    return edit_normalizer([map](NormalizedString& text) { return map->normalize(text); });
  }
  Result<Stage> operator()(const ReplaceNormalizer& spec) const {
    HR_TRY(Finder finder, finder_of(spec.pattern));
    return edit_normalizer([finder = std::move(finder), content = spec.content](NormalizedString& text) {
      return text.replace(finder, content);
    });
  }
  Result<Stage> operator()(const NormalizerSequence& spec) const {
    std::vector<Stage> stages;
    for (const LivePart<NormalizerSpec>& part : spec.parts) {
      if (!part) continue;
      HR_TRY(Stage stage, part->stage());
      stages.push_back(std::move(stage));
    }
    return std::make_shared<SequenceStage>(std::move(stages));
  }
  Result<Stage> operator()(const CustomNormalizer& spec) const {
    if (!spec.stage) return fail(ErrorKind::InvalidArgument, "a custom normalizer without an object to call");
    return spec.stage;
  }
};

}  // namespace

Result<std::shared_ptr<const NormalizerStage>> compile(const NormalizerSpec& spec) { return std::visit(Compiler{}, spec.value); }

}  // namespace headrace::text
