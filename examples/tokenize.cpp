// Encodes several texts at once with a tokenizer.json and prints a line of ids for each.
//
//   c++ -std=c++17 tokenize.cpp $(pkg-config --cflags --libs headrace-tokenizer) -o tokenize
//   ./tokenize tokenizer.json "Hello there" "General greeting"
#include <headrace_tokenizer.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(headrace_status status) {
  if (status != HEADRACE_OK) throw std::runtime_error(std::string(headrace_status_name(status)) + ": " + headrace_error_message());
}

using Tokenizer = std::unique_ptr<headrace_tokenizer, decltype(&headrace_tokenizer_free)>;

Tokenizer load(const char* path) {
  headrace_tokenizer* tokenizer = nullptr;
  check(headrace_tokenizer_load_file(path, &tokenizer));
  return {tokenizer, &headrace_tokenizer_free};
}

int run(int argc, char** argv) {
  // Texts come from anybody here: no pattern of a tokenizer's file may look at one for long.
  check(headrace_limit_set("find_steps", 5000000));
  const Tokenizer tokenizer = load(argv[1]);
  std::vector<std::string> texts(argv + 2, argv + argc);
  std::vector<headrace_text> views;
  for (const auto& text : texts) views.push_back({text.data(), text.size()});

  std::vector<int64_t> row_starts(texts.size() + 1);
  size_t count = 0;
  check(headrace_tokenizer_encode_batch(tokenizer.get(), views.data(), views.size(), nullptr, nullptr, nullptr, 0, nullptr, &count));
  std::vector<uint32_t> ids(count);
  check(headrace_tokenizer_encode_batch(tokenizer.get(), views.data(), views.size(), nullptr, ids.data(), nullptr, ids.size(),
                                        row_starts.data(), &count));
  for (size_t row = 0; row < texts.size(); ++row) {
    for (int64_t i = row_starts[row]; i < row_starts[row + 1]; ++i) std::cout << (i > row_starts[row] ? " " : "") << ids[static_cast<size_t>(i)];
    std::cout << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: " << argv[0] << " TOKENIZER.JSON TEXT…\n";
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
