#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/compare.h"
#include "text/jinja/cursor.h"
#include "text/jinja/failure.h"
#include "text/jinja/html.h"
#include "text/jinja/json_text.h"
#include "text/jinja/lines.h"
#include "text/jinja/parameters.h"
#include "text/jinja/renderer.h"
#include "text/jinja/string_format.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

bool is_markup(const Value& value) { return value.is_string() && value.as<StringObject>().is_markup(); }

// A filter without arguments from text to text.
template <std::string (*change)(std::string_view)>
Value changed(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("this filter", arguments, {});
  const std::string text = text_of(renderer.heap(), subject);
  renderer.heap().step(text.size() / 16);
  return make_string(renderer.heap(), change(text), is_markup(subject));
}

// Words start after white space, hyphens and opening brackets.
std::string title_words(std::string_view text) {
  const auto separates = [](uint32_t c) { return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<'; };
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const bool separator = separates(decode_at(text, i).value);
    size_t end = i;
    while (end < text.size() && separates(decode_at(text, end).value) == separator) end += decode_at(text, end).size;
    const size_t first = decode_at(text, i).size;
    out += to_upper(text.substr(i, first));
    out += to_lower(text.substr(i + first, end - i - first));
    i = end;
  }
  return out;
}

Value to_string(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("string", arguments, {});
  return subject.is_string() ? subject : make_string(renderer.heap(), text_of(renderer.heap(), subject));
}

Value trim(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("trim", arguments, {"chars"});
  const std::string text = text_of(renderer.heap(), subject);
  const Value* set = given.unless_none(0);
  const std::string_view stripped = set ? strip(text, given.text(0, ""), true, true) : strip(text);
  return make_string(renderer.heap(), std::string(stripped), is_markup(subject));
}

Value replace(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t count = given.unless_none(2) ? given.integer(2, -1) : -1;
  return make_string(heap, replace_all(heap, text_of(heap, subject), text_of(heap, *given.get(0)),
                                       text_of(heap, *given.get(1)), count));
}

const Value& expect_text(const Value& subject, std::string_view filter) {
  if (subject.is_undefined()) stop_undefined(subject);
  if (!subject.is_string()) stop("{}() needs a string, not a {}", filter, type_name(subject));
  return subject;
}

Value indent(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("indent", arguments, {"width", "first", "blank"});
  expect_text(subject, "indent");
  std::string indention;
  if (given.get(0) && given.get(0)->is_string()) {
    indention = given.get(0)->text();
  } else {
    const int64_t width = std::max<int64_t>(given.integer(0, 4), 0);
    heap.expect(static_cast<uint64_t>(width));
    indention.assign(static_cast<size_t>(width), ' ');
  }
  const std::string text = std::string(subject.text()) + "\n";
  std::string out;
  bool first = true;
  for (const std::string_view line : split_lines(text)) {
    if (!first) out += '\n';
    const bool indented = first ? given.truth(1, false) : given.truth(2, false) || !line.empty();
    if (indented) out += indention;
    out += line;
    first = false;
    heap.expect(out.size());
  }
  return make_string(heap, std::move(out), is_markup(subject));
}

Value center(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("center", arguments, {"width"});
  const std::string text = text_of(heap, subject);
  const auto size = static_cast<int64_t>(count_code_points(text));
  const int64_t width = std::max(given.integer(0, 80), size);
  heap.expect(static_cast<uint64_t>(width));
  const int64_t missing = width - size;
  const int64_t left = missing / 2 + (missing & width & 1);
  return make_string(heap, std::string(static_cast<size_t>(left), ' ') + text +
                               std::string(static_cast<size_t>(missing - left), ' '));
}

