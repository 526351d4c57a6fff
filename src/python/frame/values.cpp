#include "python/frame/values.h"

#include <datetime.h>
#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "frame/array_builder.h"
#include "frame/half.h"
#include "frame/int128.h"
#include "python/errors.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Array;
using frame::ArrayBuilder;
using frame::DataType;
using frame::TimeUnit;
using frame::TypeId;

namespace {

constexpr int64_t kDaySeconds = 86'400;

void import_datetime() {
  if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) throw nb::python_error();
}

nb::object checked(PyObject* object) {
  if (object == nullptr) throw nb::python_error();
  return nb::steal(object);
}

nb::object class_of(const char* module, const char* name) { return nb::module_::import_(module).attr(name); }

/// What values are made of, looked up once.
struct Classes {
  nb::object decimal = class_of("decimal", "Decimal");
  nb::object utc = class_of("datetime", "timezone").attr("utc");
  nb::object zone = class_of("zoneinfo", "ZoneInfo");
  nb::object date_epoch = class_of("datetime", "date")(1970, 1, 1);
  nb::object epoch = class_of("datetime", "datetime")(1970, 1, 1);
  nb::object utc_epoch = class_of("datetime", "datetime")(1970, 1, 1, 0, 0, 0, 0, utc);
};
const Classes& classes() {
  static const Classes* const kept = new Classes;  // the interpreter may be gone before statics are
  return *kept;
}

// ---- Out ----

nb::object delta(int64_t microseconds) {
  import_datetime();
  const int64_t seconds = microseconds / 1'000'000 - (microseconds % 1'000'000 < 0);
  const int64_t days = seconds / kDaySeconds - (seconds % kDaySeconds < 0);
  return checked(PyDelta_FromDSU(static_cast<int>(days), static_cast<int>(seconds - days * kDaySeconds),
                                 static_cast<int>(microseconds - seconds * 1'000'000)));
}

int64_t to_microseconds(int64_t value, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::Millisecond: return value * 1000;
    case TimeUnit::Microsecond: return value;
    case TimeUnit::Nanosecond: return value / 1000 - (value % 1000 < 0);
  }
  std::unreachable();
}

nb::object datetime_value(int64_t value, const DataType& type) {
  const bool placed = !type.zone().empty();
  const nb::object& epoch = placed ? classes().utc_epoch : classes().epoch;
  const nb::object at = epoch + delta(to_microseconds(value, type.unit()));
  if (!placed || type.zone() == "UTC") return at;
  return at.attr("astimezone")(classes().zone(type.zone()));
}

nb::object list_value(const Array& array, size_t row) {
  nb::list out;
  for (auto item = array.begin_of(row); item < array.begin_of(row + 1); ++item)
    out.append(value_at(array.items(), static_cast<size_t>(item)));
  return out;
}

}  // namespace

