#include "frame/sql/source.h"

#include <fmt/format.h>

#include <algorithm>

namespace headrace::frame::sql {
namespace {

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

/// Long lines are shown around the place.
constexpr size_t kBefore = 60, kBehind = 40;

}  // namespace

std::unexpected<Error> Source::fail(ErrorKind kind, size_t at, std::string_view message, std::string value) const {
  at = std::min(at, text_.size());
  // What is missing at the end is missing behind the last word.
  while (at == text_.size() && at > 0 && std::isspace(static_cast<unsigned char>(text_[at - 1])) != 0) --at;
  const std::string_view before = text_.substr(0, at);
  const auto line = 1 + std::ranges::count(before, '\n');
  const size_t begin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  const size_t end = std::min(text_.find('\n', at), text_.size());
  const auto column = static_cast<size_t>(std::ranges::count_if(text_.substr(begin, at - begin), begins_character));
  size_t shown = at - begin > kBefore ? at - kBefore : begin;
  while (shown < at && !begins_character(text_[shown])) ++shown;
  std::string part(text_.substr(shown, std::min(end, at + kBehind) - shown));
  while (!part.empty() && shown + part.size() < end && !begins_character(text_[shown + part.size()])) part.pop_back();
  std::ranges::replace_if(part, [](char byte) { return static_cast<unsigned char>(byte) < ' '; }, ' ');
  const auto indent = static_cast<size_t>(std::ranges::count_if(text_.substr(shown, at - shown), begins_character));
  return headrace::fail(kind, fmt::format("Line {}, column {}: {}\n  {}\n  {:{}}^", line, column + 1, message, part, "", indent),
                        std::move(value));
}

std::unexpected<Error> Source::fail(size_t at, const Error& error) const { return fail(error.kind, at, error.message, error.value); }

}  // namespace headrace::frame::sql
