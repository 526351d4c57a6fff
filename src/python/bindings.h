#pragma once

#include <nanobind/nanobind.h>

namespace headrace::python {

// One function a file: each adds its classes and functions to the module.
void bind_catalog(nanobind::module_& module);
void bind_engine(nanobind::module_& module);
void bind_errors();
void bind_frame(nanobind::module_& module);
void bind_job(nanobind::module_& module);
void bind_notifier(nanobind::module_& module);
void bind_tensor(nanobind::module_& module);
void bind_tokenizer(nanobind::module_& module);
void bind_tokenizers(nanobind::module_& module);

}  // namespace headrace::python
