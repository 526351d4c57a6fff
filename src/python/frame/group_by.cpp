#include "frame/group_by.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/group_aggregates.h"
#include "python/frame/values.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;

namespace {

frame::DataFrame grouped(const GroupBy& groups, const std::vector<Expression>& expressions) {
  const nb::gil_scoped_release released;
  return value_or_raise(frame::group_by(groups.frame, groups.keys, expressions));
}

/// Groups as pairs: a tuple of their key's values, and the frame of their rows.
nb::list parts_of(const GroupBy& groups) {
  const frame::Schema& schema = groups.frame.schema();
  std::vector<Expression> expressions;
  for (size_t i = 0; i < schema.size(); ++i) {
    // Names that no key has.
    expressions.push_back(Expression::aggregate({.op = frame::AggregateOperator::Implode}, Expression::column(schema[i].name))
                              .alias("rows " + std::to_string(i)));
  }
  std::vector<Expression> keys;
  for (size_t i = 0; i < groups.keys.size(); ++i) keys.push_back(groups.keys[i].alias("key " + std::to_string(i)));
  const frame::DataFrame made = grouped({groups.frame, keys}, expressions);
  std::vector<std::vector<frame::Column>> columns(made.height());
  std::vector<nb::list> values(made.height());
  for (size_t i = 0; i < made.width(); ++i) {
    size_t group = 0;
    for (const frame::Array& chunk : made.columns()[i].chunks()) {
      for (size_t row = 0; row < chunk.size(); ++row, ++group) {
        if (i < keys.size()) {
          values[group].append(value_at(chunk, row));
          continue;
        }
        const auto begin = static_cast<size_t>(chunk.begin_of(row)), end = static_cast<size_t>(chunk.begin_of(row + 1));
        columns[group].emplace_back(chunk.items().slice(begin, end - begin));
      }
    }
  }
  nb::list out;
  for (size_t group = 0; group < made.height(); ++group) {
    out.append(nb::make_tuple(nb::tuple(values[group]), value_or_raise(frame::DataFrame::make(schema, std::move(columns[group])))));
  }
  return out;
}

}  // namespace

void bind_group_by(nb::module_& module) {
  nb::class_<GroupBy> type(module, "GroupBy");
  bind_group_aggregates(type, grouped, [](const GroupBy& groups) { return groups.frame.schema(); });
  type.def("__iter__", [](const GroupBy& groups) { return nb::iter(parts_of(groups)); });
}

}  // namespace headrace::python
