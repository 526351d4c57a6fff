#include "python/tokenizers/progress_printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace headrace::python {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr size_t kBar = 30;

}  // namespace

ProgressPrinter::ProgressPrinter(bool json) : json_(json), terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressPrinter::~ProgressPrinter() {
  if (open_line_) fmt::print(stderr, "\n");
}

void ProgressPrinter::show(std::string_view step, size_t done, size_t total) {
  if (!json_ && !terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool begins = step != step_;
  if (!begins && now < shown_ + kInterval && (total == 0 || done < total)) return;
  if (begins) {
    if (open_line_) fmt::print(stderr, "\n");
    open_line_ = false;
    step_ = step;
    begun_ = now;
  }
  shown_ = now;
  if (json_) {
    fmt::print(stderr, "{{\"stage\":\"{}\",\"current\":{},\"total\":{}}}\n", step, done, total);
  } else {
    draw(step, done, total);
  }
  std::fflush(stderr);
}

void ProgressPrinter::draw(std::string_view step, size_t done, size_t total) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(shown_ - begun_).count();
  const size_t filled = total > 0 ? std::min(done, total) * kBar / total : 0;
  fmt::print(stderr, "\r[{:02}:{:02}:{:02}] {:<25} ", seconds / 3600, seconds / 60 % 60, seconds % 60, step);
  fmt::print(stderr, "{:█<{}}{:░<{}} {}/{}", "", filled, "", kBar - filled, done, total);
  open_line_ = true;
}

}  // namespace headrace::python
