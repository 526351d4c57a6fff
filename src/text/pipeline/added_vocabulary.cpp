#include "text/pipeline/added_vocabulary.h"

#include <algorithm>

#include "base/unicode_tables.h"
#include "text/compiled/array_file.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/string_index.h"

namespace headrace::text {
namespace {

/// \w as the Unicode standard recommends it for regular expressions.
bool is_word(char32_t c) {
  using enum unicode::Category;
  constexpr unicode::ClassMask kWord =
      unicode::kLetter | unicode::kMark | unicode::bit(Nd) | unicode::bit(Nl) | unicode::bit(Pc);
  if (unicode::class_of(c) & kWord) return true;
  // Letters in circles and squares, which are alphabetic symbols, and the two joiners.
  return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189) || c == 0x200C || c == 0x200D;
}

bool is_space(char32_t c) { return (unicode::class_of(c) & unicode::kWhiteSpace) != 0; }

size_t begin_of_character_before(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && utf8::is_continuation(text[begin])) --begin;
  return begin;
}

char32_t character_at(std::string_view text, size_t at) {
  uint32_t length = 0;
  return utf8::decode(text.data() + at, length);
}

bool is_within_word(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && is_word(character_at(text, begin_of_character_before(text, begin)))) return true;
  return end < text.size() && is_word(character_at(text, end));
}

/// Where the white space that ends at `end` begins, at `least` at the earliest.
size_t begin_of_space(std::string_view text, size_t end, size_t least) {
  while (end > least) {
    const size_t begin = begin_of_character_before(text, end);
    if (!is_space(character_at(text, begin))) break;
    end = begin;
  }
  return std::max(end, least);
}

/// Ends of white space, each run looked at once.
class SpaceEnds {
 public:
  explicit SpaceEnds(std::string_view text) : text_(text) {}
  size_t end_from(size_t begin) {
    if (begin >= run_begin_ && begin < run_end_) return run_end_;
    run_begin_ = run_end_ = begin;
    while (run_end_ < text_.size()) {
      uint32_t length = 0;
      if (!is_space(utf8::decode(text_.data() + run_end_, length))) break;
      run_end_ += length;
    }
    return run_end_;
  }

 private:
  std::string_view text_;
  size_t run_begin_ = 0;
  size_t run_end_ = 0;
};

Offset range(size_t begin, size_t end) { return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}; }

Result<PreTokenizedString::Split> slice(const NormalizedString& text, Offset range) {
  auto part = text.slice_normalized(range);
  if (!part) return fail(ErrorKind::Internal, "an added token was found inside a character");
  return PreTokenizedString::Split{std::move(*part), std::nullopt};
}

}  // namespace

bool SpecialTokenPlaces::touches_untrusted(Offset original) const {
  const auto first = std::upper_bound(untrusted.begin(), untrusted.end(), original.begin,
                                      [](uint32_t begin, const Offset& part) { return begin < part.end; });
  return first != untrusted.end() && first->begin < original.end;
}

bool SpecialTokenPlaces::allow(const NormalizedString& piece, Offset normalized) const {
  if (nowhere) return false;
  if (untrusted.empty()) return true;
  const auto original = piece.to_original(normalized);
  return original && !touches_untrusted({piece.original_begin() + original->begin, piece.original_begin() + original->end});
}

AddedTokenFinder::AddedTokenFinder(std::vector<Entry> entries, std::unordered_set<std::string> special)
    : entries_(std::move(entries)), special_(std::move(special)) {
  for (const std::string& token : special_) begins_special_[first_byte(token)] = true;
  std::vector<std::string> raw;
  std::vector<std::string> normalized;
  for (const Entry& entry : entries_) {
    Set& set = entry.token.normalized ? normalized_ : raw_;
    if (entry.spelling.empty() && !set.nothing) set.nothing = static_cast<uint32_t>(set.entries.size());
    set.entries.push_back(&entry);
    (entry.token.normalized ? normalized : raw).push_back(entry.spelling);
  }
  raw_.strings = StringMatcher(raw);
  normalized_.strings = StringMatcher(normalized);
}

const std::string* AddedTokenFinder::spelling(TokenId id) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), id, [](const Entry& entry, TokenId key) { return entry.id < key; });
  return found != entries_.end() && found->id == id ? &found->spelling : nullptr;
}

bool AddedTokenFinder::is_special_id(TokenId id) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), id, [](const Entry& entry, TokenId key) { return entry.id < key; });
  return found != entries_.end() && found->id == id && found->special;
}

Result<PreTokenizedString> AddedTokenFinder::extract(std::string text, const NormalizerStage* normalizer,
                                                    const SpecialTokenPlaces& places) const {
  PreTokenizedString pieces(std::move(text));
  HR_CHECK(pieces.split([&](size_t, NormalizedString piece) { return cut(piece, raw_, places); }));
  HR_CHECK(pieces.split([&](size_t, NormalizedString piece) -> Result<std::vector<PreTokenizedString::Split>> {
    if (normalizer) HR_CHECK(normalizer->normalize(piece));
    return cut(piece, normalized_, places);
  }));
  return pieces;
}

