#include "text/jinja/string_format.h"

#include <cmath>

#include "text/jinja/attribute.h"
#include "text/jinja/failure.h"
#include "text/jinja/format_spec.h"
#include "text/jinja/renderer.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

/// The values that `%` takes one after the other, or by name.
class PercentValues {
 public:
  explicit PercentValues(const Value& values) : values_(values) {}

  const Value& next() {
    if (by_name_) stop("the format asks for a value by position after one by name");
    if (!values_.is(Kind::Tuple)) {
      if (used_++ > 0) stop("not enough values for the format");
      return values_;
    }
    if (used_ >= values_.items().size()) stop("not enough values for the format");
    return values_.items()[used_++];
  }

  const Value& named(std::string_view name) {
    if (!values_.is(Kind::Dictionary)) stop("the format needs a dictionary for '{}'", name);
    const Value* found = values_.as<DictionaryObject>().find(name);
    if (!found) stop("the format's values have no '{}'", name);
    by_name_ = true;
    return *found;
  }

  void finish() const {
    if (by_name_) return;
    const bool left = values_.is(Kind::Tuple) ? used_ < values_.items().size()
                                              : used_ == 0 && (values_.is_string() || !takes_subscript());
    if (left) stop("not all values were used by the format");
  }

 private:
  // Python lets a lone mapping or list go unused.
  bool takes_subscript() const {
    return values_.is(Kind::Dictionary) || values_.is(Kind::List) || values_.is(Kind::Range) || values_.is_undefined();
  }
  const Value& values_;
  size_t used_ = 0;
  bool by_name_ = false;
};

int64_t integer_for_format(const Value& value, char type) {
  if (value.is_undefined()) stop_undefined(value);
  if (value.is_integral()) return value.integer();
  const bool truncates = type == 'd' || type == 'i' || type == 'u';
  if (!truncates || !value.is(Kind::Float)) stop("%{} needs an integer, not {}", type, type_name(value));
  const double number = value.number();
  if (!(std::fabs(number) < 0x1p63)) stop("%{} cannot write {}", type, float_text(number));
  return static_cast<int64_t>(number);
}

double float_for_format(const Value& value, char type) {
  if (value.is_undefined()) stop_undefined(value);
  if (!value.is_number()) stop("%{} needs a number, not {}", type, type_name(value));
  return value.number();
}

std::string character_for_format(const Value& value) {
  if (value.is_string() && value.as<StringObject>().length() == 1) return std::string(value.text());
  if (!value.is_integral() || value.integer() < 0 || value.integer() >= 0x110000 ||
      (value.integer() >= 0xd800 && value.integer() < 0xe000))
    stop("%c needs a character");
  std::string text;
  append_code_point(text, static_cast<uint32_t>(value.integer()));
  return text;
}

std::string ascii_repr(Heap& heap, const Value& value) {
  const std::string text = repr_of(heap, value);
  std::string ascii;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    i += point.size;
    if (point.value < 0x80) ascii += static_cast<char>(point.value);
    else if (point.value < 0x100) ascii += fmt::format("\\x{:02x}", point.value);
    else if (point.value < 0x10000) ascii += fmt::format("\\u{:04x}", point.value);
    else ascii += fmt::format("\\U{:08x}", point.value);
  }
  return ascii;
}

std::string percent_item(Heap& heap, FormatSpec spec, const Value& value, bool left, bool zero) {
  const bool text = spec.type == 's' || spec.type == 'r' || spec.type == 'a' || spec.type == 'c';
  spec.align = left ? '<' : zero && !text ? '=' : '>';
  if (spec.align == '=') spec.fill = "0";
  switch (spec.type) {
    case 's': return format_text(text_of(heap, value), spec);
    case 'r': return format_text(repr_of(heap, value), spec);
    case 'a': return format_text(ascii_repr(heap, value), spec);
    case 'c':
      spec.precision = -1;
      return format_text(character_for_format(value), spec);
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': return format_integer(integer_for_format(value, spec.type), spec);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': return format_float(float_for_format(value, spec.type), spec);
    default: stop("the format has an unknown type '%{}'", spec.type);
  }
}

