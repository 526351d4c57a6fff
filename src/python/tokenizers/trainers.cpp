#include "python/tokenizers/trainers.h"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "python/errors.h"
#include "python/tokenizers/added_token.h"
#include "python/tokenizers/arguments.h"
#include "python/tokenizers/components.h"
#include "python/tokenizers/handle.h"
#include "python/tokenizers/representation.h"
#include "python/tokenizers/texts.h"
#include "python/tokenizers/training.h"

namespace nb = nanobind;
using namespace nanobind::literals;

namespace headrace::python {
namespace {

using text::AddedToken;
using text::BpeTrainer;
using text::ProgressFormat;
using text::UnigramTrainer;
using text::WordLevelTrainer;
using text::WordPieceTrainer;
using Json = nlohmann::ordered_json;

// ---- Values ----

constexpr std::pair<ProgressFormat, const char*> kFormats[] = {
    {ProgressFormat::Indicatif, "indicatif"}, {ProgressFormat::JsonLines, "json"}, {ProgressFormat::Silent, "silent"}};

const char* name_of(ProgressFormat format) {
  for (const auto& [one, name] : kFormats) {
    if (one == format) return name;
  }
  return "";
}

ProgressFormat format_of(const std::string& word) {
  for (const auto& [format, name] : kFormats) {
    if (word == name) return format;
  }
  throw nb::value_error(fmt::format("Invalid progress_format: {}. Use 'indicatif', 'json', or 'silent'", word).c_str());
}

// ---- State, as JSON in the reference's form ----

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const std::vector<AddedToken>& tokens) {
  Json list = Json::array();
  for (const auto& token : tokens) {
    list.push_back({{"content", token.content},
                    {"single_word", token.single_word},
                    {"lstrip", token.lstrip},
                    {"rstrip", token.rstrip},
                    {"normalized", token.normalized},
                    {"special", token.special}});
  }
  return list;
}

std::vector<AddedToken> tokens_of(const Json& list) {
  std::vector<AddedToken> tokens;
  for (const auto& token : list) {
    tokens.push_back({token.at("content"), token.at("single_word"), token.at("lstrip"), token.at("rstrip"), token.at("normalized"), token.at("special")});
  }
  return tokens;
}

std::string title(ProgressFormat format) { return format == ProgressFormat::Indicatif ? "Indicatif" : format == ProgressFormat::JsonLines ? "JsonLines" : "Silent"; }

Json json_of(const BpeTrainer& trainer) {
  return {{"min_frequency", trainer.min_frequency},
          {"vocab_size", trainer.vocab_size},
          {"show_progress", trainer.show_progress},
          {"progress_format", title(trainer.progress_format)},
          {"special_tokens", json_of(trainer.special_tokens)},
          {"limit_alphabet", or_null(trainer.limit_alphabet)},
          {"initial_alphabet", letters_of(trainer.initial_alphabet)},
          {"continuing_subword_prefix", or_null(trainer.continuing_subword_prefix)},
          {"end_of_word_suffix", or_null(trainer.end_of_word_suffix)},
          {"max_token_length", or_null(trainer.max_token_length)},
          {"words", Json::object()}};
}
Json json_of(const WordPieceTrainer& trainer) { return {{"bpe_trainer", json_of(trainer.bpe)}}; }
Json json_of(const WordLevelTrainer& trainer) {
  return {{"min_frequency", trainer.min_frequency},
          {"vocab_size", trainer.vocab_size},
          {"show_progress", trainer.show_progress},
          {"special_tokens", json_of(trainer.special_tokens)},
          {"words", Json::object()}};
}
Json json_of(const UnigramTrainer& trainer) {
  Json json = {{"show_progress", trainer.show_progress},
          {"vocab_size", trainer.vocab_size},
          {"n_sub_iterations", trainer.n_sub_iterations},
          {"shrinking_factor", trainer.shrinking_factor},
          {"special_tokens", json_of(trainer.special_tokens)},
          {"initial_alphabet", letters_of(trainer.initial_alphabet)},
          {"unk_token", or_null(trainer.unk_token)},
          {"max_piece_length", trainer.max_piece_length},
          {"seed_size", trainer.seed_size},
          {"words", Json::object()}};
  if (trainer.seeds_by_count) json["seeds_by_count"] = true;  // the reference has no such thing
  return json;
}

template <class T>
void read(const Json& json, const char* key, T& target) {
  json.at(key).get_to(target);
}
template <class T>
void read(const Json& json, const char* key, std::optional<T>& target) {
  if (json.at(key).is_null()) {
    target.reset();
  } else {
    target = json.at(key).get<T>();
  }
}

void read_state(const Json& json, BpeTrainer& trainer) {
  read(json, "min_frequency", trainer.min_frequency);
  read(json, "vocab_size", trainer.vocab_size);
  read(json, "show_progress", trainer.show_progress);
  for (const auto& [format, name] : kFormats) {
    if (json.at("progress_format") == title(format)) trainer.progress_format = format;
  }
  trainer.special_tokens = tokens_of(json.at("special_tokens"));
  read(json, "limit_alphabet", trainer.limit_alphabet);
  trainer.initial_alphabet = alphabet_of(json.at("initial_alphabet"));
  read(json, "continuing_subword_prefix", trainer.continuing_subword_prefix);
  read(json, "end_of_word_suffix", trainer.end_of_word_suffix);
  read(json, "max_token_length", trainer.max_token_length);
}
void read_state(const Json& json, WordPieceTrainer& trainer) { read_state(json.at("bpe_trainer"), trainer.bpe); }
void read_state(const Json& json, WordLevelTrainer& trainer) {
  read(json, "min_frequency", trainer.min_frequency);
  read(json, "vocab_size", trainer.vocab_size);
  read(json, "show_progress", trainer.show_progress);
  trainer.special_tokens = tokens_of(json.at("special_tokens"));
}
void read_state(const Json& json, UnigramTrainer& trainer) {
  read(json, "show_progress", trainer.show_progress);
  read(json, "vocab_size", trainer.vocab_size);
  read(json, "n_sub_iterations", trainer.n_sub_iterations);
  read(json, "shrinking_factor", trainer.shrinking_factor);
  trainer.special_tokens = tokens_of(json.at("special_tokens"));
  trainer.initial_alphabet = alphabet_of(json.at("initial_alphabet"));
  read(json, "unk_token", trainer.unk_token);
  read(json, "max_piece_length", trainer.max_piece_length);
  read(json, "seed_size", trainer.seed_size);
  trainer.seeds_by_count = json.value("seeds_by_count", false);
}

const char* class_name(const BpeTrainer&) { return "BpeTrainer"; }
const char* class_name(const WordPieceTrainer&) { return "WordPieceTrainer"; }
const char* class_name(const WordLevelTrainer&) { return "WordLevelTrainer"; }
const char* class_name(const UnigramTrainer&) { return "UnigramTrainer"; }

std::string state_of(const PyTrainer& self) {
  return std::visit([](const auto& parameters) { return Json{{class_name(parameters), json_of(parameters)}}.dump(); }, self.trainer->parameters);
}

// ---- Classes ----

template <class Parameters>
void place(PyTrainerOf<Parameters>& self, Parameters parameters) {
  new (&self) PyTrainerOf<Parameters>();
  self.trainer = std::make_shared<text::Trainer>(std::move(parameters));
}

template <class Parameters>
class TrainerClass {
 public:
  using Bound = PyTrainerOf<Parameters>;
  TrainerClass(nb::module_& module, const char* name, const char* doc) : bound_(module, name, doc) {
    bound_.def("__setstate__", [](Bound& self, const nb::bytes& state) {
      Parameters parameters;
      try {
        const Json json = Json::parse(std::string_view(state.c_str(), state.size()));
        read_state(json.at(class_name(parameters)), parameters);
      } catch (const Json::exception& error) {
        throw Failure({ErrorKind::InvalidData, fmt::format("Error while attempting to unpickle {}: {}", class_name(parameters), error.what())});
      }
      place(self, std::move(parameters));
    });
  }
  template <class Owner, class T>
  TrainerClass& field(const char* name, Owner& (*owner)(Parameters&), T Owner::*member) {
    bound_.def_prop_rw(name, [=](const Bound& self) { return owner(self.get()).*member; },
                       [=](Bound& self, T value) { owner(self.get()).*member = std::move(value); });
    return *this;
  }
  template <class Owner>
  TrainerClass& tokens(Owner& (*owner)(Parameters&)) {
    bound_.def_prop_rw("special_tokens", [=](const Bound& self) { return shown(owner(self.get()).special_tokens); },
                       [=](Bound& self, const nb::list& list) { owner(self.get()).special_tokens = special_tokens_of(list); });
    return *this;
  }
  template <class Owner>
  TrainerClass& alphabet(Owner& (*owner)(Parameters&)) {
    bound_.def_prop_rw("initial_alphabet", [=](const Bound& self) { return letters_of(owner(self.get()).initial_alphabet); },
                       [=](Bound& self, const std::vector<std::string>& letters) { owner(self.get()).initial_alphabet = alphabet_of(letters); });
    return *this;
  }
  nb::class_<Bound, PyTrainer>* operator->() { return &bound_; }