/// A token that the normalizer leaves nothing of is, as in the reference, at every place where no other is or ends.
std::vector<StringMatcher::Hit> AddedTokenFinder::hits(std::string_view text, const Set& set) {
  std::vector<StringMatcher::Hit> found = set.strings.find_all(text);
  if (!set.nothing || text.empty()) return found;
  std::vector<StringMatcher::Hit> all;
  auto next = found.begin();
  for (size_t at = 0; at <= text.size();) {
    if (next != found.end() && next->begin == at) {
      all.push_back(*next);
      at = (next++)->end;
      continue;
    }
    if (all.empty() || all.back().end != at || all.back().begin == at) all.push_back({at, at, *set.nothing});
    at += at < text.size() ? utf8::length_by_lead(text[at]) : 1;
  }
  return all;
}

/// `allow_special(begin, end)` says whether a special token counts where it is found.
template <class Allow>
std::vector<AddedTokenFinder::Found> AddedTokenFinder::find(std::string_view text, const Set& set, const Allow& allow_special) const {
  std::vector<Found> all;
  SpaceEnds spaces(text);
  size_t taken = 0;  // where the last token ended
  for (const StringMatcher::Hit& hit : hits(text, set)) {
    const Entry& entry = *set.entries[hit.string];
    // A hit that does not count still hides shorter ones inside it.
    if (entry.special && !allow_special(hit.begin, hit.end)) continue;
    if (entry.token.single_word && is_within_word(text, hit.begin, hit.end)) continue;
    const size_t end = entry.token.rstrip ? spaces.end_from(hit.end) : hit.end;
    size_t begin = hit.begin;
    if (entry.token.lstrip) begin = std::max(begin_of_space(text, hit.begin, std::min(taken, hit.begin)), taken);
    begin = std::min(begin, end);
    all.push_back({entry.id, begin, end});
    taken = end;
  }
  return all;
}

std::vector<AddedTokenFinder::Found> AddedTokenFinder::find_raw(std::string_view text, bool encode_special) const {
  return find(text, raw_, [&](size_t, size_t) { return !encode_special; });
}

std::vector<AddedTokenFinder::Found> AddedTokenFinder::find_normalized(std::string_view text, bool encode_special) const {
  return find(text, normalized_, [&](size_t, size_t) { return !encode_special; });
}

Result<std::vector<PreTokenizedString::Split>> AddedTokenFinder::cut(const NormalizedString& piece, const Set& set,
                                                                     const SpecialTokenPlaces& places) const {
  const std::string_view text = piece.normalized();
  std::vector<PreTokenizedString::Split> splits;
  size_t taken = 0;
  for (const Found& token : find(text, set, [&](size_t begin, size_t end) { return places.allow(piece, range(begin, end)); })) {
    if (taken < token.begin) {
      HR_TRY(auto gap, slice(piece, range(taken, token.begin)));
      splits.push_back(std::move(gap));
    }
    HR_TRY(auto found, slice(piece, range(token.begin, token.end)));
    const std::string& value = found.text.normalized();
    found.tokens = {{token.id, value, range(0, value.size())}};
    splits.push_back(std::move(found));
    taken = token.end;
  }
  if (taken != text.size() || splits.empty()) {
    HR_TRY(auto rest, slice(piece, range(taken, text.size())));
    splits.push_back(std::move(rest));
  }
  return splits;
}

TokenId AddedVocabulary::next_id(const ModelStage& model) const {
  const auto size = static_cast<TokenId>(model.vocabulary_size());
  if (ids_.empty()) return size;
  return greatest_id_ >= size || size == 0 ? greatest_id_ + 1 : size;
}

size_t AddedVocabulary::add(std::span<const AddedToken> tokens, const ModelStage& model) {
  size_t added = 0;
  TokenId next = next_id(model);
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    const auto known = ids_.find(token.content);
    if (known != ids_.end()) {
      const auto entry = entries_.find(known->second);
      if (entry != entries_.end() && entry->second.token == token) continue;
    }
    const auto id = known != ids_.end() ? std::optional(known->second) : model.token_to_id(token.content);
    add_with_id(token, id ? *id : next++);
    ++added;
  }
  return added;
}

void AddedVocabulary::add_with_id(const AddedToken& token, TokenId id) {
  if (token.content.empty()) return;
  if (token.special) special_.insert(token.content);
  ids_[token.content] = id;
  greatest_id_ = std::max(greatest_id_, id);
  entries_[id] = {token, std::nullopt};
}

void AddedVocabulary::forget_spellings() {
  for (auto& [id, entry] : entries_) entry.spelling.reset();
}

Result<std::shared_ptr<const AddedTokenFinder>> AddedVocabulary::compile(const NormalizerStage* normalizer) {
  std::vector<AddedTokenFinder::Entry> entries;
  entries.reserve(entries_.size());
  for (auto& [id, entry] : entries_) {
    if (!entry.spelling) {
      if (normalizer && entry.token.normalized) {
        NormalizedString content(entry.token.content);
        HR_CHECK(normalizer->normalize(content));
        entry.spelling = content.normalized();
      } else {
        entry.spelling = entry.token.content;
      }
    }
    entries.push_back({id, entry.token, *entry.spelling, special_.contains(entry.token.content)});
  }
  return std::make_shared<const AddedTokenFinder>(std::move(entries), special_);
}

