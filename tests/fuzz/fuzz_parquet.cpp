// Any bytes as a Parquet file: it is read or refused with a message that names it, and what was read can be shown.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "frame/parquet.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace headrace;
  static const int file = ::memfd_create("input", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  static const auto budget = MemoryBudget::create("fuzz", uint64_t{256} << 20);
  require(::ftruncate(file, static_cast<off_t>(size)) == 0 && ::pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  const auto opened = frame::ParquetFile::open(path, budget);
  if (!opened) {
    require(opened.error().message.find(path) != std::string::npos);
    return 0;
  }
  // Columns one by one: one that cannot be read must not hide the others.
  for (const frame::Field& field : opened->schema().fields()) {
    const auto read = opened->read(std::vector<std::string>{field.name}, 10'000);
    if (read) {
      (void)frame::to_text(*read);
    } else {
      require(!read.error().message.empty());
    }
  }
  require(budget->used_bytes() < (uint64_t{1} << 20));
  return 0;
}
