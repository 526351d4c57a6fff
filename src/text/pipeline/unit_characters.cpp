#include "text/pipeline/unit_characters.h"

#include "text/components/normalizers/bert_normalizer.h"
#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

namespace unicode = reference_unicode;

/// Stands between characters that are normalised together, so that they do not meet.
constexpr char kBetween = 'x';

bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }
bool is_hangul(char32_t c) { return c >= 0xAC00 && c <= 0xD7A3; }

enum class Touch : uint8_t { No, SetsApart, Yes };

Touch yes_if(bool touched) { return touched ? Touch::Yes : Touch::No; }

/// Whether a part of a normalizer does anything to a character that is alone between letters. Yes if in doubt.
struct Touches {
  char32_t c;
  const Charsmap* charsmap;  // the next one

  bool decomposes(bool compatibly) const {
    return !unicode::canonical_decomposition(c).empty() || (compatibly && !unicode::compatible_decomposition(c).empty());
  }
  bool is_mark() const {
    constexpr uint8_t kMarks = unicode::kCombiningMark | unicode::kNonspacingMark | unicode::kComposesWithPrevious;
    return unicode::combining_class(c) != 0 || (unicode::flags(c) & kMarks);
  }

  Touch operator()(const BertNormalizer& part) const {
    if (part.clean_text && ((unicode::flags(c) & unicode::kOther) || (unicode::is_white_space(c) && c != ' '))) return Touch::Yes;
    if (part.strip_accents.value_or(part.lowercase) && (decomposes(false) || is_hangul(c) || is_mark())) return Touch::Yes;
    if (part.lowercase && !unicode::lowercase(c).empty()) return Touch::Yes;
    return part.handle_chinese_chars && is_bert_chinese(c) ? Touch::SetsApart : Touch::No;
  }
  Touch operator()(const Nfc&) const { return yes_if(decomposes(false) || is_mark()); }
  Touch operator()(const Nfd&) const { return yes_if(decomposes(false) || is_hangul(c) || is_mark()); }
  Touch operator()(const Nfkc&) const { return yes_if(decomposes(true) || is_mark()); }
  Touch operator()(const Nfkd&) const { return yes_if(decomposes(true) || is_hangul(c) || is_mark()); }
  Touch operator()(const Nmt&) const {
    return yes_if(c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x1680 || (c >= 0x2000 && c < 0x2100) || c == 0x2581 || c >= 0xFE00);
  }
  Touch operator()(const Lowercase&) const { return yes_if(!unicode::lowercase(c).empty()); }
  Touch operator()(const StripAccents&) const { return yes_if(is_mark()); }
  Touch operator()(const StripNormalizer&) const { return Touch::No; }
  Touch operator()(const Precompiled&) const {
    const auto replaced = charsmap->replacement(utf8::encode(c));
    return yes_if(!replaced || *replaced || is_mark());
  }
  Touch operator()(const ReplaceNormalizer& part) const {
    const auto* literal = std::get_if<StringPattern>(&part.pattern);
    return yes_if(literal && literal->text.find(utf8::encode(c)) != std::string::npos);
  }
  template <class Other>
  Touch operator()(const Other&) const {
    return Touch::Yes;
  }
};

}  // namespace

UnitCharacters::UnitCharacters(UnitShape shape, std::shared_ptr<const NormalizerStage> normalizer, std::function<bool(char32_t)> is_entry)
    : shape_(std::move(shape)), normalizer_(std::move(normalizer)), is_entry_(std::move(is_entry)) {
  for (const NormalizerSpec& part : shape_.normalizers) {
    const auto* precompiled = std::get_if<Precompiled>(&part.value);
    if (!precompiled) continue;
    auto charsmap = Charsmap::parse(precompiled->charsmap);
    broken_ = broken_ || !charsmap;
    if (charsmap) charsmaps_.push_back(std::move(*charsmap));
  }
}

