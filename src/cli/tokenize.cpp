#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>

#include "base/file.h"
#include "cli/any_tokenizer.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/progress.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
MODEL may also be a tokenizer's file of any kind, or a folder that holds one.
The text is --text, --file (may be repeated), or else standard input; ids are printed
on one line a text.

Examples:
  headrace tokenize smollm2 --text "Hello world"
  headrace tokenize smollm2 --text "Hello world" --json      with tokens and offsets
  headrace tokenize smollm2 --text "Hello world" --color     the text, cut into its tokens
  headrace tokenize smollm2 --decode 19556,905
  headrace tokenize smollm2 --lines < texts.txt              a line of ids for each line
  headrace tokenize tokenizer.json --jsonl text --count --file chats.jsonl)";

constexpr uint64_t kWorthABar = 1 << 20;

struct TokenizeOptions : ModelOptions {
  std::string text;
  std::vector<std::string> files;
  std::string ids;
  std::string field;
  CLI::Option* text_given = nullptr;
  CLI::Option* decode_given = nullptr;
  bool lines = false;
  bool count = false;
  bool color = false;
  bool no_special = false;
  bool plain = false;
};

text::EncodeOptions encode_options(const TokenizeOptions& options) {
  text::EncodeOptions result;
  result.add_special = !options.no_special;
  result.parse_special = !options.plain;
  result.offsets = options.json || options.color;
  return result;
}

nlohmann::ordered_json encoding_json(const AnyTokenizer& tokenizer, const text::EncodedText& encoding) {
  auto tokens = nlohmann::ordered_json::array();
  auto offsets = nlohmann::ordered_json::array();
  for (const auto id : encoding.ids) tokens.push_back(tokenizer.token(id));
  for (const auto offset : encoding.offsets) offsets.push_back({offset.begin, offset.end});
  return {{"ids", encoding.ids}, {"tokens", tokens}, {"offsets", offsets}, {"count", encoding.ids.size()}};
}

/// The text with a background that changes from token to token; what stands for no text
/// (BOS, EOS) is spelled in reverse video.
void print_colored(const AnyTokenizer& tokenizer, const text::EncodedText& encoding, std::string_view text) {
  static constexpr int kBackgrounds[] = {24, 58, 53, 22};
  std::string out;
  size_t shown = 0;
  size_t piece = 0;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];
    if (begin == end) {
      out += fmt::format("\033[7m{}\033[0m", tokenizer.token(encoding.ids[i]));
      continue;
    }
    if (shown < begin) out += text.substr(shown, begin - shown);
    const size_t from = std::max<size_t>(shown, begin);  // tokens within a character share it
    if (from < end) {
      out += fmt::format("\033[48;5;{}m", kBackgrounds[piece++ % std::size(kBackgrounds)]);
      for (const char c : text.substr(from, end - from)) out += c == '\n' ? "\033[0m\n" : std::string(1, c);
      out += "\033[0m";
    }
    shown = std::max<size_t>(shown, end);
  }
  if (shown < text.size()) out += text.substr(shown);
  fmt::print("{}\n", out);
}

Result<void> print_encoding(const TokenizeOptions& options, const AnyTokenizer& tokenizer, std::string_view text) {
  HR_TRY(const auto encoding, tokenizer.encode(text, encode_options(options)));
  if (options.json) {
    print_json(encoding_json(tokenizer, encoding));
  } else if (options.color) {
    print_colored(tokenizer, encoding, text);
  } else if (options.count) {
    fmt::print("{}\n", encoding.ids.size());
  } else {
    fmt::print("{}\n", fmt::join(encoding.ids, " "));
  }
  return {};
}

Result<void> print_decoded(const TokenizeOptions& options, const AnyTokenizer& tokenizer) {
  std::string source = options.ids;
  if (source.empty() || source == "-") {
    HR_TRY(source, read_standard_input());
  }
  HR_TRY(const auto ids, parse_ids(source));
  HR_TRY(const auto text, tokenizer.decode(ids, options.no_special));
  if (options.json) {
    print_json({{"text", text}});
  } else {
    fmt::print("{}\n", text);
  }
  return {};
}

