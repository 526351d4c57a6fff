// Any bytes as a GGUF file: an error or a model, never a crash.

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "model/cpu/weights.h"
#include "model/gguf.h"
#include "model/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace headrace;
  static const int descriptor = ::memfd_create("fuzz", 0);
  static ThreadTeam team(1);
  static const auto budget = MemoryBudget::create("the fuzzer", uint64_t{64} << 20);
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  const auto gguf = model::Gguf::open("/proc/self/fd/" + std::to_string(descriptor));
  if (!gguf) return 0;
  (void)model::tokenizer_source(*gguf);
  const auto plan = model::emit_plan(*gguf);
  if (plan) (void)model::load_weights(*gguf, *plan, **kernels::kernel_table(kernels::Isa::Portable), team, {.budget = budget, .progress = {}});
  return 0;
}
