#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace headrace::text {

class Regex;

/// What becomes of the parts of a text that a pattern matches.
enum class SplitBehavior : uint8_t { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };

/// A part of a text that a pattern divides: bytes [begin, end), and whether it matched.
struct Match {
  Offset bytes;
  bool matched = false;
  bool operator==(const Match&) const = default;
};

/// Divides a text: the matches and what lies between them, in order, without gaps. An
/// empty text is one part that did not match.
using Finder = std::function<Result<std::vector<Match>>(std::string_view text)>;

Finder find_character(char32_t character);
Finder find_string(std::string literal);  ///< an empty literal matches nothing
Finder find_where(std::function<bool(char32_t)> predicate);
Finder find_regex(const Regex& regex);
Finder find_regex_later(std::string pattern);  ///< compiles a pattern, which is known to be one, when it is first needed
/// Exchanges what matched and what did not.
Finder inverted(Finder finder);

/// One character of an edited text. `change` says where it comes from: 0, it stands for
/// one character of the text before; 1, it was inserted; −n, it stands for one and
/// the n characters after that one are gone.
struct CharacterChange {
  char32_t character = 0;
  int32_t change = 0;
};

/// A text while it is being normalised, with the way back: each byte of the normalised
/// text knows the bytes of the original that it comes from. A part of a larger text
/// (`slice`, `split`) keeps its place in it, so its offsets are still the whole text's.
///
/// The alignments that each edit leaves are those of tokenizers 0.23, byte for byte:
/// the offsets of every token depend on them.
class NormalizedString {
 public:
  /// `original` is valid UTF-8, at most 4 GiB − 1.
  explicit NormalizedString(std::string original);

  const std::string& original() const { return original_; }
  const std::string& normalized() const { return normalized_; }
  /// For each byte of the normalised text, the bytes of original() that it comes from.
  std::span<const Offset> alignments() const { return alignments_; }
  /// Where original() begins in the text that it is a part of.
  uint32_t original_begin() const { return original_begin_; }
  bool empty() const { return normalized_.empty(); }
  bool operator==(const NormalizedString&) const = default;

  /// Bytes of the normalised text to bytes of the original, and back; none when they lie
  /// outside, or come from nothing.
  std::optional<Offset> to_original(Offset normalized) const;
  std::optional<Offset> to_normalized(Offset original) const;
  /// All of it, as bytes of the text that this is a part of.
  Offset original_offsets() const;

  /// Replaces the normalised text by these characters. `removed_at_begin`: how many
  /// characters of the text before come before the first one's.
  void transform(std::span<const CharacterChange> characters, size_t removed_at_begin = 0);
  /// The same for bytes [range) of the normalised text.
  void transform_range(Offset range, std::span<const CharacterChange> characters, size_t removed_at_begin = 0);

  void nfc();
  void nfd();
  void nfkc();
  void nfkd();
  void filter(const std::function<bool(char32_t)>& keep);
  void map(const std::function<char32_t(char32_t)>& f);
  void for_each(const std::function<void(char32_t)>& f) const;
  void lowercase();
  void uppercase();
  void prepend(std::string_view text);
  void append(std::string_view text);
  void strip(bool left, bool right);
  /// Removes everything; returns the bytes removed.
  size_t clear();
  Result<void> replace(const Finder& finder, std::string_view content);

  /// A part: bytes of the normalised text, or of the original. None outside of it or
  /// inside a character.
  std::optional<NormalizedString> slice_normalized(Offset range) const;
  std::optional<NormalizedString> slice_original(Offset range) const;
  Result<std::vector<NormalizedString>> split(const Finder& finder, SplitBehavior behavior) const;

 private:
  NormalizedString() = default;
  /// Puts characters in place of bytes [range) of the normalised text. False, and nothing
  /// done, if they replace more than there is and this is to be `strict`.
  bool splice(Offset range, std::span<const CharacterChange> characters, size_t removed_at_begin, bool strict);
  std::optional<NormalizedString> slice(Offset normalized, Offset original) const;

  std::string original_;
  std::string normalized_;
  std::vector<Offset> alignments_;
  uint32_t original_begin_ = 0;
};

/// A token that a model made of a text: its bytes in the normalised text, and how the
/// model spells it (for a piece out of the vocabulary this may be the text itself).
struct ModelToken {
  TokenId id = 0;
  std::string value;
  Offset offsets;
  bool operator==(const ModelToken&) const = default;
};

/// Units of the offsets that a caller sees.
enum class OffsetUnit : uint8_t { Byte, Character };

struct Encoding;

/// A text cut into pieces, some of which are tokens already.
class PreTokenizedString {
 public:
  struct Split {
    NormalizedString text;
    std::optional<std::vector<ModelToken>> tokens;
  };

  explicit PreTokenizedString(std::string text);
  explicit PreTokenizedString(NormalizedString text);

  const std::string& original() const { return original_; }
  const std::vector<Split>& splits() const { return splits_; }
  std::vector<Split>& splits() { return splits_; }

  /// Cuts each piece that is not tokens yet into what `cut(index, piece)` returns; empty
  /// pieces are left out.
  Result<void> split(const std::function<Result<std::vector<Split>>(size_t index, NormalizedString piece)>& cut);
  Result<void> normalize(const std::function<Result<void>(NormalizedString&)>& edit);
  Result<void> tokenize(const std::function<Result<std::vector<ModelToken>>(const NormalizedString&)>& model);

  /// The tokens of all pieces as an Encoding. `word`: the word index of all of them;
  /// otherwise each piece is a word. InvalidArgument while a piece is not tokens.
  Result<Encoding> into_encoding(std::optional<uint32_t> word, uint32_t type_id, OffsetUnit unit) const;

 private:
  std::string original_;
  std::vector<Split> splits_;
};

}  // namespace headrace::text
