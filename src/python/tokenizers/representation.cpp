#include "python/tokenizers/representation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

namespace headrace::python {
namespace {

using Json = nlohmann::ordered_json;

/// How much of a list or a string is shown.
struct Limits {
  size_t elements = std::numeric_limits<size_t>::max();
  size_t characters = std::numeric_limits<size_t>::max();
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// The text's first `count` characters.
std::string_view first_characters(std::string_view text, size_t count) {
  size_t end = 0;
  while (end < text.size() && count > 0) {
    for (++end; end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80;) ++end;
    --count;
  }
  return text.substr(0, end);
}

class Writer {
 public:
  explicit Writer(Limits limits) : limits_(limits) {}

  void value(const Json& json, std::string_view key) {
    if (json.is_null()) {
      out_ += "None";
    } else if (json.is_boolean()) {
      out_ += json.get<bool>() ? "True" : "False";
    } else if (json.is_string()) {
      is_name(key) ? void(out_ += json.get<std::string>()) : quoted(json.get<std::string>());
    } else if (json.is_number_float()) {
      out_ += number(json.get<double>());
    } else if (json.is_array()) {
      array(json, key);
    } else if (json.is_object()) {
      object(json, key);
    } else {
      out_ += json.dump();
    }
  }
  std::string take() { return std::move(out_); }

 private:
  /// Enumerations of the reference, which it shows without quotation marks.
  static bool is_name(std::string_view key) { return is_one_of(key, {"direction", "strategy", "behavior", "prepend_scheme", "progress_format", "Sequence.id"}); }

  /// Without an exponent, as the reference shows floats.
  static std::string number(double value) {
    std::string text = fmt::format("{}", value);
    const size_t exponent = text.find('e');
    if (exponent == std::string::npos) return text;
    const int power = std::stoi(text.substr(exponent + 1));
    const size_t digits = std::ranges::count_if(text.substr(0, exponent), [](char c) { return c >= '0' && c <= '9'; });
    const int decimals = std::max(1, static_cast<int>(digits) - 1 - power);
    return fmt::format("{:.{}f}", value, decimals);
  }

  void quoted(const std::string& text) {
    const std::string_view shown = first_characters(text, limits_.characters);
    out_ += fmt::format("\"{}{}\"", shown, shown.size() < text.size() ? "..." : "");
  }

  template <class Each>
  void list(const Json& json, Each&& each) {
    size_t shown = 0;
    for (auto it = json.begin(); it != json.end(); ++it, ++shown) {
      if (shown > 0) out_ += ", ";
      if (shown == limits_.elements) {
        out_ += "...";
        break;
      }
      each(it);
    }
  }

  void array(const Json& json, std::string_view key) {
    const bool tuple = is_one_of(key, {"sep", "cls", "vocab[]", "merges[]"});
    const std::string inner = std::string(key) + "[]";
    out_ += tuple ? '(' : '[';
    list(json, [&](auto it) { value(*it, inner); });
    out_ += tuple ? ')' : ']';
  }

  void call(std::string_view name, const Json& fields, std::string_view prefix) {
    out_ += fmt::format("{}(", name);
    bool first = true;
    for (auto it = fields.begin(); it != fields.end(); ++it) {
      if (it.key() == "type") continue;
      if (!first) out_ += ", ";
      first = false;
      out_ += it.key() + "=";
      value(it.value(), prefix.empty() ? it.key() : fmt::format("{}.{}", prefix, it.key()));
    }
    out_ += ')';
  }

  void object(const Json& json, std::string_view key) {
    if (const auto type = json.find("type"); type != json.end() && type->is_string()) return call(type->get<std::string>(), json, "");
    if (key.empty() && json.size() == 1) return trainer(json);
    if (key == "special_tokens[]") return call("AddedToken", json, "");
    if (key == "bpe_trainer") return call("BpeTrainer", json, "");
    if (key == "truncation") return call("TruncationParams", json, "");
    if (key == "padding") return call("PaddingParams", json, "");
    if (key == "special_tokens{}") return call("SpecialToken", json, "");
    if (is_one_of(key, {"pattern", "strategy", "single[]", "pair[]"}) && json.size() == 1) return tagged(json);
    out_ += '{';
    const std::string inner = std::string(key) + "{}";
    list(json, [&](auto it) {
      quoted(it.key());
      out_ += ':';
      value(it.value(), inner);
    });
    out_ += '}';
  }

  /// {"BpeTrainer": {…}} is BpeTrainer(BpeTrainer(…)).
  void trainer(const Json& json) {
    out_ += json.begin().key() + "(";
    call(json.begin().key(), json.begin().value(), "");
    out_ += ')';
  }

  /// {"String": "a"} is String("a"); {"Sequence": {"id": "A", …}} is Sequence(id=A, …).
  void tagged(const Json& json) {
    const std::string name = json.begin().key();
    const Json& content = json.begin().value();
    if (content.is_object()) return call(name, content, name);
    out_ += name + "(";
    value(content, "");
    out_ += ')';
  }

  Limits limits_;
  std::string out_;
};

std::string represent(std::string_view json, Limits limits) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (parsed.is_discarded()) return std::string(json);
  Writer writer(limits);
  if (parsed.is_object() && parsed.contains("added_tokens")) {
    Json tokenizer = {{"type", "Tokenizer"}};
    tokenizer.update(parsed);
    writer.value(tokenizer, "");
  } else {
    writer.value(parsed, "");
  }
  return writer.take();
}

}  // namespace

std::string representation(std::string_view json) { return represent(json, {}); }
std::string short_representation(std::string_view json) { return represent(json, {.elements = 5, .characters = 100}); }

}  // namespace headrace::python
