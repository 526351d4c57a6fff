#include "python/tokenizers/arguments.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include <cstdio>

#include "python/tokenizers/added_token.h"

namespace nb = nanobind;

namespace headrace::python {

void warn_unknown_option(nb::handle name) { fmt::print(stderr, "Ignored unknown kwarg option {}\n", nb::str(name).c_str()); }

void warn_deprecated(const char* message) {
  if (PyErr_WarnEx(PyExc_DeprecationWarning, message, 1) < 0) throw nb::python_error();
}

std::vector<std::pair<std::string, text::TokenId>> vocabulary_of(nb::handle dictionary) {
  if (!PyDict_Check(dictionary.ptr())) throw nb::type_error("`vocab` must be a dictionary of token to id, or a path");
  std::vector<std::pair<std::string, text::TokenId>> vocabulary;
  vocabulary.reserve(static_cast<size_t>(PyDict_Size(dictionary.ptr())));
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(dictionary.ptr(), &at, &key, &value);) {
    vocabulary.emplace_back(nb::cast<std::string>(nb::handle(key)), nb::cast<text::TokenId>(nb::handle(value)));
  }
  return vocabulary;
}

nb::dict dictionary_of(const std::vector<std::pair<std::string, text::TokenId>>& vocabulary) {
  nb::dict dictionary;
  for (const auto& [token, id] : vocabulary) dictionary[nb::str(token.data(), token.size())] = id;
  return dictionary;
}

text::TokenAndId token_and_id_of(nb::handle pair) {
  if (!PyTuple_Check(pair.ptr()) || PyTuple_Size(pair.ptr()) != 2) throw nb::type_error("expected a tuple of a token and its id");
  const nb::tuple items = nb::borrow<nb::tuple>(pair);
  return {nb::cast<std::string>(items[0]), nb::cast<text::TokenId>(items[1])};
}

std::vector<text::AddedToken> added_tokens_of(nb::handle list, bool special) {
  std::vector<text::AddedToken> tokens;
  for (const nb::handle item : list) {
    PyAddedToken* added = nullptr;
    if (nb::isinstance<nb::str>(item)) {
      tokens.push_back({.content = nb::cast<std::string>(item), .normalized = !special, .special = special});
    } else if (nb::try_cast(item, added, false) && added) {
      if (special) added->special = true;
      tokens.push_back(added->token());
    } else {
      throw nb::type_error("Input must be a List[Union[str, AddedToken]]");
    }
  }
  return tokens;
}

}  // namespace headrace::python
