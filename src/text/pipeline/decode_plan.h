#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/components.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {

/// Decodes with what each token stands for in a table, where a decoder treats every token by itself: that of
/// byte-level vocabularies, and SentencePiece's sequence of spaces, bytes and what follows. Thread-safe.
class DecodePlan {
 public:
  /// How a token is spelled, and whether it is special; none for ids without one.
  struct Token {
    std::string spelling;
    bool special = false;
  };
  using TokenOf = std::function<std::optional<Token>(TokenId)>;

  /// Null if the decoder is not one of these, or ids are not fit to be indices.
  static Result<std::shared_ptr<const DecodePlan>> make(const LivePart<DecoderSpec>& decoder, uint64_t greatest_id, size_t tokens);

  /// Whether to decode so many ids here: the table has been made, or is worth it now.
  bool takes(size_t ids, const TokenOf& token_of) const;
  /// `takes` has said so.
  Result<std::string> decode(std::span<const TokenId> ids, bool skip_special) const;

  /// Whether a text is the bytes of its tokens, made valid.
  bool is_bytes() const { return byte_level_; }
  /// With is_bytes, once `takes` has said so: what a token adds; `whole` says that it is valid by itself.
  std::string_view bytes_of(TokenId id, bool skip_special, bool& whole) const;

 private:
  enum Flag : uint8_t { kAbsent = 1, kSpecial = 2, kByte = 4, kLong = 8, kBroken = 16 };
  /// What a token stands for, if that is short. PERF: one cache line a token, copied at once.
  struct Slot {
    static constexpr size_t kLongest = 14;
    char bytes[kLongest];
    uint8_t size = 0;
    uint8_t flags = 0;
  };
  void build(const TokenOf& token_of) const;
  void append(TokenId id, std::string& text, std::string& bytes) const;
  std::string_view text_of(TokenId id) const;

  bool byte_level_ = true;
  std::vector<std::shared_ptr<const DecoderStage>> rest_;  // what is done to the text once it is one
  uint32_t size_ = 0;
  mutable std::atomic<uint64_t> decoded_elsewhere_{0};
  mutable std::once_flag once_;
  mutable std::atomic<bool> built_{false};
  mutable std::vector<Slot> slots_;  // by id
  mutable StringArena long_texts_;
};

}  // namespace headrace::text
