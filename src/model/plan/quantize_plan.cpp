#include "model/plan/quantize_plan.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/log.h"
#include "model/gguf/header_stream.h"
#include "model/plan/kept_tensors.h"

namespace headrace::model {
namespace {

using kernels::WeightType;

bool is_float(const PlanMatrix& matrix) { return kernels::info(matrix.type).block_width == 1; }

/// By matrix: whether 4 bits would cost much more there than they save (docs/design/0011). The head,
/// whose errors are the answer's own, and the values of attention, which are few and which every later token reads.
std::vector<bool> sensitive_matrices(const Plan& plan) {
  std::vector<bool> sensitive(plan.matrices.size());
  for (const PlanStep& step : plan.steps) {
    if (const auto* head = std::get_if<Head>(&step)) sensitive[head->matrix] = true;
    if (const auto* project = std::get_if<Project>(&step)) sensitive[project->matrices[2]] = true;
  }
  return sensitive;
}

std::unexpected<Error> nothing_to_quantize(const Gguf& file, const Plan& plan, bool has_floats) {
  std::vector<std::string> types;
  for (const PlanMatrix& matrix : plan.matrices) types.push_back(matrix.tensor->type_name);
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{}: there is nothing to quantise: its matrices are {}{}; load it without quantize, or choose a file whose "
                          "matrices are F16, BF16 or F32",
                          file.file().path().string(), type_counts(types),
                          has_floats ? ", and no float one has rows of a multiple of 32" : ""));
}

void tell_of_matrices_left(const Gguf& file, const std::vector<const PlanMatrix*>& left) {
  const PlanMatrix& first = *left.front();
  log(LogLevel::Warning, "model",
      "{}: {} of the float matrices are not quantised, for their rows are not a multiple of 32 long: \"{}\" ({}, rows of {}){}",
      file.file().path().string(), left.size(), printable(first.tensor->name), first.tensor->type_name, first.inputs,
      left.size() > 1 ? " and others" : "");
}

}  // namespace

Result<void> quantize_plan(const Gguf& file, Quantize quantize, Plan& plan) {
  if (quantize == Quantize::Nothing) return {};
  const std::vector<bool> sensitive = sensitive_matrices(plan);
  bool changed = false;
  std::vector<const PlanMatrix*> left;
  for (MatrixIndex i = 0; i < plan.matrices.size(); ++i) {
    PlanMatrix& matrix = plan.matrices[i];
    if (!is_float(matrix)) continue;
    const WeightType kept = quantize == Quantize::Q8 || sensitive[i] ? WeightType::Q8_0 : WeightType::Q4_1;
    if (matrix.inputs % kernels::info(kept).block_width != 0) {
      left.push_back(&matrix);
      continue;
    }
    matrix.type = kept;
    changed = true;
  }
  if (!changed) return nothing_to_quantize(file, plan, !left.empty());
  if (!left.empty()) tell_of_matrices_left(file, left);
  return {};
}

}  // namespace headrace::model
