#include "text/incremental_decoder.h"

#include <string>

#include "text/components/decoders/incremental.h"
#include "text/components/decoders/token_bytes.h"
#include "text/pipeline/state.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

struct IncrementalDecoder::State {
  std::shared_ptr<const Snapshot> snapshot;
  LivePart<DecoderSpec> decoder;  // for the next text
  bool skip_special_tokens = false;
  std::string out;
  IncrementalChain chain;
  std::string bytes;  // of a character that is not whole yet, where `chain` is not used

  /// Whether tokens are bytes and nothing else: then `chain` is not used.
  bool is_bytes() const { return snapshot->bulk_decoder && snapshot->bulk_decoder->is_bytes(); }
  std::string_view push_bytes(TokenId id);
  std::string_view take(std::string_view more);
};

/// PERF: nearly all tokens are whole characters after whole characters, and their text is in the table already.
std::string_view IncrementalDecoder::State::push_bytes(TokenId id) {
  const DecodePlan& plan = *snapshot->bulk_decoder;
  if (plan.takes(1, [this](TokenId each) { return snapshot->decoded_token(each); })) {
    bool whole;
    const std::string_view more = plan.bytes_of(id, skip_special_tokens, whole);
    return whole && bytes.empty() ? more : take(more);
  }
  const auto token = snapshot->spelling(id);
  if (!token || (skip_special_tokens && snapshot->added->is_special(*token))) return {};
  std::string more;
  append_bytes(*token, more);
  return take(more);
}

std::string_view IncrementalDecoder::State::take(std::string_view more) {
  out.clear();
  bytes += more;
  const size_t incomplete = utf8::append_repaired(out, bytes, utf8::Repair::EachPart);
  bytes.erase(0, bytes.size() - incomplete);
  return out;
}

IncrementalDecoder::IncrementalDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
IncrementalDecoder::IncrementalDecoder(IncrementalDecoder&&) noexcept = default;
IncrementalDecoder& IncrementalDecoder::operator=(IncrementalDecoder&&) noexcept = default;
IncrementalDecoder::~IncrementalDecoder() = default;

std::string_view IncrementalDecoder::push(TokenId id) {
  if (state_->is_bytes()) return state_->push_bytes(id);
  state_->out.clear();
  const auto token = state_->snapshot->spelling(id);
  if (!token || (state_->skip_special_tokens && state_->snapshot->added->is_special(*token))) return {};
  state_->chain.take(*token);
  return state_->out;
}

Result<std::string_view> IncrementalDecoder::finish() {
  state_->out.clear();
  if (state_->is_bytes()) {
    if (!state_->bytes.empty()) state_->out = utf8::kReplacement;
    state_->bytes.clear();
    return std::string_view(state_->out);
  }
  const Result<void> finished = state_->chain.finish();
  auto chain = IncrementalChain::compile(state_->decoder, state_->out);
  if (chain) state_->chain = *std::move(chain);  // it compiled before, so it does again
  HR_CHECK(finished);
  return std::string_view(state_->out);
}

Result<IncrementalDecoder> Pipeline::incremental_decoder(bool skip_special_tokens) const {
  auto state = std::make_unique<IncrementalDecoder::State>();
  HR_TRY(state->snapshot, state_->snapshot());
  if (const auto part = decoder()) state->decoder = std::make_shared<Live<DecoderSpec>>(part->get());
  state->skip_special_tokens = skip_special_tokens;
  HR_TRY(state->chain, IncrementalChain::compile(state->decoder, state->out));
  return IncrementalDecoder(std::move(state));
}

}  // namespace headrace::text
