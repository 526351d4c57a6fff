#include <algorithm>
#include <charconv>

#include "text/components.h"

namespace headrace::text {
namespace {

/// A decimal number of 32 bits; a plus before it is allowed, as in Rust.
std::optional<uint32_t> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "$", "$A", "$B", "$1" or the name of a special token.
std::optional<TemplatePiece> parse_id(std::string_view text) {
  if (!text.starts_with('$')) return TemplatePiece{.id = std::string(text), .is_sequence = false, .type_id = 0};
  const std::string_view name = text.substr(1);
  if (name.empty() || name == "A" || name == "a") return TemplatePiece{.id = "A", .is_sequence = true, .type_id = 0};
  if (name == "B" || name == "b") return TemplatePiece{.id = "B", .is_sequence = true, .type_id = 0};
  const auto type_id = parse_number(name);
  if (!type_id) return std::nullopt;
  return TemplatePiece{.id = "A", .is_sequence = true, .type_id = *type_id};
}

bool uses(const std::vector<TemplatePiece>& pieces, std::string_view sequence) {
  return std::any_of(pieces.begin(), pieces.end(), [&](const TemplatePiece& piece) { return piece.is_sequence && piece.id == sequence; });
}

}  // namespace

Result<TemplatePiece> parse_template_piece(std::string_view text) {
  const auto error = [&] {
    return fail(ErrorKind::InvalidArgument, "Cannot build Piece from string \"" + std::string(text) + "\"", std::string(text));
  };
  const size_t colon = text.find(':');
  auto piece = parse_id(text.substr(0, colon));
  if (!piece) return error();
  if (colon == std::string_view::npos) return *piece;
  const std::string_view number = text.substr(colon + 1);
  const auto type_id = number.find(':') == std::string_view::npos ? parse_number(number) : std::nullopt;
  if (!type_id) return error();
  piece->type_id = *type_id;
  return *piece;
}

Result<std::vector<TemplatePiece>> parse_template(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  for (size_t begin = 0;;) {
    const size_t end = text.find(' ', begin);
    HR_TRY(auto piece, parse_template_piece(text.substr(begin, end == std::string_view::npos ? end : end - begin)));
    pieces.push_back(std::move(piece));
    if (end == std::string_view::npos) return pieces;
    begin = end + 1;
  }
}

Result<void> check_template(const TemplateProcessing& spec) {
  if (!uses(spec.pair, "A") || !uses(spec.pair, "B")) {
    return fail(ErrorKind::InvalidArgument, "Template for `pair` must use both sequences");
  }
  std::vector<std::string> missing;
  const auto check = [&](const TemplatePiece& piece) {
    if (piece.is_sequence || spec.special_tokens.contains(piece.id)) return;
    if (std::find(missing.begin(), missing.end(), piece.id) == missing.end()) missing.push_back(piece.id);
  };
  std::for_each(spec.single.begin(), spec.single.end(), check);
  std::for_each(spec.pair.begin(), spec.pair.end(), check);
  if (missing.empty()) return {};
  std::string names = missing.front();
  for (size_t i = 1; i < missing.size(); ++i) names += ", " + missing[i];
  return fail(ErrorKind::InvalidArgument, "Missing SpecialToken(s) with id(s) `" + names + "`", names);
}

}  // namespace headrace::text