nb::object value_at(const Array& array, size_t row) {
  if (!array.is_valid(row)) return nb::none();
  const DataType& type = array.type();
  switch (type.id()) {
    case TypeId::Null: return nb::none();
    case TypeId::Bool: return nb::bool_(array.bits()[row]);
    case TypeId::Int8: return nb::int_(array.data<int8_t>()[row]);
    case TypeId::Int16: return nb::int_(array.data<int16_t>()[row]);
    case TypeId::Int32: return nb::int_(array.data<int32_t>()[row]);
    case TypeId::Int64: return nb::int_(array.data<int64_t>()[row]);
    case TypeId::UInt8: return nb::int_(array.data<uint8_t>()[row]);
    case TypeId::UInt16: return nb::int_(array.data<uint16_t>()[row]);
    case TypeId::UInt32: return nb::int_(array.data<uint32_t>()[row]);
    case TypeId::UInt64: return nb::int_(array.data<uint64_t>()[row]);
    case TypeId::Float16: return nb::float_(frame::half_to_float(array.data<uint16_t>()[row]));
    case TypeId::Float32: return nb::float_(array.data<float>()[row]);
    case TypeId::Float64: return nb::float_(array.data<double>()[row]);
    case TypeId::Decimal: return classes().decimal(frame::to_text(array, row));
    case TypeId::Categorical:
    case TypeId::String: {
      const std::string_view text = array.bytes(row);
      return checked(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
    }
    case TypeId::Binary: {
      const std::string_view bytes = array.bytes(row);
      return nb::bytes(bytes.data(), bytes.size());
    }
    case TypeId::Date: return classes().date_epoch + delta(array.data<int32_t>()[row] * kDaySeconds * 1'000'000);
    case TypeId::Datetime: return datetime_value(array.data<int64_t>()[row], type);
    case TypeId::Duration: return delta(to_microseconds(array.data<int64_t>()[row], type.unit()));
    case TypeId::List: return list_value(array, row);
  }
  std::unreachable();
}

namespace {

// ---- In ----

/// Where in the sequence a value stands, for messages.
[[noreturn]] void wrong_value(nb::handle value, size_t row, const DataType& type) {
  const std::string shown = nb::cast<std::string>(nb::repr(value)).substr(0, 60);
  throw nb::type_error(fmt::format("value {} at row {} does not fit type {}", shown, row, frame::to_string(type)).c_str());
}

bool is_whole(nb::handle value) { return PyIndex_Check(value.ptr()) && !PyBool_Check(value.ptr()); }
bool is_decimal(nb::handle value) { return nb::isinstance(value, class_of("decimal", "Decimal")); }

nb::sequence items_of(nb::handle value) {
  return nb::steal<nb::sequence>(checked(PySequence_Fast(value.ptr(), "a list was expected")).release());
}

DataType type_of_value(nb::handle value, size_t row);

/// What all values of a sequence can be held as; Null if it has none.
DataType type_of_values(nb::handle values) {
  DataType type;
  size_t row = 0;
  for (const nb::handle value : items_of(values)) {
    if (!value.is_none()) {
      const DataType other = type_of_value(value, row);
      const bool widens = type.id() == TypeId::Int64 && other.id() == TypeId::Float64;
      if (type.id() == TypeId::Null || widens || (type.id() == TypeId::List && type.inner().id() == TypeId::Null)) type = other;
    }
    ++row;
    // Only numbers and lists can turn out to be wider than their first.
    if (type.id() != TypeId::Null && type.id() != TypeId::Int64 && type.id() != TypeId::List) break;
  }
  return type;
}

DataType type_of_value(nb::handle value, size_t row) {
  import_datetime();
  PyObject* object = value.ptr();
  if (PyBool_Check(object)) return TypeId::Bool;
  if (is_whole(value)) return TypeId::Int64;
  if (PyFloat_Check(object)) return TypeId::Float64;
  if (PyUnicode_Check(object)) return TypeId::String;
  if (PyBytes_Check(object) || PyByteArray_Check(object)) return TypeId::Binary;
  if (PyDateTime_Check(object)) {
    const nb::object zone = value.attr("tzinfo");
    return DataType::datetime(TimeUnit::Microsecond, zone.is_none() ? "" : nb::cast<std::string>(nb::str(zone)));
  }
  if (PyDate_Check(object)) return TypeId::Date;
  if (PyDelta_Check(object)) return DataType::duration(TimeUnit::Microsecond);
  if (PyList_Check(object) || PyTuple_Check(object)) return DataType::list(type_of_values(value));
  if (is_decimal(value)) {
    const int exponent = nb::cast<int>(value.attr("as_tuple")().attr("exponent"));
    return value_or_raise(DataType::decimal(DataType::kGreatestPrecision, std::max(0, -exponent)));
  }
  if (PyNumber_Check(object) && nb::hasattr(value, "__float__")) return TypeId::Float64;
  throw nb::type_error(
      fmt::format("value {} at row {} is of no type that a column can have", nb::cast<std::string>(nb::repr(value)).substr(0, 60), row)
          .c_str());
}

template <class T>
Result<void> append_whole(ArrayBuilder& builder, nb::handle value, size_t row) {
  if (!is_whole(value)) wrong_value(value, row, builder.type());
  const nb::object number = checked(PyNumber_Index(value.ptr()));
  if constexpr (std::is_same_v<T, uint64_t>) {
    const uint64_t whole = PyLong_AsUnsignedLongLong(number.ptr());
    if (whole == UINT64_MAX && PyErr_Occurred()) {
      PyErr_Clear();
      wrong_value(value, row, builder.type());
    }
    return builder.append(whole);
  } else {
    int overflow = 0;
    const int64_t whole = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
    if (overflow != 0 || !std::in_range<T>(whole)) wrong_value(value, row, builder.type());
    return builder.append(static_cast<T>(whole));
  }
}

template <class Convert>
Result<void> append_float(ArrayBuilder& builder, nb::handle value, size_t row, const Convert& convert) {
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    wrong_value(value, row, builder.type());
  }
  return builder.append(convert(number));
}

/// A number times ten to the scale, exactly.
Result<void> append_decimal(ArrayBuilder& builder, nb::handle value, size_t row) {
  const DataType& type = builder.type();
  if (!is_decimal(value) && !is_whole(value)) wrong_value(value, row, type);
  const nb::object scaled = class_of("decimal", "Context")(76).attr("scaleb")(class_of("decimal", "Decimal")(value), type.scale());
  if (!nb::cast<bool>(scaled.attr("is_finite")()) || !scaled.equal(scaled.attr("to_integral_value")())) wrong_value(value, row, type);
  const nb::object whole = nb::int_(scaled);
  if (nb::cast<int>(nb::int_(nb::len(nb::str(nb::handle(checked(PyNumber_Absolute(whole.ptr()))))))) > type.precision())
    wrong_value(value, row, type);
  // In halves, since there is no call for 128 bits.
  const nb::object low = checked(PyNumber_And(whole.ptr(), nb::int_(UINT64_MAX).ptr()));
  const nb::object high = checked(PyNumber_Rshift(whole.ptr(), nb::int_(64).ptr()));
  const auto words = static_cast<frame::Int128>(PyLong_AsUnsignedLongLong(low.ptr())) |
                     static_cast<frame::Int128>(PyLong_AsLongLong(high.ptr())) << 64;
  if (type.value_bytes() == 8) return builder.append(static_cast<int64_t>(words));
  return builder.append(words);
}

Result<void> append_bytes(ArrayBuilder& builder, nb::handle value, size_t row) {
  if (builder.type().id() != TypeId::Binary) {
    if (!PyUnicode_Check(value.ptr())) wrong_value(value, row, builder.type());
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
    if (text == nullptr) throw nb::python_error();  // lone surrogates
    return builder.append_bytes({text, static_cast<size_t>(size)});
  }
  if (PyByteArray_Check(value.ptr())) {
    return builder.append_bytes({PyByteArray_AS_STRING(value.ptr()), static_cast<size_t>(PyByteArray_GET_SIZE(value.ptr()))});
  }
  if (!PyBytes_Check(value.ptr())) wrong_value(value, row, builder.type());
  return builder.append_bytes({PyBytes_AS_STRING(value.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(value.ptr()))});
}

/// A timedelta in a unit.
int64_t in_unit(nb::handle delta, TimeUnit unit) {
  const int64_t seconds = int64_t{PyDateTime_DELTA_GET_DAYS(delta.ptr())} * kDaySeconds + PyDateTime_DELTA_GET_SECONDS(delta.ptr());
  const int64_t microseconds = seconds * 1'000'000 + PyDateTime_DELTA_GET_MICROSECONDS(delta.ptr());
  switch (unit) {
    case TimeUnit::Millisecond: return microseconds / 1000 - (microseconds % 1000 < 0);
    case TimeUnit::Microsecond: return microseconds;
    case TimeUnit::Nanosecond: return microseconds * 1000;
  }
  std::unreachable();
}

Result<void> append_temporal(ArrayBuilder& builder, nb::handle value, size_t row) {
  import_datetime();
  const DataType& type = builder.type();
  const bool is_moment = PyDateTime_Check(value.ptr()) != 0;
  if (type.id() == TypeId::Duration) {
    if (!PyDelta_Check(value.ptr())) wrong_value(value, row, type);
    return builder.append(in_unit(value, type.unit()));
  }
  if (type.id() == TypeId::Date) {
    if (!PyDate_Check(value.ptr()) || is_moment) wrong_value(value, row, type);
    return builder.append(static_cast<int32_t>(nb::cast<int64_t>(value.attr("toordinal")()) - 719'163));
  }
  if (!is_moment) wrong_value(value, row, type);
  const bool placed = !value.attr("tzinfo").is_none();
  if (placed != !type.zone().empty()) wrong_value(value, row, type);
  const nb::object utc = class_of("datetime", "timezone").attr("utc");
  const nb::object epoch = class_of("datetime", "datetime")(1970, 1, 1, 0, 0, 0, 0, placed ? utc : nb::none());
  return builder.append(in_unit(nb::object(value - epoch), type.unit()));
}

Result<void> append_value(ArrayBuilder& builder, nb::handle value, size_t row) {
  if (value.is_none()) return builder.append_null();
  switch (builder.type().id()) {
    case TypeId::Null: wrong_value(value, row, builder.type());
    case TypeId::Bool:
      if (!PyBool_Check(value.ptr())) wrong_value(value, row, builder.type());
      return builder.append_bool(value.is(nb::handle(Py_True)));
    case TypeId::Int8: return append_whole<int8_t>(builder, value, row);
    case TypeId::Int16: return append_whole<int16_t>(builder, value, row);
    case TypeId::Int32: return append_whole<int32_t>(builder, value, row);
    case TypeId::Int64: return append_whole<int64_t>(builder, value, row);
    case TypeId::UInt8: return append_whole<uint8_t>(builder, value, row);
    case TypeId::UInt16: return append_whole<uint16_t>(builder, value, row);
    case TypeId::UInt32: return append_whole<uint32_t>(builder, value, row);
    case TypeId::UInt64: return append_whole<uint64_t>(builder, value, row);
    case TypeId::Float16: return append_float(builder, value, row, &frame::to_half);
    case TypeId::Float32: return append_float(builder, value, row, [](double number) { return static_cast<float>(number); });
    case TypeId::Float64: return append_float(builder, value, row, [](double number) { return number; });
    case TypeId::Decimal: return append_decimal(builder, value, row);
    case TypeId::String:
    case TypeId::Binary:
    case TypeId::Categorical: return append_bytes(builder, value, row);
    case TypeId::Date:
    case TypeId::Datetime:
    case TypeId::Duration: return append_temporal(builder, value, row);
    case TypeId::List:
      for (const nb::handle item : items_of(value)) HR_CHECK(append_value(builder.items(), item, row));
      return builder.append_list();
  }
  std::unreachable();
}

}  // namespace

frame::Column column_from_sequence(nb::handle values, const std::optional<DataType>& type) {
  const nb::sequence items = items_of(values);
  ArrayBuilder builder(type ? *type : type_of_values(items));
  size_t row = 0;
  for (const nb::handle value : items) check_or_raise(append_value(builder, value, row++));
  return value_or_raise(builder.finish());
}

}  // namespace headrace::python
