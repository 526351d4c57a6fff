#include "../exported_symbols.h"

namespace headrace::frame {
namespace {

TEST(CsvIsolation, objects_of_an_instruction_set_export_their_table_alone) {
  expect_tables_alone(HEADRACE_FRAME_BINARY_DIR, "headrace_frame", "headrace::frame::csv::");
}

}  // namespace
}  // namespace headrace::frame
