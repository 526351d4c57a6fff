#include <atomic>

#include "text/components.h"

namespace headrace::text {
namespace {

std::atomic<uint64_t> generation{1};

template <class Spec>
uint64_t latest(const std::vector<LivePart<Spec>>& parts) {
  uint64_t changed = 0;
  for (const auto& part : parts) {
    if (part) changed = std::max(changed, part->changed());
  }
  return changed;
}

template <class Sequence, class Spec>
uint64_t changed_in(const Spec& spec) {
  const auto* sequence = std::get_if<Sequence>(&spec.value);
  return sequence ? latest(sequence->parts) : 0;
}

}  // namespace

uint64_t component_generation() { return generation.load(std::memory_order_acquire); }
uint64_t next_component_generation() { return generation.fetch_add(1, std::memory_order_acq_rel) + 1; }

uint64_t changed_within(const NormalizerSpec& spec) { return changed_in<NormalizerSequence>(spec); }
uint64_t changed_within(const PreTokenizerSpec& spec) { return changed_in<PreTokenizerSequence>(spec); }
uint64_t changed_within(const ModelSpec&) { return 0; }
uint64_t changed_within(const PostProcessorSpec& spec) { return changed_in<PostProcessorSequence>(spec); }
uint64_t changed_within(const DecoderSpec& spec) { return changed_in<DecoderSequence>(spec); }

}  // namespace headrace::text
