// Plans whatever it is given over a small frame, and collects it with a little memory: whatever the input, the answer is rows or an error.
// Files are not to be opened: what could name one is left out.
#include <cstdint>
#include <string_view>
#include <utility>

#include "frame/array_builder.h"
#include "frame/sql.h"

namespace {

headrace::frame::SqlTables tables() {
  using namespace headrace::frame;  // NOLINT: a test's names
  ArrayBuilder numbers(TypeId::Int64), texts(TypeId::String);
  for (int64_t row = 0; row < 5; ++row) {
    (void)numbers.append(row % 3);
    (void)texts.append_bytes(row % 2 == 0 ? "mill" : "race");
  }
  auto schema = *Schema::make({{"n", TypeId::Int64}, {"s", TypeId::String}});
  auto frame = *DataFrame::make(std::move(schema), {*numbers.finish(), *texts.finish()});
  return {{"t", Plan::scan(std::move(frame))}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const headrace::frame::SqlTables kTables = tables();
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  if (query.find('/') != query.npos || query.find('.') != query.npos) return 0;
  const auto plan = headrace::frame::sql_plan(query, kTables);
  if (!plan) return 0;
  (void)headrace::frame::collect(*plan, {.memory_bytes = uint64_t{1} << 22, .threads = 1});
  return 0;
}