int star_or_number(std::string_view format, size_t& i, PercentValues& values) {
  if (i >= format.size() || format[i] != '*') return parse_number(format, i, kWidest);
  ++i;
  const Value& value = values.next();
  if (!value.is_integral()) stop("* in a format needs an integer");
  if (value.integer() < -kWidest || value.integer() > kWidest)
    stop_at_limit("a width or precision in a format is over {}", kWidest);
  return static_cast<int>(value.integer());
}

void percent_directive(Heap& heap, std::string& out, std::string_view format, size_t& i, PercentValues& values) {
  const Value* named = nullptr;
  if (i < format.size() && format[i] == '(') {
    const size_t start = ++i;
    for (int depth = 1; depth > 0; ++i) {
      if (i >= format.size()) stop("a name in the format is not closed");
      depth += format[i] == '(' ? 1 : format[i] == ')' ? -1 : 0;
    }
    named = &values.named(format.substr(start, i - 1 - start));
  }
  FormatSpec spec;
  const size_t start = i;
  bool left = false;
  bool zero = false;
  for (; i < format.size(); ++i) {
    if (format[i] == '-') left = true;
    else if (format[i] == '0') zero = true;
    else if (format[i] == '+') spec.sign = '+';
    else if (format[i] == ' ') spec.sign = spec.sign == '+' ? '+' : ' ';
    else if (format[i] == '#') spec.alternate = true;
    else break;
  }
  const int width = star_or_number(format, i, values);
  left = left || (width < -1);
  spec.width = width < 0 ? (width == -1 ? 0 : -width) : width;
  if (i < format.size() && format[i] == '.') {
    ++i;
    spec.precision = std::max(star_or_number(format, i, values), 0);
  }
  while (i < format.size() && (format[i] == 'l' || format[i] == 'h' || format[i] == 'L')) ++i;
  if (i >= format.size()) stop("the format ends inside a '%'");
  spec.type = format[i++];
  if (spec.type == '%' && i == start + 1 && !named) {
    out += '%';
    return;
  }
  out += percent_item(heap, spec, named ? *named : values.next(), left, zero);
  heap.step();
  heap.expect(out.size());
}

/// One rendering of str.format: its arguments and how they are numbered.
class BraceFormat {
 public:
  BraceFormat(Renderer& renderer, const Arguments& arguments) : renderer_(renderer), arguments_(arguments) {}

  std::string run(std::string_view format, int depth = 0) {
    if (depth > 1) stop("a format's field nests too deeply");
    std::string out;
    for (size_t i = 0; i < format.size();) {
      const char c = format[i];
      if ((c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
        out += c;
        i += 2;
      } else if (c == '{') {
        const size_t end = closing_brace(format, i);
        out += field(format.substr(i + 1, end - i - 1), depth);
        renderer_.heap().expect(out.size());
        i = end + 1;
      } else if (c == '}') {
        stop("a '}}' in the format has no '{{'");
      } else {
        out += c;
        ++i;
      }
    }
    return out;
  }

 private:
  static size_t closing_brace(std::string_view format, size_t open) {
    int depth = 0;
    for (size_t i = open; i < format.size(); ++i) {
      if (format[i] == '{') ++depth;
      if (format[i] == '}' && --depth == 0) return i;
    }
    stop("a '{{' in the format is not closed");
  }

  std::string field(std::string_view text, int depth) {
    Heap& heap = renderer_.heap();
    heap.step();
    const size_t name_end = std::min(text.find_first_of("!:"), text.size());
    const Value value = lookup(text.substr(0, name_end));
    std::string_view rest = text.substr(name_end);
    char conversion = 0;
    if (rest.starts_with('!')) {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) stop("a conversion in the format is not valid");
      conversion = rest[1];
      rest.remove_prefix(2);
    }
    const std::string spec_text = rest.empty() ? std::string() : run(rest.substr(1), depth + 1);
    return apply(value, conversion, spec_text);
  }

