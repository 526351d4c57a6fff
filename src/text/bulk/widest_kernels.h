#pragma once

#include <cstdlib>
#include <span>
#include <string_view>

namespace headrace::text {

/// Whether loops of this name ("portable", "avx2", "avx512") may run where `wanted`, a name of HEADRACE_ISA as the kernels
/// of models have them ("avx2-vnni", "auto"), asks for no wider ones. What is no such name forbids nothing here: whoever
/// runs a model is told of it.
inline bool isa_allows(std::string_view wanted, std::string_view loops) {
  if (loops == "portable") return true;
  if (wanted.starts_with("portable")) return false;
  return loops == "avx2" || !wanted.starts_with("avx2");
}

/// The last of the tables that this CPU can run and HEADRACE_ISA allows; the first one is portable.
template <class Kernels>
const Kernels& widest_kernels(std::span<const Kernels* const> usable) {
  const char* wanted = std::getenv("HEADRACE_ISA");
  size_t count = usable.size();
  while (count > 1 && wanted != nullptr && !isa_allows(wanted, usable[count - 1]->name)) --count;
  return *usable[count - 1];
}

}  // namespace headrace::text
