#include "text/rank_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/unicode_tables.h"
#include "text/bpe/merge.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/string_matcher.h"
#include "text/regex.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

struct RankEncoding::State {
  State(Regex pattern, Tokens ranks, Tokens special) : regex(std::move(pattern)), ranks(std::move(ranks)), special(std::move(special)) {}

  Regex regex;
  Tokens ranks;  // by bytes
  Tokens special;
  StringMatcher special_finder;
  std::shared_ptr<const TokenTable> table, special_table;

  std::optional<TokenId> find(std::string_view bytes) const { return table->find(bytes); }
  Result<void> merge(std::string_view bytes, std::vector<TokenId>& ids) const;
  Result<void> encode_text(std::string_view text, Encoded& encoded) const;
  bool is_space(TokenId id) const;
  size_t unstable_tokens(const Encoded& encoded) const;
};

namespace {

Result<std::shared_ptr<const TokenTable>> table_of(const RankEncoding::Tokens& tokens) {
  std::vector<TokenEntry> entries;
  entries.reserve(tokens.size());
  for (const auto& [bytes, id] : tokens) entries.push_back({bytes, id});
  return TokenTable::build(entries);
}

/// The last character of bytes and whether it is white space; {0, false} for no character.
std::pair<size_t, bool> last_character(std::string_view bytes) {
  size_t begin = bytes.size();
  while (begin > 0 && bytes.size() - begin < 4) {
    --begin;
    if (!utf8::is_continuation(bytes[begin])) break;
  }
  const std::string_view last = bytes.substr(begin);
  if (last.empty() || utf8::valid_prefix(last) != last.size()) return {0, false};
  uint32_t length = 0;
  return {last.size(), (unicode::class_of(utf8::decode(last.data(), length)) & unicode::kWhiteSpace) != 0};
}

}  // namespace

Result<RankEncoding> RankEncoding::compile(std::string_view pattern, Tokens ranks, Tokens special_tokens) {
  HR_TRY(Regex regex, Regex::compile(oniguruma_pattern(pattern)));
  std::sort(ranks.begin(), ranks.end());
  auto state = std::make_shared<State>(std::move(regex), std::move(ranks), std::move(special_tokens));
  HR_TRY(state->table, table_of(state->ranks));
  HR_TRY(state->special_table, table_of(state->special));
  std::vector<std::string> contents;
  for (const auto& [content, id] : state->special) contents.push_back(content);
  state->special_finder = StringMatcher(contents);
  RankEncoding encoding;
  encoding.state_ = std::move(state);
  return encoding;
}

const RankEncoding::Tokens& RankEncoding::special_tokens() const { return state_->special; }

/// Joins the neighbours whose bytes together have the lowest rank, as long as there are any.
Result<void> RankEncoding::State::merge(std::string_view bytes, std::vector<TokenId>& ids) const {
  MergeScratch<uint32_t> scratch;
  scratch.symbols.reserve(bytes.size());
  for (uint32_t i = 0; i < bytes.size(); ++i) {
    const auto id = find(bytes.substr(i, 1));
    if (!id) {
      return fail(ErrorKind::InvalidArgument, fmt::format("The byte 0x{:02X} is no token of this encoding.", static_cast<uint8_t>(bytes[i])));
    }
    scratch.symbols.push_back({*id, i, i + 1});
  }
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) -> Merge<uint32_t> {
    const auto rank = find(bytes.substr(left.begin, right.end - left.begin));
    return rank ? Merge<uint32_t>{*rank, *rank} : Merge<uint32_t>{};
  });
  for (const Symbol& symbol : scratch.symbols) ids.push_back(symbol.id);
  return {};
}

Result<void> RankEncoding::State::encode_text(std::string_view text, Encoded& encoded) const {
  std::vector<Offset> matches;
  HR_CHECK(regex.find_all(text, matches));
  for (const Offset& match : matches) {
    const std::string_view piece = text.substr(match.begin, match.end - match.begin);
    const size_t before = encoded.ids.size();
    if (const auto id = find(piece)) {
      encoded.ids.push_back(*id);
    } else {
      HR_CHECK(merge(piece, encoded.ids));
    }
    encoded.last_piece = encoded.ids.size() - before;
  }
  return {};
}

