#include "text/components/decoders/stages.h"

#include <algorithm>

#include "text/components/decoders/replace_text.h"
#include "text/components/decoders/token_bytes.h"
#include "text/strings/growth.h"
#include "text/unicode/utf8.h"
#include "text/unicode/utf8_append.h"

namespace headrace::text {
namespace {

void flush_bytes(std::string& bytes, std::vector<std::string>& out) {
  if (bytes.empty()) return;
  if (utf8::valid_prefix(bytes) == bytes.size()) {
    out.push_back(std::move(bytes));
  } else {
    out.insert(out.end(), bytes.size(), std::string(utf8::kReplacement));
  }
  bytes.clear();
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !utf8::is_continuation(byte); }));
}

size_t total_bytes(const std::vector<std::string>& tokens) {
  size_t bytes = 0;
  for (const std::string& token : tokens) bytes += token.size();
  return bytes;
}

}  // namespace

Result<std::vector<std::string>> BpeDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = replace_text(tokens[i], spec_.suffix, i + 1 == tokens.size() ? "" : " ");
  }
  return tokens;
}

Result<std::vector<std::string>> ByteFallbackStage::decode_chain(std::vector<std::string> tokens) const {
  std::vector<std::string> out;
  std::string bytes;
  for (std::string& token : tokens) {
    if (const auto byte = fallback_byte(token)) {
      bytes.push_back(*byte);
      continue;
    }
    flush_bytes(bytes, out);
    out.push_back(std::move(token));
  }
  flush_bytes(bytes, out);
  return out;
}

Result<std::vector<std::string>> ByteLevelDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  std::string bytes;
  for (const std::string& token : tokens) append_bytes(token, bytes);
  std::string text;
  if (utf8::append_repaired(text, bytes, utf8::Repair::EachPart) > 0) text += utf8::kReplacement;
  return std::vector<std::string>{std::move(text)};
}

Result<std::vector<std::string>> CtcStage::decode_chain(std::vector<std::string> tokens) const {
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  std::vector<std::string> out;
  for (const std::string& token : tokens) {
    std::string text = replace_text(token, spec_.pad_token, "");
    if (spec_.cleanup) text = replace_text(clean_up(text), spec_.word_delimiter_token, " ");
    if (!text.empty()) out.push_back(std::move(text));
  }
  return out;
}

Result<std::vector<std::string>> FuseStage::decode_chain(std::vector<std::string> tokens) const {
  std::string all;
  for (const std::string& token : tokens) all += token;
  return std::vector<std::string>{std::move(all)};
}

MetaspaceDecoderStage::MetaspaceDecoderStage(MetaspaceDecoder spec) : spec_(spec) { utf8::append(replacement_, spec.replacement); }

Result<std::vector<std::string>> MetaspaceDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool prepended = i == 0 && spec_.prepend_scheme != PrependScheme::Never;
    tokens[i] = replace_text(tokens[i], replacement_, prepended ? "" : " ");
  }
  return tokens;
}

Result<std::vector<std::string>> ReplaceDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  const size_t bytes = total_bytes(tokens);
  size_t size = 0;
  for (std::string& token : tokens) {
    HR_TRY(auto matches, find_(token));
    for (const Match& match : matches) size += match.matched ? content_.size() : match.bytes.end - match.bytes.begin;
    HR_CHECK(check_text_growth(bytes, size));
    std::string replaced;
    for (const Match& match : matches) {
      replaced += match.matched ? content_ : token.substr(match.bytes.begin, match.bytes.end - match.bytes.begin);
    }
    token = std::move(replaced);
  }
  return tokens;
}

StripDecoderStage::StripDecoderStage(StripDecoder spec) : spec_(spec) { utf8::append(content_, spec.content); }

Result<std::vector<std::string>> StripDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  for (std::string& token : tokens) {
    // What is cut from the end may not reach into what was cut from the front.
    std::string_view rest = token;
    size_t left = count_characters(token);
    for (size_t i = 0; i < spec_.start && rest.starts_with(content_); ++i, --left) rest.remove_prefix(content_.size());
    for (size_t i = 0; i < std::min(spec_.stop, left) && rest.ends_with(content_); ++i) rest.remove_suffix(content_.size());
    token = std::string(rest);
  }
  return tokens;
}

Result<std::vector<std::string>> WordPieceDecoderStage::decode_chain(std::vector<std::string> tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) {
      if (tokens[i].starts_with(spec_.prefix)) {
        tokens[i].erase(0, spec_.prefix.size());
      } else {
        tokens[i].insert(tokens[i].begin(), ' ');
      }
    }
    if (spec_.cleanup) tokens[i] = clean_up(tokens[i]);
  }
  return tokens;
}

Result<std::vector<std::string>> DecoderSequenceStage::decode_chain(std::vector<std::string> tokens) const {
  const size_t bytes = total_bytes(tokens);
  for (const auto& stage : stages_) {
    HR_TRY(tokens, stage->decode_chain(std::move(tokens)));
    HR_CHECK(check_text_growth(bytes, total_bytes(tokens)));
  }
  return tokens;
}

}  // namespace headrace::text
