#include "text/components/pre_tokenizers/byte_level.h"

#include <array>
#include <optional>
#include <vector>

#include "text/bpe/byte_letters.h"
#include "text/components/pre_tokenizers/cut.h"
#include "text/pretokenize/published_families.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

char32_t letter_of(char byte) {
  static const std::array<char32_t, 256> letters = [] {
    std::array<char32_t, 256> table{};
    for (int b = 0; b < 256; ++b) {
      uint32_t length;
      table[b] = utf8::decode(ByteLetters::letter(static_cast<uint8_t>(b)).c_str(), length);
    }
    return table;
  }();
  return letters[static_cast<uint8_t>(byte)];
}

/// Each byte becomes its letter; the first of a character stands for it, the rest are added.
Result<void> spell_bytes(NormalizedString& text) {
  std::vector<CharacterChange> letters;
  letters.reserve(text.normalized().size());
  for (const char byte : text.normalized()) letters.push_back({letter_of(byte), utf8::is_continuation(byte) ? 1 : 0});
  text.transform(letters);
  return {};
}

class ByteLevelStage final : public PreTokenizerStage {
 public:
  ByteLevelStage(bool add_prefix_space, std::optional<Finder> finder) : add_prefix_space_(add_prefix_space), finder_(std::move(finder)) {}

  Result<void> pre_tokenize(PreTokenizedString& text) const override {
    HR_CHECK(text.split([this](size_t, NormalizedString piece) -> Result<std::vector<PreTokenizedString::Split>> {
      if (add_prefix_space_ && !piece.normalized().starts_with(' ')) piece.prepend(" ");
      if (!finder_) return one_piece(std::move(piece));
      return cut(piece, *finder_, SplitBehavior::Isolated);
    }));
    return text.normalize(spell_bytes);
  }

 private:
  bool add_prefix_space_;
  std::optional<Finder> finder_;
};

}  // namespace

Result<std::shared_ptr<const PreTokenizerStage>> compile_byte_level(const ByteLevelPreTokenizer& spec) {
  std::optional<Finder> finder;
  if (spec.use_regex) finder = find_pieces(Gpt2Rules{});
  return std::make_shared<ByteLevelStage>(spec.add_prefix_space, std::move(finder));
}

}  // namespace headrace::text
