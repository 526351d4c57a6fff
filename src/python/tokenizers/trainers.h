#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "text/training.h"

namespace headrace::python {

/// tokenizers.trainers.Trainer; one sub-class for each kind of parameters.
struct PyTrainer {
  std::shared_ptr<text::Trainer> trainer;
};
template <class Parameters>
struct PyTrainerOf : PyTrainer {
  Parameters& get() const { return std::get<Parameters>(trainer->parameters); }
};

/// The trainer that suits a model.
nanobind::object trainer_for(const text::ModelSpec& model);

/// ParityBpeTrainer, which is no Trainer: it is fed several languages at once.
void bind_parity_trainer(nanobind::module_& module);

}  // namespace headrace::python