Result<RankEncoding::Encoded> RankEncoding::encode(std::string_view text, const Allowed& allowed) const {
  if (const size_t valid = utf8::valid_prefix(text); valid != text.size()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("The text is not UTF-8 at byte {}.", valid));
  }
  Encoded encoded;
  size_t done = 0;
  if (std::ranges::find(allowed, true) != allowed.end()) {
    // Those that are not allowed are not looked for, so they hide no others.
    const bool all = std::ranges::find(allowed, false) == allowed.end();
    std::vector<std::string> some;
    std::vector<size_t> numbers;
    for (size_t n = 0; !all && n < allowed.size(); ++n) {
      if (allowed[n]) some.push_back(state_->special[n].first), numbers.push_back(n);
    }
    const auto hits = all ? state_->special_finder.find_all(text) : StringMatcher(some).find_all(text);
    for (const auto& hit : hits) {
      HR_CHECK(state_->encode_text(text.substr(done, hit.begin - done), encoded));
      encoded.ids.push_back(state_->special[all ? hit.string : numbers[hit.string]].second);
      encoded.last_piece = 0;
      done = hit.end;
    }
  }
  HR_CHECK(state_->encode_text(text.substr(done), encoded));
  return encoded;
}

Result<std::vector<TokenId>> RankEncoding::encode_piece(std::string_view bytes) const {
  std::vector<TokenId> ids;
  if (const auto id = state_->find(bytes)) return std::vector{*id};
  HR_CHECK(state_->merge(bytes, ids));
  return ids;
}

bool RankEncoding::State::is_space(TokenId id) const {
  const auto bytes = table->spelling(id);
  return bytes && bytes->find_first_not_of(" \n\t") == std::string_view::npos;
}

/// The tokens of the last piece, and the tokens of spaces alone before it if it begins with
/// one: a pattern that joins spaces may yet join those.
size_t RankEncoding::State::unstable_tokens(const Encoded& encoded) const {
  size_t count = encoded.last_piece;
  const auto& ids = encoded.ids;
  if (count == 0 || !is_space(ids[ids.size() - count])) return count;
  while (count < ids.size() && is_space(ids[ids.size() - count - 1])) ++count;
  return count;
}

Result<RankEncoding::Unstable> RankEncoding::encode_with_unstable(std::string_view text, const Allowed& allowed) const {
  const State& state = *state_;
  HR_TRY(Encoded encoded, encode(text, allowed));
  Unstable result;
  const size_t count = state.unstable_tokens(encoded);
  std::string unstable;
  for (size_t i = encoded.ids.size() - count; i < encoded.ids.size(); ++i) unstable += bytes(encoded.ids[i]).value_or("");
  encoded.ids.resize(encoded.ids.size() - count);
  result.stable = std::move(encoded.ids);
  if (unstable.empty()) return result;

  std::set<std::vector<TokenId>> completions;
  // Every token that goes on where a suffix of the unstable bytes begins.
  const auto for_each_beginning_with = [&](std::string_view prefix, const auto& use) -> Result<void> {
    auto at = std::ranges::lower_bound(state.ranks, prefix, {}, [](const auto& rank) { return std::string_view(rank.first); });
    for (; at != state.ranks.end() && at->first.starts_with(prefix); ++at) HR_CHECK(use(*at));
    return {};
  };
  HR_CHECK(for_each_beginning_with(unstable, [&](const auto& token) -> Result<void> {
    completions.insert({token.second});
    return {};
  }));
  for (size_t cut = 1; cut < unstable.size(); ++cut) {
    HR_CHECK(for_each_beginning_with(std::string_view(unstable).substr(cut), [&](const auto& token) -> Result<void> {
      const std::string possible = unstable.substr(0, cut) + token.first;
      std::vector<TokenId> ids;
      if (utf8::valid_prefix(possible) == possible.size()) {
        HR_TRY(Encoded whole, encode(possible, {}));
        ids = std::move(whole.ids);
      } else {
        HR_TRY(ids, encode_piece(possible));
      }
      size_t kept = 0;
      for (size_t length = 0; kept < ids.size() && length < unstable.size(); ++kept) length += bytes(ids[kept]).value_or("").size();
      ids.resize(kept);
      completions.insert(std::move(ids));
      return {};
    }));
  }
  // A space at the end may come to stand alone: \s+(?!\S) gives the last one back.
  const auto [length, is_space] = last_character(unstable);
  if (is_space && unstable.size() > length) {
    HR_TRY(auto ids, encode_piece(std::string_view(unstable).substr(0, unstable.size() - length)));
    HR_TRY(const auto last, encode_piece(std::string_view(unstable).substr(unstable.size() - length)));
    ids.insert(ids.end(), last.begin(), last.end());
    completions.insert(std::move(ids));
  }
  result.completions.assign(completions.begin(), completions.end());
  return result;
}

