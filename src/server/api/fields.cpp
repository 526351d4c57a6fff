#include "server/api/fields.h"

#include <fmt/format.h>

#include <cmath>

namespace headrace::server {

const char* describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: return "null";
    case Json::value_t::boolean: return "a boolean";
    case Json::value_t::string: return "a string";
    case Json::value_t::array: return "an array";
    case Json::value_t::object: return "an object";
    case Json::value_t::number_float: return "a decimal number";
    default: return "an integer";
  }
}

const Json* Fields::any(std::string_view name) {
  known_.emplace(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool Fields::has(std::string_view name) { return any(name) != nullptr; }

void Fields::wrong_type(std::string_view name, const char* expected, const Json& value) {
  reject(name, fmt::format("Invalid type for '{}{}': expected {}, but got {} instead.", path_, name, expected, describe(value)),
         "invalid_type");
}

double Fields::number(std::string_view name, double fallback, double low, double high) {
  const Json* value = any(name);
  if (!value) return fallback;
  if (!value->is_number()) {
    wrong_type(name, "a number", *value);
    return fallback;
  }
  const double number = value->get<double>();
  if (number > high) {
    reject(name, fmt::format("Invalid '{}{}': decimal above maximum value. Expected a value <= {}, but got {} instead.",
                             path_, name, high, number), "decimal_above_max_value");
  } else if (!(number >= low)) {
    reject(name, fmt::format("Invalid '{}{}': decimal below minimum value. Expected a value >= {}, but got {} instead.",
                             path_, name, low, number), "decimal_below_min_value");
  } else {
    return number;
  }
  return fallback;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t low, int64_t high) {
  const Json* value = any(name);
  if (!value) return {};
  if (!value->is_number_integer()) {
    wrong_type(name, "an integer", *value);
    return {};
  }
  // Above int64, only the sign is compared.
  const bool huge = value->is_number_unsigned() && value->get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max());
  const int64_t number = huge ? std::numeric_limits<int64_t>::max() : value->get<int64_t>();
  if (huge || number > high) {
    reject(name, fmt::format("Invalid '{}{}': integer above maximum value. Expected a value <= {}, but got {} instead.",
                             path_, name, high, value->dump()), "integer_above_max_value");
  } else if (number < low) {
    reject(name, fmt::format("Invalid '{}{}': integer below minimum value. Expected a value >= {}, but got {} instead.",
                             path_, name, low, number), "integer_below_min_value");
  } else {
    return number;
  }
  return {};
}

bool Fields::boolean(std::string_view name, bool fallback) {
  const Json* value = any(name);
  if (!value) return fallback;
  if (!value->is_boolean()) {
    wrong_type(name, "a boolean", *value);
    return fallback;
  }
  return value->get<bool>();
}

std::optional<std::string> Fields::text(std::string_view name) {
  const Json* value = any(name);
  if (!value) return {};
  if (!value->is_string()) {
    wrong_type(name, "a string", *value);
    return {};
  }
  return value->get<std::string>();
}

const Json* Fields::array(std::string_view name) {
  const Json* value = any(name);
  if (!value || value->is_array()) return value;
  wrong_type(name, "an array", *value);
  return nullptr;
}

const Json* Fields::object(std::string_view name) {
  const Json* value = any(name);
  if (!value || value->is_object()) return value;
  wrong_type(name, "an object", *value);
  return nullptr;
}

std::vector<uint32_t> Fields::token_ids(std::string_view name, uint32_t vocabulary) {
  std::vector<uint32_t> ids;
  const Json* list = array(name);
  if (!list) return ids;
  ids.reserve(list->size());
  for (const Json& item : *list) {
    if (!item.is_number_integer()) {
      wrong_type(name, "an array of token ids", item);
      return {};
    }
    if (!item.is_number_unsigned() || item.get<uint64_t>() >= vocabulary) {
      reject(name, fmt::format("Invalid '{}{}': token id {} is not in the vocabulary of {} tokens.", path_, name, item.dump(),
                               vocabulary));
      return {};
    }
    ids.push_back(item.get<uint32_t>());
  }
  return ids;
}

void Fields::accept(std::initializer_list<std::string_view> names) {
  for (const auto name : names) known_.emplace(name);
}

void Fields::not_supported(std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const Json* value = any(name);
    const bool off = !value || *value == false || (value->is_array() && value->empty());
    if (!off) reject(name, fmt::format("'{}{}' is not supported yet by this server.", path_, name), "unsupported_parameter");
  }
}

void Fields::reject(std::string_view name, std::string message, std::string code) {
  if (error_) return;
  error_ = ApiError{};
  error_->message = std::move(message);
  error_->param = path_ + std::string(name);
  error_->code = std::move(code);
}

void Fields::missing(std::string_view name) {
  reject(name, fmt::format("Missing required parameter: '{}{}'.", path_, name), "missing_required_parameter");
}

void Fields::keep(ApiError error) {
  if (!error_) error_ = std::move(error);
}

std::optional<ApiError> Fields::error() {
  if (error_) return error_;
  for (const auto& member : object_.items()) {
    if (known_.contains(member.key())) continue;
    ApiError unknown;
    unknown.message = "Unrecognized request argument supplied: " + path_ + member.key();
    return unknown;
  }
  return {};
}

}  // namespace headrace::server