/// The form of a character that the normalizer leaves alone, or only sets apart.
std::optional<std::string> UnitCharacters::untouched(char32_t c) const {
  auto charsmap = charsmaps_.begin();
  bool apart = false;
  for (const NormalizerSpec& part : shape_.normalizers) {
    const bool precompiled = std::holds_alternative<Precompiled>(part.value);
    const Touch touch = std::visit(Touches{c, precompiled ? &*charsmap++ : nullptr}, part.value);
    if (touch == Touch::Yes || (apart && touch == Touch::SetsApart)) return std::nullopt;
    apart |= touch == Touch::SetsApart;
  }
  // What comes after would see the spaces as well.
  if (apart && shape_.normalizers.size() > 1) return std::nullopt;
  return apart ? " " + utf8::encode(c) + " " : utf8::encode(c);
}

/// Normalises characters as one text, and sees by the alignments what has become of each.
void UnitCharacters::normalize(char32_t first, const std::array<bool, 256>& wanted, Forms& forms) const {
  std::string text;
  std::vector<uint32_t> at;  // by byte of the text: the character, or 256 for what is between
  for (uint32_t i = 0; i < 256; ++i) {
    if (!wanted[i]) continue;
    text += kBetween;
    utf8::append(text, first + i);
    at.push_back(256);
    at.resize(text.size(), i);
  }
  if (text.empty()) return;
  text += kBetween;
  at.push_back(256);
  NormalizedString normalized{text};
  if (!normalizer_->normalize(normalized)) return;
  const std::string_view made = normalized.normalized();
  std::array<std::string, 256> found;
  std::vector<bool> is_whole(text.size());  // of what is between
  for (size_t i = 0; i < made.size(); ++i) {
    const Offset from = normalized.alignments()[i];
    if (from.begin >= from.end || from.end > text.size()) return;
    if (at[from.begin] < 256) {
      found[at[from.begin]] += made[i];
    } else {
      is_whole[from.begin] = made[i] == kBetween && from.end == from.begin + 1 && !is_whole[from.begin];
    }
  }
  for (uint32_t i = 1; i < text.size();) {
    const uint32_t length = utf8::length_by_lead(text[i]);
    std::string& form = found[at[i]];
    // What has changed its neighbour, or has become a part of it, depends on it.
    const bool alone = is_whole[i - 1] && is_whole[i + length] && form.size() < 256 && utf8::valid_prefix(form) == form.size();
    if (alone) forms[at[i]] = std::move(form);
    i += length + 1;
  }
}

const uint8_t* UnitCharacters::learn(uint32_t number) const {
  const std::lock_guard lock(mutex_);
  if (learnt_[number]) return learnt_[number]->codes;
  const char32_t first = number << 8;
  Forms forms;
  std::array<bool, 256> touched{};
  for (uint32_t i = 0; i < 256 && !broken_; ++i) {
    if (is_surrogate(first + i)) continue;
    forms[i] = untouched(first + i);
    touched[i] = !forms[i];
  }
  if (normalizer_ && !broken_) normalize(first, touched, forms);
  auto block = std::make_unique<Block>();
  for (uint32_t i = 0; i < 256; ++i) {
    const char32_t c = first + i;
    block->codes[i] = unit_code_of(shape_, c, forms[i]);
    Form& form = block->forms[i];
    form.changed = !forms[i] || *forms[i] != utf8::encode(is_surrogate(c) ? U'x' : c);
    if (form.changed && forms[i]) {
      form.begin = static_cast<uint16_t>(block->text.size());
      form.size = static_cast<uint8_t>(forms[i]->size());
      block->text += *forms[i];
    }
    if (!(block->codes[i] & unit_code::kEasy) || form.changed) continue;
    block->codes[i] |= unit_code::kSame | (is_entry_(c) ? unit_code::kKnown : 0);
  }
  learnt_[number] = std::move(block);
  blocks_[number].store(learnt_[number]->codes, std::memory_order_release);
  return learnt_[number]->codes;
}

}  // namespace headrace::text
