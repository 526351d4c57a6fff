#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::cli {

/// Shows on standard error how far a piece of work is: a bar that is redrawn where
/// that is a terminal, otherwise a plain line at the beginning and every ten percent.
class Progress {
 public:
  enum class Show { Nothing, IfUseful };
  explicit Progress(Show show);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `unit_bytes` counts of `total`; total 0 shows the label alone.
  void update(std::string_view label, uint64_t done_bytes, uint64_t total_bytes);
  /// From now on the bar says how fast it is as well (MB/s since this call).
  void measure_rate();
  /// Shows a line without a measure ("decode, 16 streams").
  void say(std::string_view line);
  /// Ends the bar's line.
  void finish();

 private:
  void draw_bar(std::string_view label, uint64_t done_bytes, uint64_t total_bytes);
  void draw_line(std::string_view label, uint64_t done_bytes, uint64_t total_bytes);

  bool shown_;
  bool terminal_;
  bool open_line_ = false;
  std::string label_;
  int tenth_ = -1;
  std::chrono::steady_clock::time_point drawn_{};
  bool rate_ = false;
  std::chrono::steady_clock::time_point begun_{};
};

}  // namespace headrace::cli
