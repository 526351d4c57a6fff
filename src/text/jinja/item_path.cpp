#include "text/jinja/item_path.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/attribute.h"
#include "text/jinja/failure.h"
#include "text/jinja/renderer.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

constexpr size_t kLongestPath = 100;

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
    if (parts.size() > kLongestPath) stop_at_limit("an attribute has over {} parts", kLongestPath);
  }
}

Value step_of(Heap& heap, std::string_view part) {
  int64_t number = 0;
  const char* end = part.data() + part.size();
  const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits && std::from_chars(part.data(), end, number).ec == std::errc()) return Value(number);
  return make_string(heap, std::string(part));
}

}  // namespace

ItemPath::ItemPath(Heap& heap, const Value* attribute) {
  if (!attribute || attribute->is_none()) return;
  if (!attribute->is_string()) {
    steps_.push_back(*attribute);
    return;
  }
  for (const std::string_view part : split_at(attribute->text(), '.')) steps_.push_back(step_of(heap, part));
}

Value ItemPath::follow(Renderer& renderer, Value item, const Value* otherwise) const {
  for (const Value& step : steps_) {
    item = get_item(renderer, item, step);
    if (item.is_undefined() && otherwise) item = *otherwise;
  }
  return item;
}

std::vector<ItemPath> item_paths(Heap& heap, const Value* attributes) {
  std::vector<ItemPath> paths;
  if (!attributes || !attributes->is_string()) {
    paths.emplace_back(heap, attributes);
    return paths;
  }
  for (const std::string_view part : split_at(attributes->text(), ',')) {
    const Value path = make_string(heap, std::string(part));
    paths.emplace_back(heap, &path);
  }
  return paths;
}

Value without_case(Heap& heap, Value value) {
  return value.is_string() ? make_string(heap, to_lower(value.text())) : std::move(value);
}

}  // namespace headrace::text::jinja
