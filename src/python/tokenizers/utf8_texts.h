#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace headrace::python {

/// The UTF-8 of Python's strings, valid as long as this and the strings live. What is ASCII is read in place; of
/// other strings Python would make and keep a copy each, slower than they are encoded.
class Utf8Texts {
 public:
  Utf8Texts() = default;
  ~Utf8Texts();
  Utf8Texts(const Utf8Texts&) = delete;
  Utf8Texts& operator=(const Utf8Texts&) = delete;

  /// Needs a `str`. A view of null, with Python's error set, if it has lone surrogates.
  std::string_view of(nanobind::handle string);

 private:
  struct Block {
    explicit Block(size_t size = 0);
    std::unique_ptr<char[]> small;
    Buffer large;
    char* bytes = nullptr;  // in one of them
    size_t size = 0;
    size_t used = 0;
  };
  friend struct SpareBlock;
  char* room_for(size_t bytes);

  std::vector<Block> blocks_;
};

/// A `str` of UTF-8; raises UnicodeDecodeError.
nanobind::object str_of(std::string_view text);

}  // namespace headrace::python