std::optional<TokenId> RankEncoding::token(std::string_view bytes) const {
  if (const auto id = state_->find(bytes)) return id;
  return state_->special_table->find(bytes);
}

std::optional<std::string_view> RankEncoding::bytes(TokenId id) const {
  if (const auto bytes = state_->table->spelling(id)) return bytes;
  return state_->special_table->spelling(id);
}

std::vector<std::string_view> RankEncoding::token_bytes() const {
  std::vector<std::string_view> all;
  for (const auto& [bytes, id] : state_->ranks) all.push_back(bytes);
  return all;
}

std::string oniguruma_pattern(std::string_view rust_pattern) {
  std::string out;
  size_t atom = 0;                  // where the last atom begins in `out`
  std::vector<size_t> groups;       // where open groups begin
  const auto item = [&] { atom = out.size(); };
  for (size_t i = 0; i < rust_pattern.size();) {
    const char c = rust_pattern[i];
    if (c == '\\' && i + 1 < rust_pattern.size()) {
      item();
      size_t length = 2;
      const char kind = rust_pattern[i + 1];
      if ((kind == 'p' || kind == 'P' || kind == 'x' || kind == 'u') && i + 2 < rust_pattern.size() && rust_pattern[i + 2] == '{') {
        const size_t close = rust_pattern.find('}', i);
        length = close == std::string_view::npos ? rust_pattern.size() - i : close + 1 - i;
      } else if ((kind == 'p' || kind == 'P') && i + 2 < rust_pattern.size()) {
        out.append("\\").append(1, kind).append("{").append(1, rust_pattern[i + 2]).append("}");  // \pL
        i += 3;
        continue;
      }
      out += rust_pattern.substr(i, length);
      i += length;
    } else if (c == '[') {
      item();
      int depth = 0;
      size_t end = i;
      do {
        if (rust_pattern[end] == '\\') ++end;
        else if (rust_pattern[end] == '[') ++depth;
        else if (rust_pattern[end] == ']') --depth;
        ++end;
      } while (depth > 0 && end < rust_pattern.size());
      out += rust_pattern.substr(i, end - i);
      i = end;
    } else if (c == '(') {
      groups.push_back(out.size());
      out += c;
      ++i;
    } else if (c == ')') {
      if (!groups.empty()) atom = groups.back(), groups.pop_back();
      out += c;
      ++i;
    } else if (c == '^' || c == '$') {
      item();
      out += c == '^' ? R"(\A)" : R"(\z)";
      ++i;
    } else if (c == '{') {
      const size_t close = rust_pattern.find('}', i);
      const size_t end = close == std::string_view::npos ? rust_pattern.size() : close + 1;
      out += rust_pattern.substr(i, end - i);
      i = end;
      // In Ruby's syntax a plus after an interval repeats it; here it holds on to what it took.
      if (i < rust_pattern.size() && rust_pattern[i] == '+') {
        out.insert(atom, "(?>");
        out += ')';
        ++i;
      }
    } else if (c == '*' || c == '+' || c == '?') {
      out += c;
      ++i;
    } else {
      item();
      out += c;
      ++i;
    }
  }
  return out;
}

}  // namespace headrace::text
