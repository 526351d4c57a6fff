#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "frame/plan.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/group_aggregates.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;
using frame::Field;
using frame::Plan;

namespace {

/// A plan and what its rows are to be grouped by.
struct LazyGroupBy {
  Plan plan;
  std::vector<Expression> keys;
};

Plan grouped(const LazyGroupBy& groups, const std::vector<Expression>& expressions) {
  return value_or_raise(groups.plan.group_by(groups.keys, expressions));
}

LazyGroupBy group_by(const Plan& plan, const nb::args& by, const nb::kwargs& named) {
  nb::kwargs keys;
  for (const auto& [name, value] : named) {
    if (nb::cast<std::string>(name) != "maintain_order") keys[name] = value;
  }
  return {plan, expressions_of(by, keys)};
}

Plan unique(const Plan& plan, nb::handle subset, const std::string& keep, bool /*maintain_order*/) {
  std::vector<std::string> names;
  if (subset.is_none()) {
    for (const Field& field : plan.schema().fields()) names.push_back(field.name);
  } else if (nb::isinstance<nb::str>(subset)) {
    names.push_back(nb::cast<std::string>(subset));
  } else {
    names = nb::cast<std::vector<std::string>>(subset);
  }
  return value_or_raise(plan.unique(names, value_or_raise(frame::keep_of(keep))));
}

}  // namespace

void bind_lazy_group_by(nb::module_& module) {
  nb::borrow<nb::class_<Plan>>(module.attr("LazyFrame"))
      .def("group_by", group_by)
      .def("unique", unique, nb::arg("subset") = nb::none(), nb::kw_only(), nb::arg("keep") = "any", nb::arg("maintain_order") = false);
  nb::class_<LazyGroupBy> type(module, "LazyGroupBy");
  bind_group_aggregates(type, grouped, [](const LazyGroupBy& groups) { return groups.plan.schema(); });
}

}  // namespace headrace::python
