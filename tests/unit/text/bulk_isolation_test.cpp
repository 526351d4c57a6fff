#include "../exported_symbols.h"

namespace headrace::text {
namespace {

TEST(BulkIsolation, objects_of_an_instruction_set_export_their_table_alone) {
  expect_tables_alone(HEADRACE_TEXT_BINARY_DIR, "headrace_text", "headrace::text::");
}

}  // namespace
}  // namespace headrace::text
