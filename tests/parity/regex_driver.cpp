// Matches patterns for tests/parity/test_regex.py: a line of JSON in, {"pattern", "texts"},
// and one out: {"matches": [[[begin, end], …], …]} in bytes, or {"error": kind}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/regex.h"

using namespace headrace;
using Json = nlohmann::json;

namespace {

Json answer(const Json& question) {
  const auto regex = text::Regex::compile(question.at("pattern").get<std::string>());
  if (!regex) return {{"error", name(regex.error().kind)}, {"message", regex.error().message}};
  Json all = Json::array();
  for (const Json& text : question.at("texts")) {
    std::vector<text::Offset> matches;
    const std::string subject = text.get<std::string>();
    if (const auto done = regex->find_all(subject, matches); !done) {
      all.push_back(done.error().message);
      continue;
    }
    Json pairs = Json::array();
    for (const text::Offset& match : matches) pairs.push_back({match.begin, match.end});
    all.push_back(std::move(pairs));
  }
  return {{"matches", std::move(all)}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(Json::parse(line)).dump() << std::endl;
  return 0;
}
