#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace headrace::python {

/// Shows on standard error how far training is: a bar, if that is a terminal, or a JSON object a line
/// ({"stage":…,"current":…,"total":…}, as tokenizers 0.23 writes them).
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool json);
  ~ProgressPrinter();
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  /// `total` is 0 where it is not known.
  void show(std::string_view step, size_t done, size_t total);

 private:
  void draw(std::string_view step, size_t done, size_t total);

  bool json_;
  bool terminal_;
  bool open_line_ = false;
  std::string step_;
  std::chrono::steady_clock::time_point begun_{};
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace headrace::python
