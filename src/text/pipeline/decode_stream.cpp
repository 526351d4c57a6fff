#include "text/pipeline.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

DecodeStream::DecodeStream(std::vector<TokenId> prompt, bool skip_special_tokens)
    : skip_special_tokens_(skip_special_tokens), ids_(std::move(prompt)) {}

Result<std::optional<std::string>> DecodeStream::step(const Pipeline& pipeline, std::span<const TokenId> ids) {
  if (prefix_.empty() && !ids_.empty()) {
    HR_TRY(auto prefix, pipeline.decode(ids_, skip_special_tokens_));
    if (!prefix.ends_with(utf8::kReplacement)) {
      prefix_ = std::move(prefix);
      prefix_index_ = ids_.size();
    }
  }
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  HR_TRY(auto text, pipeline.decode(ids_, skip_special_tokens_));
  if (text.size() <= prefix_.size() || text.ends_with(utf8::kReplacement)) return std::nullopt;
  if (!text.starts_with(prefix_)) {
    return fail(ErrorKind::InvalidData, "Invalid prefix encountered while decoding stream. Token ID: " +
                                            std::to_string(ids_.empty() ? 0 : ids_.back()) + ", Expected prefix: '" + prefix_ +
                                            "', Actual string: '" + text + "'");
  }
  std::string piece = text.substr(prefix_.size());
  const size_t left = ids_.size() - prefix_index_;
  ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(prefix_index_));
  HR_TRY(prefix_, pipeline.decode(ids_, skip_special_tokens_));
  prefix_index_ = left;
  return piece;
}

}  // namespace headrace::text
