#include "text/files/rank_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "text/bpe/byte_letters.h"
#include "text/bpe/merge.h"
#include "text/components/models/json_reader.h"
#include "text/components/models/token_table.h"
#include "text/components/normalizers/base64.h"
#include "text/files/parts.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr uint64_t kMostId = 0x7FFFFFFF;

std::unexpected<Error> bad_file(std::string_view name, const std::string& what) {
  return fail(ErrorKind::InvalidData, fmt::format("{}: {}", name, what), std::string(name));
}

struct RankLine {
  std::string_view base64;
  std::string_view rank;
};

std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::pair<std::string, TokenId>> parse_rank(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto bytes = base64_decoded(line.substr(0, space));
  uint64_t rank = 0;
  const auto [end, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), rank);
  if (!bytes || bytes->empty() || error != std::errc() || end != line.data() + line.size() || rank > kMostId) return std::nullopt;
  return std::pair(std::move(*bytes), static_cast<TokenId>(rank));
}

// ---- tekken ----

/// What the file of an early version leaves out.
constexpr std::array kEarlySpecialTokens = {
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
    "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"};

class TekkenReader {
 public:
  TekkenReader(std::string_view json, std::string_view name) : reader_(json), name_(name) {}

  Result<RankVocabulary> read() {
    const bool read = reader_.members([&](std::string_view key) {
      if (key == "config") return config();
      if (key == "vocab") return reader_.elements([&] { return token(); });
      if (key == "special_tokens") return special_tokens();
      return reader_.skip();
    });
    if (!read || !reader_.finish()) return bad_file(name_, problem_.empty() ? "it is not JSON: " + reader_.error().message + "." : problem_);
    return finish();
  }

 private:
  bool problem(std::string what) {
    problem_ = std::move(what);
    return false;
  }

  bool natural(uint64_t& value, const char* what) {
    JsonNumber number;
    if (!reader_.number(number)) return false;
    if (number.kind != JsonNumber::Kind::Unsigned || number.natural > kMostId) return problem(fmt::format("{} is no number from 0 to {}.", what, kMostId));
    value = number.natural;
    return true;
  }

  bool text(std::string& value) {
    std::string_view string;
    if (!reader_.string(string)) return false;
    value = string;
    return true;
  }

  bool config() {
    return reader_.members([&](std::string_view key) {
      if (key == "pattern") return text(vocabulary_.pattern);
      if (key == "default_vocab_size") return natural(size_, "config.default_vocab_size");
      if (key == "default_num_special_tokens") return natural(special_size_, "config.default_num_special_tokens");
      return reader_.skip();
    });
  }

  bool token() {
    uint64_t rank = kMostId + 1;
    std::string bytes;
    const bool read = reader_.members([&](std::string_view key) {
      if (key == "rank") return natural(rank, "a rank in vocab");
      if (key != "token_bytes") return reader_.skip();
      std::string_view base64;
      if (!reader_.string(base64)) return false;
      auto decoded = base64_decoded(base64);
      if (!decoded || decoded->empty()) return problem(fmt::format("token {} of vocab has token_bytes that are not base64.", vocabulary_.ranks.size()));
      bytes = std::move(*decoded);
      return true;
    });
    if (!read) return false;
    if (bytes.empty() || rank > kMostId) return problem(fmt::format("token {} of vocab lacks its rank or its token_bytes.", vocabulary_.ranks.size()));
    vocabulary_.ranks.emplace_back(std::move(bytes), static_cast<TokenId>(rank));
    return true;
  }

  bool special_tokens() {
    JsonReader::Kind kind;
    if (!reader_.peek(kind)) return false;
    if (kind == JsonReader::Kind::Null) return reader_.null();
    has_special_tokens_ = true;
    return reader_.elements([&] {
      uint64_t rank = kMostId + 1;
      std::string content;
      const bool read = reader_.members([&](std::string_view key) {
        if (key == "rank") return natural(rank, "a rank in special_tokens");
        if (key == "token_str") return text(content);
        return reader_.skip();
      });
      if (!read) return false;
      if (content.empty() || rank > kMostId) return problem("a special token lacks its rank or its token_str.");
      vocabulary_.special_tokens.emplace_back(std::move(content), static_cast<TokenId>(rank));
      return true;
    });
  }

