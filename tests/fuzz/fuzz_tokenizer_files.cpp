// Any bytes as a tokenizer file, SentencePiece models above all: they load or are refused
// with a message, and what loads encodes, decodes and is written as JSON that loads again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/tokenizer_files.h"

namespace {

using namespace headrace::text;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto pipeline = load_tokenizer_bytes({reinterpret_cast<const char*>(data), size}, "input");
  if (!pipeline) {
    require(!pipeline.error().message.empty());
    return 0;
  }
  const std::string_view text = "the  ▁mill <s>\n\xC3\xA9\xF0\x9F\x98\x80 ";
  // A table of replacements that leads out of itself is found only when a text meets the place.
  const auto encoding = pipeline->encode({text, std::nullopt});
  if (encoding) require(pipeline->decode(encoding->ids, false).has_value());
  const auto json = pipeline->to_json(false);
  if (json) (void)Pipeline::from_json(*json);
  return 0;
}
