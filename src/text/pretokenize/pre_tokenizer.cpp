#include "text/pretokenize/pre_tokenizer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>

#include "text/pretokenize/digit_splitters.h"
#include "text/pretokenize/pattern_pre_tokenizer.h"
#include "text/pretokenize/piece_scanner.h"
#include "text/pretokenize/published_families.h"
#include "text/pretokenize/published_patterns.h"
#include "text/pretokenize/sequence_pre_tokenizer.h"

namespace headrace::text {
namespace {

using Made = Result<std::unique_ptr<const PreTokenizer>>;
/// One step of a family: how it is made, the patterns that it stands for (none if it works on byte
/// letters), and its rules if it has a scanner by hand.
struct Stage {
  std::function<Made()> make;
  std::vector<std::string> patterns;
  std::optional<SplitRules> rules;
};

Stage pattern(const char* text) {
  return {[text] { return make_pattern_pre_tokenizer(text); }, {text}, {}};
}
Stage scanner(const SplitRules& rules) {
  return {[rules]() -> Made { return make_scanner(rules); }, patterns_of(rules), rules};
}
Stage gpt2(NumberCut numbers = NumberCut::Together) { return scanner(Gpt2Rules{numbers}); }
Stage cl100k(const Cl100kRules& rules) { return scanner(rules); }
Stage o200k(const O200kRules& rules) { return scanner(rules); }
Stage deep_seek() { return scanner(DeepSeekRules{}); }
Stage triples_from_right() { return {make_triples_from_right, {R"((?=(\d{3})+(?!\d)))"}, {}}; }
Stage bounded_triples_from_right() { return {make_bounded_triples_from_right, {R"(\d{1,3}(?=(?:\d{3})*\b))"}, {}}; }
Stage falcon_digits() { return {make_falcon_digits, {}, {}}; }

/// Models that cut texts alike: the stages, then the names.
struct Family {
  std::vector<Stage> stages;
  std::vector<const char*> names;
  std::vector<const char*> names_ignoring_merges = {};
};

std::vector<Family> make_families() {
  return {
      {{gpt2()},
       {"default", "gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4",
        "gigachat", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "roberta-bpe",
        "a.x-4.0", "mellum", "modern-bert"}},
      {{gpt2(NumberCut::OneByOne)},
       {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"}},
      {{cl100k({})},
       {"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"},
       {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"}},
      {{cl100k({.most_digits = 1})},
       {"qwen2", "qwen2.5", "stablelm2", "hunyuan", "solar-open", "megrez", "deepseek-r1-qwen", "kormo", "f2llmv2",
        "grok-2", "bailingmoe", "bailingmoe2", "llada-moe"}},
      {{cl100k({.most_digits = 1, .marks_in_words = true})}, {"qwen35"}},
      {{cl100k({.most_digits = 1, .contractions = false})}, {"ufakzeka"}},
      {{cl100k({.most_digits = 1, .newlines_after_symbols = false})}, {"seed-coder"}},
      {{pattern(kUpToThreeNumbers), cl100k({.most_digits = 0})}, {}, {"minicpm5"}},
      {{pattern(kLines), cl100k({.most_digits = 1})}, {"laguna"}},
      {{o200k({})}, {"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, {"granite-embed-multi-97m"}},
      {{o200k({.most_digits = 1, .contractions = false})}, {}, {"tekken"}},
      {{pattern(kYoutuScripts), o200k({.most_digits = 1})}, {}, {"youtu"}},
      {{bounded_triples_from_right(), o200k({})}, {"tiny_aya", "cohere2moe"}},
      {{deep_seek()},
       {"deepseek-v3", "deepseek-r1", "hunyuan-dense", "joyai-llm", "hy_v4"}},
      {{pattern(kUpToThreeNumbers), pattern(kHanAndKana), pattern(kSpark), pattern(kOneNumber)}, {"spark2_5"}},
      {{pattern(kOneNewline), pattern(kDeepSeekWords), pattern(kDeepSeekPunctuation), pattern(kSpaceAtEnd),
        pattern(kHanAndHangul), pattern(kOneNumber)},
       {"deepseek-llm"}},
      {{pattern(kOneNewline), pattern(kSpacedLetters), pattern(kSpacedPunctuation), pattern(kHanAndHangul),
        pattern(kOneNumber)},
       {"deepseek-coder"}},
      {{pattern(kFalconPunctuation), gpt2(), falcon_digits()}, {"falcon"}},
      {{pattern(kBloom)}, {"bloom", "poro-chat", "gpt3-finnish"}},
      {{pattern(kBloom), pattern(kOneNumber)}, {"viking"}},
      {{pattern(kNumbers), triples_from_right()}, {"superbpe"}},
      {{pattern(kJais2)}, {"jais-2"}},
      {{pattern(kExaoneMoe)}, {"exaone-moe"}},
      {{pattern(kKimiK2)}, {"kimi-k2"}},
      {{pattern(kChameleonSentinel), pattern(kChameleonImage), pattern(kChameleonSpaces), pattern(kOneNumber),
        pattern(kOnePunctuation), gpt2()},
       {"chameleon"}},
  };
}

struct Entry {
  const Family* family;
  bool ignore_merges;
};

const std::map<std::string_view, Entry>& by_name() {
  static const std::vector<Family> families = make_families();
  static const std::map<std::string_view, Entry> names = [] {
    std::map<std::string_view, Entry> map;
    for (const Family& family : families) {
      for (const char* name : family.names) map[name] = {&family, false};
      for (const char* name : family.names_ignoring_merges) map[name] = {&family, true};
    }
    return map;
  }();
  return names;
}

}  // namespace

std::vector<std::string> pre_tokenizer_names() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : by_name()) names.emplace_back(name);
  return names;
}

Result<PreTokenizerPatterns> pre_tokenizer_patterns(std::string_view name) {
  const auto found = by_name().find(name);
  if (found == by_name().end()) {
    return fail(ErrorKind::Unsupported, fmt::format("The pre-tokenizer \"{}\" is not known; known are {}.", name,
                                                    fmt::join(pre_tokenizer_names(), ", ")));
  }
  PreTokenizerPatterns patterns;
  patterns.ignore_merges = found->second.ignore_merges;
  for (const Stage& stage : found->second.family->stages) {
    if (stage.patterns.empty()) {
      return fail(ErrorKind::Unsupported, fmt::format("The pre-tokenizer \"{}\" works on byte letters, which no pattern of a text does.", name));
    }
    patterns.patterns.insert(patterns.patterns.end(), stage.patterns.begin(), stage.patterns.end());
  }
  return patterns;
}

Result<PreTokenizerChoice> choose_pre_tokenizer(std::string_view name) {
  const auto found = by_name().find(name);
  if (found == by_name().end()) {
    return fail(ErrorKind::Unsupported, fmt::format("The pre-tokenizer \"{}\" is not known; known are {}.", name,
                                                    fmt::join(pre_tokenizer_names(), ", ")));
  }
  std::vector<std::unique_ptr<const PreTokenizer>> stages;
  for (const Stage& stage : found->second.family->stages) {
    HR_TRY(auto made, stage.make());
    stages.push_back(std::move(made));
  }
  PreTokenizerChoice choice;
  choice.ignore_merges = found->second.ignore_merges;
  if (stages.size() == 1) choice.rules = found->second.family->stages[0].rules;
  choice.pre_tokenizer = stages.size() == 1 ? std::move(stages[0]) : make_sequence_pre_tokenizer(std::move(stages));
  return choice;
}

}  // namespace headrace::text
