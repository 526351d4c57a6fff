#include "text/incremental_decoder.h"

#include <string>

#include "text/components/decoders/incremental.h"
#include "text/pipeline/state.h"

namespace headrace::text {

struct IncrementalDecoder::State {
  std::shared_ptr<const Snapshot> snapshot;
  LivePart<DecoderSpec> decoder;  // for the next text
  bool skip_special_tokens = false;
  std::string out;
  IncrementalChain chain;
};

IncrementalDecoder::IncrementalDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
IncrementalDecoder::IncrementalDecoder(IncrementalDecoder&&) noexcept = default;
IncrementalDecoder& IncrementalDecoder::operator=(IncrementalDecoder&&) noexcept = default;
IncrementalDecoder::~IncrementalDecoder() = default;

std::string_view IncrementalDecoder::push(TokenId id) {
  state_->out.clear();
  const auto token = state_->snapshot->spelling(id);
  if (!token || (state_->skip_special_tokens && state_->snapshot->added->is_special(*token))) return {};
  state_->chain.take(*token);
  return state_->out;
}

Result<std::string_view> IncrementalDecoder::finish() {
  state_->out.clear();
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
