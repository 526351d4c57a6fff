#include "model/architectures/architectures.h"

#include <fmt/format.h>

#include "model/gguf/header_stream.h"

namespace headrace::model {
namespace {

constexpr struct {
  std::string_view name;
  Result<Plan> (*emit)(const Gguf& file);
} kArchitectures[] = {
    {"llama", emit_llama},
    {"gemma3", emit_gemma3},
};

}  // namespace

Result<Plan> emit_plan(const Gguf& file) {
  HR_TRY(const auto name, file.string("general.architecture"));
  for (const auto& architecture : kArchitectures) {
    if (architecture.name == name) return architecture.emit(file);
  }
  return fail(ErrorKind::Unsupported, fmt::format("{}: models of the architecture \"{}\" are not supported; llama and gemma3 are",
                                                  file.file().path().string(), printable(name)));
}

}  // namespace headrace::model
