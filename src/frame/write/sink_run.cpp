#include "frame/write/sink_run.h"

namespace headrace::frame {

Result<void> run_into(const Plan& plan, const QueryOptions& query, size_t rows, FrameWriter& writer) {
  Batches batches(plan, query, rows);
  for (;;) {
    HR_TRY(const auto batch, batches.next());
    if (!batch) break;
    HR_CHECK(writer.write(*batch, batches.budget()));
  }
  if (query.cancelled && query.cancelled->load()) return fail(ErrorKind::Cancelled, "The query was cancelled.");
  return writer.finish();
}

}  // namespace headrace::frame
