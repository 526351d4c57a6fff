#include "cli/bench_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "cli/print_json.h"

namespace headrace::cli {
namespace {

using model::StepTrace;
using Event = StepTrace::Event;
using Operation = StepTrace::Operation;

double seconds(const Event& event) { return static_cast<double>(event.end_ns - event.begin_ns) * 1e-9; }

const char* name_of(const Event& event, const std::vector<Operation>& operations) {
  switch (event.kind) {
    case Event::Kind::Wait: return "wait";
    case Event::Kind::Between: return "between steps";
    case Event::Kind::Work: break;
  }
  return operations[event.operation].name.c_str();
}

class Writer {
 public:
  explicit Writer(std::FILE* file) : file_(file) { put("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"); }

  void add(const nlohmann::ordered_json& event) {
    put(fmt::format("{}{}", first_ ? "" : ",\n", event.dump()));
    first_ = false;
  }
  bool end() {
    put("\n]}\n");
    return good_;
  }

 private:
  void put(const std::string& text) { good_ = good_ && std::fwrite(text.data(), 1, text.size(), file_) == text.size(); }

  std::FILE* file_;
  bool first_ = true;
  bool good_ = true;
};

void name_row(Writer& writer, const char* what, size_t process, size_t thread, const std::string& name) {
  writer.add({{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}});
}

void write_event(Writer& writer, const Event& event, size_t process, size_t thread, int64_t origin,
                 const std::vector<Operation>& operations) {
  const auto micros = [](int64_t ns) { return static_cast<double>(ns) * 1e-3; };
  nlohmann::ordered_json args = {{"step", event.step}};
  if (event.kind != Event::Kind::Between) {
    const Operation& operation = operations[event.operation];
    args["rows"] = event.rows;
    if (operation.layer != StepTrace::kNoLayer) args["layer"] = operation.layer;
    if (event.kind == Event::Kind::Wait) args["after"] = operation.name;
    else if (!operation.detail.empty()) args["matrices"] = operation.detail;
  }
  writer.add({{"name", name_of(event, operations)}, {"cat", event.kind == Event::Kind::Work ? "operation" : "idle"}, {"ph", "X"},
              {"ts", micros(event.begin_ns - origin)}, {"dur", micros(event.end_ns - event.begin_ns)}, {"pid", process},
              {"tid", thread}, {"args", std::move(args)}});
}

void write_case(Writer& writer, const TracedCase& traced, size_t process, const std::vector<Operation>& operations) {
  int64_t origin = INT64_MAX;
  for (const auto& events : traced.threads) {
    if (!events.empty()) origin = std::min(origin, events.front().begin_ns);
  }
  name_row(writer, "process_name", process, 0, traced.title);
  for (size_t thread = 0; thread < traced.threads.size(); ++thread) {
    name_row(writer, "thread_name", process, thread, fmt::format("thread {}", thread));
    for (const Event& event : traced.threads[thread]) write_event(writer, event, process, thread, origin, operations);
  }
}

}  // namespace

std::vector<OperationTime> times_of(const TracedCase& traced, const std::vector<Operation>& operations) {
  struct Sum {
    double seconds = 0, bytes = 0, ops = 0;
    std::vector<uint64_t> seen;  // a step's operations whose work has been counted: once, not by thread
  };
  std::vector<std::string> order;
  std::map<std::string, Sum> sums;
  const auto sum_of = [&](const std::string& name) -> Sum& {
    if (!sums.contains(name)) order.push_back(name);
    return sums[name];
  };
  for (const Operation& operation : operations) sum_of(operation.name);
  double all = 0;
  for (size_t thread = 0; thread < traced.threads.size(); ++thread) {
    for (const Event& event : traced.threads[thread]) {
      Sum& sum = sum_of(event.kind == Event::Kind::Wait ? "waiting" : name_of(event, operations));
      // Between steps only the first thread is seen, and the others are idle as well.
      const double times = event.kind == Event::Kind::Between ? static_cast<double>(traced.threads.size()) : 1;
      sum.seconds += seconds(event) * times;
      all += seconds(event) * times;
      if (thread != 0 || event.kind != Event::Kind::Work) continue;
      const uint64_t key = uint64_t{event.step} << 32 | event.operation;
      if (std::ranges::find(sum.seen, key) != sum.seen.end()) continue;
      sum.seen.push_back(key);
      sum.bytes += static_cast<double>(operations[event.operation].weight_bytes);
      sum.ops += 2.0 * static_cast<double>(operations[event.operation].multiplications) * event.rows;
    }
  }
  const double threads = static_cast<double>(std::max<size_t>(1, traced.threads.size()));
  std::vector<OperationTime> times;
  for (const std::string& name : order) {
    const Sum& sum = sums[name];
    const double wall = sum.seconds / threads;
    times.push_back({name, wall * 1e3 / std::max(1u, traced.steps), all > 0 ? sum.seconds / all : 0, wall > 0 ? sum.bytes / wall : 0,
                     wall > 0 ? sum.ops / wall : 0});
  }
  return times;
}

Result<void> write_trace(const std::string& path, const std::vector<TracedCase>& cases, const std::vector<Operation>& operations) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "w"), close);
  if (!file) return fail(ErrorKind::Io, fmt::format("cannot write the trace to {}: {}", path, std::strerror(errno)));
  Writer writer(file.get());
  for (size_t i = 0; i < cases.size(); ++i) write_case(writer, cases[i], i, operations);
  if (!writer.end() || std::fflush(file.get()) != 0) {
    return fail(ErrorKind::Io, fmt::format("cannot write the trace to {}: {}", path, std::strerror(errno)));
  }
  return {};
}

}  // namespace headrace::cli
