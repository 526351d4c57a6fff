#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <memory>

#include "base/memory_budget.h"
#include "cli/bench_kernels.h"
#include "cli/bench_measure.h"
#include "cli/bench_trace.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/progress.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Measures, through the engine as users get it: prefill of a prompt; decode of
streams side by side, each after a 128-token prompt of its own, summed over the
streams; and decode of one stream deep in a context. Medians of --repeat runs.

With --trace FILE each test runs once more, and what every thread did in some of its
steps is written to FILE in Chrome's trace format (open it in about:tracing or
ui.perfetto.dev), with a table of the time by operation.

With --kernels the kernels run alone instead, on the shapes of the model (whose
weights are not read): for each tier of this CPU, or the one of --isa, how fast each
is, the roof that the machine allows (what memory gives, and what the products and
scales of the type cost when all else is free, both probed in the same run), and the
share of it that is reached.

Examples:
  headrace bench smollm2
  headrace bench smollm2 --kernels --rows 1,16,64
  headrace bench smollm2 --kernels --types Q4_K,Q6_K --isa avx2
  headrace bench smollm2 --streams 16 --trace steps.json
  headrace bench smollm2 --json --threads 2 --prompt 512 --generate 128 --depth 0,4096 --streams 1,8,16,64)";

constexpr uint32_t kStreamPrompt = 128;
constexpr uint32_t kTracedSteps = 8;

struct BenchOptions : ModelOptions {
  std::vector<uint32_t> prompts{512};
  std::vector<uint32_t> depths{0};
  std::vector<uint32_t> streams{1, 8, 16};
  uint32_t generate = 128;
  uint32_t step_tokens = engine::EngineOptions{}.step_tokens;
  int repeat = 3;
  std::string trace;
  bool kernels = false;
  std::vector<uint32_t> rows = KernelBenchOptions{}.rows;
  std::vector<std::string> types;
};

struct BenchResult {
  BenchCase bench_case;
  BenchMeasure measure;
};

const char* name(BenchCase::Test test) { return test == BenchCase::Test::Prefill ? "prefill" : "decode"; }

std::vector<BenchCase> cases_of(const BenchOptions& options) {
  using Test = BenchCase::Test;
  std::vector<BenchCase> cases;
  for (const uint32_t prompt : options.prompts) {
    if (prompt != 0) cases.push_back({Test::Prefill, 1, prompt, 0, 0});
  }
  if (options.generate == 0) return cases;
  for (const uint32_t depth : options.depths) {
    if (depth != 0) {
      cases.push_back({Test::Decode, 1, 0, options.generate, depth});
      continue;
    }
    for (const uint32_t streams : options.streams) cases.push_back({Test::Decode, streams, kStreamPrompt, options.generate, 0});
  }
  return cases;
}

uint32_t tokens_of(const BenchCase& bench_case, uint32_t step_tokens) {
  return bench_case.context_before() + bench_case.generate + decode_slack(bench_case, step_tokens);
}

/// Just enough context, sequences and pages for the largest case.
Result<engine::EngineOptions> fitted_engine(const BenchOptions& options, model::Model& model, const std::vector<BenchCase>& cases) {
  auto result = engine_options(options);
  result.prefix_cache = false;
  result.step_tokens = options.step_tokens;
  // All prompts first: decode is measured once every stream has begun.
  result.mixed_step_ratio = result.burst_step_ratio = 1e9;
  uint64_t pages = 0;
  uint32_t context = 32;  // the warm-up's
  for (const auto& bench_case : cases) {
    const uint32_t tokens = tokens_of(bench_case, options.step_tokens);
    context = std::max(context, tokens);
    pages = std::max<uint64_t>(pages, uint64_t{bench_case.streams} * (tokens / kernels::kPageTokens + 2));
    result.max_sequences = std::max(result.max_sequences, bench_case.streams);
  }
  result.max_queue = std::max(result.max_queue, result.max_sequences);
  if (context > model.info().context_length) {
    return fail(ErrorKind::OutOfRange, fmt::format("{} tokens do not fit the model's context of {}; ask for a smaller --depth, "
                                                   "--prompt or --generate", context, model.info().context_length));
  }
  if (options.context == 0) result.context = context;
  if (options.kv_bytes == 0) result.kv_bytes = pages * model.backend().page_bytes();
  return result;
}

/// The middle one of the runs, by speed.
Result<BenchMeasure> median(engine::Engine& engine, const BenchCase& bench_case, const BenchOptions& options) {
  std::vector<BenchMeasure> measures;
  for (int i = 0; i < options.repeat; ++i) {
    HR_TRY(const auto one, measure(engine, bench_case, options.step_tokens, static_cast<uint64_t>(i) + 1));
    measures.push_back(one);
  }
  std::ranges::sort(measures, {}, &BenchMeasure::tokens_per_s);
  return measures[(measures.size() - 1) / 2];
}

/// Peak resident memory of this process (VmHWM).
uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

