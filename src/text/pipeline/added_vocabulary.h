#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/pipeline.h"
#include "text/pipeline/string_matcher.h"

namespace headrace::text {

namespace compiled {
class ArrayReader;
class ArrayWriter;
}  // namespace compiled

/// Where in a text special tokens are recognised.
struct SpecialTokenPlaces {
  bool nowhere = false;
  std::span<const Offset> untrusted;  ///< parts of the original text without any, in order

  bool touches_untrusted(Offset original) const;
  bool allow(const NormalizedString& piece, Offset normalized) const;
};

/// Added tokens ready to be found: immutable, shared by calls.
class AddedTokenFinder {
 public:
  struct Entry {
    TokenId id = 0;
    AddedToken token;
    std::string spelling;  ///< as the normaliser left it, if the token is looked for in normalised text
    bool special = false;  ///< its content has ever been added as a special token
  };
  AddedTokenFinder(std::vector<Entry> entries, std::unordered_set<std::string> special);

  /// Cuts the text at added tokens: those of the text as it is, then, in what lies between
  /// them, normalised piece by piece, the others. Special tokens elsewhere than in `places`
  /// are passed over as text. `normalizer` may be null.
  Result<PreTokenizedString> extract(std::string text, const NormalizerStage* normalizer, const SpecialTokenPlaces& places) const;

  /// An added token in a text: bytes [begin, end).
  struct Found {
    TokenId id = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  /// The tokens in a text before it is normalised, and, of those that are looked for later, in a
  /// normalised stretch between them.
  std::vector<Found> find_raw(std::string_view text, bool encode_special) const;
  std::vector<Found> find_normalized(std::string_view text, bool encode_special) const;
  bool looks_in_normalized() const { return !normalized_.entries.empty(); }
  /// Whether a token is what the normalizer leaves nothing of, and so cuts everywhere.
  bool finds_nothing() const { return raw_.nothing || normalized_.nothing; }

  /// How the token with this id is spelled; null for ids that no added token has.
  const std::string* spelling(TokenId id) const;
  bool is_special_id(TokenId id) const;
  /// PERF: nearly all that are asked for begin like no special token.
  bool is_special(const std::string& token) const { return begins_special_[first_byte(token)] && special_.contains(token); }

 private:
  struct Set {
    StringMatcher strings;
    std::vector<const Entry*> entries;
    std::optional<uint32_t> nothing;  ///< the first entry of an empty spelling
  };
  static uint8_t first_byte(const std::string& token) { return token.empty() ? 0 : static_cast<uint8_t>(token[0]); }
  static std::vector<StringMatcher::Hit> hits(std::string_view text, const Set& set);
  template <class Allow>
  std::vector<Found> find(std::string_view text, const Set& set, const Allow& allow_special) const;
  Result<std::vector<PreTokenizedString::Split>> cut(const NormalizedString& text, const Set& set,
                                                     const SpecialTokenPlaces& places) const;

  std::vector<Entry> entries_;  // by id
  Set raw_;
  Set normalized_;
  std::unordered_set<std::string> special_;
  std::array<bool, 256> begins_special_{};  // by first byte
};

/// Tokens on top of a model's vocabulary, as a program adds them. Not thread-safe.
class AddedVocabulary {
 public:
  /// Returns how many tokens were not there already with the same settings. A token that
  /// the vocabulary has keeps its id, others get the ids that follow.
  size_t add(std::span<const AddedToken> tokens, const ModelStage& model);
  /// Adds a token whose id a file gives, whatever the model says.
  void add_with_id(const AddedToken& token, TokenId id);
  /// The spellings are to be normalised anew: the tokenizer has another normaliser.
  void forget_spellings();
  /// Normalises the spellings that need it and compiles. `normalizer` may be null.
  Result<std::shared_ptr<const AddedTokenFinder>> compile(const NormalizerStage* normalizer);

  /// All of it as arrays of a compiled tokenizer, and from such.
  void write(compiled::ArrayWriter& writer) const;
  static Result<AddedVocabulary> read(compiled::ArrayReader& reader);

  const std::unordered_map<std::string, TokenId>& ids() const { return ids_; }
  std::map<TokenId, AddedToken> tokens() const;
  size_t size() const { return entries_.size(); }
  /// Of tokens(), which has some.
  TokenId greatest_token_id() const { return entries_.rbegin()->first; }

 private:
  struct Entry {
    AddedToken token;
    std::optional<std::string> spelling;
  };
  TokenId next_id(const ModelStage& model) const;

  std::unordered_map<std::string, TokenId> ids_;  // by content
  std::map<TokenId, Entry> entries_;
  std::unordered_set<std::string> special_;
  TokenId greatest_id_ = 0;  // of ids_
};

}  // namespace headrace::text
