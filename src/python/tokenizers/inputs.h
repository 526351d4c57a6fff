#pragma once

#include <nanobind/nanobind.h>

#include <deque>
#include <string>
#include <vector>

#include "text/pipeline.h"

namespace headrace::python {

/// Texts given from Python, kept alive and readable without the interpreter. A text is a
/// view into its `str`; nothing is copied but words of texts that are cut already.
class Inputs {
 public:
  explicit Inputs(bool is_pretokenized) : is_pretokenized_(is_pretokenized) {}

  /// One text, with or without a second.
  void add(nanobind::handle sequence, nanobind::handle pair);
  /// One element of a batch: a text or a pair of texts.
  void add(nanobind::handle element);
  std::span<const text::PipelineInput> all() const { return inputs_; }

 private:
  text::SequenceInput sequence_of(nanobind::handle sequence);

  bool is_pretokenized_;
  std::vector<text::PipelineInput> inputs_;
  std::vector<nanobind::object> kept_;
  std::deque<std::vector<std::string>> words_;
};

}  // namespace headrace::python