std::map<TokenId, AddedToken> AddedVocabulary::tokens() const {
  std::map<TokenId, AddedToken> all;
  for (const auto& [id, entry] : entries_) all.emplace(id, entry.token);
  return all;
}

namespace {

enum Flag : uint8_t { kSingleWord = 1, kLstrip = 2, kRstrip = 4, kNormalized = 8, kSpecial = 16 };
enum NameFlag : uint8_t { kHasId = 1, kSpecialOnce = 2 };

uint8_t flags_of(const AddedToken& token) {
  return static_cast<uint8_t>((token.single_word ? kSingleWord : 0) | (token.lstrip ? kLstrip : 0) | (token.rstrip ? kRstrip : 0) |
                              (token.normalized ? kNormalized : 0) | (token.special ? kSpecial : 0));
}

AddedToken token_of(std::string_view content, uint8_t flags) {
  return {.content = std::string(content),
          .single_word = (flags & kSingleWord) != 0,
          .lstrip = (flags & kLstrip) != 0,
          .rstrip = (flags & kRstrip) != 0,
          .normalized = (flags & kNormalized) != 0,
          .special = (flags & kSpecial) != 0};
}

}  // namespace

/// Contents in order of their bytes, with their ids and whether they have ever been special; then the tokens by id.
void AddedVocabulary::write(compiled::ArrayWriter& writer) const {
  std::map<std::string_view, uint32_t> numbers;
  for (const auto& [content, id] : ids_) numbers.emplace(content, 0);
  for (const auto& [id, entry] : entries_) numbers.emplace(entry.token.content, 0);
  for (const std::string& content : special_) numbers.emplace(content, 0);
  StringArena names;
  std::vector<TokenId> name_ids;
  std::vector<uint8_t> name_flags;
  for (auto& [content, number] : numbers) {
    number = names.size();
    names.append(content);
    const auto id = ids_.find(std::string(content));
    name_ids.push_back(id == ids_.end() ? 0 : id->second);
    name_flags.push_back(static_cast<uint8_t>((id == ids_.end() ? 0 : kHasId) | (special_.contains(std::string(content)) ? kSpecialOnce : 0)));
  }
  constexpr uint32_t kNothing[] = {0};
  writer.add(names.bytes());
  writer.add(names.ends().empty() ? std::span<const uint32_t>(kNothing) : names.ends());
  writer.add(std::span<const TokenId>(name_ids));
  writer.add(std::span<const uint8_t>(name_flags));
  std::vector<TokenId> entry_ids;
  std::vector<uint32_t> entry_names;
  std::vector<uint8_t> entry_flags;
  for (const auto& [id, entry] : entries_) {
    entry_ids.push_back(id);
    entry_names.push_back(numbers.at(entry.token.content));
    entry_flags.push_back(flags_of(entry.token));
  }
  writer.add(std::span<const TokenId>(entry_ids));
  writer.add(std::span<const uint32_t>(entry_names));
  writer.add(std::span<const uint8_t>(entry_flags));
}

Result<AddedVocabulary> AddedVocabulary::read(compiled::ArrayReader& reader) {
  TableArray<char> bytes;
  TableArray<uint32_t> ends, name_ids, entry_ids, entry_names;
  TableArray<uint8_t> name_flags, entry_flags;
  HR_CHECK(reader.take(bytes));
  HR_CHECK(reader.take(ends));
  HR_CHECK(reader.take(name_ids));
  HR_CHECK(reader.take(name_flags));
  HR_CHECK(reader.take(entry_ids));
  HR_CHECK(reader.take(entry_names));
  HR_CHECK(reader.take(entry_flags));
  const auto unsound = [] { return fail(ErrorKind::InvalidData, "The compiled tokenizer's added tokens make no sense; compile it again."); };
  if (!StringArena::is_sound(bytes, ends)) return unsound();
  const StringArena names(std::move(bytes), std::move(ends));
  if (name_ids.size() != names.size() || name_flags.size() != names.size()) return unsound();
  if (entry_names.size() != entry_ids.size() || entry_flags.size() != entry_ids.size()) return unsound();
  AddedVocabulary added;
  added.ids_.reserve(names.size());
  for (uint32_t i = 0; i < names.size(); ++i) {
    const std::string_view name = names[i];
    if (name.empty() || utf8::valid_prefix(name) != name.size()) return unsound();
    if (name_flags[i] & kHasId) {
      added.ids_.emplace(name, name_ids[i]);
      added.greatest_id_ = std::max(added.greatest_id_, name_ids[i]);
    }
    if (name_flags[i] & kSpecialOnce) added.special_.emplace(name);
  }
  for (size_t i = 0; i < entry_ids.size(); ++i) {
    if (entry_names[i] >= names.size()) return unsound();
    added.entries_.insert_or_assign(added.entries_.end(), entry_ids[i], Entry{token_of(names[entry_names[i]], entry_flags[i]), std::nullopt});
  }
  return added;
}

}  // namespace headrace::text
