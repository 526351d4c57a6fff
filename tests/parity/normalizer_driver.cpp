// Lets tests/parity/test_normalizers.py drive normalizers: reads a JSON object a line from
// standard input, writes one a line to standard output.
//
//   {"normalizer": {…}, "texts": […]}   → {"json": "…", "results": [[text, [[begin, end], …]], …]}
//                                         one span of original bytes for each character,
//                                         or, with "spans": false, none
//   {"edits": [["replace", "a", "b"], …], "text": "…"} → {"text": "…", "spans": […], "parts": […]}
// What fails is {"error": "…"}.
#include <cstdio>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "text/components.h"

namespace {

using headrace::Result;
using headrace::text::Live;
using headrace::text::NormalizedString;
using headrace::text::NormalizerSpec;
using headrace::text::Offset;
using headrace::text::SplitBehavior;
using Json = nlohmann::json;

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

Json spans(const NormalizedString& text) {
  Json list = Json::array();
  for (size_t i = 0; i < text.normalized().size(); ++i) {
    const Offset from = text.alignments()[i];
    if (begins_character(text.normalized()[i])) list.push_back({from.begin, from.end});
  }
  return list;
}

Result<Json> normalize(const Json& request) {
  HR_TRY(NormalizerSpec spec, headrace::text::read_component<NormalizerSpec>(request["normalizer"].dump()));
  HR_TRY(const std::string written, headrace::text::write_component(spec));
  HR_TRY(const auto stage, headrace::text::compile(spec));
  Json results = Json::array();
  for (const Json& original : request["texts"]) {
    NormalizedString text(original.get<std::string>());
    HR_CHECK(stage->normalize(text));
    results.push_back({text.normalized(), request.value("spans", true) ? spans(text) : Json::array()});
  }
  return Json{{"json", written}, {"results", results}};
}

SplitBehavior behavior(const std::string& name) {
  if (name == "removed") return SplitBehavior::Removed;
  if (name == "isolated") return SplitBehavior::Isolated;
  if (name == "merged_with_previous") return SplitBehavior::MergedWithPrevious;
  if (name == "merged_with_next") return SplitBehavior::MergedWithNext;
  return SplitBehavior::Contiguous;
}

Json part(const NormalizedString& text) {
  const Offset offsets = text.original_offsets();
  return {text.original(), text.normalized(), offsets.begin, offsets.end, spans(text)};
}

Result<void> edit(NormalizedString& text, const Json& step, Json& parts) {
  const std::string name = step[0];
  if (name == "nfc") text.nfc();
  if (name == "nfd") text.nfd();
  if (name == "nfkc") text.nfkc();
  if (name == "nfkd") text.nfkd();
  if (name == "lowercase") text.lowercase();
  if (name == "uppercase") text.uppercase();
  if (name == "lstrip") text.strip(true, false);
  if (name == "rstrip") text.strip(false, true);
  if (name == "strip") text.strip(true, true);
  if (name == "clear") text.clear();
  if (name == "prepend") text.prepend(step[1].get<std::string>());
  if (name == "append") text.append(step[1].get<std::string>());
  if (name == "replace") HR_CHECK(text.replace(headrace::text::find_string(step[1]), step[2].get<std::string>()));
  if (name == "filter") text.filter([&](char32_t c) { return c % 3 != 0; });
  if (name == "map") text.map([](char32_t c) { return c == U'a' ? U'é' : c; });
  if (name == "split") {
    HR_TRY(const auto pieces, text.split(headrace::text::find_string(step[1]), behavior(step[2])));
    for (const NormalizedString& piece : pieces) parts.push_back(part(piece));
  }
  if (name == "slice") {
    const auto piece = text.slice_normalized({step[1], step[2]});
    parts.push_back(piece ? part(*piece) : Json());
  }
  if (name == "slice_original") {
    const auto piece = text.slice_original({step[1], step[2]});
    parts.push_back(piece ? part(*piece) : Json());
  }
  return {};
}

Result<Json> run_edits(const Json& request) {
  NormalizedString text(request["text"].get<std::string>());
  Json parts = Json::array();
  for (const Json& step : request["edits"]) HR_CHECK(edit(text, step, parts));
  return Json{{"text", text.normalized()}, {"spans", spans(text)}, {"parts", parts}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = Json::parse(line);
    const Result<Json> answer = request.contains("edits") ? run_edits(request) : normalize(request);
    std::cout << (answer ? *answer : Json{{"error", answer.error().message}}).dump() << std::endl;
  }
  return 0;
}
