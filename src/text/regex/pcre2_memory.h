#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <cstdint>
#include <memory>
#include <string>

namespace headrace::text::pcre2 {

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// What a thread needs beside compiled patterns.
struct MatchMemory {
  static constexpr uint32_t kMostHeapKiB = 256 * 1024;
  static constexpr size_t kMostStackBytes = size_t{64} << 20;

  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(32 * 1024, kMostStackBytes, nullptr)};

  /// False if there was no memory for it.
  bool prepare() {
    if (!data || !context || !stack) return false;
    pcre2_set_heap_limit(context.get(), kMostHeapKiB);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    return true;
  }
};

inline std::string error_message(int code) {
  char text[256] = {};
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
  return text;
}

}  // namespace headrace::text::pcre2
