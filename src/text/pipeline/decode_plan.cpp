#include "text/pipeline/decode_plan.h"

#include <algorithm>
#include <cstring>

#include "text/bpe/byte_letters.h"
#include "text/components/decoders/token_bytes.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

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
  if (!literal || literal->text != kMetaSymbol || spaces->content != " ") return false;
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
  slots_.resize(size_);
  std::string text;
  for (TokenId id = 0; id < size_; ++id) {
    const auto token = token_of(id);
    Slot& slot = slots_[id];
    text.clear();
    if (!token) {
      slot.flags = kAbsent;
    } else if (byte_level_) {
      if (!ByteLetters::append_bytes(token->spelling, text)) text = token->spelling;
    } else if (const auto byte = fallback_byte(token->spelling)) {
      text.push_back(*byte);
      slot.flags = kByte;
    } else {
      append_with_spaces(token->spelling, text);
    }
    if (token && token->special) slot.flags |= kSpecial;
    if (byte_level_ && utf8::valid_prefix(text) != text.size()) slot.flags |= kBroken;
    if (text.size() <= Slot::kLongest) {
      std::copy(text.begin(), text.end(), slot.bytes);
      slot.size = static_cast<uint8_t>(text.size());
    } else {
      slot.flags |= kLong;
      const uint32_t number = long_texts_.size();
      std::memcpy(slot.bytes, &number, sizeof number);
      long_texts_.append(text);
    }
  }
}

std::string_view DecodePlan::text_of(TokenId id) const {
  const Slot& slot = slots_[id];
  if (!(slot.flags & kLong)) return {slot.bytes, slot.size};
  uint32_t number;
  std::memcpy(&number, slot.bytes, sizeof number);
  return long_texts_[number];
}

std::string_view DecodePlan::bytes_of(TokenId id, bool skip_special, bool& whole) const {
  whole = true;
  if (id >= size_) return {};
  const uint8_t flags = slots_[id].flags;
  if (flags & (kAbsent | (skip_special ? kSpecial : 0))) return {};
  whole = !(flags & kBroken);
  return text_of(id);
}

void DecodePlan::append(TokenId id, std::string& text, std::string& bytes) const {
  if (slots_[id].flags & kByte) {
    bytes += text_of(id);
    return;
  }
  flush(bytes, text);
  text += text_of(id);
}

Result<std::string> DecodePlan::decode(std::span<const TokenId> ids, bool skip_special) const {
  const uint8_t left_out = kAbsent | (skip_special ? kSpecial : 0);
  const uint8_t not_plain = left_out | kByte | kLong;
  std::string text, bytes;
  text.reserve(ids.size() * 4 + 64);
  for (size_t at = 0; at < ids.size();) {
    // PERF: short tokens are copied whole slots at a time into room for so many, which is looked after once.
    constexpr size_t kAtOnce = 256;
    const size_t size = text.size();
    const size_t begin = at;
    if (text.capacity() - size < kAtOnce * sizeof(Slot)) text.reserve(std::max(size + kAtOnce * sizeof(Slot), size * 2));
    text.resize_and_overwrite(size + kAtOnce * sizeof(Slot), [&](char* data, size_t) {
      char* out = data + size;
      if (!bytes.empty()) return size;
      for (; at < ids.size() && at < begin + kAtOnce; ++at) {
        if (ids[at] >= size_) continue;
        const Slot& slot = slots_[ids[at]];
        if (slot.flags & not_plain) break;
        std::memcpy(out, &slot, sizeof slot);
        out += slot.size;
      }
      return static_cast<size_t>(out - data);
    });
    if (at == ids.size() || at == begin + kAtOnce) continue;
    const TokenId id = ids[at++];
    if (id < size_ && !(slots_[id].flags & left_out)) append(id, text, bytes);
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
