#include "text/components/decoders/replace_text.h"

#include <utility>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

std::string put_between_characters(std::string_view text, std::string_view to) {
  std::string out(to);
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8::length_by_lead(text[at]);
    out.append(text.substr(at, length)).append(to);
    at += length;
  }
  return out;
}

}  // namespace

std::string replace_text(std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) return put_between_characters(text, to);
  std::string out;
  size_t at = 0;
  for (size_t found; (found = text.find(from, at)) != std::string_view::npos; at = found + from.size()) {
    out.append(text.substr(at, found - at)).append(to);
  }
  return out.append(text.substr(at));
}

std::string clean_up(std::string_view text) {
  // In this order, one after the other: later rules see what earlier ones made.
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},          {" ,", ","},   {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  std::string clean(text);
  for (const auto& [from, to] : kRules) {
    if (clean.find(from) != std::string::npos) clean = replace_text(clean, from, to);
  }
  return clean;
}

}  // namespace headrace::text