 private:
  nb::class_<Bound, PyTrainer> bound_;
};

BpeTrainer& bpe_of(BpeTrainer& trainer) { return trainer; }
BpeTrainer& bpe_of(WordPieceTrainer& trainer) { return trainer.bpe; }
template <class T>
T& itself(T& trainer) {
  return trainer;
}

template <class Parameters>
void bind_pair_fields(TrainerClass<Parameters>& trainer) {
  BpeTrainer& (*owner)(Parameters&) = &bpe_of;
  trainer.field("vocab_size", owner, &BpeTrainer::vocab_size)
      .field("min_frequency", owner, &BpeTrainer::min_frequency)
      .field("show_progress", owner, &BpeTrainer::show_progress)
      .field("limit_alphabet", owner, &BpeTrainer::limit_alphabet)
      .field("continuing_subword_prefix", owner, &BpeTrainer::continuing_subword_prefix)
      .field("end_of_word_suffix", owner, &BpeTrainer::end_of_word_suffix)
      .tokens(owner)
      .alphabet(owner);
}

void bind_bpe_trainer(nb::module_& module) {
  TrainerClass<BpeTrainer> trainer(module, "BpeTrainer", "Learns the merges of a BPE.");
  trainer->def("__init__", [](PyTrainerOf<BpeTrainer>& self, size_t vocab_size, uint64_t min_frequency, bool show_progress, const std::string& progress_format,
                              const nb::list& special_tokens, std::optional<size_t> limit_alphabet, const std::vector<std::string>& initial_alphabet,
                              std::optional<std::string> continuing_subword_prefix, std::optional<std::string> end_of_word_suffix,
                              std::optional<size_t> max_token_length, const nb::kwargs& others) {
    for (const auto [name, value] : others) warn_unknown_option(name);
    place(self, BpeTrainer{vocab_size, min_frequency, show_progress, format_of(progress_format), special_tokens_of(special_tokens), limit_alphabet,
                           alphabet_of(initial_alphabet), std::move(continuing_subword_prefix), std::move(end_of_word_suffix), max_token_length});
  }, nb::kw_only(), "vocab_size"_a = 30000, "min_frequency"_a = 0, "show_progress"_a = true, "progress_format"_a = "indicatif",
      "special_tokens"_a = nb::list(), "limit_alphabet"_a = nb::none(), "initial_alphabet"_a = nb::list(), "continuing_subword_prefix"_a = nb::none(),
      "end_of_word_suffix"_a = nb::none(), "max_token_length"_a = nb::none(), "kwargs"_a);
  bind_pair_fields(trainer);
  trainer.field("max_token_length", &itself<BpeTrainer>, &BpeTrainer::max_token_length);
  trainer->def_prop_rw("progress_format", [](const PyTrainerOf<BpeTrainer>& self) { return name_of(self.get().progress_format); },
                       [](PyTrainerOf<BpeTrainer>& self, const std::string& word) { self.get().progress_format = format_of(word); });
  trainer->def("get_word_count", [](const PyTrainerOf<BpeTrainer>& self) { return self.trainer->words().size(); });
}

void bind_word_piece_trainer(nb::module_& module) {
  TrainerClass<WordPieceTrainer> trainer(module, "WordPieceTrainer", "Learns the vocabulary of a WordPiece, by pairs as BPE does.");
  trainer->def("__init__", [](PyTrainerOf<WordPieceTrainer>& self, size_t vocab_size, uint64_t min_frequency, bool show_progress, const nb::list& special_tokens,
                              std::optional<size_t> limit_alphabet, const std::vector<std::string>& initial_alphabet,
                              std::optional<std::string> continuing_subword_prefix, std::optional<std::string> end_of_word_suffix, const nb::kwargs& others) {
    for (const auto [name, value] : others) warn_unknown_option(name);
    WordPieceTrainer parameters;
    parameters.bpe = BpeTrainer{vocab_size, min_frequency, show_progress, ProgressFormat::Indicatif, special_tokens_of(special_tokens), limit_alphabet,
                                alphabet_of(initial_alphabet), std::move(continuing_subword_prefix), std::move(end_of_word_suffix), std::nullopt};
    place(self, std::move(parameters));
  }, nb::kw_only(), "vocab_size"_a = 30000, "min_frequency"_a = 0, "show_progress"_a = true, "special_tokens"_a = nb::list(),
      "limit_alphabet"_a = nb::none(), "initial_alphabet"_a = nb::list(), "continuing_subword_prefix"_a = "##", "end_of_word_suffix"_a = nb::none(), "kwargs"_a);
  bind_pair_fields(trainer);
}

void bind_word_level_trainer(nb::module_& module) {
  using Bound = PyTrainerOf<WordLevelTrainer>;
  TrainerClass<WordLevelTrainer> trainer(module, "WordLevelTrainer", "Takes the most frequent words.");
  trainer->def("__init__", [](Bound& self, size_t vocab_size, uint64_t min_frequency, bool show_progress, const nb::list& special_tokens, const nb::kwargs& others) {
    for (const auto [name, value] : others) warn_unknown_option(name);
    place(self, WordLevelTrainer{vocab_size, min_frequency, show_progress, special_tokens_of(special_tokens)});
  }, nb::kw_only(), "vocab_size"_a = 30000, "min_frequency"_a = 0, "show_progress"_a = true, "special_tokens"_a = nb::list(), "kwargs"_a);
  WordLevelTrainer& (*owner)(WordLevelTrainer&) = &itself<WordLevelTrainer>;
  trainer.field("vocab_size", owner, &WordLevelTrainer::vocab_size)
      .field("min_frequency", owner, &WordLevelTrainer::min_frequency)
      .field("show_progress", owner, &WordLevelTrainer::show_progress)
      .tokens(owner);
}

void bind_unigram_trainer(nb::module_& module) {
  using Bound = PyTrainerOf<UnigramTrainer>;
  TrainerClass<UnigramTrainer> trainer(module, "UnigramTrainer", "Learns the pieces of a Unigram and their scores.");
  trainer->def("__init__", [](Bound& self, size_t vocab_size, bool show_progress, const nb::list& special_tokens, const std::vector<std::string>& initial_alphabet,
                              double shrinking_factor, std::optional<std::string> unk_token, size_t max_piece_length, uint32_t n_sub_iterations,
                              size_t seed_size, bool seeds_by_count, const nb::kwargs& others) {
    for (const auto [name, value] : others) warn_unknown_option(name);
    place(self, UnigramTrainer{vocab_size, show_progress, n_sub_iterations, shrinking_factor, special_tokens_of(special_tokens), alphabet_of(initial_alphabet),
                               std::move(unk_token), max_piece_length, seed_size, seeds_by_count});
  }, nb::kw_only(), "vocab_size"_a = 8000, "show_progress"_a = true, "special_tokens"_a = nb::list(), "initial_alphabet"_a = nb::list(),
      "shrinking_factor"_a = 0.75, "unk_token"_a = nb::none(), "max_piece_length"_a = 16, "n_sub_iterations"_a = 2, "seed_size"_a = 1'000'000,
      "seeds_by_count"_a = false, "kwargs"_a);
  UnigramTrainer& (*owner)(UnigramTrainer&) = &itself<UnigramTrainer>;
  trainer.field("vocab_size", owner, &UnigramTrainer::vocab_size)
      .field("show_progress", owner, &UnigramTrainer::show_progress)
      .tokens(owner)
      .alphabet(owner);
}

// ---- Training a tokenizer ----

ProgressFormat format_of(const text::TrainerParameters& parameters) {
  const auto of = [](const auto& trainer) {
    if constexpr (requires { trainer.progress_format; }) {
      if (trainer.progress_format != ProgressFormat::Indicatif) return trainer.progress_format;
    }
    return trainer.show_progress ? ProgressFormat::Indicatif : ProgressFormat::Silent;
  };
  return std::visit([&](const auto& trainer) {
    if constexpr (requires { trainer.bpe; }) {
      return of(trainer.bpe);
    } else {
      return of(trainer);
    }
  }, parameters);
}

text::Trainer& trainer_of(const text::Pipeline& pipeline, nb::object& trainer) {
  if (trainer.is_none()) trainer = trainer_for(pipeline.model()->get());
  PyTrainer* object = nullptr;
  if (!nb::try_cast(trainer, object, false) || !object) throw nb::type_error("argument 'trainer': expected a Trainer");
  return *object->trainer;
}

void train(text::Pipeline& pipeline, text::Trainer& trainer, text::WordCounts words, const text::TrainingOptions& options) {
  Result<void> done;
  {
    const nb::gil_scoped_release released;
    trainer.feed(std::move(words));
    done = text::train(pipeline, trainer, options);
  }
  check_or_raise_signal(std::move(done));
}

void train_texts(text::Pipeline& self, nb::handle iterator, nb::object trainer) {
  text::Trainer& used = trainer_of(self, trainer);
  const text::TrainingOptions options = training_options(format_of(used.parameters));
  Counting counting(self, options);
  counting.add_texts(iterator);
  train(self, used, counting.take(), options);
}

/// Lines keep their ends, as in the reference.
void train_files(text::Pipeline& self, const std::vector<std::string>& paths, nb::object trainer) {
  text::Trainer& used = trainer_of(self, trainer);
  const text::TrainingOptions options = training_options(format_of(used.parameters));
  Counting counting(self, options);
  counting.add_files(std::vector<std::filesystem::path>(paths.begin(), paths.end()));
  train(self, used, counting.take(), options);
}

}  // namespace

