#include "python/tokenizers/inputs.h"

#include <nanobind/stl/string.h>

namespace nb = nanobind;

namespace headrace::python {
namespace {

constexpr const char* kText = "TextInputSequence must be str";
constexpr const char* kWords = "PreTokenizedInputSequence must be Union[List[str], Tuple[str]]";
constexpr const char* kTextElement = "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]";
constexpr const char* kWordsElement = "PreTokenizedEncodeInput must be Union[PreTokenizedInputSequence, Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence]]";

/// Lists, tuples and NumPy arrays; not `str`, whose elements are strings as well.
bool is_list_like(nb::handle object) {
  return PyList_Check(object.ptr()) || PyTuple_Check(object.ptr()) || (nb::hasattr(object, "ndim") && PySequence_Check(object.ptr()));
}

bool is_words(nb::handle object) {
  if (!is_list_like(object)) return false;
  for (const nb::handle word : object) {
    if (!PyUnicode_Check(word.ptr())) return false;
  }
  return true;
}

}  // namespace

std::string_view Inputs::view_of(nb::handle text, const char* message) {
  const std::string_view view = PyUnicode_Check(text.ptr()) ? utf8_.of(text) : std::string_view();
  if (!view.data()) {
    PyErr_Clear();
    throw nb::type_error(message);
  }
  return view;
}

text::SequenceInput Inputs::sequence_of(nb::handle sequence) {
  if (!is_pretokenized_) {
    kept_.push_back(nb::borrow(sequence));
    return view_of(sequence, kText);
  }
  if (!is_words(sequence)) throw nb::type_error(kWords);
  auto& words = words_.emplace_back();
  for (const nb::handle word : sequence) words.emplace_back(view_of(word, kWords));
  return std::span<const std::string>(words);
}

void Inputs::add(nb::handle sequence, nb::handle pair) {
  text::PipelineInput input;
  input.first = sequence_of(sequence);
  if (!pair.is_none()) input.second = sequence_of(pair);
  inputs_.push_back(std::move(input));
}

void Inputs::add(nb::handle element) {
  const bool single = is_pretokenized_ ? is_words(element) : static_cast<bool>(PyUnicode_Check(element.ptr()));
  if (single) return add(element, nb::none());
  if (!is_list_like(element) || nb::len(element) != 2) throw nb::type_error(is_pretokenized_ ? kWordsElement : kTextElement);
  const nb::object first = element[0];
  const nb::object second = element[1];
  add(first, second);
}

}  // namespace headrace::python
