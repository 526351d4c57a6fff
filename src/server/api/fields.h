#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/json_body.h"

namespace headrace::server {

/// Reads the members of a request object by name and type. The first thing that is
/// wrong is kept, and `error` tells it at the end, so that reading is a plain list of
/// lines; what was read after it is a default. Absent and null are the same.
class Fields {
 public:
  /// `path` is put before names in errors: "messages[0].".
  explicit Fields(const Json& object, std::string path = {}) : object_(object), path_(std::move(path)) {}

  bool has(std::string_view name);
  double number(std::string_view name, double fallback, double low, double high);
  std::optional<int64_t> integer(std::string_view name, int64_t low = std::numeric_limits<int64_t>::min(),
                                 int64_t high = std::numeric_limits<int64_t>::max());
  bool boolean(std::string_view name, bool fallback);
  std::optional<std::string> text(std::string_view name);
  const Json* array(std::string_view name);
  const Json* object(std::string_view name);
  /// Any type; null where absent.
  const Json* any(std::string_view name);
  /// A list of token ids below `vocabulary`.
  std::vector<uint32_t> token_ids(std::string_view name, uint32_t vocabulary);

  /// Known, but without effect on the answer.
  void accept(std::initializer_list<std::string_view> names);
  /// Known, but would change the answer in a way that this server cannot: an error if
  /// it is there and not null, false, or an empty list.
  void not_supported(std::initializer_list<std::string_view> names);

  /// Keeps an error of the caller's own.
  void reject(std::string_view name, std::string message, std::string code = "invalid_value");
  void missing(std::string_view name);
  /// Keeps the error of something that was read elsewhere.
  void keep(ApiError error);

  bool failed() const { return error_.has_value(); }
  /// The first error, members nobody asked for included.
  std::optional<ApiError> error();

 private:
  void wrong_type(std::string_view name, const char* expected, const Json& value);

  const Json& object_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
  std::optional<ApiError> error_;
};

/// "a string", "an integer": what a value is, for messages.
const char* describe(const Json& value);

}  // namespace headrace::server
