#include "text/regex/properties.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "text/regex/property_tables.h"

namespace headrace::text::regex {
namespace {

uint32_t read_number(const uint8_t*& at) {
  uint32_t value = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = *at++;
    value |= uint32_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
}

CodePointSet set_of(const PropertyName& property, const uint8_t* numbers) {
  std::vector<CodePointRange> ranges;
  const uint8_t* at = numbers + property.begin;
  char32_t next = 0;
  for (uint32_t i = 0; i < property.ranges; ++i) {
    const char32_t first = next + read_number(at);
    const char32_t last = first + read_number(at);
    ranges.push_back({first, last});
    next = last + 1;
  }
  CodePointSet set;
  set.add(ranges);
  return set;
}

}  // namespace

std::string folded_property_name(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return folded;
}

std::optional<CodePointSet> property(std::string_view name) {
  const std::string folded = folded_property_name(name);
  const PropertyName* const end = kPropertyNames + kPropertyNameCount;
  const PropertyName* const found = std::lower_bound(
      kPropertyNames, end, folded, [](const PropertyName& entry, const std::string& wanted) { return entry.name < wanted; });
  if (found == end || found->name != folded) return std::nullopt;
  return set_of(*found, kPropertyRanges);
}

CodePointSet grapheme_class(std::string_view name) {
  const std::span<const PropertyName> classes(kGraphemeClasses, kGraphemeClassCount);
  const auto found = std::ranges::find(classes, name, &PropertyName::name);
  return found == classes.end() ? CodePointSet{} : set_of(*found, kGraphemeRanges);
}

CodePointSet known_property(std::string_view name) { return property(name).value_or(CodePointSet{}); }

bool is_posix_class(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kNames = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit",  "graph",
                                                              "lower", "print", "punct", "space", "upper", "xdigit", "word"};
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace headrace::text::regex
