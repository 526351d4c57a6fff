#include "text/pipeline/decode_plan.h"

#include "text/components/decoders/token_bytes.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr char kSpace[] = "\xE2\x96\x81";  // ▁

/// Making the table costs about as much as decoding a part of the vocabulary's size otherwise.
constexpr uint64_t kPartOfVocabulary = 8;

template <class Part>
const Part* part_at(const DecoderSequence& sequence, size_t i, DecoderSpec& spec) {
  if (i >= sequence.parts.size() || !sequence.parts[i]) return nullptr;
  spec = sequence.parts[i]->get();
  return std::get_if<Part>(&spec.value);
}

/// ▁ to spaces, bytes to text, all to one.
bool is_of_sentencepiece(const DecoderSequence& sequence) {
  DecoderSpec spec;
  const auto* spaces = part_at<ReplaceDecoder>(sequence, 0, spec);
  const auto* literal = spaces ? std::get_if<StringPattern>(&spaces->pattern) : nullptr;
  if (!literal || literal->text != kSpace || spaces->content != " ") return false;
  return part_at<ByteFallback>(sequence, 1, spec) && part_at<Fuse>(sequence, 2, spec);
}

void flush(std::string& bytes, std::string& out) {
  if (bytes.empty()) return;
  if (utf8::valid_prefix(bytes) == bytes.size()) {
    out += bytes;
  } else {
    for (size_t i = 0; i < bytes.size(); ++i) out += utf8::kReplacement;
  }
  bytes.clear();
}

}  // namespace

Result<std::shared_ptr<const DecodePlan>> DecodePlan::make(const LivePart<DecoderSpec>& decoder, uint64_t greatest_id, size_t tokens) {
  if (!decoder || greatest_id > 4 * uint64_t{tokens} + 4096) return nullptr;
  const DecoderSpec spec = decoder->get();
  auto plan = std::make_shared<DecodePlan>();
  plan->size_ = static_cast<uint32_t>(greatest_id) + 1;
  if (std::holds_alternative<ByteLevelDecoder>(spec.value)) return plan;
  const auto* sequence = std::get_if<DecoderSequence>(&spec.value);
  if (!sequence || !is_of_sentencepiece(*sequence)) return nullptr;
  plan->byte_level_ = false;
  for (size_t i = 3; i < sequence->parts.size(); ++i) {
    if (!sequence->parts[i]) continue;
    HR_TRY(auto stage, sequence->parts[i]->stage());
    plan->rest_.push_back(std::move(stage));
  }
  return plan;
}

bool DecodePlan::takes(size_t ids, const TokenOf& token_of) const {
  if (!built_.load(std::memory_order_acquire)) {
    if (decoded_elsewhere_.fetch_add(ids, std::memory_order_relaxed) + ids < size_ / kPartOfVocabulary) return false;
    std::call_once(once_, [&] {
      build(token_of);
      built_.store(true, std::memory_order_release);
    });
  }
  return true;
}

void DecodePlan::build(const TokenOf& token_of) const {
  flags_.resize(size_);
  texts_.reserve(size_, size_t{size_} * 8);
  std::string text;
  for (TokenId id = 0; id < size_; ++id) {
    const auto token = token_of(id);
    text.clear();
    if (!token) {
      flags_[id] = kAbsent;
    } else if (byte_level_) {
      append_bytes(token->spelling, text);
    } else if (const auto byte = fallback_byte(token->spelling)) {
      text.push_back(*byte);
      flags_[id] = kByte;
    } else {
      std::string_view rest = token->spelling;
      for (size_t at; (at = rest.find(kSpace)) != std::string_view::npos; rest.remove_prefix(at + 3)) text.append(rest.substr(0, at)) += ' ';
      text += rest;
    }
    if (token && token->special) flags_[id] |= kSpecial;
    texts_.append(text);
  }
}

Result<std::string> DecodePlan::decode(std::span<const TokenId> ids, bool skip_special) const {
  const uint8_t left_out = kAbsent | (skip_special ? kSpecial : 0);
  std::string text, bytes;
  text.reserve(ids.size() * 5);
  for (const TokenId id : ids) {
    if (id >= size_ || (flags_[id] & left_out)) continue;
    if (flags_[id] & kByte) {
      bytes += texts_[id];
      continue;
    }
    flush(bytes, text);
    text += texts_[id];
  }
  flush(bytes, text);
  if (byte_level_) {
    if (utf8::valid_prefix(text) == text.size()) return text;
    std::string repaired;
    if (utf8::append_repaired(repaired, text, utf8::Repair::EachPart) > 0) repaired += utf8::kReplacement;
    return repaired;
  }
  std::vector<std::string> parts;
  parts.push_back(std::move(text));
  for (const auto& stage : rest_) {
    HR_TRY(parts, stage->decode_chain(std::move(parts)));
  }
  std::string joined;
  for (const std::string& part : parts) joined += part;
  return joined;
}

}  // namespace headrace::text
