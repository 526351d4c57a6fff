#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frame/array_builder.h"

namespace headrace::frame {

/// Values of a fixed width, some of them null.
template <class T>
Array fixed(DataType type, const std::vector<std::optional<T>>& values) {
  ArrayBuilder builder(std::move(type));
  for (const auto& value : values) EXPECT_TRUE(value ? builder.append(*value) : builder.append_null());
  return *builder.finish();
}

/// String or Binary.
inline Array texts(DataType type, const std::vector<std::optional<std::string>>& values) {
  ArrayBuilder builder(std::move(type));
  for (const auto& value : values) EXPECT_TRUE(value ? builder.append_bytes(*value) : builder.append_null());
  return *builder.finish();
}

}  // namespace headrace::frame
