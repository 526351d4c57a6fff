#include "text/regex/escapes.h"

#include "text/regex/properties.h"

namespace headrace::text::regex {
namespace {

constexpr size_t kAnyNumberOfDigits = 16;

Result<CodePointSet> read_property(PatternReader& reader, const Options& options, bool in_brackets) {
  bool negated = reader.next() == 'P';
  if (!reader.take("{")) {  // \pL: one letter
    if (reader.done()) return reader.wrong("invalid character property name {p}");
    const size_t begin = reader.position();
    const std::string_view rest = reader.rest();
    reader.next();
    const std::string_view name = rest.substr(0, reader.position() - begin);
    auto set = property(name);
    if (!set) return reader.wrong(fmt::format("invalid character property name {{{}}}", name));
    return negated ? set->complement() : *set;
  }
  if (reader.take("^")) negated = !negated;
  const auto name = reader.take_until('}');
  if (!name) return reader.wrong("invalid character property name");
  auto set = property(*name);
  if (!set) return reader.wrong(fmt::format("invalid character property name {{{}}}", *name));
  const std::string folded = folded_property_name(*name);
  if (folded == "word" && !in_brackets) *set = word_characters(options);
  CodePointSet limited = class_by_options(folded, std::move(*set), options);
  return negated ? limited.complement() : limited;
}

/// A character that is written byte by byte (\xE4\xBD\xA0), from its first byte on.
Result<CharacterEscape> read_raw_bytes(PatternReader& reader, uint32_t first) {
  if (first < 0x80) return CharacterEscape{std::u32string(1, first)};
  std::string bytes(1, static_cast<char>(first));
  const size_t length = first >= 0xF8 || first < 0xC0 ? 1 : utf8::length_by_lead(bytes[0]);
  while (bytes.size() < length) {
    if (!reader.take("\\x")) return reader.wrong("too short multibyte code string");
    const auto byte = reader.take_number(16, 2);
    if (!byte) return reader.wrong("too short multibyte code string");
    bytes += static_cast<char>(*byte);
  }
  if (utf8::valid_prefix(bytes) != bytes.size()) return CharacterEscape{};
  uint32_t decoded_length;
  return CharacterEscape{std::u32string(1, utf8::decode(bytes.data(), decoded_length))};
}

/// \x{61 62}, \o{101 102}: the reader is behind the brace.
Result<CharacterEscape> read_code_points(PatternReader& reader, uint32_t base) {
  CharacterEscape escape;
  bool possible = true;
  for (;;) {
    while (reader.take(" ") || reader.take("\n")) {}
    if (reader.take("}")) break;
    const auto code = reader.take_number(base, kAnyNumberOfDigits);
    if (!code) return reader.wrong("invalid code point value");
    if (*code > 0x7FFFFFFF) return reader.wrong("too big wide-char value");
    possible = possible && *code <= kLastCodePoint && (*code < 0xD800 || *code > 0xDFFF);
    escape.characters += static_cast<char32_t>(*code);
  }
  if (escape.characters.empty()) return reader.wrong("invalid code point value");
  return possible ? escape : CharacterEscape{};
}

bool begins_code_points(const PatternReader& reader, uint32_t base) {
  PatternReader ahead = reader;
  if (!ahead.take("{")) return false;
  while (ahead.take(" ") || ahead.take("\n")) {}
  return ahead.take_number(base, kAnyNumberOfDigits).has_value();
}

Result<uint32_t> read_control_character(PatternReader& reader);

/// The character behind \c, \C- or \M-, which may be such an escape again.
Result<uint32_t> read_modified_character(PatternReader& reader) {
  if (reader.done()) return reader.wrong("end pattern at control");
  if (!reader.take("\\")) return static_cast<uint32_t>(reader.next());
  if (reader.done()) return reader.wrong("end pattern at escape");
  return read_control_character(reader);
}

Result<uint32_t> read_control_character(PatternReader& reader) {
  if (reader.take("C") || reader.at("c")) {
    if (!reader.take("c") && !reader.take("-")) return reader.wrong("invalid control-code syntax");
    HR_TRY(const uint32_t c, read_modified_character(reader));
    return c == '?' ? 0x7Fu : c & 0x9Fu;
  }
  if (reader.take("M")) {
    if (!reader.take("-")) return reader.wrong("invalid meta-code syntax");
    HR_TRY(const uint32_t c, read_modified_character(reader));
    return (c & 0xFF) | 0x80;
  }
  switch (const char32_t c = reader.next()) {
    case 't': return 0x09;
    case 'n': return 0x0A;
    case 'v': return 0x0B;
    case 'f': return 0x0C;
    case 'r': return 0x0D;
    case 'a': return 0x07;
    case 'e': return 0x1B;
    default: return c;
  }
}

}  // namespace

CodePointSet class_by_options(std::string_view name, CodePointSet set, const Options& options) {
  if (!is_posix_class(name)) return set;
  const bool ascii = options.ascii_posix || (options.ascii_word && name == "word") || (options.ascii_digit && name == "digit") ||
                     (options.ascii_space && name == "space");
  return ascii ? set.intersection({{0, 0x7F}}) : set;
}

CodePointSet word_characters(const Options& options) {
  CodePointSet set = known_property("word");
  set.add(CodePointSet{{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}});
  return class_by_options("word", std::move(set), options);
}

CodePointSet posix_class(std::string_view name, const Options& options) {
  CodePointSet set = known_property(name);
  if (name == "punct") set.add(known_property("s"));  // \p{punct} is without symbols
  return class_by_options(name, std::move(set), options);
}

Result<std::optional<CodePointSet>> read_class_escape(PatternReader& reader, const Options& options, bool in_brackets) {
  const char32_t c = reader.peek();
  const auto named = [&](std::string_view name) { return class_by_options(name, known_property(name), options); };
  CodePointSet set;
  switch (c) {
    case 'w': case 'W': set = in_brackets ? named("word") : word_characters(options); break;
    case 'd': case 'D': set = named("digit"); break;
    case 's': case 'S': set = named("space"); break;
    case 'h': case 'H': set = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}; break;
    case 'p': case 'P': return read_property(reader, options, in_brackets);
    default: return std::nullopt;
  }
  reader.next();
  return c < 'a' ? set.complement() : set;
}

Result<CharacterEscape> read_character_escape(PatternReader& reader) {
  if (reader.done()) return reader.wrong("end pattern at escape");
  if (reader.take("x")) {
    if (begins_code_points(reader, 16)) {
      reader.take("{");
      return read_code_points(reader, 16);
    }
    return read_raw_bytes(reader, reader.take_number(16, 2).value_or(0));
  }
  if (reader.at("o")) {
    PatternReader ahead = reader;
    ahead.take("o");
    if (begins_code_points(ahead, 8)) {
      ahead.take("{");
      reader = ahead;
      return read_code_points(reader, 8);
    }
  }
  if (reader.take("u")) {
    const size_t begin = reader.position();
    const auto code = reader.take_number(16, 4);
    if (!code || reader.position() - begin < 4) return reader.wrong("too short digits");
    if (*code >= 0xD800 && *code <= 0xDFFF) return CharacterEscape{};
    return CharacterEscape{std::u32string(1, *code)};
  }
  if (const char32_t c = reader.peek(); c >= '0' && c <= '7') {
    const uint32_t byte = *reader.take_number(8, 3);
    if (byte > 0xFF) return reader.wrong("too big number");
    return read_raw_bytes(reader, byte);
  }
  HR_TRY(const uint32_t c, read_control_character(reader));
  return CharacterEscape{std::u32string(1, c)};
}

}  // namespace headrace::text::regex