  /// Special tokens have the first ids; of the others the file may hold more than the model has.
  Result<RankVocabulary> finish() {
    if (vocabulary_.pattern.empty()) return bad_file(name_, "config.pattern is missing.");
    if (size_ < special_size_ || size_ - special_size_ > vocabulary_.ranks.size()) {
      return bad_file(name_, fmt::format("config.default_vocab_size is {} with {} special tokens, but vocab has {} tokens.", size_, special_size_,
                                         vocabulary_.ranks.size()));
    }
    auto& special = vocabulary_.special_tokens;
    for (size_t i = 0; !has_special_tokens_ && i < std::min<size_t>(kEarlySpecialTokens.size(), special_size_); ++i) {
      special.emplace_back(kEarlySpecialTokens[i], static_cast<TokenId>(i));
    }
    if (special.size() > special_size_) return bad_file(name_, fmt::format("it has {} special tokens and room for {}.", special.size(), special_size_));
    // Rooms that no token has are named as Mistral names them. The number is the file's word,
    // so no more of them than the file has tokens.
    if (special_size_ > vocabulary_.ranks.size() + special.size() + 4096) return bad_file(name_, "config.default_num_special_tokens is more than its tokens.");
    for (size_t i = special.size(); i < special_size_; ++i) special.emplace_back(fmt::format("<SPECIAL_{}>", i), static_cast<TokenId>(i));
    HR_CHECK(sort_ranks(vocabulary_, name_));
    vocabulary_.ranks.resize(size_ - special_size_);
    vocabulary_.first_id = static_cast<TokenId>(special_size_);
    return std::move(vocabulary_);
  }

  JsonReader reader_;
  std::string_view name_;
  std::string problem_;
  RankVocabulary vocabulary_;
  uint64_t size_ = 0;
  uint64_t special_size_ = 0;
  bool has_special_tokens_ = false;
};

// ---- Merges ----

/// Finds of which two parts a token is made, by doing with its bytes what tiktoken does.
class TokenParts {
 public:
  explicit TokenParts(const TokenTable& table) : table_(table) {}

  std::optional<std::pair<TokenId, TokenId>> of(std::string_view bytes) {
    auto& symbols = scratch_.symbols;
    symbols.clear();
    for (uint32_t i = 0; i < bytes.size(); ++i) {
      const auto byte = table_.find(bytes.substr(i, 1));
      if (!byte) return std::nullopt;
      symbols.push_back({*byte, i, i + 1});
    }
    merge_symbols(scratch_, [&](const Symbol& left, const Symbol& right) -> Merge<uint32_t> {
      const size_t length = right.end - left.begin;
      if (length == bytes.size()) return {};
      const auto rank = table_.find(bytes.substr(left.begin, length));
      return rank ? Merge<uint32_t>{*rank, *rank} : Merge<uint32_t>{};
    });
    if (symbols.size() != 2) return std::nullopt;
    return std::pair(symbols[0].id, symbols[1].id);
  }

 private:
  const TokenTable& table_;
  MergeScratch<uint32_t> scratch_;
};

Result<std::shared_ptr<const TokenTable>> table_of_bytes(const RankVocabulary& vocabulary) {
  std::vector<TokenEntry> entries;
  entries.reserve(vocabulary.ranks.size());
  for (const auto& [bytes, rank] : vocabulary.ranks) entries.push_back({bytes, rank});
  return TokenTable::build(entries);
}

std::vector<MergeTable::Entry> all_merges(const RankVocabulary& vocabulary, const TokenTable& table) {
  std::vector<MergeTable::Entry> merges;
  for (const auto& [bytes, rank] : vocabulary.ranks) {
    for (size_t at = 1; at < bytes.size(); ++at) {
      const auto left = table.find(std::string_view(bytes).substr(0, at));
      const auto right = left ? table.find(std::string_view(bytes).substr(at)) : std::nullopt;
      if (right) merges.push_back({*left, *right, rank});
    }
  }
  return merges;
}

std::string spelled(std::string_view bytes, const std::array<std::string, 256>& letters) {
  std::string spelling;
  for (const char byte : bytes) spelling += letters[static_cast<uint8_t>(byte)];
  return spelling;
}

}  // namespace

bool looks_like_ranks(std::string_view bytes) { return parse_rank(next_line(bytes)).has_value(); }

