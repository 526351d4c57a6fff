#include "text/jinja/parameters.h"

#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/failure.h"

namespace headrace::text::jinja {

Parameters::Parameters(std::string_view function, const Arguments& arguments,
                       std::initializer_list<std::string_view> names, size_t required)
    : function_(function), values_(names.size()) {
  if (arguments.positional.size() > names.size())
    stop("{}() takes at most {} arguments, not {}", function, names.size(), arguments.positional.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) stop("{}() has no argument '{}'", function, name);
    const auto index = static_cast<size_t>(found - names.begin());
    if (values_[index]) stop("{}() is given '{}' twice", function, name);
    values_[index] = &value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!values_[i]) stop("{}() needs its argument '{}'", function, names.begin()[i]);
}

const Value* Parameters::unless_none(size_t index) const {
  return values_[index] && !values_[index]->is_none() ? values_[index] : nullptr;
}

bool Parameters::truth(size_t index, bool otherwise) const {
  return values_[index] ? is_true(*values_[index]) : otherwise;
}

int64_t Parameters::integer(size_t index, int64_t otherwise) const {
  if (!values_[index]) return otherwise;
  if (values_[index]->is_undefined()) stop_undefined(*values_[index]);
  if (!values_[index]->is_integral())
    stop("{}() needs an integer as argument {}, not {}", function_, index + 1, type_name(*values_[index]));
  return values_[index]->integer();
}

std::string_view Parameters::text(size_t index, std::string_view otherwise) const {
  if (!values_[index]) return otherwise;
  if (values_[index]->is_undefined()) stop_undefined(*values_[index]);
  if (!values_[index]->is_string())
    stop("{}() needs a string as argument {}, not {}", function_, index + 1, type_name(*values_[index]));
  return values_[index]->text();
}

}  // namespace headrace::text::jinja
