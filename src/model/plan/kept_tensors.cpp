#include "model/plan/kept_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace headrace::model {

std::string type_counts(const std::vector<std::string>& names) {
  std::map<std::string, size_t> counts;
  for (const std::string& name : names) ++counts[name];
  std::vector<std::pair<std::string, size_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater(), [](const auto& entry) { return entry.second; });
  std::string text;
  for (const auto& [type, count] : sorted) text += fmt::format("{}{} ×{}", text.empty() ? "" : ", ", type, count);
  return text;
}

KeptTensors kept_tensors(const Gguf& file, const Plan& plan) {
  std::map<const GgufTensor*, const PlanMatrix*> matrices;
  for (const PlanMatrix& matrix : plan.matrices) matrices.emplace(matrix.tensor, &matrix);
  std::vector<std::string> names;
  KeptTensors kept;
  for (const GgufTensor& tensor : file.tensors()) {
    const auto found = matrices.find(&tensor);
    if (found == matrices.end()) {
      names.push_back(tensor.type_name);
      kept.bytes += tensor.bytes;
    } else {
      const PlanMatrix& matrix = *found->second;
      names.emplace_back(kernels::info(matrix.type).name);
      kept.bytes += matrix.outputs * kernels::file_row_bytes(matrix.type, matrix.inputs);
    }
  }
  kept.types = type_counts(names);
  return kept;
}

}  // namespace headrace::model
