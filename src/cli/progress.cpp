#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/memory_budget.h"

namespace headrace::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(50);
constexpr uint64_t kBarWidth = 30;

std::string bar(uint64_t done, uint64_t total) {
  const uint64_t filled = total == 0 ? 0 : kBarWidth * done / total;
  std::string text;
  for (uint64_t i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

Progress::Progress(Show show) : shown_(show == Show::IfUseful), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { finish(); }

void Progress::update(std::string_view label, uint64_t done_bytes, uint64_t total_bytes) {
  if (!shown_) return;
  if (terminal_) {
    draw_bar(label, done_bytes, total_bytes);
  } else {
    draw_line(label, done_bytes, total_bytes);
  }
}

void Progress::draw_bar(std::string_view label, uint64_t done_bytes, uint64_t total_bytes) {
  const auto now = std::chrono::steady_clock::now();
  if (label == label_ && done_bytes != total_bytes && now - drawn_ < kRedraw) return;
  drawn_ = now;
  label_ = label;
  open_line_ = true;
  if (total_bytes <= 1) {
    fmt::print(stderr, "\r\033[K{}", label);
  } else {
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const std::string rate = rate_ && seconds > 0 ? fmt::format(", {:.1f} MB/s", static_cast<double>(done_bytes) / 1e6 / seconds) : "";
    fmt::print(stderr, "\r\033[K{:<12} {} {:3d}%  {} of {}{}", label, bar(done_bytes, total_bytes),
               100 * done_bytes / total_bytes, format_bytes(done_bytes), format_bytes(total_bytes), rate);
  }
  std::fflush(stderr);
}

void Progress::draw_line(std::string_view label, uint64_t done_bytes, uint64_t total_bytes) {
  const int tenth = total_bytes <= 1 ? 0 : static_cast<int>(10 * done_bytes / total_bytes);
  if (label == label_ && tenth <= tenth_) return;
  label_ = label;
  tenth_ = tenth;
  if (total_bytes <= 1) {
    fmt::print(stderr, "{}\n", label);
  } else {
    fmt::print(stderr, "{} {}% of {}\n", label, 10 * tenth, format_bytes(total_bytes));
  }
}

void Progress::measure_rate() {
  rate_ = true;
  begun_ = std::chrono::steady_clock::now();
}

void Progress::say(std::string_view line) {
  if (!shown_) return;
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ ? "" : "\n");
  std::fflush(stderr);
  open_line_ = terminal_;
}

void Progress::finish() {
  if (open_line_) fmt::print(stderr, "\r\033[K");
  open_line_ = false;
  label_.clear();
  tenth_ = -1;
}

}  // namespace headrace::cli
