#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/lines.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"
#include "text/jinja/string_format.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

void expect_positional(const Arguments& arguments, std::string_view method) {
  if (!arguments.named.empty()) stop("{}() takes no arguments by name", method);
}

template <std::string (*change)(std::string_view)>
Value changed(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("this method", arguments, {});
  renderer.heap().step(self.text().size() / 16);
  return make_string(renderer.heap(), change(self.text()), self.as<StringObject>().is_markup());
}

template <bool left, bool right>
Value stripped(Renderer& renderer, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "strip");
  const Parameters given("strip", arguments, {"chars"});
  const std::string_view text = given.unless_none(0) ? strip(self.text(), given.text(0, ""), left, right)
                                                     : strip(self.text(), left, right);
  return make_string(renderer.heap(), std::string(text), self.as<StringObject>().is_markup());
}

class Pieces {
 public:
  explicit Pieces(Heap& heap) : heap_(heap) {}
  void add(std::string_view text) { items_.push_back(make_string(heap_, std::string(text))); }
  Value list(bool reversed = false) {
    if (reversed) std::ranges::reverse(items_);
    return make_list(heap_, std::move(items_));
  }

 private:
  Heap& heap_;
  std::vector<Value> items_;
};

Value split_at_space(Heap& heap, std::string_view text, uint64_t most, bool from_right) {
  Pieces pieces(heap);
  text = strip(text, !from_right, from_right);
  for (; most > 0 && !text.empty(); --most) {
    size_t i = from_right ? text.size() : 0;
    if (from_right) {
      while (i > 0 && !is_space(decode_at(text, previous_start(text, i)).value)) i = previous_start(text, i);
      pieces.add(text.substr(i));
      text = strip(text.substr(0, i), false, true);
    } else {
      while (i < text.size() && !is_space(decode_at(text, i).value)) i += decode_at(text, i).size;
      pieces.add(text.substr(0, i));
      text = strip(text.substr(i), true, false);
    }
  }
  if (!text.empty()) pieces.add(text);
  return pieces.list(from_right);
}

Value split_at_text(Heap& heap, std::string_view text, std::string_view separator, uint64_t most, bool from_right) {
  if (separator.empty()) stop("a string cannot be split at an empty string");
  Pieces pieces(heap);
  for (; most > 0; --most) {
    const size_t found = from_right ? text.rfind(separator) : text.find(separator);
    if (found == kNowhere) break;
    if (from_right) {
      pieces.add(text.substr(found + separator.size()));
      text = text.substr(0, found);
    } else {
      pieces.add(text.substr(0, found));
      text = text.substr(found + separator.size());
    }
  }
  pieces.add(text);
  return pieces.list(from_right);
}

template <bool from_right>
Value split(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given(from_right ? "rsplit" : "split", arguments, {"sep", "maxsplit"});
  const int64_t count = given.integer(1, -1);
  const uint64_t most = count < 0 ? UINT64_MAX : static_cast<uint64_t>(count);
  renderer.heap().step(self.text().size() / 16);
  if (!given.unless_none(0)) return split_at_space(renderer.heap(), self.text(), most, from_right);
  return split_at_text(renderer.heap(), self.text(), given.text(0, ""), most, from_right);
}

Value splitlines(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("splitlines", arguments, {"keepends"});
  Pieces pieces(renderer.heap());
  for (const std::string_view line : split_lines(self.text(), given.truth(0, false))) pieces.add(line);
  return pieces.list();
}

template <bool from_right>
Value partition(Renderer& renderer, const Value& self, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("partition", arguments, {"sep"}, 1);
  const std::string_view text = self.text();
  const std::string_view separator = given.text(0, "");
  if (separator.empty()) stop("a string cannot be split at an empty string");
  const size_t found = from_right ? text.rfind(separator) : text.find(separator);
  const auto piece = [&](std::string_view part) { return make_string(heap, std::string(part)); };
  if (found == kNowhere)
    return from_right ? make_tuple(heap, {piece(""), piece(""), piece(text)})
                      : make_tuple(heap, {piece(text), piece(""), piece("")});
  return make_tuple(heap, {piece(text.substr(0, found)), piece(separator), piece(text.substr(found + separator.size()))});
}

/// Bytes [begin, end) of a string, as Python's optional start and end give them.
struct Window {
  size_t begin = 0, end = 0;
  bool valid = true;  ///< false: start is past the end, where not even "" is found
};

Window window_of(const Value& self, const Parameters& given) {
  const std::string_view text = self.text();
  const auto length = static_cast<int64_t>(self.as<StringObject>().length());
  int64_t start = given.unless_none(1) ? given.integer(1, 0) : 0;
  int64_t end = given.unless_none(2) ? given.integer(2, 0) : length;
  if (start < 0) start = std::max<int64_t>(start + length, 0);
  if (end < 0) end = std::max<int64_t>(end + length, 0);
  end = std::min(end, length);
  if (start > end) return {0, 0, false};
  return {byte_offset(text, static_cast<size_t>(start)), byte_offset(text, static_cast<size_t>(end)), true};
}