Result<RankVocabulary> read_ranks(std::string_view bytes, std::string_view name) {
  RankVocabulary vocabulary;
  for (size_t number = 1; !bytes.empty(); ++number) {
    const std::string_view line = next_line(bytes);
    if (line.empty()) continue;
    auto rank = parse_rank(line);
    if (!rank) return bad_file(name, fmt::format("line {} is not a token in base64, a space and its rank.", number));
    vocabulary.ranks.push_back(std::move(*rank));
  }
  HR_CHECK(sort_ranks(vocabulary, name));
  return vocabulary;
}

Result<RankVocabulary> read_tekken(std::string_view json, std::string_view name) {
  if (utf8::valid_prefix(json) != json.size()) return bad_file(name, fmt::format("it is not UTF-8 at byte {}.", utf8::valid_prefix(json)));
  return TekkenReader(json, name).read();
}

Result<void> sort_ranks(RankVocabulary& vocabulary, std::string_view name) {
  auto& ranks = vocabulary.ranks;
  constexpr size_t kLongest = 1 << 16;
  std::sort(ranks.begin(), ranks.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0 && ranks[i].second == ranks[i - 1].second) return bad_file(name, fmt::format("two tokens have the rank {}.", ranks[i].second));
    if (ranks[i].first.size() > kLongest) return bad_file(name, fmt::format("the token of rank {} has more than {} bytes.", ranks[i].second, kLongest));
  }
  HR_TRY(const auto table, table_of_bytes(vocabulary));
  if (table->size() != ranks.size()) return bad_file(name, "a token comes twice, with two ranks.");
  return {};
}

Result<std::shared_ptr<const MergeTable>> merges_by_rank(const RankVocabulary& vocabulary) {
  HR_TRY(const auto table, table_of_bytes(vocabulary));
  TokenParts parts(*table);
  std::vector<MergeTable::Entry> merges;
  for (const auto& [bytes, rank] : vocabulary.ranks) {
    if (bytes.size() < 2) continue;
    const auto made_of = parts.of(bytes);
    if (!made_of) continue;
    merges.push_back({made_of->first, made_of->second, rank});
    if (made_of->first < rank && made_of->second < rank) continue;
    merges = all_merges(vocabulary, *table);
    break;
  }
  for (MergeTable::Entry& merge : merges) {
    merge.left += vocabulary.first_id;
    merge.right += vocabulary.first_id;
    merge.result += vocabulary.first_id;
  }
  return MergeTable::of(std::move(merges));
}

Result<Pipeline> pipeline_of(const RankVocabulary& vocabulary) {
  std::array<std::string, 256> letters;
  for (int byte = 0; byte < 256; ++byte) letters[static_cast<size_t>(byte)] = ByteLetters::letter(static_cast<uint8_t>(byte));
  std::vector<std::pair<std::string, TokenId>> entries;
  entries.reserve(vocabulary.ranks.size() + vocabulary.special_tokens.size());
  for (const auto& [bytes, rank] : vocabulary.ranks) entries.emplace_back(spelled(bytes, letters), rank + vocabulary.first_id);
  // In the vocabulary too: an added token keeps its id only if the model has it.
  std::vector<AddedToken> added;
  for (const auto& [content, id] : vocabulary.special_tokens) {
    entries.emplace_back(content, id);
    added.push_back({.content = content, .normalized = false, .special = true});
  }
  BpeModel bpe;
  HR_TRY(bpe.vocabulary, make_token_table(std::move(entries)));
  HR_TRY(bpe.merges, merges_by_rank(vocabulary));
  bpe.ignore_merges = true;
  Pipeline pipeline(live(ModelSpec{std::move(bpe)}));
  const auto behavior = vocabulary.drops_unmatched ? SplitBehavior::Removed : SplitBehavior::Isolated;
  std::vector<LivePart<PreTokenizerSpec>> parts;
  parts.push_back(live(PreTokenizerSpec{SplitPreTokenizer{RegexPattern{vocabulary.pattern}, behavior, vocabulary.drops_unmatched}}));
  parts.push_back(live(PreTokenizerSpec{ByteLevelPreTokenizer{false, true, false}}));
  pipeline.set_pre_tokenizer(live(PreTokenizerSpec{PreTokenizerSequence{std::move(parts)}}));
  pipeline.set_decoder(live(DecoderSpec{ByteLevelDecoder{}}));
  HR_CHECK(pipeline.add_special_tokens(added));
  return pipeline;
}

}  // namespace headrace::text