  std::string apply(const Value& value, char conversion, const std::string& spec_text) {
    Heap& heap = renderer_.heap();
    const FormatSpec spec = parse_format_spec(spec_text);
    if (conversion == 'r') return string_field(repr_of(heap, value), spec, spec_text);
    if (conversion == 'a') return string_field(ascii_repr(heap, value), spec, spec_text);
    if (conversion == 's') return string_field(text_of(heap, value), spec, spec_text);
    if (conversion) stop("the format has an unknown conversion '!{}'", conversion);
    if (value.is_string()) return string_field(value.text(), spec, spec_text);
    if (spec_text.empty()) return text_of(heap, value);
    if (!value.is_number()) stop("a {} takes no format '{}'", type_name(value), spec_text);
    constexpr std::string_view kFloatTypes = "eEfFgG%";
    const bool as_float = spec.type && kFloatTypes.find(spec.type) != std::string_view::npos;
    if (!as_float && value.is_integral()) return integer_field(value, spec);
    if (spec.type && !as_float) stop("'{}' is no format of a float", spec.type);
    return format_float(value.number(), spec);
  }

  static std::string string_field(std::string_view text, const FormatSpec& spec, const std::string& spec_text) {
    if ((spec.type && spec.type != 's') || spec.align == '=' || spec.grouping || spec.alternate || spec.sign)
      stop("'{}' is no format of a string", spec_text);
    return format_text(text, spec);
  }

  static std::string integer_field(const Value& value, const FormatSpec& spec) {
    constexpr std::string_view kIntegerTypes = "bcdoxX";
    if (spec.type && kIntegerTypes.find(spec.type) == std::string_view::npos)
      stop("'{}' is no format of an integer", spec.type);
    const bool decimal = !spec.type || spec.type == 'd';
    if (spec.precision >= 0 || (spec.grouping == ',' && !decimal)) stop("the format is not valid for an integer");
    if (spec.type != 'c') return format_integer(value.integer(), spec);
    if (spec.sign || spec.alternate || spec.grouping) stop("the format is not valid for a character");
    FormatSpec as_text = spec;
    if (!as_text.align) as_text.align = spec.zero ? '=' : '>';
    return format_text(character_for_format(value), as_text);
  }

  Value lookup(std::string_view name) {
    const size_t first_end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, first_end));
    for (size_t i = first_end; i < name.size();) {
      const bool bracket = name[i] == '[';
      const size_t start = i + 1;
      size_t end = bracket ? name.find(']', start) : std::min(name.find_first_of(".[", start), name.size());
      if (end == std::string_view::npos || end == start) stop("a field name in the format is not valid");
      const std::string_view part = name.substr(start, end - start);
      i = bracket ? end + 1 : end;
      if (!bracket) {
        value = get_attribute(renderer_, value, part);
      } else if (size_t at = 0; parse_number(part, at, kWidest) >= 0 && at == part.size()) {
        value = get_item(renderer_, value, Value(int64_t{std::stoi(std::string(part))}));
      } else {
        value = get_item(renderer_, value, make_string(renderer_.heap(), std::string(part)));
      }
    }
    return value;
  }

  Value argument(std::string_view name) {
    size_t end = 0;
    const int number = parse_number(name, end, kWidest);
    if (name.empty() || (number >= 0 && end == name.size())) {
      const bool automatic = name.empty();
      if (numbered_ && *numbered_ != automatic) stop("a format mixes '{{}}' with numbered fields");
      numbered_ = automatic;
      const auto index = automatic ? next_++ : static_cast<size_t>(number);
      if (index >= arguments_.positional.size()) stop("the format has no value for field {}", index);
      return arguments_.positional[index];
    }
    for (const auto& [given, value] : arguments_.named)
      if (given == name) return value;
    stop("the format has no value for '{}'", name);
  }

  Renderer& renderer_;
  const Arguments& arguments_;
  size_t next_ = 0;
  std::optional<bool> numbered_;
};

}  // namespace

std::string format_percent(Heap& heap, std::string_view format, const Value& values) {
  PercentValues source(values);
  std::string out;
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      out += format[i++];
      continue;
    }
    ++i;
    percent_directive(heap, out, format, i, source);
  }
  source.finish();
  return out;
}

std::string format_braces(Renderer& renderer, std::string_view format, const Arguments& arguments) {
  return BraceFormat(renderer, arguments).run(format);
}

}  // namespace headrace::text::jinja
