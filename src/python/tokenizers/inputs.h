#pragma once

#include <nanobind/nanobind.h>

#include <deque>
#include <string>
#include <vector>

#include "python/tokenizers/utf8_texts.h"
#include "text/pipeline.h"

namespace headrace::python {

/// Texts given from Python, kept alive and readable without the interpreter. A text that is ASCII is a view into its
/// `str`; others, and words of texts that are cut already, are copied.
class Inputs {
 public:
  explicit Inputs(bool is_pretokenized) : is_pretokenized_(is_pretokenized) {}

  /// One text, with or without a second.
  void add(nanobind::handle sequence, nanobind::handle pair);
  /// One element of a batch: a text or a pair of texts.
  void add(nanobind::handle element);
  std::span<const text::PipelineInput> all() const { return inputs_; }
  /// The strings that were given, where none was cut into words.
  std::span<const nanobind::object> objects() const { return kept_; }

 private:
  text::SequenceInput sequence_of(nanobind::handle sequence);
  std::string_view view_of(nanobind::handle text, const char* message);

  bool is_pretokenized_;
  std::vector<text::PipelineInput> inputs_;
  std::vector<nanobind::object> kept_;
  Utf8Texts utf8_;
  std::deque<std::vector<std::string>> words_;
};

}  // namespace headrace::python
