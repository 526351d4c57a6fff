// Any bytes as a tokenizer.json: it loads or is refused with a message, and what loads encodes (offsets within the text,
// one entry a token in every map), decodes to UTF-8, by steps as at once, and is written as JSON that can be read.
// The first byte chooses settings, the second how long the text at the input's end is.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "text/limits.h"
#include "text/pipeline.h"
#include "text/unicode/utf8.h"

namespace {

using namespace headrace::text;

void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "what line %u requires does not hold\n", where.line());
  std::abort();
}

void check(const Encoding& encoding, std::string_view text) {
  const size_t size = encoding.size();
  require(encoding.tokens.size() == size && encoding.offsets.size() == size && encoding.words.size() == size);
  require(encoding.type_ids.size() == size && encoding.special_tokens_mask.size() == size && encoding.attention_mask.size() == size);
  for (const Offset& offset : encoding.offsets) require(offset.begin <= offset.end && offset.end <= text.size());
  for (const Encoding& window : encoding.overflowing) check(window, text);
}

void check_decoding(const Pipeline& pipeline, const std::vector<TokenId>& ids, bool skip) {
  const auto whole = pipeline.decode(ids, skip);
  auto decoder = pipeline.incremental_decoder(skip);
  if (!whole || !decoder) return;
  require(utf8::valid_prefix(*whole) == whole->size());
  std::string steps;
  for (const TokenId id : ids) steps += decoder->push(id);
  const auto rest = decoder->finish();
  require(rest.has_value() && steps + std::string(*rest) == *whole);
}

/// Whether the model draws lots, so that two encodings of one text may differ.
bool is_random(const Pipeline& pipeline) {
  const ModelSpec spec = pipeline.model()->get();
  const auto* bpe = std::get_if<BpeModel>(&spec.value);
  return bpe && bpe->dropout;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  if (!set_limit(Limit::TextBytes, 1 << 16) || !set_limit(Limit::EncodingTokens, 1 << 14)) std::abort();
  const uint8_t flags = data[0];
  std::string_view json(reinterpret_cast<const char*>(data + 2), size - 2);
  const size_t length = std::min<size_t>(data[1], json.size());
  const std::string_view text = json.substr(json.size() - length);
  json.remove_suffix(length);
  const auto pipeline = Pipeline::from_json(json);
  if (!pipeline) {
    require(!pipeline.error().message.empty());
    return 0;
  }
  const PipelineOptions options{.add_special_tokens = (flags & 1) != 0, .invalid_utf8 = InvalidUtf8::Replace};
  const auto encoding = pipeline->encode({text, std::nullopt}, options);
  if (encoding && utf8::valid_prefix(text) == text.size()) check(*encoding, text);
  std::vector<TokenId> ids;
  const bool same = !is_random(*pipeline);
  if (encoding) {
    require(pipeline->encode_ids(text, options, ids).has_value() && (!same || ids == encoding->ids));
    if (flags & 2) (void)pipeline->encode({text, text}, options);
    check_decoding(*pipeline, ids, (flags & 4) != 0);
  }
  check_decoding(*pipeline, {0, 1, 2, 0xFFFFFFFF, 3, 5, 4, 7, 6}, (flags & 4) != 0);
  const auto saved = pipeline->to_json((flags & 8) != 0);
  if (!saved) return 0;
  // It may be refused (merges of tokens that share an id are saved as other merges) and its ids may differ (added tokens
  // get new ones where the vocabulary has gaps), both as in the reference.
  const auto again = Pipeline::from_json(*saved);
  require(again || !again.error().message.empty());
  return 0;
}