bool matches(std::string_view text, const Value& affix, bool at_end) {
  if (!affix.is_string()) stop("startswith() and endswith() compare strings, not {}", type_name(affix));
  return at_end ? text.ends_with(affix.text()) : text.starts_with(affix.text());
}

template <bool at_end>
Value has_affix(Renderer&, const Value& self, const Arguments& arguments) {
  const Parameters given(at_end ? "endswith" : "startswith", arguments, {"prefix", "start", "end"}, 1);
  const Value& affix = *given.get(0);
  const Window window = window_of(self, given);
  const std::string_view text = self.text().substr(window.begin, window.end - window.begin);
  if (!affix.is(Kind::Tuple)) return Value(matches(text, affix, at_end) && window.valid);
  for (const Value& choice : affix.items())
    if (matches(text, choice, at_end)) return Value(window.valid);
  return Value(false);
}

template <bool from_right, bool must>
Value find(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("find", arguments, {"sub", "start", "end"}, 1);
  const std::string_view wanted = given.text(0, "");
  const Window window = window_of(self, given);
  const std::string_view text = self.text().substr(window.begin, window.end - window.begin);
  renderer.heap().step(text.size() / 64);
  const size_t found = !window.valid ? kNowhere : from_right ? text.rfind(wanted) : text.find(wanted);
  if (found != kNowhere)
    return Value(static_cast<int64_t>(count_code_points(self.text().substr(0, window.begin + found))));
  if (must) stop("the string that index() looks for is not there");
  return Value(int64_t{-1});
}

Value count(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("count", arguments, {"sub", "start", "end"}, 1);
  const std::string_view wanted = given.text(0, "");
  const Window window = window_of(self, given);
  if (!window.valid) return Value(int64_t{0});
  const std::string_view text = self.text().substr(window.begin, window.end - window.begin);
  renderer.heap().step(text.size() / 64);
  if (wanted.empty()) return Value(static_cast<int64_t>(count_code_points(text)) + 1);
  int64_t found = 0;
  for (size_t i = text.find(wanted); i != kNowhere; i = text.find(wanted, i + wanted.size())) ++found;
  return Value(found);
}

Value replace(Renderer& renderer, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "replace");
  const Parameters given("replace", arguments, {"old", "new", "count"}, 2);
  return make_string(renderer.heap(), replace_all(renderer.heap(), self.text(), given.text(0, ""), given.text(1, ""),
                                                  given.integer(2, -1)));
}

Value join(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("join", arguments, {"iterable"}, 1);
  std::string out;
  bool first = true;
  Cursor cursor(renderer.heap(), *given.get(0));
  for (Value item; cursor.next(item);) {
    if (!item.is_string()) stop("join() needs strings, not a {}", type_name(item));
    if (!std::exchange(first, false)) out += self.text();
    out += item.text();
    renderer.heap().expect(out.size());
  }
  return make_string(renderer.heap(), std::move(out));
}

Value format(Renderer& renderer, const Value& self, const Arguments& arguments) {
  return make_string(renderer.heap(), format_braces(renderer, self.text(), arguments));
}

Value removeprefix(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const std::string_view prefix = Parameters("removeprefix", arguments, {"prefix"}, 1).text(0, "");
  std::string_view text = self.text();
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return make_string(renderer.heap(), std::string(text));
}

Value removesuffix(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const std::string_view suffix = Parameters("removesuffix", arguments, {"suffix"}, 1).text(0, "");
  std::string_view text = self.text();
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return make_string(renderer.heap(), std::string(text));
}

// Pads to a width: -1 on the right, 1 on the left, 0 on both sides.
template <int side>
Value pad(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("pad", arguments, {"width", "fillchar"}, 1);
  const std::string_view fill = given.text(1, " ");
  if (count_code_points(fill) != 1) stop("the fill is one character");
  const auto length = static_cast<int64_t>(self.as<StringObject>().length());
  const int64_t width = std::max(given.integer(0, 0), length);
  const int64_t missing = width - length;
  const int64_t left = side == 1 ? missing : side == -1 ? 0 : missing / 2 + (missing & width & 1);
  uint64_t total = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(missing), fill.size(), &total)) total = UINT64_MAX;
  renderer.heap().expect(total);
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += self.text();
  for (int64_t i = left; i < missing; ++i) out += fill;
  return make_string(renderer.heap(), std::move(out));
}

