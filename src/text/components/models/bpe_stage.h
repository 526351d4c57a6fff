#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/components.h"
#include "text/components/models/random_stream.h"
#include "text/components/models/table_stage.h"

namespace headrace::text {

/// Byte pair encoding as tokenizers 0.23 does it: a piece's characters are its first
/// symbols, and neighbours join in the order of the merges. n log n for a piece of n
/// characters.
class BpeStage final : public TableStage {
 public:
  explicit BpeStage(const BpeModel& model);

  Result<void> tokenize(std::string_view text, std::vector<ModelToken>& tokens) const override;
  Result<std::vector<std::string>> save(const std::string& folder, const std::optional<std::string>& prefix) const override;

 private:
  struct Symbol {
    TokenId id = 0;
    uint32_t length = 0;  // bytes; 0: gone
    int32_t previous = -1;
    int32_t next = -1;
  };
  using Word = std::vector<Symbol>;

  bool drops() const { return model_.dropout && *model_.dropout != 0; }
  Result<void> split(std::string_view text, Word& word) const;
  Result<TokenId> unknown() const;
  bool add_bytes(std::string_view character, Word& word) const;
  void merge(Word& word) const;

  BpeModel model_;
  std::array<std::optional<TokenId>, 256> byte_tokens_;
  std::optional<TokenId> unk_id_;
  RandomSource random_;
};

}  // namespace headrace::text
