#include "frame/tokenize.h"

#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;

void bind_tokenize(nb::module_& module) {
  // A copy: what is set or added later is not of this expression.
  nb::borrow<nb::class_<Expression>>(module.attr("Expr"))
      .def(
          "tokenize",
          [](const Expression& input, const text::Pipeline& tokenizer, bool add_special_tokens) {
            return Expression::call(
                frame::tokenizing(std::make_shared<const text::Pipeline>(tokenizer), add_special_tokens), {input});
          },
          nb::arg("tokenizer"), nb::kw_only(), nb::arg("add_special_tokens") = true);
}

}  // namespace headrace::python