std::string title(const BenchCase& bench_case) {
  if (bench_case.test == BenchCase::Test::Prefill) return fmt::format("prefill {}", bench_case.prompt);
  if (bench_case.depth != 0) return fmt::format("decode at depth {}", bench_case.depth);
  return fmt::format("decode, {} stream{}", bench_case.streams, bench_case.streams == 1 ? "" : "s");
}

/// Runs a case once more and takes the timeline of some of its steps.
Result<TracedCase> traced(engine::Engine& engine, const BenchCase& bench_case, const BenchOptions& options, model::StepTrace& trace) {
  BenchCase shorter = bench_case;
  shorter.generate = std::min(bench_case.generate, kTracedSteps + 2);
  HR_CHECK(measure(engine, shorter, options.step_tokens, 7, &trace, kTracedSteps));
  TracedCase result{title(bench_case), trace.steps_recorded(), {}};
  for (const auto& lane : trace.lanes()) result.threads.push_back(lane.events());
  return result;
}

struct Report {
  const model::ModelInfo& info;
  double load_ms;
  uint64_t rss_bytes;
  uint64_t kv_bytes;
  std::vector<BenchResult> results;
  std::vector<TracedCase> traces;
  std::vector<model::StepTrace::Operation> operations;
};

nlohmann::ordered_json traces_json(const Report& report) {
  auto traces = nlohmann::ordered_json::array();
  for (const TracedCase& traced : report.traces) {
    auto operations = nlohmann::ordered_json::array();
    for (const OperationTime& time : times_of(traced, report.operations)) {
      operations.push_back({{"name", time.name}, {"ms_per_step", time.ms_of_step}, {"share", time.share},
                            {"bytes_per_s", time.bytes_per_s}, {"ops_per_s", time.ops_per_s}});
    }
    traces.push_back({{"test", traced.title}, {"steps", traced.steps}, {"operations", std::move(operations)}});
  }
  return traces;
}

void print_traces(const Report& report) {
  for (const TracedCase& traced : report.traces) {
    fmt::print("\n{}: {} steps traced\n{:<24} {:>9} {:>7} {:>8} {:>8}\n", traced.title, traced.steps, "operation", "ms/step", "share",
               "GB/s", "Gop/s");
    for (const OperationTime& time : times_of(traced, report.operations)) {
      const auto figure = [](double value) { return value > 0 ? fmt::format("{:.1f}", value * 1e-9) : std::string("–"); };
      fmt::print("{:<24} {:>9.3f} {:>6.1f}% {:>8} {:>8}\n", time.name, time.ms_of_step, 100 * time.share, figure(time.bytes_per_s),
                 figure(time.ops_per_s));
    }
  }
}

void print_report_json(const Report& report) {
  auto results = nlohmann::ordered_json::array();
  for (const auto& [bench_case, measured] : report.results) {
    results.push_back({{"test", name(bench_case.test)}, {"streams", bench_case.streams}, {"prompt", bench_case.prompt},
                       {"generate", bench_case.generate}, {"depth", bench_case.depth},
                       {"tokens_per_s", measured.tokens_per_s}, {"cpu_s_per_token", measured.cpu_s_per_token}});
  }
  nlohmann::ordered_json whole = {{"version", HEADRACE_VERSION}, {"isa", report.info.isa}, {"threads", report.info.threads}, {"model", report.info.name},
              {"load_ms", report.load_ms}, {"rss_bytes", report.rss_bytes}, {"results", std::move(results)},
              {"kv_bytes", report.kv_bytes}, {"tensor_bytes", report.info.tensor_bytes}, {"weight_types", report.info.weight_types}};
  if (!report.traces.empty()) whole["traces"] = traces_json(report);
  print_json(whole);
}

void print_report_table(const Report& report) {
  const uint64_t accounted = report.info.tensor_bytes + report.kv_bytes;
  fmt::print("{} ({})\nheadrace {}, {} kernels, {} threads, loaded in {:.0f} ms\n"
             "peak memory {}: weights {}, keys and values {}, the rest {}\n\n",
             report.info.name, report.info.weight_types, HEADRACE_VERSION, report.info.isa, report.info.threads, report.load_ms,
             format_bytes(report.rss_bytes), format_bytes(report.info.tensor_bytes), format_bytes(report.kv_bytes),
             format_bytes(report.rss_bytes > accounted ? report.rss_bytes - accounted : 0));
  fmt::print("{:<8} {:>7} {:>7} {:>9} {:>6} {:>10} {:>13}\n", "test", "streams", "prompt", "generate", "depth", "tokens/s", "CPU ms/token");
  for (const auto& [bench_case, measured] : report.results) {
    fmt::print("{:<8} {:>7} {:>7} {:>9} {:>6} {:>10.1f} {:>13.2f}\n", name(bench_case.test), bench_case.streams, bench_case.prompt,
               bench_case.generate, bench_case.depth, measured.tokens_per_s, measured.cpu_s_per_token * 1e3);
  }
  print_traces(report);
}

