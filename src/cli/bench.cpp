#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <memory>

#include "base/memory_budget.h"
#include "cli/bench_measure.h"
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

Examples:
  headrace bench smollm2
  headrace bench smollm2 --json --threads 2 --prompt 512 --generate 128 --depth 0,4096 --streams 1,8,16,64)";

constexpr uint32_t kStreamPrompt = 128;

struct BenchOptions : ModelOptions {
  std::vector<uint32_t> prompts{512};
  std::vector<uint32_t> depths{0};
  std::vector<uint32_t> streams{1, 8, 16};
  uint32_t generate = 128;
  uint32_t step_tokens = engine::EngineOptions{}.step_tokens;
  int repeat = 3;
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

struct Report {
  const model::ModelInfo& info;
  double load_ms;
  uint64_t rss_bytes;
  uint64_t kv_bytes;
  std::vector<BenchResult> results;
};

void print_report_json(const Report& report) {
  auto results = nlohmann::ordered_json::array();
  for (const auto& [bench_case, measured] : report.results) {
    results.push_back({{"test", name(bench_case.test)}, {"streams", bench_case.streams}, {"prompt", bench_case.prompt},
                       {"generate", bench_case.generate}, {"depth", bench_case.depth},
                       {"tokens_per_s", measured.tokens_per_s}, {"cpu_s_per_token", measured.cpu_s_per_token}});
  }
  print_json({{"version", HEADRACE_VERSION}, {"isa", report.info.isa}, {"threads", report.info.threads}, {"model", report.info.name},
              {"load_ms", report.load_ms}, {"rss_bytes", report.rss_bytes}, {"results", std::move(results)},
              {"kv_bytes", report.kv_bytes}, {"tensor_bytes", report.info.tensor_bytes}, {"weight_types", report.info.weight_types}});
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
}

Result<int> run(BenchOptions& options) {
  HR_CHECK(find_model(options));  // a download is not part of the load
  const auto begin = std::chrono::steady_clock::now();
  HR_TRY(const auto model, load_model(options));
  const auto cases = cases_of(options);
  HR_TRY(const auto limits, fitted_engine(options, *model, cases));
  HR_TRY(auto created, engine::Engine::create(model, limits));
  const double load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  engine::Engine& engine = *created.release();  // lives until the process ends

  const InterruptGuard guard;
  Progress progress(options.json || options.quiet ? Progress::Show::Nothing : Progress::Show::IfUseful);
  Report report{model->info(), load_ms, 0, 0, {}};
  HR_CHECK(measure(engine, {BenchCase::Test::Decode, 1, std::min(64u, limits.context / 2), 8, 0}, options.step_tokens, 0));
  for (const auto& bench_case : cases) {
    progress.say(fmt::format("{}: {} stream(s), prompt {}, generate {}, depth {} …", name(bench_case.test), bench_case.streams,
                             bench_case.prompt, bench_case.generate, bench_case.depth));
    HR_TRY(const auto measured, median(engine, bench_case, options));
    report.results.push_back({bench_case, measured});
  }
  progress.finish();
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
  add_run_options(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
