#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/bulk/barriers.h"
#include "text/bulk/packed_piece.h"
#include "text/bulk/unit_codes.h"
#include "text/encode/token_sink.h"

namespace headrace::text {

enum class UnitCut : uint8_t {
  Words,           ///< spaces lie between units, and single characters are units
  SpaceLed,        ///< a unit begins with its space
  SpaceLedLonely,  ///< the same, but only with a space between solid characters
};

/// A token of a unit: the bytes of the unit that it comes from.
struct UnitToken {
  TokenId id = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
  bool begins_word = false;
};

struct UnitTokens {
  std::vector<UnitToken> tokens;
  /// Which of them are not spelled as their id is, and how.
  std::vector<std::pair<size_t, std::string>> spelled;
  /// Of a continuing unit: that what is before it in its word might change it.
  bool depends_on_before = false;

  void clear() {
    tokens.clear();
    spelled.clear();
    depends_on_before = false;
  }
};

/// A part of a stretch of a text between added tokens that is encoded by itself.
struct TextUnit {
  enum class Place : uint8_t {
    First,      ///< at the stretch's beginning
    Word,       ///< after a word's end
    Continuing  ///< after a barrier within a word
  };
  std::string_view stretch;
  size_t begin = 0;  ///< in the stretch
  size_t end = 0;
  Place place = Place::Word;
  bool begins_text = false;  ///< whether the stretch does

  std::string_view text() const { return stretch.substr(begin, end - begin); }
};

/// A unit, and which of some ids are its tokens.
struct UnitIds {
  TextUnit unit;
  size_t first = 0;
  size_t count = 0;
  bool depends_on_before = false;  ///< as of UnitTokens
};

/// Encodes units. Thread-safe.
class UnitModel {
 public:
  virtual ~UnitModel() = default;
  /// Replaces `out`.
  virtual Result<void> encode(const TextUnit& unit, UnitTokens& out) const = 0;
  /// Appends the tokens of several units to `ids`.
  virtual Result<void> encode_each(std::span<UnitIds> units, std::vector<TokenId>& ids) const;

  // Of units that depend on what is before them, where that is a score.

  /// The score after such tokens; none where they do not tell it.
  virtual std::optional<double> score_after(double, std::span<const TokenId>) const { return std::nullopt; }
  /// A unit after what has this score, and the score after it; none where that cannot be told from the unit alone.
  virtual Result<std::optional<double>> encode_after(const TextUnit&, double, UnitTokens&) const { return std::nullopt; }
};

/// What a UnitEncoder is made of.
struct UnitSpec {
  std::shared_ptr<const UnitCodes> codes;
  UnitCut cut = UnitCut::Words;
  bool has_singles = false;       ///< whether a code may be kSingle
  bool lowers_ascii = false;      ///< units are looked up with small letters
  bool words_have_space = false;  ///< units that begin words are looked up with a space in front
  /// The first unit is not like others, or nothing is like it should be after a first character that is joining.
  bool first_is_special = false;
  bool joining_first_is_special = false;
  /// All of a stretch is one word, whose units are cut as if they were words. Those behind a score that is further from zero than
  /// this depend on it.
  bool one_word = false;
  double greatest_score = 0;
  /// Which ASCII characters have no barrier between them; null: there are no barriers at all.
  std::shared_ptr<const AsciiPairs> ascii_pairs;
  /// Makes the barriers of pairs of which one is wide, once a text asks for them. Other pairs have none: words of letters
  /// stay whole.
  std::function<std::unique_ptr<const Barriers>()> make_barriers;
  /// How long words with barriers may be, in bytes.
  size_t longest_with_barriers = 0;
  std::shared_ptr<const UnitModel> model;
};

/// Where `encode` puts the tokens of stretches.
struct UnitSink {
  TokenSink* tokens = nullptr;
  std::vector<std::pair<size_t, std::string>>* spelled = nullptr;  ///< with offsets only
};

/// Encodes texts whose words are normalised and encoded one by one (WordPiece, Unigram). What it
/// looks up are bytes of the text before it is normalised, in the thread's own cache. Only a unit
/// that is not there goes through the model.
class UnitEncoder {
 public:
  explicit UnitEncoder(UnitSpec spec);
  ~UnitEncoder();

  /// Encodes text[begin, end), a stretch between added tokens. Offsets are of `text`.
  Result<void> encode(std::string_view text, size_t begin, size_t end, const UnitSink& sink) const;

  /// Whether a unit begins between characters with these codes, by the rules alone.
  bool begins_unit(uint8_t before, uint8_t here, uint8_t after) const;

 private:
  class Run;
  bool may_have_barriers(std::string_view stretch) const;
  uint8_t code_at(std::string_view text, size_t at, uint32_t& length) const;
  size_t unit_end(std::string_view text, size_t begin, bool barriers, bool& at_barrier) const;

  const Barriers& barriers() const;
  bool barrier_between(char32_t left, char32_t right) const;

  UnitSpec spec_;
  PieceHash hash_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<const Barriers> barriers_;
  /// By character that is a unit: its token, once it has been met. Null where no characters are.
  mutable std::unique_ptr<std::atomic<uint32_t>[]> singles_;
  uint8_t ascii_[128];
  uint64_t serial_;
};

}  // namespace headrace::text
