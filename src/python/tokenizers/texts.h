#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "python/errors.h"
#include "text/components.h"
#include "text/normalized_string.h"
#include "text/regex.h"

namespace headrace::python {

/// A text that Python edits. One that a component lends to a program's own code is taken
/// back when that code returns; using it afterwards is an error.
template <class Text>
class Lent {
 public:
  explicit Lent(Text text) : text_(std::move(text)) {}
  Text& get() {
    if (!text_) throw Failure({ErrorKind::InvalidArgument, message()});
    return *text_;
  }
  const Text& get() const { return const_cast<Lent*>(this)->get(); }
  Text take_back() {
    Text text = std::move(get());
    text_.reset();
    return text;
  }

 private:
  static const char* message();
  std::optional<Text> text_;
};

template <>
inline const char* Lent<text::NormalizedString>::message() {
  return "Cannot use a NormalizedStringRefMut outside `normalize`";
}
template <>
inline const char* Lent<text::PreTokenizedString>::message() {
  return "Cannot use a PreTokenizedStringRefMut outside `pre_tokenize`";
}

using PyNormalizedString = Lent<text::NormalizedString>;
using PyPreTokenizedString = Lent<text::PreTokenizedString>;

/// Lends `text` to a call of Python code and takes it back, also when the code raises.
template <class Text, class Call>
Result<void> lend(Text& text, Call&& call) {
  nanobind::object object = nanobind::cast(Lent<Text>(std::move(text)));
  Result<void> result = call(object);
  text = nanobind::cast<Lent<Text>&>(object).take_back();
  return result;
}

/// Runs Python code from inside a component: attaches to the interpreter, and turns what
/// it raises into an Error ("TypeError: …").
template <class Call>
auto in_python(Call&& call) -> decltype(call()) {
  const nanobind::gil_scoped_acquire attached;
  try {
    return call();
  } catch (nanobind::python_error& error) {
    const std::string type = nanobind::cast<std::string>(error.type().attr("__name__"));
    return fail(ErrorKind::InvalidArgument, type + ": " + nanobind::str(error.value()).c_str());
  } catch (const Failure& failure) {
    return fail(failure.kind(), failure.what());
  } catch (const std::exception& error) {
    return fail(ErrorKind::InvalidArgument, error.what());
  }
}

/// A pattern given as `str` or Regex.
text::PatternSpec pattern_of(nanobind::handle pattern);
text::Finder finder_of(nanobind::handle pattern);
text::SplitBehavior behavior_of(nanobind::handle behavior);
const char* name_of(text::SplitBehavior behavior);
/// A `str` of exactly one character.
char32_t character_of(std::string_view text, const char* message = "expected a string of length 1");
std::string text_of(char32_t character);

void bind_texts(nanobind::module_& module);

}  // namespace headrace::python