Value truncate(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const int64_t size = length_of(subject);
  if (size < 0) stop("truncate() needs a string, not a {}", type_name(subject));
  const int64_t length = given.integer(0, 255);
  const std::string_view end = given.text(2, "...");
  const int64_t leeway = given.unless_none(3) ? given.integer(3, 5) : 5;
  const auto end_length = static_cast<int64_t>(count_code_points(end));
  if (length < end_length || leeway < 0) stop("truncate() needs a length of at least {} and no negative leeway", end_length);
  if (static_cast<uint64_t>(size) <= static_cast<uint64_t>(length) + static_cast<uint64_t>(leeway)) return subject;
  const std::string_view text = expect_text(subject, "truncate").text();
  std::string_view kept = text.substr(0, byte_offset(text, static_cast<size_t>(length - end_length)));
  if (!given.truth(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return make_string(renderer.heap(), std::string(kept).append(end));
}

Value wordcount(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("wordcount", arguments, {});
  const std::string text = text_of(renderer.heap(), subject);
  renderer.heap().step(text.size() / 16);
  int64_t words = 0;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    const bool word = point.value == '_' || is_alphabetic(point.value) || is_numeric(point.value);
    words += word && !inside;
    inside = word;
    i += point.size;
  }
  return Value(words);
}

Value format(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  if (!arguments.positional.empty() && !arguments.named.empty())
    stop("format() takes values by position or by name, not both");
  const std::string text = text_of(heap, subject);
  if (arguments.named.empty()) return make_string(heap, format_percent(heap, text, make_tuple(heap, arguments.positional)));
  const auto names = heap.make<DictionaryObject>();
  for (const auto& [name, value] : arguments.named) names->set(make_string(heap, std::string(name)), value);
  return make_string(heap, format_percent(heap, text, Value(Kind::Dictionary, names)));
}

Value safe(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("safe", arguments, {});
  return make_string(renderer.heap(), text_of(renderer.heap(), subject), true);
}

Value escape(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("escape", arguments, {});
  if (is_markup(subject)) return subject;
  return make_string(renderer.heap(), escape_html(text_of(renderer.heap(), subject)), true);
}

Value force_escape(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  const Parameters given("forceescape", arguments, {});
  return make_string(renderer.heap(), escape_html(text_of(renderer.heap(), subject)), true);
}

std::string url_quoted(std::string_view text, bool in_query) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '.' || c == '-' || c == '~' || (c == '/' && !in_query);
    if (plain) out += c;
    else if (c == ' ' && in_query) out += '+';
    else out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return out;
}

Value urlencode(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("urlencode", arguments, {});
  if (subject.is_string() || !is_iterable(subject)) return make_string(heap, url_quoted(text_of(heap, subject), false));
  std::string out;
  const auto add = [&](const Value& key, const Value& value) {
    if (!out.empty()) out += '&';
    out += url_quoted(text_of(heap, key), true) + "=" + url_quoted(text_of(heap, value), true);
    heap.expect(out.size());
  };
  if (subject.is(Kind::Dictionary)) {
    for (const auto& [key, value] : subject.as<DictionaryObject>().entries()) add(key, value);
  } else {
    for (const Value& pair : collect(heap, subject)) {
      const std::vector<Value> both = collect(heap, pair);
      if (both.size() != 2) stop("urlencode() needs pairs, not {} values", both.size());
      add(both[0], both[1]);
    }
  }
  return make_string(heap, std::move(out));
}

Value xml_attributes(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("xmlattr", arguments, {"autospace"});
  if (!subject.is(Kind::Dictionary)) stop("xmlattr() needs a dictionary, not a {}", type_name(subject));
  std::string out;
  for (const auto& [key, value] : subject.as<DictionaryObject>().entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    if (!key.is_string() || key.text().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos)
      stop("a key is not valid as the name of an attribute");
    if (!out.empty()) out += ' ';
    const std::string text = is_markup(value) ? std::string(value.text()) : escape_html(text_of(heap, value));
    out += (is_markup(key) ? std::string(key.text()) : escape_html(key.text())) + "=\"" + text + "\"";
    heap.expect(out.size());
  }
  if (given.truth(0, true) && !out.empty()) out.insert(0, " ");
  return make_string(heap, std::move(out));
}

void read_separators(const Value& pair, JsonLayout& layout, Heap& heap) {
  const std::vector<Value> both = collect(heap, pair);
  if (both.size() != 2 || !both[0].is_string() || !both[1].is_string()) stop("tojson()'s separators are two strings");
  layout.item_separator = both[0].text();
  layout.key_separator = both[1].text();
}

Value to_json(Renderer& renderer, const Value& subject, const Arguments& arguments) {
  Heap& heap = renderer.heap();
  const Parameters given("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonLayout layout;
  layout.ascii = given.truth(0, false);
  layout.sorted = given.truth(3, false);
  if (const Value* indention = given.unless_none(1)) {
    layout.indented = true;
    layout.item_separator = ",";
    if (indention->is_string()) {
      layout.indent = indention->text();
    } else {
      const int64_t width = std::max<int64_t>(given.integer(1, 0), 0);
      if (width > 1000) stop_at_limit("tojson() indents by at most 1000");
      layout.indent.assign(static_cast<size_t>(width), ' ');
    }
  }
  if (const Value* separators = given.unless_none(2)) read_separators(*separators, layout, heap);
  return make_string(heap, json_text(heap, subject, layout));
}

constexpr Named<FilterFunction> kFilters[] = {
    {"capitalize", changed<to_capitalized>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format},
    {"indent", indent},
    {"lower", changed<to_lower>},
    {"replace", replace},
    {"safe", safe},
    {"string", to_string},
    {"title", changed<title_words>},
    {"tojson", to_json},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", changed<to_upper>},
    {"urlencode", urlencode},
    {"wordcount", wordcount},
    {"xmlattr", xml_attributes},
};

}  // namespace

std::span<const Named<FilterFunction>> text_filters() { return kFilters; }

}  // namespace headrace::text::jinja
