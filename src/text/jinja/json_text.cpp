#include "text/jinja/json_text.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/compare.h"
#include "text/jinja/failure.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(Heap& heap, const JsonLayout& layout) : heap_(heap), layout_(layout) {}

  void write(const Value& value) {
    heap_.step();
    switch (value.kind()) {
      case Kind::None: out_ += "null"; break;
      case Kind::Boolean: out_ += value.boolean() ? "true" : "false"; break;
      case Kind::Integer: out_ += std::to_string(value.integer()); break;
      case Kind::Float: out_ += number(value.number()); break;
      case Kind::String: write_string(value.text()); break;
      case Kind::List:
      case Kind::Tuple: write_items(value.items()); break;
      case Kind::Dictionary: write_entries(value.as<DictionaryObject>().entries()); break;
      case Kind::Undefined: stop("an undefined value cannot be written as JSON ({})", reason(value));
      default: stop("a {} cannot be written as JSON", type_name(value));
    }
    heap_.expect(out_.size());
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string reason(const Value& value) {
    return value.object() ? value.as<UndefinedObject>().reason : "it has no name";
  }

  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return float_text(value);
  }

  void new_line() {
    if (!layout_.indented) return;
    out_ += '\n';
    for (int i = 0; i < level_; ++i) out_ += layout_.indent;
    heap_.expect(out_.size());
  }

  void write_items(std::span<const Value> items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) out_ += layout_.item_separator;
      new_line();
      write(items[i]);
    }
    --level_;
    new_line();
    out_ += ']';
  }

  void write_entries(const std::vector<Entry>& entries) {
    if (entries.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<const Entry*> order;
    for (const Entry& entry : entries) order.push_back(&entry);
    if (layout_.sorted)
      std::ranges::stable_sort(order, [this](const Entry* left, const Entry* right) {
        return less(heap_, left->first, right->first);
      });
    out_ += '{';
    ++level_;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i) out_ += layout_.item_separator;
      new_line();
      write_key(order[i]->first);
      out_ += layout_.key_separator;
      write(order[i]->second);
    }
    --level_;
    new_line();
    out_ += '}';
  }

  void write_key(const Value& key) {
    if (key.is_string()) return write_string(key.text());
    if (!key.is_none() && !key.is_number()) stop("a {} cannot be a key in JSON", type_name(key));
    out_ += '"';
    write(key);
    out_ += '"';
  }

  void write_string(std::string_view text) {
    heap_.step(text.size() / 64);
    out_ += '"';
    size_t plain = 0;
    for (size_t i = 0; i < text.size();) {
      const auto byte = static_cast<uint8_t>(text[i]);
      if (byte >= 0x20 && byte != '"' && byte != '\\' && (byte < 0x80 || !layout_.ascii)) {
        ++i;
        continue;
      }
      out_ += text.substr(plain, i - plain);
      const CodePoint point = decode_at(text, i);
      write_escape(point.value);
      i += point.size;
      plain = i;
    }
    out_ += text.substr(plain);
    out_ += '"';
  }

  void write_escape(uint32_t code_point) {
    switch (code_point) {
      case '"': out_ += "\\\""; return;
      case '\\': out_ += "\\\\"; return;
      case '\n': out_ += "\\n"; return;
      case '\r': out_ += "\\r"; return;
      case '\t': out_ += "\\t"; return;
      case '\b': out_ += "\\b"; return;
      case '\f': out_ += "\\f"; return;
      default: break;
    }
    if (code_point >= 0x110000) {
      code_point = 0xdc00 + (code_point - 0x110000);
    } else if (code_point >= 0x10000) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", 0xd800 + ((code_point - 0x10000) >> 10));
      code_point = 0xdc00 + ((code_point - 0x10000) & 0x3ff);
    }
    fmt::format_to(std::back_inserter(out_), "\\u{:04x}", code_point);
  }

  Heap& heap_;
  const JsonLayout& layout_;
  std::string out_;
  int level_ = 0;
};

}  // namespace

std::string json_text(Heap& heap, const Value& value, const JsonLayout& layout) {
  JsonWriter writer(heap, layout);
  writer.write(value);
  return writer.take();
}

}  // namespace headrace::text::jinja
