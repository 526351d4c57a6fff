#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "text/components.h"

namespace headrace::text {

/// A normalizer that is one edit of a text.
class EditNormalizer final : public NormalizerStage {
 public:
  using Edit = std::function<Result<void>(NormalizedString&)>;
  explicit EditNormalizer(Edit edit) : edit_(std::move(edit)) {}
  Result<void> normalize(NormalizedString& text) const override { return edit_(text); }

 private:
  Edit edit_;
};

inline std::shared_ptr<const NormalizerStage> edit_normalizer(EditNormalizer::Edit edit) {
  return std::make_shared<EditNormalizer>(std::move(edit));
}

/// For edits that cannot fail.
inline std::shared_ptr<const NormalizerStage> plain_edit_normalizer(std::function<void(NormalizedString&)> edit) {
  return edit_normalizer([edit = std::move(edit)](NormalizedString& text) -> Result<void> {
    edit(text);
    return {};
  });
}

}  // namespace headrace::text
