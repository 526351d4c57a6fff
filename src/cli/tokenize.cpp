#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/model_options.h"
#include "cli/print_json.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
The text is --text, --file, or else standard input; ids are printed on one line.

Examples:
  headrace tokenize smollm2 --text "Hello world"
  headrace tokenize smollm2 --text "Hello world" --json      with tokens and offsets
  headrace tokenize smollm2 --decode 19556,905
  headrace tokenize smollm2 --lines < texts.txt              a line of ids for each line)";

struct TokenizeOptions : ModelOptions {
  std::string text;
  std::string file;
  std::string ids;
  CLI::Option* text_given = nullptr;
  CLI::Option* decode_given = nullptr;
  bool lines = false;
  bool count = false;
  bool no_special = false;
  bool plain = false;
};

text::EncodeOptions encode_options(const TokenizeOptions& options) {
  text::EncodeOptions result;
  result.add_special = !options.no_special;
  result.parse_special = !options.plain;
  result.offsets = options.json;
  return result;
}

nlohmann::ordered_json encoding_json(const text::Tokenizer& tokenizer, const text::EncodedText& encoding) {
  auto tokens = nlohmann::ordered_json::array();
  auto offsets = nlohmann::ordered_json::array();
  for (const auto id : encoding.ids) tokens.push_back(tokenizer.token(id));
  for (const auto offset : encoding.offsets) offsets.push_back({offset.begin, offset.end});
  return {{"ids", encoding.ids}, {"tokens", tokens}, {"offsets", offsets}, {"count", encoding.ids.size()}};
}

Result<void> print_encoding(const TokenizeOptions& options, const text::Tokenizer& tokenizer, std::string_view text) {
  HR_TRY(const auto encoding, tokenizer.encode(text, encode_options(options)));
  if (options.json) {
    print_json(encoding_json(tokenizer, encoding));
  } else if (options.count) {
    fmt::print("{}\n", encoding.ids.size());
  } else {
    fmt::print("{}\n", fmt::join(encoding.ids, " "));
  }
  return {};
}

Result<void> print_decoded(const TokenizeOptions& options, const text::Tokenizer& tokenizer) {
  std::string source = options.ids;
  if (source.empty() || source == "-") {
    HR_TRY(source, read_standard_input());
  }
  HR_TRY(const auto ids, parse_ids(source));
  HR_TRY(const auto text, tokenizer.decode(ids, {.skip_special = options.no_special}));
  if (options.json) {
    print_json({{"text", text}});
  } else {
    fmt::print("{}\n", text);
  }
  return {};
}

Result<std::string> input_text(const TokenizeOptions& options) {
  if (options.text_given->count() != 0) return options.text;
  if (!options.file.empty()) return read_file(options.file);
  return read_standard_input();
}

Result<int> run(TokenizeOptions& options) {
  HR_TRY(const auto tokenizer, load_tokenizer(options));
  if (options.decode_given->count() != 0) {
    HR_CHECK(print_decoded(options, *tokenizer));
    return 0;
  }
  HR_TRY(const std::string text, input_text(options));
  if (!options.lines) {
    HR_CHECK(print_encoding(options, *tokenizer, text));
    return 0;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    HR_CHECK(print_encoding(options, *tokenizer, rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return 0;
}

}  // namespace

void add_tokenize(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = add_command(app, chosen, "tokenize", "turn text into token ids, and back", options, run);
  add_model_argument(*command, *options, true);
  options->text_given = command->add_option("-t,--text", options->text, "the text")->option_text("TEXT");
  auto* file = command->add_option("-f,--file", options->file, "read the text from a file")->option_text("PATH");
  options->text_given->excludes(file);
  options->decode_given = command->add_option("-d,--decode", options->ids, "turn ids into text; - reads them from standard input")
                              ->option_text("1,2,3")->excludes(file)->excludes(options->text_given);
  command->add_flag("--lines", options->lines, "each line is a text of its own");
  command->add_flag("--count", options->count, "print only how many tokens there are");
  command->add_flag("--no-special", options->no_special, "add no BOS or EOS; when decoding, leave control tokens out");
  command->add_flag("--plain", options->plain, "control tokens written in the text are plain text");
  command->add_flag("-q,--quiet", options->quiet, "no progress on standard error");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
