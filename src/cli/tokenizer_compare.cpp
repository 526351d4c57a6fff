#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/file.h"
#include "cli/any_tokenizer.h"
#include "cli/input.h"
#include "cli/print_json.h"
#include "cli/tokenizer_commands.h"

namespace headrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using text::EncodedText;
using text::TokenId;

constexpr const char* kFooter = R"(
A and B are models, tokenizers' files of any kind, or folders that hold one. A row is a part
of the text which the two cut otherwise; parts that are cut alike are left out, whatever
their ids. The text is TEXT, --file, or else standard input (also as -).

Examples:
  headrace tokenizer compare smollm2 gemma3 "Mills 1234"
  headrace tokenizer compare old.json new.json --file text.txt)";

struct CompareOptions : ModelOptions {
  std::string other;
  std::string text;
  std::string file;
  CLI::Option* text_given = nullptr;
};

/// A file's name taken for text gives an answer that looks right: who gives one is told.
Result<std::string> text_of(const CompareOptions& options) {
  if (!options.file.empty()) return read_file(options.file);
  if (options.text_given->count() == 0 || options.text == "-") return read_standard_input();
  std::error_code ignored;
  if (!options.quiet && !options.json && std::filesystem::is_regular_file(options.text, ignored)) {
    fmt::print(stderr, "headrace: the text is \"{}\" itself; --file {} takes what the file holds\n", options.text, options.text);
  }
  return options.text;
}

/// Tokens [first, last) of an encoding, in order.
struct Run {
  size_t first = 0;
  size_t last = 0;
};

/// A part of the text at whose ends both have a boundary.
struct Part {
  uint32_t begin = 0;
  uint32_t end = 0;
  Run a;
  Run b;
};

/// The shortest parts that both cut at their ends.
std::vector<Part> parts_of(const EncodedText& a, const EncodedText& b) {
  std::vector<Part> parts;
  size_t i = 0;
  size_t j = 0;
  uint32_t begin = 0;
  while (i < a.ids.size() || j < b.ids.size()) {
    Part part{begin, begin, {i, i}, {j, j}};
    // Takes tokens from whoever is behind until both end at the same byte.
    uint32_t end_a = begin;
    uint32_t end_b = begin;
    do {
      const bool take_a = i < a.ids.size() && (end_a <= end_b || j == b.ids.size());
      if (take_a) {
        end_a = std::max(end_a, a.offsets[i++].end);
      } else if (j < b.ids.size()) {
        end_b = std::max(end_b, b.offsets[j++].end);
      }
    } while ((end_a != end_b || (i > part.a.first) != (j > part.b.first)) && (i < a.ids.size() || j < b.ids.size()));
    part.a.last = i;
    part.b.last = j;
    part.end = begin = std::max(end_a, end_b);
    parts.push_back(part);
  }
  return parts;
}

bool is_cut_alike(const Part& part, const EncodedText& a, const EncodedText& b) {
  if (part.a.last - part.a.first != part.b.last - part.b.first) return false;
  for (size_t i = 0; i < part.a.last - part.a.first; ++i) {
    if (a.offsets[part.a.first + i] != b.offsets[part.b.first + i]) return false;
  }
  return true;
}

std::vector<std::string> tokens_of(const AnyTokenizer& tokenizer, const EncodedText& encoding, Run run) {
  std::vector<std::string> tokens;
  for (size_t i = run.first; i < run.last; ++i) tokens.push_back(tokenizer.token(encoding.ids[i]));
  return tokens;
}

std::vector<TokenId> ids_of(const EncodedText& encoding, Run run) {
  return {encoding.ids.begin() + static_cast<ptrdiff_t>(run.first), encoding.ids.begin() + static_cast<ptrdiff_t>(run.last)};
}

/// Columns of a terminal, near enough: characters.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string text, size_t columns) {
  text.append(columns > width(text) ? columns - width(text) : 0, ' ');
  return text;
}

struct Row {
  std::string at, a, b;
};

void print_rows(const std::vector<Row>& rows) {
  size_t at = 0;
  size_t a = 0;
  for (const Row& row : rows) {
    at = std::max(at, width(row.at));
    a = std::max(a, width(row.a));
  }
  for (const Row& row : rows) fmt::print("{}  {}  {}\n", padded(row.at, at), padded(row.a, a), row.b);
}

std::string shown(const std::vector<std::string>& tokens) {
  std::string line;
  for (const auto& token : tokens) line += (line.empty() ? "" : " · ") + token;
  for (size_t at = 0; (at = line.find('\n', at)) != std::string::npos;) line.replace(at, 1, "\\n");
  return line;
}

Result<int> run(CompareOptions& options) {
  HR_TRY(const auto a, load_any_tokenizer(options));
  ModelOptions other = options;
  other.model = options.other;
  HR_TRY(const auto b, load_any_tokenizer(other));
  HR_TRY(const std::string text, text_of(options));
  text::EncodeOptions wanted;
  wanted.offsets = true;
  wanted.add_special = false;
  HR_TRY(const auto of_a, a->encode(text, wanted));
  HR_TRY(const auto of_b, b->encode(text, wanted));

  Json differences = Json::array();
  std::vector<Row> rows{{"bytes", options.model, options.other}};
  for (const Part& part : parts_of(of_a, of_b)) {
    if (is_cut_alike(part, of_a, of_b)) continue;
    const auto tokens_a = tokens_of(*a, of_a, part.a);
    const auto tokens_b = tokens_of(*b, of_b, part.b);
    differences.push_back({{"begin", part.begin}, {"end", part.end}, {"text", text.substr(part.begin, part.end - part.begin)},
                           {"a", {{"ids", ids_of(of_a, part.a)}, {"tokens", tokens_a}}},
                           {"b", {{"ids", ids_of(of_b, part.b)}, {"tokens", tokens_b}}}});
    rows.push_back({fmt::format("{}-{}", part.begin, part.end), shown(tokens_a), shown(tokens_b)});
  }
  if (options.json) {
    print_json({{"same_ids", of_a.ids == of_b.ids}, {"count_a", of_a.ids.size()}, {"count_b", of_b.ids.size()}, {"differences", differences}});
    return 0;
  }
  const std::string counts = fmt::format("{} and {} tokens", of_a.ids.size(), of_b.ids.size());
  if (differences.empty()) {
    fmt::print("cut alike, {}: {}\n", of_a.ids == of_b.ids ? "the same ids" : "other ids", counts);
    return 0;
  }
  print_rows(rows);
  fmt::print("{} differ{}: {}\n", differences.size() == 1 ? "1 part" : fmt::format("{} parts", differences.size()), differences.size() == 1 ? "s" : "", counts);
  return 0;
}

}  // namespace

void add_tokenizer_compare(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = add_command(app, chosen, "compare", "show where two tokenizers cut a text otherwise", options, run);
  command->add_option("A", options->model, "a model, or a tokenizer's file or folder")->option_text(" ")->required();
  command->add_option("B", options->other, "the other one")->option_text(" ")->required();
  options->text_given = command->add_option("TEXT", options->text, "the text [standard input]")->option_text(" ");
  command->add_option("-f,--file", options->file, "read the text from a file")->option_text("PATH")->excludes(options->text_given);
  command->add_flag("-q,--quiet", options->quiet, "no progress on standard error");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
