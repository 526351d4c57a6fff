// Runs pre-tokenizers for tests/parity/test_pre_tokenizers.py: a line of JSON in, {"json":
// the pre-tokenizer's form, "texts"}, and one out: {"json": the form written again,
// "pieces": [[[piece, begin, end], …], …]} with offsets in bytes, or {"error": message}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "text/components.h"

using namespace headrace;
using Json = nlohmann::ordered_json;

namespace {

Result<Json> pieces_of(const text::PreTokenizerStage& stage, const std::string& subject) {
  text::PreTokenizedString text(subject);
  HR_CHECK(stage.pre_tokenize(text));
  Json pieces = Json::array();
  for (const auto& split : text.splits()) {
    const text::Offset offsets = split.text.original_offsets();
    pieces.push_back({split.text.normalized(), offsets.begin, offsets.end});
  }
  return pieces;
}

Result<Json> answer(const Json& question) {
  HR_TRY(const auto spec, text::read_component<text::PreTokenizerSpec>(question.at("json").get<std::string>()));
  HR_TRY(const std::string written, text::write_component(spec));
  HR_TRY(const auto stage, text::compile(spec));
  Json all = Json::array();
  for (const Json& subject : question.at("texts")) {
    HR_TRY(Json pieces, pieces_of(*stage, subject.get<std::string>()));
    all.push_back(std::move(pieces));
  }
  return Json{{"json", written}, {"pieces", std::move(all)}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto reply = answer(Json::parse(line));
    std::cout << (reply ? *reply : Json{{"error", reply.error().message}}).dump() << std::endl;
  }
  return 0;
}