struct Source {
  std::string name;
  std::string text;
};

Result<std::vector<Source>> sources_of(const TokenizeOptions& options) {
  std::vector<Source> sources;
  if (options.text_given->count() != 0) {
    sources.push_back({"--text", options.text});
  } else if (options.files.empty()) {
    HR_TRY(auto text, read_standard_input());
    sources.push_back({"standard input", std::move(text)});
  }
  for (const auto& path : options.files) {
    HR_TRY(auto text, read_file(path));
    sources.push_back({path, std::move(text)});
  }
  return sources;
}

/// The text in a line of JSON.
Result<std::string> field_of(std::string_view line, const std::string& field, const std::string& where) {
  const auto document = nlohmann::json::parse(line, nullptr, false);
  if (!document.is_object()) return fail(ErrorKind::InvalidData, where + " is not a JSON object; --jsonl takes one a line");
  const auto found = document.find(field);
  if (found == document.end() || !found->is_string()) {
    return fail(ErrorKind::InvalidData, fmt::format("{} has no text in a field \"{}\"; name the field that has it", where, field));
  }
  return found->get<std::string>();
}

/// Shows how far a long run is, on a terminal that the results do not go to.
Progress::Show shown(const TokenizeOptions& options, uint64_t bytes) {
  const bool useful = bytes >= kWorthABar && !options.quiet && !options.json && ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 0;
  return useful ? Progress::Show::IfUseful : Progress::Show::Nothing;
}

Result<int> run(TokenizeOptions& options) {
  HR_TRY(const auto tokenizer, load_any_tokenizer(options));
  if (options.decode_given->count() != 0) {
    HR_CHECK(print_decoded(options, *tokenizer));
    return 0;
  }
  HR_TRY(const auto sources, sources_of(options));
  uint64_t total = 0;
  for (const auto& source : sources) total += source.text.size();
  Progress progress(shown(options, total));
  progress.measure_rate();
  uint64_t done = 0;
  for (const auto& source : sources) {
    if (!options.lines && options.field.empty()) {
      progress.update("tokenize", done, total);
      HR_CHECK(print_encoding(options, *tokenizer, source.text));
      done += source.text.size();
      continue;
    }
    std::string_view rest = source.text;
    for (size_t number = 1; !rest.empty(); ++number) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      if (options.field.empty()) {
        HR_CHECK(print_encoding(options, *tokenizer, line));
      } else if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
        HR_TRY(const auto text, field_of(line, options.field, fmt::format("line {} of {}", number, source.name)));
        HR_CHECK(print_encoding(options, *tokenizer, text));
      }
      const size_t taken = std::min(line.size() + 1, rest.size());
      rest.remove_prefix(taken);
      done += taken;
      progress.update("tokenize", done, total);
    }
  }
  return 0;
}

}  // namespace

void add_tokenize(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = add_command(app, chosen, "tokenize", "turn text into token ids, and back", options, run);
  add_model_argument(*command, *options, true);
  options->text_given = command->add_option("-t,--text", options->text, "the text")->option_text("TEXT");
  auto* file = command->add_option("-f,--file", options->files, "read the text from a file; may be repeated")->allow_extra_args(false)->option_text("PATH");
  options->text_given->excludes(file);
  options->decode_given = command->add_option("-d,--decode", options->ids, "turn ids into text; - reads them from standard input")
                              ->option_text("1,2,3")->excludes(file)->excludes(options->text_given);
  auto* lines = command->add_flag("--lines", options->lines, "each line is a text of its own");
  command->add_option("--jsonl", options->field, "each line is a JSON object with the text in this field")->option_text("FIELD")->excludes(lines);
  auto* count = command->add_flag("--count", options->count, "print only how many tokens there are");
  command->add_flag("--color", options->color, "print the text with its tokens coloured")->excludes(count);
  command->add_flag("--no-special", options->no_special, "add no BOS or EOS; when decoding, leave control tokens out");
  command->add_flag("--plain", options->plain, "control tokens written in the text are plain text");
  command->add_flag("-q,--quiet", options->quiet, "no progress on standard error");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
