#include "python/bindings.h"
#include "python/frame/bindings.h"

namespace headrace::python {

void bind_frame(nanobind::module_& module) {
  auto frame = module.def_submodule("frame", "Columns and frames. See headrace.frame.");
  bind_data_type(frame);
  bind_expression(frame);
  bind_column_functions(frame);
  bind_tokenize(frame);
  bind_series(frame);
  bind_group_by(frame);
  bind_data_frame(frame);
  bind_lazy_frame(frame);
  bind_csv(frame);
  bind_parquet(frame);
  bind_lazy_group_by(frame);
  bind_order(frame);
  bind_join(frame);
  bind_reshape(frame);
  bind_windows(frame);
  bind_sql(frame);
}

}  // namespace headrace::python
