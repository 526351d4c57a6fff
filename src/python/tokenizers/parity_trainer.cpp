#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "python/errors.h"
#include "python/tokenizers/trainers.h"
#include "python/tokenizers/training.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using Trainer = text::ParityBpeTrainer;
using Variant = Trainer::Variant;
using Ratio = std::optional<std::vector<double>>;

const char* name_of(Variant variant) { return variant == Variant::Window ? "window" : "base"; }

Variant variant_of(const std::string& name) {
  if (name == "base") return Variant::Base;
  if (name == "window") return Variant::Window;
  throw nb::value_error(fmt::format("Unknown variant '{}'. Use 'base' or 'window'.", name).c_str());
}

std::string representation_of(const Trainer& self) {
  return fmt::format(
      "ParityBpeTrainer(num_merges={}, variant=\"{}\", min_frequency={}, global_merges={}, window_size={}, alpha={}, total_symbols={})",
      self.num_merges, name_of(self.variant), self.min_frequency, self.global_merges, self.window_size, self.alpha, self.total_symbols);
}

// ---- State: a dictionary, as in the reference ----

/// Tokens that are no more than their content are written so.
nb::list state_of(const std::vector<text::AddedToken>& tokens) {
  nb::list state;
  for (const text::AddedToken& token : tokens) {
    if (token.single_word || token.lstrip || token.rstrip || token.normalized) {
      state.append(added_token_of(token));
    } else {
      state.append(token.content);
    }
  }
  return state;
}

nb::dict state_of(const Trainer& self) {
  nb::dict state;
  state["num_merges"] = self.num_merges;
  state["variant"] = name_of(self.variant);
  state["min_frequency"] = self.min_frequency;
  state["global_merges"] = self.global_merges;
  state["window_size"] = self.window_size;
  state["alpha"] = self.alpha;
  state["total_symbols"] = self.total_symbols;
  state["show_progress"] = self.show_progress;
  state["ratio"] = self.ratio;
  state["special_tokens"] = state_of(self.special_tokens);
  state["limit_alphabet"] = self.limit_alphabet;
  state["initial_alphabet"] = letters_of(self.initial_alphabet);
  state["continuing_subword_prefix"] = self.continuing_subword_prefix;
  state["end_of_word_suffix"] = self.end_of_word_suffix;
  state["max_token_length"] = self.max_token_length;
  return state;
}

void set_state(Trainer& self, const nb::dict& state) {
  Trainer trainer;
  const auto read = [&state](const char* name, auto& value) { value = nb::cast<std::decay_t<decltype(value)>>(state[name]); };
  read("num_merges", trainer.num_merges);
  trainer.variant = variant_of(nb::cast<std::string>(state["variant"]));
  read("min_frequency", trainer.min_frequency);
  read("global_merges", trainer.global_merges);
  read("window_size", trainer.window_size);
  read("alpha", trainer.alpha);
  read("total_symbols", trainer.total_symbols);
  read("show_progress", trainer.show_progress);
  read("ratio", trainer.ratio);
  trainer.special_tokens = special_tokens_of(state["special_tokens"]);
  read("limit_alphabet", trainer.limit_alphabet);
  trainer.initial_alphabet = alphabet_of(nb::cast<std::vector<std::string>>(state["initial_alphabet"]));
  read("continuing_subword_prefix", trainer.continuing_subword_prefix);
  read("end_of_word_suffix", trainer.end_of_word_suffix);
  read("max_token_length", trainer.max_token_length);
  new (&self) Trainer(std::move(trainer));
}

void construct(Trainer& self, size_t num_merges, const std::string& variant, uint64_t min_frequency, Ratio ratio, size_t global_merges,
               size_t window_size, double alpha, bool total_symbols, const std::optional<nb::list>& special_tokens, bool show_progress,
               std::optional<size_t> limit_alphabet, const std::optional<std::vector<std::string>>& initial_alphabet,
               std::optional<std::string> continuing_subword_prefix, std::optional<std::string> end_of_word_suffix,
               std::optional<size_t> max_token_length) {
  std::vector<text::AddedToken> tokens;
  if (special_tokens) tokens = special_tokens_of(*special_tokens);
  std::vector<char32_t> alphabet;
  if (initial_alphabet) alphabet = alphabet_of(*initial_alphabet);
  new (&self) Trainer{num_merges, variant_of(variant), min_frequency, std::move(ratio), global_merges, window_size, alpha, total_symbols,
                      std::move(tokens), show_progress, limit_alphabet, std::move(alphabet), std::move(continuing_subword_prefix),
                      std::move(end_of_word_suffix), max_token_length};
}

// ---- Training ----

