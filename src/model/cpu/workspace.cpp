#include "model/cpu/workspace.h"

#include <algorithm>

namespace headrace::model {
namespace {

constexpr size_t kAlignment = 64;

/// Hands out parts of a block that is allocated once all sizes are known: walked twice,
/// first to add up, then to assign.
class Layout {
 public:
  void bytes(std::byte*& out, size_t size) {
    if (base_ != nullptr) out = base_ + total_;
    total_ += (size + kAlignment - 1) / kAlignment * kAlignment;
  }
  void floats(float*& out, size_t count) {
    std::byte* part = nullptr;
    bytes(part, count * sizeof(float));
    if (part != nullptr) out = reinterpret_cast<float*>(part);
  }
  size_t total() const { return total_; }
  void place(std::byte* base) {
    base_ = base;
    total_ = 0;
  }

 private:
  std::byte* base_ = nullptr;
  size_t total_ = 0;
};

void lay_out_activations(Layout& layout, std::array<ActivationRows, kActivationFormats>& rows, FormatSet formats,
                         const kernels::KernelTable& kernels, uint32_t inputs, size_t count) {
  for (size_t i = 0; i < kActivationFormats; ++i) {
    if (((formats >> i) & 1u) == 0) continue;
    rows[i].stride = kernels.activation_bytes(static_cast<kernels::ActivationFormat>(i), inputs);
    layout.bytes(rows[i].data, rows[i].stride * count);
  }
}

void lay_out(Layout& layout, Workspace& space, const Plan& plan, const kernels::KernelTable& kernels,
             const WorkspaceSize& size) {
  const kernels::AttentionShape& heads = plan.layers.front();
  const size_t rows = size.rows;
  const bool branches = std::ranges::any_of(plan.steps, [](const PlanStep& step) {
    const auto* output = std::get_if<Output>(&step);
    return output != nullptr && output->target == Output::Target::Branch;
  });
  layout.floats(space.stream[0], rows * plan.hidden);
  space.stream[1] = space.stream[0];
  if (branches) layout.floats(space.stream[1], rows * plan.hidden);
  if (branches) layout.floats(space.branch, rows * plan.hidden);
  layout.floats(space.projected, rows * space.projected_width);
  if (size.whole_attended) layout.floats(space.attended_values, rows * heads.query_heads * heads.head_dim);
  // One row for each thread where every thread normalises the only row for itself.
  const size_t normed = std::max({size.rows, size.logits_rows, size.threads});
  lay_out_activations(layout, space.normed, size.normed, kernels, plan.hidden, normed);
  lay_out_activations(layout, space.attended, size.attended, kernels, heads.query_heads * heads.head_dim,
                      std::max(size.rows, size.threads));
  lay_out_activations(layout, space.gated, size.gated, kernels, plan.feed_forward, rows);
  layout.floats(space.split_parts, size.split_part_floats);
  const size_t angles = plan.rotations.size() * rows * (heads.head_dim / 2);
  layout.floats(space.cosines, angles);
  layout.floats(space.sines, angles);
  space.scratch.resize(size.threads);
  for (float*& scratch : space.scratch) layout.floats(scratch, size.scratch_floats);
}

}  // namespace

Result<Workspace> make_workspace(const Plan& plan, const kernels::KernelTable& kernels, const WorkspaceSize& size,
                                 const std::shared_ptr<MemoryBudget>& budget) {
  Workspace space;
  space.rows = size.rows;
  space.logits_rows = size.logits_rows;
  const kernels::AttentionShape& heads = plan.layers.front();
  space.key_column = heads.query_heads * heads.head_dim;
  space.value_column = space.key_column + heads.kv_heads * heads.head_dim;
  space.projected_width = space.value_column + heads.kv_heads * heads.head_dim;
  space.scratch_floats = size.scratch_floats;
  Layout layout;
  lay_out(layout, space, plan, kernels, size);
  HR_TRY(space.memory, Buffer::allocate(layout.total(), budget));
  layout.place(space.memory.data());
  lay_out(layout, space, plan, kernels, size);
  HR_TRY(space.logits_memory, Buffer::allocate(size_t{size.logits_rows} * plan.vocabulary * sizeof(float), budget));
  space.logits = space.logits_memory.as<float>();
  return space;
}

}  // namespace headrace::model
