#include "text/pretokenize/pre_tokenizer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>

#include "text/pretokenize/cl100k_scanner.h"
#include "text/pretokenize/gpt2_scanner.h"

namespace headrace::text {
namespace {

using Made = Result<std::unique_ptr<const PreTokenizer>>;

struct Family {
  std::function<Made()> make;
  std::vector<const char*> names;
  std::vector<const char*> names_ignoring_merges;
};

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {[] { return make_gpt2_scanner(Digits::Together); },
       {"default", "gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "gigachat",
        "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "roberta-bpe", "a.x-4.0",
        "mellum", "modern-bert"},
       {}},
      {[] { return make_gpt2_scanner(Digits::OneByOne); },
       {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"},
       {}},
      {[] { return make_cl100k_scanner({}); },
       {"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"},
       {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"}},
      {[] { return make_cl100k_scanner({.most_digits = 1}); },
       {"qwen2", "stablelm2", "hunyuan", "solar-open", "megrez", "deepseek-r1-qwen", "kormo", "f2llmv2", "grok-2",
        "bailingmoe", "bailingmoe2", "llada-moe"},
       {}},
      {[] { return make_cl100k_scanner({.most_digits = 1, .marks_in_words = true}); }, {"qwen35"}, {}},
      {[] { return make_cl100k_scanner({.most_digits = 1, .contractions = false}); }, {"ufakzeka"}, {}},
      {[] { return make_cl100k_scanner({.most_digits = 1, .newlines_after_symbols = false}); }, {"seed-coder"}, {}},
  };
  return all;
}

struct Entry {
  const Family* family;
  bool ignore_merges;
};

const std::map<std::string_view, Entry>& by_name() {
  static const std::map<std::string_view, Entry> names = [] {
    std::map<std::string_view, Entry> map;
    for (const Family& family : families()) {
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

Result<PreTokenizerChoice> choose_pre_tokenizer(std::string_view name) {
  const auto found = by_name().find(name);
  if (found == by_name().end()) {
    return fail(ErrorKind::Unsupported, fmt::format("The pre-tokenizer \"{}\" is not known; known are {}.", name,
                                                    fmt::join(pre_tokenizer_names(), ", ")));
  }
  HR_TRY(auto pre_tokenizer, found->second.family->make());
  return PreTokenizerChoice{std::move(pre_tokenizer), found->second.ignore_merges};
}

}  // namespace headrace::text
