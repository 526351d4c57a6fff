#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/components.h"
#include "text/components/models/piece_trie.h"
#include "text/components/models/random_stream.h"
#include "text/nbest.h"

namespace headrace::text {

/// Unigram: the division of a text whose pieces' scores sum to the most, or one drawn at
/// random. Time is linear in the text, times the longest piece that it contains.
class UnigramStage final : public ModelStage {
 public:
  explicit UnigramStage(const UnigramModel& model);

  Result<void> tokenize(std::string_view text, std::vector<ModelToken>& tokens) const override;
  std::optional<TokenId> token_to_id(std::string_view token) const override;
  std::optional<std::string> id_to_token(TokenId id) const override;
  size_t vocabulary_size() const override { return pieces_->size(); }
  void for_each_token(const std::function<void(std::string_view token, TokenId id)>& f) const override;
  Result<std::vector<std::string>> save(const std::string& folder, const std::optional<std::string>& prefix) const override;

  /// A token of a text: the piece's id, or the unknown one's.
  struct Part {
    uint32_t begin;
    uint32_t end;
    uint32_t id;
    bool is_byte = false;  ///< one of several for the bytes of an unknown part
  };
  /// Replaces `parts` by the tokens of a text. `least_gap`, if not null, gets the smallest difference between two scores
  /// of which one was taken.
  Result<void> divide(std::string_view text, std::vector<Part>& parts, double* least_gap = nullptr) const;
  /// The same of a text after what has the score `before`, on which the best way depends where rounding decides. Returns the
  /// score after it.
  Result<double> divide_after(double before, std::string_view text, std::vector<Part>& parts) const;
  /// A text among others.
  struct Text {
    uint32_t begin;
    uint32_t end;
    size_t first_part = 0;
    double least_gap = std::numeric_limits<double>::infinity();
    double score = 0;  ///< before it, and then after it
  };
  /// The same for several texts that lie one after another in `bytes`, with a byte between two at least; `parts` are of `bytes`.
  Result<void> divide_each(std::string_view bytes, std::span<Text> texts, std::vector<Part>& parts) const;
  /// See text/nbest.h.
  Result<std::vector<ScoredTokens>> best_divisions(std::string_view text, size_t count) const;
  /// Whether a text is a piece that others are divided into.
  bool is_piece(std::string_view text) const {
    const uint32_t id = trie_.find(text);
    return id != kNone && matched(id);
  }
  /// What each token adds to a score; not a number for those that stand for more than their id tells: unknown ones and bytes.
  std::vector<double> scores() const;
  /// Whether a part of a text is what its id is spelled as: all are, but for what is unknown.
  bool is_spelled(const Part& part, std::string_view text) const {
    return part.id != unk_id_ || (*pieces_)[part.id].first == text.substr(part.begin, part.end - part.begin);
  }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};

  /// The best way to a place of a text.
  struct Best {
    double score;
    PieceTrie::Node node;  // or kNone: unknown
    uint32_t begin;        // kNone: there is none yet
  };
  struct Lattices;
  Result<void> find_best(std::string_view bytes, std::span<Text> texts, Best* best) const;
  Result<void> random_parts(std::string_view text, std::vector<Part>& parts) const;
  /// What is found becomes tokens: unknown characters one, or bytes.
  void add_all(std::string_view text, std::span<const Part> found, std::vector<Part>& parts) const;
  void append_tokens(std::string_view text, std::span<const Part> parts, std::vector<ModelToken>& tokens) const;
  void add(std::string_view text, Part part, std::vector<Part>& tokens) const;
  bool add_bytes(std::string_view text, const Part& part, std::vector<Part>& tokens) const;

  bool matched(uint32_t id) const { return unmatched_.empty() || !unmatched_[id]; }

  UnigramModel model_;
  std::shared_ptr<const std::vector<std::pair<std::string, double>>> pieces_;
  PieceTrie trie_;
  std::vector<bool> unmatched_;  // by id; empty: all are matched
  uint32_t unk_id_ = kNone;
  uint32_t empty_piece_ = kNone;
  double unk_score_ = 0;
  std::array<uint32_t, 256> byte_tokens_;
  RandomSource random_;
};

}  // namespace headrace::text
