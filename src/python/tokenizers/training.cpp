#include "python/tokenizers/training.h"

#include <memory>
#include <string_view>

#include "python/errors.h"
#include "python/tokenizers/arguments.h"
#include "python/tokenizers/progress_printer.h"
#include "python/tokenizers/texts.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

using text::AddedToken;
using text::ProgressFormat;

/// Whether a signal's handler (Ctrl-C's) has raised.
bool handler_raised() {
  const nb::gil_scoped_acquire attached;
  return PyErr_Occurred() || PyErr_CheckSignals() != 0;
}

template <class Work>
Result<void> free_of_interpreter(const Work& work) {
  const nb::gil_scoped_release released;
  return work();
}

}  // namespace

std::vector<AddedToken> special_tokens_of(nb::handle list) { return added_tokens_of(list, true); }

std::vector<PyAddedToken> shown(const std::vector<AddedToken>& tokens) {
  std::vector<PyAddedToken> result;
  for (const auto& token : tokens) result.push_back(added_token_of(token));
  return result;
}

std::vector<char32_t> alphabet_of(const std::vector<std::string>& letters) {
  std::vector<char32_t> alphabet;
  for (const auto& letter : letters) {
    if (letter.empty()) continue;
    size_t end = 1;
    while (end < letter.size() && (static_cast<unsigned char>(letter[end]) & 0xc0) == 0x80) ++end;
    alphabet.push_back(character_of(std::string_view(letter).substr(0, end)));
  }
  return alphabet;
}

std::vector<std::string> letters_of(const std::vector<char32_t>& alphabet) {
  std::vector<std::string> letters;
  for (const char32_t c : alphabet) letters.push_back(text_of(c));
  return letters;
}

void check_or_raise_signal(Result<void> done) {
  if (PyErr_Occurred()) throw nb::python_error();
  check_or_raise(std::move(done));
}

text::TrainingOptions training_options(ProgressFormat format) {
  text::TrainingOptions options;
  options.interrupted = handler_raised;
  if (format == ProgressFormat::Silent) return options;
  auto printer = std::make_shared<ProgressPrinter>(format == ProgressFormat::JsonLines);
  options.progress = [printer](std::string_view step, size_t done, size_t total) { printer->show(step, done, total); };
  return options;
}

Counting::Counting(const text::Pipeline& pipeline, const text::TrainingOptions& options)
    : counter_(value_or_raise(text::WordCounter::make(pipeline, options))) {}

void Counting::add_texts(nb::handle iterable) {
  for (const nb::handle item : nb::iter(iterable)) {
    if (PyUnicode_Check(item.ptr())) {
      add(item);
      continue;
    }
    for (const nb::handle text : nb::iter(item)) add(text);
  }
}

void Counting::add(nb::handle text) {
  if (!PyUnicode_Check(text.ptr())) throw nb::type_error("training wants texts of type str");
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (!bytes) throw nb::python_error();
  bytes_.append(bytes, static_cast<size_t>(size));
  ends_.push_back(bytes_.size());
  if (bytes_.size() >= kBytes) flush();
}

text::WordCounts Counting::take() {
  flush();
  text::WordCounts counts;
  check_or_raise_signal(free_of_interpreter([&]() -> Result<void> {
    HR_TRY(counts, counter_.take());
    return {};
  }));
  return counts;
}

void Counting::add_files(std::span<const std::filesystem::path> paths) {
  check_or_raise_signal(free_of_interpreter([&] { return counter_.add_files(paths); }));
}

void Counting::flush() {
  check_or_raise_signal(free_of_interpreter([this] {
    std::vector<std::string_view> texts;
    texts.reserve(ends_.size());
    size_t begin = 0;
    for (const size_t end : ends_) {
      texts.push_back(std::string_view(bytes_).substr(begin, end - begin));
      begin = end;
    }
    return counter_.add(texts);
  }));
  bytes_.clear();
  ends_.clear();
}

}  // namespace headrace::python
