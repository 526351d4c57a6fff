#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <utility>

#include "frame/join.h"
#include "frame/plan.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::DataFrame;
using frame::Expression;
using frame::JoinKind;
using frame::JoinOptions;
using frame::JoinValidation;
using frame::Plan;

namespace {

/// What a name stands for, out of a few.
template <class T, size_t N>
T named(const std::pair<const char*, T> (&choices)[N], const std::string& name, const char* argument) {
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
    known += fmt::format("{}{:?}", known.empty() ? "" : ", ", choice);
  }
  throw nb::value_error(fmt::format("{} is one of {}, not {:?}", argument, known, name).c_str());
}

JoinKind kind_of(const std::string& how) {
  using enum JoinKind;
  static constexpr std::pair<const char*, JoinKind> kKinds[] = {{"inner", Inner}, {"left", Left}, {"right", Right}, {"full", Full},
                                                                {"semi", Semi},   {"anti", Anti}, {"cross", Cross}};
  return named(kKinds, how, "how");
}

JoinValidation validation_of(const std::string& validate) {
  using enum JoinValidation;
  static constexpr std::pair<const char*, JoinValidation> kValidations[] = {
      {"m:m", ManyToMany}, {"m:1", ManyToOne}, {"1:m", OneToMany}, {"1:1", OneToOne}};
  return named(kValidations, validate, "validate");
}

std::vector<Expression> keys_of(nb::handle on) {
  if (on.is_none()) return {};
  return expressions_of(nb::borrow<nb::args>(nb::make_tuple(on)), nb::kwargs());
}

/// What a join is told but for its sides.
struct Terms {
  std::vector<Expression> left_on, right_on;
  JoinOptions options;
};

Terms terms_of(nb::handle on, const std::string& how, nb::handle left_on, nb::handle right_on, std::string suffix,
               const std::string& validate, bool nulls_equal, std::optional<bool> coalesce, nb::handle maintain_order) {
  if (!on.is_none() && !(left_on.is_none() && right_on.is_none()))
    throw nb::value_error("a join has keys by `on`, or by `left_on` and `right_on`, not by both");
  if (!maintain_order.is_none()) {
    static constexpr std::pair<const char*, bool> kOrders[] = {{"none", true}, {"left", true}, {"left_right", true}};
    named(kOrders, nb::cast<std::string>(maintain_order), "maintain_order");
  }
  return {.left_on = keys_of(on.is_none() ? left_on : on),
          .right_on = keys_of(on.is_none() ? right_on : on),
          .options = {.kind = kind_of(how),
                      .suffix = std::move(suffix),
                      .nulls_equal = nulls_equal,
                      .coalesce = coalesce,
                      .validation = validation_of(validate)}};
}

DataFrame join(const DataFrame& left, const DataFrame& right, nb::handle on, const std::string& how, nb::handle left_on,
               nb::handle right_on, std::string suffix, const std::string& validate, bool nulls_equal, std::optional<bool> coalesce,
               nb::handle maintain_order) {
  const Terms terms = terms_of(on, how, left_on, right_on, std::move(suffix), validate, nulls_equal, coalesce, maintain_order);
  const nb::gil_scoped_release released;
  return value_or_raise(frame::join(left, right, terms.left_on, terms.right_on, terms.options));
}

Plan join_lazily(const Plan& left, const Plan& right, nb::handle on, const std::string& how, nb::handle left_on, nb::handle right_on,
                 std::string suffix, const std::string& validate, bool nulls_equal, std::optional<bool> coalesce,
                 nb::handle maintain_order) {
  const Terms terms = terms_of(on, how, left_on, right_on, std::move(suffix), validate, nulls_equal, coalesce, maintain_order);
  return value_or_raise(left.join(right, terms.left_on, terms.right_on, terms.options));
}

template <class Frame, class Method>
void bind_join_of(nb::module_& module, const char* name, Method method) {
  nb::borrow<nb::class_<Frame>>(module.attr(name))
      .def("join", method, nb::arg("other"), nb::arg("on") = nb::none(), nb::arg("how") = "inner", nb::kw_only(),
           nb::arg("left_on") = nb::none(), nb::arg("right_on") = nb::none(), nb::arg("suffix") = "_right", nb::arg("validate") = "m:m",
           nb::arg("nulls_equal") = false, nb::arg("coalesce") = nb::none(), nb::arg("maintain_order") = nb::none());
}

DataFrame join_where(const DataFrame& left, const DataFrame& right, const nb::args& predicates, const std::string& how,
                     const std::string& suffix) {
  const std::vector<Expression> conditions = expressions_of(predicates, nb::kwargs());
  const JoinKind kind = kind_of(how);
  const nb::gil_scoped_release released;
  return value_or_raise(frame::join_where(left, right, conditions, kind, suffix));
}

}  // namespace

void bind_join(nb::module_& module) {
  bind_join_of<DataFrame>(module, "DataFrame", join);
  bind_join_of<Plan>(module, "LazyFrame", join_lazily);
  nb::borrow<nb::class_<DataFrame>>(module.attr("DataFrame"))
      .def("join_where", join_where, nb::arg("other"), nb::arg("predicates"), nb::arg("how") = "inner", nb::arg("suffix") = "_right");
}

}  // namespace headrace::python
