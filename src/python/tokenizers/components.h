#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

void bind_normalizers(nanobind::module_& module);
void bind_pre_tokenizers(nanobind::module_& module);
void bind_models(nanobind::module_& module);
void bind_processors(nanobind::module_& module);
void bind_decoders(nanobind::module_& module);
void bind_encoding(nanobind::module_& module);
void bind_pipeline(nanobind::module_& module);
void bind_trainers(nanobind::module_& module);
void bind_files(nanobind::module_& module);
void bind_limits(nanobind::module_& module);

}  // namespace headrace::python