nb::object trainer_for(const text::ModelSpec& model) {
  const auto made = [](auto parameters) {
    PyTrainerOf<decltype(parameters)> trainer;
    trainer.trainer = std::make_shared<text::Trainer>(std::move(parameters));
    return nb::cast(std::move(trainer));
  };
  if (std::holds_alternative<text::WordPieceModel>(model.value)) return made(WordPieceTrainer{});
  if (std::holds_alternative<text::WordLevelModel>(model.value)) return made(WordLevelTrainer{});
  if (std::holds_alternative<text::UnigramModel>(model.value)) return made(UnigramTrainer{});
  return made(BpeTrainer{});
}

void bind_trainers(nb::module_& parent) {
  auto module = parent.def_submodule("trainers", "What makes a model of texts.");
  nb::class_<PyTrainer>(module, "Trainer", "The base of all trainers.")
      .def("__getstate__", [](const PyTrainer& self) {
        const std::string json = state_of(self);
        return nb::bytes(json.data(), json.size());
      })
      .def("__repr__", [](const PyTrainer& self) { return representation(state_of(self)); })
      .def("__str__", [](const PyTrainer& self) { return short_representation(state_of(self)); });
  bind_bpe_trainer(module);
  bind_word_piece_trainer(module);
  bind_word_level_trainer(module);
  bind_unigram_trainer(module);
  bind_parity_trainer(module);
  const nb::object tokenizer = parent.attr("Tokenizer");
  tokenizer.attr("_train_texts") = nb::cpp_function(&train_texts, nb::is_method(), nb::scope(tokenizer), nb::name("_train_texts"), "iterator"_a, "trainer"_a.none() = nb::none());
  tokenizer.attr("_train_files") = nb::cpp_function(&train_files, nb::is_method(), nb::scope(tokenizer), nb::name("_train_files"), "files"_a, "trainer"_a.none() = nb::none());
  const nb::object model = nb::object(parent.attr("models")).attr("Model");
  model.attr("get_trainer") = nb::cpp_function([](const Handle<text::ModelSpec>& self) { return trainer_for(self.live->get()); }, nb::is_method(), nb::scope(model), nb::name("get_trainer"));
}

}  // namespace headrace::python
