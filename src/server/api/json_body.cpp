#include "server/api/json_body.h"

#include <fmt/format.h>

#include <vector>

namespace headrace::server {

namespace {

/// Walks over a document without building it; strings are skipped. What is no JSON at
/// all is left for the parser to refuse.
class LimitCheck {
 public:
  explicit LimitCheck(const JsonLimits& limits) : limits_(limits), commas_(limits.depth + 1) {}

  /// Empty, or what is too much.
  std::string run(std::string_view body) {
    for (size_t i = 0; i < body.size(); ++i) {
      switch (body[i]) {
        case '"': i = skip_string(body, i); break;
        case '[':
        case '{':
          if (depth_ == limits_.depth) return fmt::format("nested more than {} deep", limits_.depth);
          commas_[++depth_] = {0, body[i] == '{'};
          if (++values_ > limits_.values) return too_many();
          break;
        case ']':
        case '}':
          if (depth_ > 0) --depth_;
          break;
        case ',':
          if (++values_ > limits_.values) return too_many();
          if (++commas_[depth_].count >= limits_.keys && commas_[depth_].object) {
            return fmt::format("an object of more than {} members", limits_.keys);
          }
          break;
        default: break;
      }
    }
    return {};
  }

 private:
  struct Level {
    uint32_t count = 0;
    bool object = false;
  };
  static size_t skip_string(std::string_view body, size_t i) {
    for (++i; i < body.size() && body[i] != '"'; ++i) {
      if (body[i] == '\\') ++i;
    }
    return i;
  }
  std::string too_many() const { return fmt::format("of more than {} values", limits_.values); }

  const JsonLimits& limits_;
  std::vector<Level> commas_;
  uint32_t depth_ = 0;
  uint32_t values_ = 0;
};

}  // namespace

Api<Json> parse_body(std::string_view body, const JsonLimits& limits) {
  if (const std::string excess = LimitCheck(limits).run(body); !excess.empty()) {
    return refuse(400, "The request body is JSON " + excess + ", which this server does not accept.", {}, "invalid_json");
  }
  try {
    Json json = Json::parse(body);
    if (json.is_object()) return json;
    return refuse(400, "The request body must be a JSON object.", {}, "invalid_json");
  } catch (const nlohmann::json::parse_error& e) {
    return refuse(400, fmt::format("The request body is not valid JSON (at byte {}).", e.byte), {}, "invalid_json");
  } catch (const nlohmann::json::exception&) {  // a number out of range
    return refuse(400, "The request body holds a number that is out of range.", {}, "invalid_json");
  }
}

}  // namespace headrace::server
