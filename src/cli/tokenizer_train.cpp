#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/progress.h"
#include "cli/tokenizer_commands.h"
#include "text/training.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Files are read line by line, a block at a time, and need not fit into memory. The parts around the model are
the usual ones of its kind (bpe: byte-level; wordpiece: BERT's; unigram: NFKC and ▁ for
spaces; wordlevel: words and punctuation), or those of the file that --like names.

Examples:
  headrace tokenizer train *.txt --output tokenizer.json
  headrace tokenizer train a.txt --model unigram --vocab-size 8000 --special "<pad>" -o u.json)";

struct TrainOptions : ModelOptions {
  std::vector<std::string> files;
  std::string kind = "bpe";
  std::string like;
  std::string output = "tokenizer.json";
  std::vector<std::string> special;
  size_t vocabulary_size = 30000;
  uint64_t min_frequency = 0;
  CLI::Option* kind_given = nullptr;
};

template <class Part, class Spec>
text::LivePart<Spec> live(Part part) {
  return std::make_shared<text::Live<Spec>>(Spec{std::move(part)});
}

text::Pipeline pipeline_of(text::ModelSpec model) { return text::Pipeline(std::make_shared<text::Live<text::ModelSpec>>(std::move(model))); }

/// An untrained tokenizer of a kind, with the parts that are usual around it.
text::Pipeline usual(const std::string& kind) {
  using text::DecoderSpec;
  using text::NormalizerSpec;
  using text::PreTokenizerSpec;
  if (kind == "wordpiece") {
    auto pipeline = pipeline_of({text::WordPieceModel{}});
    pipeline.set_normalizer(live<text::BertNormalizer, NormalizerSpec>({}));
    pipeline.set_pre_tokenizer(live<text::BertPreTokenizer, PreTokenizerSpec>({}));
    pipeline.set_decoder(live<text::WordPieceDecoder, DecoderSpec>({}));
    return pipeline;
  }
  if (kind == "unigram") {
    auto pipeline = pipeline_of({text::UnigramModel{}});
    pipeline.set_normalizer(live<text::Nfkc, NormalizerSpec>({}));
    pipeline.set_pre_tokenizer(live<text::MetaspacePreTokenizer, PreTokenizerSpec>({}));
    pipeline.set_decoder(live<text::MetaspaceDecoder, DecoderSpec>({}));
    return pipeline;
  }
  if (kind == "wordlevel") {
    auto pipeline = pipeline_of({text::WordLevelModel{}});
    pipeline.set_pre_tokenizer(live<text::Whitespace, PreTokenizerSpec>({}));
    return pipeline;
  }
  auto pipeline = pipeline_of({text::BpeModel{}});
  pipeline.set_pre_tokenizer(live<text::ByteLevelPreTokenizer, PreTokenizerSpec>({.add_prefix_space = false}));
  pipeline.set_decoder(live<text::ByteLevelDecoder, DecoderSpec>({}));
  return pipeline;
}

/// The letters that stand for the 256 bytes in byte-level vocabularies.
std::vector<char32_t> byte_letters() {
  std::vector<char32_t> letters;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    letters.push_back(itself ? byte : next++);
  }
  return letters;
}

bool is_byte_level(const text::Pipeline& pipeline) {
  const auto part = pipeline.pre_tokenizer();
  if (!part) return false;
  const auto json = text::write_component(part->get());
  return json && json->find("\"ByteLevel\"") != std::string::npos;
}

/// The trainer that fits the model of a tokenizer.
Result<text::TrainerParameters> trainer_of(const text::Pipeline& pipeline, const TrainOptions& options) {
  std::vector<text::AddedToken> special;
  const auto add_special = [&](const std::string& content) {
    for (const auto& token : special) {
      if (token.content == content) return;
    }
    text::AddedToken token{.content = content};
    token.normalized = false;
    token.special = true;
    special.push_back(std::move(token));
  };
  const text::ModelSpec model = pipeline.model()->get();
  if (const auto* m = std::get_if<text::WordPieceModel>(&model.value)) add_special(m->unk_token);
  if (const auto* m = std::get_if<text::WordLevelModel>(&model.value)) add_special(m->unk_token);
  if (std::holds_alternative<text::UnigramModel>(model.value)) add_special("<unk>");
  for (const auto& token : options.special) add_special(token);

  if (std::holds_alternative<text::UnigramModel>(model.value)) {
    text::UnigramTrainer trainer;
    trainer.vocab_size = options.vocabulary_size;
    trainer.special_tokens = special;
    trainer.unk_token = "<unk>";
    trainer.seeds_by_count = true;
    return trainer;
  }
  if (std::holds_alternative<text::WordLevelModel>(model.value)) {
    text::WordLevelTrainer trainer;
    trainer.vocab_size = options.vocabulary_size;
    trainer.min_frequency = options.min_frequency;
    trainer.special_tokens = special;
    return trainer;
  }
  const auto fill = [&](text::BpeTrainer& trainer) {
    trainer.vocab_size = options.vocabulary_size;
    trainer.min_frequency = options.min_frequency;
    trainer.special_tokens = special;
    if (is_byte_level(pipeline)) trainer.initial_alphabet = byte_letters();
  };
  if (std::holds_alternative<text::WordPieceModel>(model.value)) {
    text::WordPieceTrainer trainer;
    fill(trainer.bpe);
    return trainer;
  }
  if (const auto* m = std::get_if<text::BpeModel>(&model.value)) {
    text::BpeTrainer trainer;
    trainer.continuing_subword_prefix = m->continuing_subword_prefix;
    trainer.end_of_word_suffix = m->end_of_word_suffix;
    fill(trainer);
    return trainer;
  }
  return fail(ErrorKind::Unsupported, "the model of " + options.like + " cannot be trained");
}

