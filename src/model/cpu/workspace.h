#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "model/plan.h"

namespace headrace::model {

/// Rows of activations in one format.
struct ActivationRows {
  std::byte* data = nullptr;
  size_t stride = 0;  ///< bytes between rows
  std::byte* row(uint32_t index) const { return data + index * stride; }
};

inline constexpr size_t kActivationFormats = 4;
using FormatSet = uint8_t;  ///< bit i: ActivationFormat i
inline FormatSet format_bit(kernels::ActivationFormat format) { return static_cast<FormatSet>(1u << static_cast<unsigned>(format)); }

/// The memory that a step works in, sized once for the most rows.
struct Workspace {
  uint32_t rows = 0;
  uint32_t logits_rows = 0;
  uint32_t projected_width = 0;  ///< queries, keys and values of a row, side by side
  uint32_t key_column = 0;       ///< where keys begin in it
  uint32_t value_column = 0;
  std::array<float*, 2> stream{};  ///< [rows][hidden]; Norm steps that add a branch change from one to the other
  float* branch = nullptr;         ///< [rows][hidden]
  float* projected = nullptr;      ///< [rows][projected_width]
  float* attended_values = nullptr;  ///< [rows][query_heads · head_dim], where they are not quantised piece by piece
  std::array<ActivationRows, kActivationFormats> normed, attended, gated;
  float* split_parts = nullptr;      ///< split_part_floats: splits of rows that several threads share
  float* cosines = nullptr;  ///< [rotations][rows][head_dim / 2]
  float* sines = nullptr;
  float* logits = nullptr;   ///< [logits rows][vocabulary]
  std::vector<float*> scratch;  ///< by thread: scratch_floats
  size_t scratch_floats = 0;

  Buffer memory;
  Buffer logits_memory;
};

struct WorkspaceSize {
  uint32_t rows = 0;
  uint32_t logits_rows = 0;
  uint32_t threads = 0;
  FormatSet normed = 0, attended = 0, gated = 0;
  size_t scratch_floats = 0;
  size_t split_part_floats = 0;
  bool whole_attended = false;
};

Result<Workspace> make_workspace(const Plan& plan, const kernels::KernelTable& kernels, const WorkspaceSize& size,
                                 const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::model