Value zfill(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const int64_t wanted = Parameters("zfill", arguments, {"width"}, 1).integer(0, 0);
  const auto length = static_cast<int64_t>(self.as<StringObject>().length());
  const auto zeros = static_cast<size_t>(std::max<int64_t>(wanted - length, 0));
  renderer.heap().expect(zeros);
  std::string text(self.text());
  const bool sign = text.starts_with('-') || text.starts_with('+');
  return make_string(renderer.heap(), text.insert(sign ? 1 : 0, zeros, '0'));
}

Value expandtabs(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const int64_t size = Parameters("expandtabs", arguments, {"tabsize"}).integer(0, 8);
  std::string out;
  int64_t column = 0;
  for (const char c : self.text()) {
    if (c == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      renderer.heap().expect(out.size() + static_cast<uint64_t>(spaces));
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
      continue;
    }
    out += c;
    column = c == '\n' || c == '\r' ? 0 : column + ((static_cast<uint8_t>(c) & 0xc0) != 0x80);
  }
  return make_string(renderer.heap(), std::move(out));
}

// Whether all characters are of a class, and there is one.
template <bool (*in_class)(uint32_t), bool when_empty = false>
Value all_are(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("this method", arguments, {});
  const std::string_view text = self.text();
  renderer.heap().step(text.size() / 16);
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    if (!in_class(point.value)) return Value(false);
    i += point.size;
  }
  return Value(when_empty || !text.empty());
}

bool is_alphanumeric(uint32_t code_point) { return is_alphabetic(code_point) || is_numeric(code_point); }
bool is_ascii(uint32_t code_point) { return code_point < 0x80; }

template <bool (*right)(uint32_t), bool (*wrong)(uint32_t)>
Value cased_are(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("this method", arguments, {});
  renderer.heap().step(self.text().size() / 16);
  bool found = false;
  for (size_t i = 0; i < self.text().size();) {
    const CodePoint point = decode_at(self.text(), i);
    if (wrong(point.value) || is_titlecase(point.value)) return Value(false);
    found |= right(point.value);
    i += point.size;
  }
  return Value(found);
}

Value is_title(Renderer& renderer, const Value& self, const Arguments& arguments) {
  const Parameters given("istitle", arguments, {});
  renderer.heap().step(self.text().size() / 16);
  bool found = false;
  bool after_cased = false;
  for (size_t i = 0; i < self.text().size();) {
    const CodePoint point = decode_at(self.text(), i);
    const bool opens = is_uppercase(point.value) || is_titlecase(point.value);
    const bool follows = is_lowercase(point.value);
    if ((opens && after_cased) || (follows && !after_cased)) return Value(false);
    after_cased = opens || follows;
    found |= after_cased;
    i += point.size;
  }
  return Value(found);
}

bool starts_identifier(uint32_t code_point) { return code_point == '_' || is_alphabetic(code_point); }

Value is_identifier(Renderer&, const Value& self, const Arguments& arguments) {
  const Parameters given("isidentifier", arguments, {});
  const std::string_view text = self.text();
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    if (!starts_identifier(point.value) && !(i > 0 && is_decimal(point.value))) return Value(false);
    i += point.size;
  }
  return Value(!text.empty());
}

std::string folded(std::string_view text) { return to_lower(text); }

constexpr Named<FilterFunction> kMethods[] = {
    {"capitalize", changed<to_capitalized>},
    {"casefold", changed<folded>},
    {"center", pad<0>},
    {"count", count},
    {"endswith", has_affix<true>},
    {"expandtabs", expandtabs},
    {"find", find<false, false>},
    {"format", format},
    {"index", find<false, true>},
    {"isalnum", all_are<is_alphanumeric>},
    {"isalpha", all_are<is_alphabetic>},
    {"isascii", all_are<is_ascii, true>},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", is_identifier},
    {"islower", cased_are<is_lowercase, is_uppercase>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", all_are<is_printable, true>},
    {"isspace", all_are<is_space>},
    {"istitle", is_title},
    {"isupper", cased_are<is_uppercase, is_lowercase>},
    {"join", join},
    {"ljust", pad<-1>},
    {"lower", changed<to_lower>},
    {"lstrip", stripped<true, false>},
    {"partition", partition<false>},
    {"removeprefix", removeprefix},
    {"removesuffix", removesuffix},
    {"replace", replace},
    {"rfind", find<true, false>},
    {"rindex", find<true, true>},
    {"rjust", pad<1>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"rstrip", stripped<false, true>},
    {"split", split<false>},
    {"splitlines", splitlines},
    {"startswith", has_affix<false>},
    {"strip", stripped<true, true>},
    {"swapcase", changed<swap_case>},
    {"title", changed<to_title>},
    {"upper", changed<to_upper>},
    {"zfill", zfill},
};

}  // namespace

std::span<const Named<FilterFunction>> string_methods() { return kMethods; }

}  // namespace headrace::text::jinja