std::vector<text::WordCounts> words_of(const text::Pipeline& pipeline, const std::vector<nb::object>& languages,
                                       const text::TrainingOptions& options) {
  std::vector<text::WordCounts> words;
  for (const nb::object& texts : languages) {
    Counting counting(pipeline, options);
    counting.add_texts(texts);
    words.push_back(counting.take());
  }
  return words;
}

void train(const Trainer& self, text::Pipeline& tokenizer, const std::vector<nb::object>& train_iterators,
           const std::optional<std::vector<nb::object>>& dev_iterators, Ratio ratio) {
  if (train_iterators.empty()) throw nb::value_error("train_iterators must not be empty");
  if (dev_iterators && dev_iterators->size() != train_iterators.size()) {
    throw nb::value_error(fmt::format("dev_iterators length ({}) must match train_iterators length ({})", dev_iterators->size(),
                                      train_iterators.size()).c_str());
  }
  Trainer trainer = self;
  if (ratio) trainer.ratio = std::move(ratio);
  if (dev_iterators) trainer.ratio.reset();
  const auto options = training_options(self.show_progress ? text::ProgressFormat::Indicatif : text::ProgressFormat::Silent);
  text::LanguageWords words;
  words.training = words_of(tokenizer, train_iterators, options);
  if (dev_iterators) words.held_out = words_of(tokenizer, *dev_iterators, options);
  Result<void> done;
  {
    const nb::gil_scoped_release released;
    done = text::train(tokenizer, trainer, std::move(words), options);
  }
  if (!done && done.error().kind == ErrorKind::InvalidArgument) throw std::runtime_error("Training error: " + done.error().message);
  check_or_raise_signal(std::move(done));
}

}  // namespace

void bind_parity_trainer(nb::module_& module) {
  nb::class_<Trainer>(module, "ParityBpeTrainer",
                      "Learns the merges of a BPE for several languages, each merge for the one whose texts take the most tokens.")
      .def("__init__", &construct, "num_merges"_a = 32000, "variant"_a = "base", "min_frequency"_a = 0, "ratio"_a = nb::none(),
           "global_merges"_a = 0, "window_size"_a = 100, "alpha"_a = 2.0, "total_symbols"_a = false, "special_tokens"_a = nb::none(),
           "show_progress"_a = true, "limit_alphabet"_a = nb::none(), "initial_alphabet"_a = nb::none(),
           "continuing_subword_prefix"_a = nb::none(), "end_of_word_suffix"_a = nb::none(), "max_token_length"_a = nb::none())
      .def("train_from_iterator", &train, "tokenizer"_a, "train_iterators"_a, "dev_iterators"_a = nb::none(), "ratio"_a = nb::none(),
           "Trains the tokenizer's model anew on the texts of each language; of `dev_iterators`, if given, the lengths tell which "
           "language is worst off.")
      .def_rw("num_merges", &Trainer::num_merges)
      .def_prop_ro("variant", [](const Trainer& self) { return name_of(self.variant); })
      .def_rw("min_frequency", &Trainer::min_frequency)
      .def_rw("global_merges", &Trainer::global_merges)
      .def_rw("window_size", &Trainer::window_size)
      .def_rw("alpha", &Trainer::alpha)
      .def_rw("total_symbols", &Trainer::total_symbols)
      .def_prop_rw("special_tokens", [](const Trainer& self) { return shown(self.special_tokens); },
                   [](Trainer& self, const nb::list& tokens) { self.special_tokens = special_tokens_of(tokens); })
      .def_rw("show_progress", &Trainer::show_progress)
      .def_rw("limit_alphabet", &Trainer::limit_alphabet, nb::arg().none())
      .def_prop_rw("initial_alphabet", [](const Trainer& self) { return letters_of(self.initial_alphabet); },
                   [](Trainer& self, const std::vector<std::string>& letters) { self.initial_alphabet = alphabet_of(letters); })
      .def_prop_rw("continuing_subword_prefix", [](const Trainer& self) { return self.continuing_subword_prefix; },
                   [](Trainer& self, std::optional<std::string> prefix) { self.continuing_subword_prefix = std::move(prefix); },
                   nb::arg().none())
      .def_prop_rw("end_of_word_suffix", [](const Trainer& self) { return self.end_of_word_suffix; },
                   [](Trainer& self, std::optional<std::string> suffix) { self.end_of_word_suffix = std::move(suffix); },
                   nb::arg().none())
      .def_rw("max_token_length", &Trainer::max_token_length, nb::arg().none())
      .def("__repr__", &representation_of)
      .def("__str__", &representation_of)
      .def("__getstate__", [](const Trainer& self) { return state_of(self); })
      .def("__setstate__", &set_state);
}

}  // namespace headrace::python
