#include "model/cpu/operations.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <variant>

namespace headrace::model {
namespace {

class Describer {
 public:
  explicit Describer(const Plan& plan) : plan_(plan) {}

  std::vector<StepTrace::Operation> all() {
    // What stands before a layer's Store belongs to that layer as well.
    std::vector<StepTrace::Operation> operations;
    uint32_t layer = 0;
    for (const PlanStep& step : plan_.steps) {
      StepTrace::Operation operation = std::visit([&](const auto& one) { return describe(one); }, step);
      const bool in_layers = !std::holds_alternative<Embed>(step) && !std::holds_alternative<Head>(step);
      operation.layer = in_layers ? layer : StepTrace::kNoLayer;
      if (const auto* output = std::get_if<Output>(&step); output != nullptr && output->input == Output::Input::Gated) ++layer;
      operations.push_back(std::move(operation));
    }
    return operations;
  }

 private:
  StepTrace::Operation describe(const Embed&) const { return {.name = "embed", .detail = {}}; }
  StepTrace::Operation describe(const Norm&) const { return {.name = "norm", .detail = {}}; }
  StepTrace::Operation describe(const Project& project) const {
    return matrices("queries, keys, values", {project.matrices[0], project.matrices[1], project.matrices[2]});
  }
  StepTrace::Operation describe(const Store&) const { return {.name = "store", .detail = {}}; }
  StepTrace::Operation describe(const Attend&) const { return {.name = "attention", .detail = {}}; }
  StepTrace::Operation describe(const Output& output) const {
    return matrices(output.input == Output::Input::Attended ? "attention output" : "down", {output.matrix});
  }
  StepTrace::Operation describe(const Gate& gate) const { return matrices("gate, up", {gate.gate, gate.up}); }
  StepTrace::Operation describe(const Head& head) const { return matrices("head, sampling", {head.matrix}); }

  StepTrace::Operation matrices(std::string name, std::initializer_list<MatrixIndex> indices) const {
    StepTrace::Operation operation{.name = std::move(name), .detail = {}};
    for (const MatrixIndex index : indices) {
      const PlanMatrix& matrix = plan_.matrices[index];
      operation.detail += fmt::format("{}{} {} → {}", operation.detail.empty() ? "" : ", ", kernels::info(matrix.type).name,
                                      matrix.inputs, matrix.outputs);
      operation.weight_bytes += kernels::file_row_bytes(matrix.type, matrix.inputs) * matrix.outputs;
      operation.multiplications += uint64_t{matrix.inputs} * matrix.outputs;
    }
    return operation;
  }

  const Plan& plan_;
};

}  // namespace

std::vector<StepTrace::Operation> operations_of(const Plan& plan) { return Describer(plan).all(); }

}  // namespace headrace::model
