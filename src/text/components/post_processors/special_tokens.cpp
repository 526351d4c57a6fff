#include "text/components/post_processors/special_tokens.h"

namespace headrace::text {
namespace {

template <class T>
void put_around(std::vector<T>& values, bool before, const T& first, const T& last) {
  if (before) values.insert(values.begin(), first);
  values.push_back(last);
}

}  // namespace

Encoding surround(Encoding encoding, const Surrounding& with) {
  const bool before = with.before.has_value();
  const auto size = static_cast<uint32_t>(encoding.size());
  const TokenAndId& first = before ? *with.before : with.after;
  put_around(encoding.ids, before, first.second, with.after.second);
  put_around(encoding.tokens, before, first.first, with.after.first);
  put_around(encoding.type_ids, before, with.type_id, with.type_id);
  put_around(encoding.words, before, Encoding::kNoWord, Encoding::kNoWord);
  put_around(encoding.offsets, before, Offset{0, 0}, Offset{0, 0});
  encoding.special_tokens_mask.assign(size, 0);
  put_around(encoding.special_tokens_mask, before, uint32_t{1}, uint32_t{1});
  encoding.attention_mask.assign(encoding.ids.size(), 1);
  const uint32_t begin = before ? 1 : 0;
  encoding.sequence_ranges = {{with.sequence, {begin, begin + size}}};
  for (Encoding& more : encoding.overflowing) {
    more.overflowing.clear();
    more = surround(std::move(more), with);
  }
  return encoding;
}

Encoding special_encoding(const TemplateSpecialToken& token, uint32_t type_id) {
  Encoding encoding;
  encoding.ids = token.ids;
  encoding.tokens = token.tokens;
  encoding.type_ids.assign(token.ids.size(), type_id);
  encoding.words.assign(token.ids.size(), Encoding::kNoWord);
  encoding.offsets.assign(token.ids.size(), Offset{0, 0});
  encoding.special_tokens_mask.assign(token.ids.size(), 1);
  encoding.attention_mask.assign(token.ids.size(), 1);
  return encoding;
}

}  // namespace headrace::text
