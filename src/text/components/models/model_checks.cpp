#include "text/components/models/model_checks.h"

namespace headrace::text {

Result<void> check_model(const BpeModel& model) {
  if (model.dropout && !(*model.dropout >= 0 && *model.dropout <= 1)) {
    return fail(ErrorKind::InvalidArgument, "Dropout should be between 0 and 1, inclusive");
  }
  return {};
}

Result<void> check_model(const UnigramModel& model) {
  if (!model.unk_id) return {};
  const size_t size = model.pieces ? model.pieces->size() : 0;
  if (size == 0) return fail(ErrorKind::InvalidArgument, "The vocabulary is empty but at least <unk> is needed");
  if (*model.unk_id >= size) return fail(ErrorKind::InvalidArgument, "The `unk_id` is larger than vocabulary size");
  return {};
}

}  // namespace headrace::text
