#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "frame/column_function.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/series.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Array;
using frame::DataType;
using frame::Expression;

namespace {

/// A Python object that any thread may let go of: one of the pool does not wait for the GIL.
std::shared_ptr<PyObject> shared_object(nb::handle object) {
  object.inc_ref();
  return {object.ptr(), [](PyObject* held) {
            const auto release = [held] {
              const nb::gil_scoped_acquire acquired;
              Py_DECREF(held);
            };
            if (ThreadPool::is_worker()) {
              std::thread(release).detach();
            } else {
              release();
            }
          }};
}

/// A function from a Series to one of as many values, called with the GIL by a thread that is not of the pool.
class PythonFunction final : public frame::ColumnFunction {
 public:
  PythonFunction(nb::handle function, DataType type, bool is_elementwise)
      : function_(shared_object(function)), type_(std::move(type)), is_elementwise_(is_elementwise) {}

  std::string name() const override { return "map_batches"; }
  /// What it does is not known: it may look at the time, and count its calls.
  Traits traits() const override {
    return {.is_volatile = true,
            .preferred_rows = is_elementwise_ ? size_t{64} << 10 : SIZE_MAX,
            .is_async = true,
            .most_calls = 2};
  }
  Result<DataType> bind(std::span<const DataType>) const override { return type_; }

  Result<Array> call(std::span<const Array> inputs, size_t,
                     const std::shared_ptr<MemoryBudget>& budget) const override {
    const nb::gil_scoped_acquire acquired;
    try {
      const nb::object made = nb::handle(function_.get())(Series{"", frame::Column(inputs[0])});
      const std::optional<DataType> wanted = nb::isinstance<Series>(made) ? std::nullopt : std::optional(type_);
      const frame::Column column = column_of(made, wanted);
      if (column.type() != type_) {
        return fail(ErrorKind::InvalidData,
                    fmt::format("the function gave {} and not {}", to_string(column.type()), to_string(type_)));
      }
      return frame::one_array(column, budget);
    } catch (const std::exception& error) {
      return fail(ErrorKind::InvalidArgument, fmt::format("the function raised {}", error.what()));
    }
  }

  void start(std::vector<Array> inputs, size_t rows, std::shared_ptr<MemoryBudget> budget,
             std::shared_ptr<const std::atomic<bool>> cancelled, Answer answer) const override {
    // A copy: the query may be gone when the call has its turn.
    std::thread([self = *this, inputs = std::move(inputs), rows, budget = std::move(budget),
                 cancelled = std::move(cancelled), answer = std::move(answer)]() mutable {
      if (cancelled && *cancelled) return answer(fail(ErrorKind::Cancelled, "The query was cancelled."));
      answer(self.call(inputs, rows, budget));
    }).detach();
  }

 private:
  std::shared_ptr<PyObject> function_;
  DataType type_;
  bool is_elementwise_;
};

}  // namespace

void bind_column_functions(nb::module_& module) {
  nb::borrow<nb::class_<Expression>>(module.attr("Expr"))
      .def(
          "map_batches",
          [](const Expression& input, nb::handle function, const DataType& return_dtype, bool is_elementwise) {
            return Expression::call(std::make_shared<const PythonFunction>(function, return_dtype, is_elementwise),
                                    {input});
          },
          nb::arg("function"), nb::arg("return_dtype"), nb::kw_only(), nb::arg("is_elementwise") = false);
}

}  // namespace headrace::python
