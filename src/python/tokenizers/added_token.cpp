#include "python/tokenizers/added_token.h"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "python/tokenizers/arguments.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

void set_option(PyAddedToken& token, std::string_view name, nb::handle value) {
  if (name == "single_word") {
    token.single_word = nb::cast<bool>(value);
  } else if (name == "lstrip") {
    token.lstrip = nb::cast<bool>(value);
  } else if (name == "rstrip") {
    token.rstrip = nb::cast<bool>(value);
  } else if (name == "special") {
    token.special = nb::cast<bool>(value);
  } else if (name == "normalized") {
    token.said_normalized = nb::cast<bool>(value);
  } else if (name == "content") {
    token.content = nb::cast<std::string>(value);
  } else {
    warn_unknown_option(nb::str(name.data(), name.size()));
  }
}

PyAddedToken from_options(std::string content, const nb::handle& options) {
  PyAddedToken token;
  token.content = std::move(content);
  for (const auto [name, value] : nb::borrow<nb::dict>(options)) set_option(token, nb::cast<std::string>(name), value);
  return token;
}

nb::dict state_of(const PyAddedToken& self) {
  nb::dict state;
  state["content"] = self.content;
  state["single_word"] = self.single_word;
  state["lstrip"] = self.lstrip;
  state["rstrip"] = self.rstrip;
  state["normalized"] = self.normalized();
  state["special"] = self.special;
  return state;
}

const char* word(bool value) { return value ? "True" : "False"; }

}  // namespace

PyAddedToken added_token_of(const text::AddedToken& token) {
  return {token.content, token.special, token.single_word, token.lstrip, token.rstrip, token.normalized};
}

void bind_added_token(nb::module_& module) {
  nb::class_<PyAddedToken>(module, "AddedToken", "A token that is found in a text before the model sees it.")
      .def("__init__",
           [](PyAddedToken* self, std::optional<std::string> content, const nb::kwargs& options) {
             new (self) PyAddedToken(from_options(std::move(content).value_or(""), options));
           },
           "content"_a = nb::none(), "kwargs"_a)
      .def("__getstate__", &state_of)
      .def("__setstate__", [](PyAddedToken& self, const nb::dict& state) { new (&self) PyAddedToken(from_options("", state)); })
      .def_rw("content", &PyAddedToken::content)
      .def_rw("special", &PyAddedToken::special)
      .def_ro("single_word", &PyAddedToken::single_word)
      .def_ro("lstrip", &PyAddedToken::lstrip)
      .def_ro("rstrip", &PyAddedToken::rstrip)
      .def_prop_ro("normalized", &PyAddedToken::normalized)
      .def("__str__", [](const PyAddedToken& self) { return self.content; })
      .def("__repr__",
           [](const PyAddedToken& self) {
             return fmt::format("AddedToken(\"{}\", rstrip={}, lstrip={}, single_word={}, normalized={}, special={})", self.content,
                                word(self.rstrip), word(self.lstrip), word(self.single_word), word(self.normalized()), word(self.special));
           })
      .def("__hash__", [](const PyAddedToken& self) { return nb::hash(nb::str(self.content.data(), self.content.size())); })
      .def("__eq__",
           [](const PyAddedToken& self, nb::handle other) -> nb::object {
             PyAddedToken* token = nullptr;
             if (!nb::try_cast(other, token, false) || !token) return nb::borrow(Py_NotImplemented);
             return nb::bool_(self.token() == token->token());
           },
           nb::arg().none());
}

}  // namespace headrace::python
