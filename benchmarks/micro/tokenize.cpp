// Times text::Tokenizer: bench_tokenize VOCABULARY TEXT… [--pre NAME] [--ids FILE] [--offsets]
//
// VOCABULARY is a GGUF file, or a BPE tokenizer.json (then --pre names its split pattern as GGUF
// files do; "sentencepiece" is not read this way). One thread. Of each text the first half is encoded by a process that has
// seen nothing ("cold", each text in a child of its own), then the second half ("warm", on fresh text of the
// same kind), then the second half again ("again", which flatters caches). --ids writes the ids
// of whole texts, 32 bits each, to FILE.TEXTNAME, to compare with other tokenizers.

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "text/tokenizer.h"

namespace headrace::text {
namespace {

struct Options {
  std::string vocabulary, pre, ids;
  std::vector<std::string> texts;
  bool offsets = false;
};

[[noreturn]] void stop(const std::string& message) {
  std::fprintf(stderr, "bench_tokenize: %s\n", message.c_str());
  std::exit(1);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) stop("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TokenizerSource source_of_json(const Options& options) {
  const auto json = nlohmann::json::parse(read_file(options.vocabulary));
  const auto& model = json.at("model");
  TokenizerSource source;
  source.pre_tokenizer = options.pre;
  const auto place = [&](const std::string& token, TokenId id, TokenKind kind) {
    if (source.tokens.size() <= id) source.tokens.resize(id + 1), source.kinds.resize(id + 1, TokenKind::Unused);
    source.tokens[id] = token;
    source.kinds[id] = kind;
  };
  for (const auto& [token, id] : model.at("vocab").items()) place(token, id.get<TokenId>(), TokenKind::Normal);
  for (const auto& added : json.at("added_tokens")) {
    place(added.at("content"), added.at("id"), added.at("special").get<bool>() ? TokenKind::Control : TokenKind::UserDefined);
  }
  for (const auto& merge : model.at("merges")) {
    source.merges.push_back(merge.is_string() ? merge.get<std::string>()
                                              : merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  return source;
}

TokenizerSource source_of(const Options& options) {
  if (options.vocabulary.ends_with(".json")) return source_of_json(options);
  auto gguf = model::Gguf::open(options.vocabulary);
  if (!gguf) stop(gguf.error().message);
  auto source = model::tokenizer_source(*gguf);
  if (!source) stop(source.error().message);
  return std::move(*source);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Megabytes a second of one pass.
double rate(const Tokenizer& tokenizer, std::string_view text, const Options& options) {
  const double start = now();
  const auto encoded = tokenizer.encode(text, {.add_special = false, .offsets = options.offsets});
  const double seconds = now() - start;
  if (!encoded) stop(encoded.error().message);
  return static_cast<double>(text.size()) / seconds * 1e-6;
}

void time_text(const Tokenizer& tokenizer, const std::string& path, const Options& options) {
  const std::string text = read_file(path), name = std::filesystem::path(path).stem();
  size_t half = text.size() / 2;
  while (half < text.size() && text[half] != '\n') ++half;
  const std::string first = text.substr(0, half), second = text.substr(half);
  const double cold = rate(tokenizer, first, options), warm = rate(tokenizer, second, options);
  double again = 0;
  for (int i = 0; i < 3; ++i) again = std::max(again, rate(tokenizer, second, options));
  const auto whole = tokenizer.encode(text, {.add_special = false});
  std::printf("%-10s cold %7.1f  warm %7.1f  again %7.1f MB/s  %zu ids, %.2f bytes each\n", name.c_str(), cold, warm, again,
              whole->ids.size(), static_cast<double>(text.size()) / static_cast<double>(whole->ids.size()));
  if (options.ids.empty()) return;
  std::ofstream(options.ids + "." + name, std::ios::binary)
      .write(reinterpret_cast<const char*>(whole->ids.data()), static_cast<std::streamsize>(whole->ids.size() * 4));
}

int run(const Options& options) {
  TokenizerSource source = source_of(options);
  const double start = now();
  const auto tokenizer = Tokenizer::compile(std::move(source));
  if (!tokenizer) stop(tokenizer.error().message);
  std::printf("%s: compiled in %.0f ms\n", options.vocabulary.c_str(), (now() - start) * 1e3);
  std::fflush(stdout);
  if (options.texts.size() == 1) {  // without the page copies that a fork costs
    time_text(**tokenizer, options.texts[0], options);
    return 0;
  }
  for (const std::string& path : options.texts) {
    const pid_t child = fork();
    if (child == 0) {
      time_text(**tokenizer, path, options);
      std::fflush(stdout);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) stop("a child failed");
  }
  return 0;
}

}  // namespace
}  // namespace headrace::text

int main(int count, char** arguments) {
  headrace::text::Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--offsets") {
      options.offsets = true;
    } else if ((argument == "--pre" || argument == "--ids") && i + 1 < count) {
      (argument == "--pre" ? options.pre : options.ids) = arguments[++i];
    } else if (options.vocabulary.empty()) {
      options.vocabulary = argument;
    } else {
      options.texts.push_back(argument);
    }
  }
  if (options.texts.empty()) headrace::text::stop("usage: bench_tokenize VOCABULARY TEXT… [--pre NAME] [--ids FILE] [--offsets]");
  return headrace::text::run(options);
}
