#pragma once

#include <nanobind/nanobind.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "python/tokenizers/added_token.h"
#include "text/training.h"

namespace headrace::python {

// ---- Values that trainers have ----

std::vector<text::AddedToken> special_tokens_of(nanobind::handle list);
std::vector<PyAddedToken> shown(const std::vector<text::AddedToken>& tokens);
/// The first character of each string; empty ones are left out.
std::vector<char32_t> alphabet_of(const std::vector<std::string>& letters);
std::vector<std::string> letters_of(const std::vector<char32_t>& alphabet);

// ---- Training from Python ----

/// Progress in this form, and Ctrl-C heeded.
text::TrainingOptions training_options(text::ProgressFormat format);
/// What a signal's handler raised, or the error.
void check_or_raise_signal(Result<void> done);

/// Counts the words of texts as they come, some megabytes at a time, with the interpreter
/// free meanwhile.
class Counting {
 public:
  Counting(const text::Pipeline& pipeline, const text::TrainingOptions& options);

  /// Each item a text, or texts.
  void add_texts(nanobind::handle iterable);
  void add_files(std::span<const std::filesystem::path> paths);
  text::WordCounts take();

 private:
  static constexpr size_t kBytes = size_t{8} << 20;

  void add(nanobind::handle text);
  void flush();

  text::WordCounter counter_;
  std::string bytes_;         // texts end to end
  std::vector<size_t> ends_;
};

}  // namespace headrace::python
