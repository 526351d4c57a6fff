#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "text/bulk/unit_codes.h"
#include "text/components/normalizers/charsmap.h"
#include "text/pipeline/unit_shape.h"

namespace headrace::text {

/// What a pipeline's normalizer makes of each character of the basic plane by itself, and the unit_code that follows from
/// it. What no part of the normalizer touches stays; the others are sent through it.
class UnitCharacters final : public UnitCodes {
 public:
  /// `normalizer` is what `shape.normalizers` are together; null if there are none. `is_entry` says whether a
  /// character is an entry that texts are divided into.
  UnitCharacters(UnitShape shape, std::shared_ptr<const NormalizerStage> normalizer, std::function<bool(char32_t)> is_entry);

  /// The form of a character that is easy.
  std::string_view form(char32_t c, std::string_view as_written) const {
    const Block& block = block_of(c);
    const Form& form = block.forms[c & 0xFF];
    return form.changed ? std::string_view(block.text).substr(form.begin, form.size) : as_written;
  }
 private:
  struct Form {
    uint16_t begin = 0;  // of the block's text
    uint8_t size = 0;
    bool changed = false;
  };
  struct Block {
    uint8_t codes[256];
    Form forms[256];
    std::string text;
  };
  using Forms = std::array<std::optional<std::string>, 256>;  // none: it depends on others

  const uint8_t* learn(uint32_t block) const override;
  std::optional<std::string> untouched(char32_t c) const;
  void normalize(char32_t first, const std::array<bool, 256>& wanted, Forms& forms) const;
  const Block& block_of(char32_t c) const {
    of_basic(c);
    return *learnt_[c >> 8];
  }

  UnitShape shape_;
  std::shared_ptr<const NormalizerStage> normalizer_;
  std::function<bool(char32_t)> is_entry_;
  std::vector<Charsmap> charsmaps_;
  bool broken_ = false;
  mutable std::mutex mutex_;
  mutable std::array<std::unique_ptr<const Block>, 256> learnt_;
};

}  // namespace headrace::text