Result<std::vector<kernels::WeightType>> types_of(const std::vector<std::string>& names) {
  std::vector<kernels::WeightType> types;
  for (const std::string& wanted : names) {
    std::string known;
    const size_t before = types.size();
    for (int i = 0; i < kernels::kWeightTypeCount; ++i) {
      const auto type = static_cast<kernels::WeightType>(i);
      known += fmt::format("{}{}", i == 0 ? "" : ", ", kernels::info(type).name);
      if (wanted == "all" || wanted == kernels::info(type).name) types.push_back(type);
    }
    if (types.size() == before) {
      return fail(ErrorKind::InvalidArgument, fmt::format("--types: no weight type is called \"{}\"; choose all, or from {}", wanted, known));
    }
  }
  return types;
}

Result<int> run_kernels(const BenchOptions& options) {
  HR_TRY(const auto path, find_model(options));
  KernelBenchOptions wanted{.threads = options.threads, .isa = {}, .fast = options.fast, .rows = options.rows, .types = {}, .quiet = options.json || options.quiet};
  HR_TRY(wanted.types, types_of(options.types));
  if (options.isa != "auto") {
    HR_TRY(wanted.isa, kernels::parse_isa(options.isa));
  }
  HR_TRY(const auto report, bench_kernels(path, wanted));
  if (options.json) {
    print_kernel_json(report);
  } else {
    print_kernel_table(report);
  }
  return 0;
}

Result<int> run(BenchOptions& options) {
  if (options.kernels) return run_kernels(options);
  HR_CHECK(find_model(options));  // a download is not part of the load
  const auto begin = std::chrono::steady_clock::now();
  HR_TRY(const auto model, load_model(options));
  const auto cases = cases_of(options);
  HR_TRY(const auto limits, fitted_engine(options, *model, cases));
  model::StepTrace& trace = *new model::StepTrace;  // lives as long as the engine
  if (!options.trace.empty()) {
    HR_CHECK(write_trace(options.trace, {}, {}));  // a path that cannot be written is told before the work
    model->backend().record(&trace);
  }
  HR_TRY(auto created, engine::Engine::create(model, limits));
  const double load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  engine::Engine& engine = *created.release();  // lives until the process ends

  const InterruptGuard guard;
  Progress progress(options.json || options.quiet ? Progress::Show::Nothing : Progress::Show::IfUseful);
  Report report{model->info(), load_ms, 0, 0, {}, {}, trace.operations()};
  HR_CHECK(measure(engine, {BenchCase::Test::Decode, 1, std::min(64u, limits.context / 2), 8, 0}, options.step_tokens, 0));
  for (const auto& bench_case : cases) {
    progress.say(fmt::format("{}: {} stream(s), prompt {}, generate {}, depth {} …", name(bench_case.test), bench_case.streams,
                             bench_case.prompt, bench_case.generate, bench_case.depth));
    HR_TRY(const auto measured, median(engine, bench_case, options));
    report.results.push_back({bench_case, measured});
    if (options.trace.empty()) continue;
    HR_TRY(auto steps, traced(engine, bench_case, options, trace));
    report.traces.push_back(std::move(steps));
  }
  progress.finish();
  if (!options.trace.empty()) HR_CHECK(write_trace(options.trace, report.traces, report.operations));
  report.rss_bytes = peak_rss_bytes();
  report.kv_bytes = engine.stats().kv_bytes_used_peak;
  if (options.json) {
    print_report_json(report);
  } else {
    print_report_table(report);
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = add_command(app, chosen, "bench", "measure how fast a model runs here", options, run);
  add_model_argument(*command, *options, false);
  const auto list = [&](const char* name, std::vector<uint32_t>& values, const char* description, uint32_t low) {
    command->add_option(name, values, description)->option_text("N,N…")->delimiter(',')->allow_extra_args(false)->check(CLI::Range(low, 1u << 20));
  };
  list("--prompt", options->prompts, "lengths of prompts to prefill [512]", 0);
  list("--depth", options->depths, "lengths of context to decode after [0]", 0);
  list("--streams", options->streams, "numbers of streams to decode side by side [1,8,16]", 1);
  command->add_option("--generate", options->generate, "tokens to decode for each stream [128]")
      ->option_text("N")->check(CLI::Range(0u, 1u << 20));
  command->add_option("--repeat", options->repeat, "runs of each test; the median counts [3]")->option_text("N")->check(CLI::Range(1, 1000));
  command->add_option("--step-tokens", options->step_tokens, "token budget of a step [256]")->option_text("N")->check(CLI::Range(1u, 65536u));
  command->add_option("--trace", options->trace, "write a timeline of some steps of each test to FILE")->option_text("FILE");
  auto* kernels = command->add_flag("--kernels", options->kernels, "measure the kernels alone, beside the machine's roofs");
  command->add_option("--rows", options->rows, "with --kernels: rows of activations [1,4,16,64,256]")
      ->option_text("N,N…")->delimiter(',')->allow_extra_args(false)->check(CLI::Range(1u, 4096u))->needs(kernels);
  command->add_option("--types", options->types, "with --kernels: these weight types on 2048 → 2048, or all, in place of the model's matrices")
      ->option_text("T,T…")->delimiter(',')->allow_extra_args(false)->needs(kernels);
  add_run_options(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
