#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// The attribute or method of that name, without looking at items.
std::optional<Value> own_attribute(Renderer& renderer, const Value& value, std::string_view name);
/// `value.name`: the attribute or method if the type has one, else the item.
Value get_attribute(Renderer& renderer, const Value& value, std::string_view name);
/// `value[key]`: the item if there is one, else the attribute or method.
Value get_item(Renderer& renderer, const Value& value, const Value& key);
/// `value[start:stop:step]`; null bounds are absent.
Value get_slice(Renderer& renderer, const Value& value, const Value* start, const Value* stop, const Value* step);

}  // namespace headrace::text::jinja
