#include <nanobind/operators.h>
#include <nanobind/stl/string.h>

#include "frame/data_type.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::DataType;
using frame::TypeId;

void bind_data_type(nb::module_& module) {
  const auto when = [](const DataType& type, bool holds, auto value) { return holds ? nb::cast(value(type)) : nb::none(); };
  nb::class_<DataType>(module, "DataType")
      .def("__repr__", [](const DataType& type) { return frame::to_string(type); })
      .def("__eq__",
           [](const DataType& type, nb::handle other) { return nb::isinstance<DataType>(other) && type == nb::cast<DataType>(other); })
      .def("__hash__", [](const DataType& type) { return std::hash<std::string>()(frame::to_string(type)); })
      .def_prop_ro("precision",
                   [=](const DataType& t) { return when(t, t.id() == TypeId::Decimal, [](auto& d) { return d.precision(); }); })
      .def_prop_ro("scale", [=](const DataType& t) { return when(t, t.id() == TypeId::Decimal, [](auto& d) { return d.scale(); }); })
      .def_prop_ro("time_unit",
                   [=](const DataType& t) {
                     return when(t, t.id() == TypeId::Datetime || t.id() == TypeId::Duration,
                                 [](auto& d) { return frame::name(d.unit()); });
                   })
      .def_prop_ro("time_zone", [=](const DataType& t) { return when(t, !t.zone().empty(), [](auto& d) { return d.zone(); }); })
      .def_prop_ro("inner", [=](const DataType& t) { return when(t, t.id() == TypeId::List, [](auto& d) { return d.inner(); }); })
      .def("is_numeric", &DataType::is_numeric)
      .def("is_integer", &DataType::is_integer)
      .def("is_float", &DataType::is_float)
      .def("is_temporal", &DataType::is_temporal);
  for (const TypeId id : {TypeId::Null, TypeId::Bool, TypeId::Int8, TypeId::Int16, TypeId::Int32, TypeId::Int64, TypeId::UInt8,
                          TypeId::UInt16, TypeId::UInt32, TypeId::UInt64, TypeId::Float16, TypeId::Float32, TypeId::Float64, TypeId::String,
                          TypeId::Binary, TypeId::Date, TypeId::Categorical}) {
    module.attr(frame::to_string(id).c_str()) = DataType(id);
  }
  module.def(
      "Decimal", [](int precision, int scale) { return value_or_raise(DataType::decimal(precision, scale)); }, nb::arg("precision") = 38,
      nb::arg("scale") = 0);
  module.def("Datetime", [](const std::string& unit, const std::string& zone) {
        return DataType::datetime(value_or_raise(frame::time_unit_of(unit)), zone);
      }, nb::arg("time_unit") = "us", nb::arg("time_zone") = "");
  module.def("Duration", [](const std::string& unit) { return DataType::duration(value_or_raise(frame::time_unit_of(unit))); },
             nb::arg("time_unit") = "us");
  module.def("List", [](const DataType& inner) { return DataType::list(inner); }, nb::arg("inner"));
}

}  // namespace headrace::python
