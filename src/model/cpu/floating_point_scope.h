#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace headrace::model {

/// Within it, arithmetic rounds to nearest, keeps subnormals and traps nothing,
/// whatever the embedding program has set; afterwards its settings are back.
class FloatingPointScope {
 public:
#if defined(__SSE__)
  FloatingPointScope() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~FloatingPointScope() { _mm_setcsr(saved_); }
#else
  FloatingPointScope() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatingPointScope() { std::fesetenv(&saved_); }
#endif
  FloatingPointScope(const FloatingPointScope&) = delete;
  FloatingPointScope& operator=(const FloatingPointScope&) = delete;

 private:
#if defined(__SSE__)
  unsigned saved_;
#else
  std::fenv_t saved_;
#endif
};

}  // namespace headrace::model