/// Counts the words of the files, a block at a time.
Result<text::WordCounts> count_files(const text::Pipeline& pipeline, const TrainOptions& options, const text::TrainingOptions& training) {
  for (const auto& path : options.files) {
    if (!std::filesystem::exists(path)) return fail(ErrorKind::NotFound, fmt::format("{}: no such file", path), path);
  }
  HR_TRY(auto counter, text::WordCounter::make(pipeline, training));
  HR_CHECK(counter.add_files(std::vector<std::filesystem::path>(options.files.begin(), options.files.end())));
  return counter.take();
}

/// The steps of training as the bar shows them: bytes of files have a rate.
std::string_view label_of(std::string_view step) { return step == "Pre-processing files" ? "count words" : step; }

Result<int> run(TrainOptions& options) {
  if (!options.like.empty() && options.kind_given->count() != 0) {
    return fail(ErrorKind::InvalidArgument, "--like brings the kind of model with it; leave --model out");
  }
  auto pipeline = usual(options.kind);
  if (!options.like.empty()) {
    HR_TRY(pipeline, text::Pipeline::from_file(options.like));
  }
  HR_TRY(auto parameters, trainer_of(pipeline, options));
  Progress progress(options.json || options.quiet ? Progress::Show::Nothing : Progress::Show::IfUseful);
  progress.measure_rate();
  const InterruptGuard guard;
  text::TrainingOptions training;
  training.interrupted = [] { return InterruptGuard::interrupted(); };
  training.progress = [&](std::string_view step, size_t done, size_t total) {
    const bool bytes = label_of(step) != step;
    progress.update(label_of(step), bytes ? done : 0, bytes ? total : 0);
  };
  HR_TRY(auto counts, count_files(pipeline, options, training));
  const size_t words = counts.size();
  if (words == 0) return fail(ErrorKind::InvalidArgument, "the files have no words to train on");
  text::Trainer trainer(std::move(parameters));
  trainer.feed(std::move(counts));
  HR_CHECK(text::train(pipeline, trainer, training));
  HR_CHECK(pipeline.save(options.output, true));
  progress.finish();
  const size_t size = pipeline.vocabulary_size(true);
  if (options.json) {
    print_json({{"path", options.output}, {"vocabulary_size", size}, {"distinct_words", words}});
  } else {
    fmt::print("{}: {} tokens, from {} distinct words\n", options.output, size, words);
  }
  return 0;
}

}  // namespace

void add_tokenizer_train(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = add_command(app, chosen, "train", "make a tokenizer.json of text files", options, run);
  command->add_option("FILES", options->files, "text files, UTF-8")->option_text(" ")->required();
  options->kind_given = command->add_option("--model", options->kind, "bpe, wordpiece, unigram or wordlevel [bpe]")
                            ->option_text("KIND")->check(CLI::IsMember({"bpe", "wordpiece", "unigram", "wordlevel"}));
  command->add_option("--like", options->like, "train the tokenizer of this file anew")->option_text("PATH");
  command->add_option("--vocab-size", options->vocabulary_size, "tokens, special ones included [30000]")->option_text("N")->check(CLI::Range(1, 1 << 30));
  command->add_option("--min-frequency", options->min_frequency, "leave out what is rarer; not for unigram [0]")->option_text("N");
  command->add_option("--special", options->special, "a special token; may be repeated")->option_text("TOKEN")->allow_extra_args(false);
  command->add_option("-o,--output", options->output, "where to write it [tokenizer.json]")->option_text("PATH");
  command->add_flag("-q,--quiet", options->quiet, "no progress on standard error");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
