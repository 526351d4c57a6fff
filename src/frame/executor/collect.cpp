#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <utility>

#include "base/thread_pool.h"
#include "frame/executor/compile.h"
#include "frame/executor/ordered_output.h"
#include "frame/executor/pipeline_run.h"
#include "frame/executor/stored_source.h"
#include "frame/plan.h"

namespace headrace::frame {
namespace {

constexpr PlanNode::Slice kAll{0, UINT64_MAX};

/// What a user gives every query of the process.
Result<uint64_t> memory_of_environment() {
  const char* setting = std::getenv("HEADRACE_MEMORY");
  if (setting == nullptr || *setting == 0) return MemoryBudget::kUnlimited;
  auto bytes = parse_bytes(setting);
  if (!bytes) return fail(bytes.error().kind, fmt::format("The environment's HEADRACE_MEMORY: {}", bytes.error().message));
  return bytes;
}

Result<std::unique_ptr<Query>> query_of(const QueryOptions& options, bool counts_bytes) {
  HR_TRY(const uint64_t most, memory_of_environment());
  const uint64_t limit = std::min(options.memory_bytes, most);
  auto budget = process_budget();
  if (limit != MemoryBudget::kUnlimited) budget = budget->child("this query", limit);
  const auto all = static_cast<size_t>(ThreadPool::process().threads());
  const size_t workers = options.threads == 0 ? all : std::min(options.threads, all);
  auto query = std::make_unique<Query>(std::move(budget), workers, options.cancelled, counts_bytes);
  query->pushes_key_filters = options.optimise;
  if (limit != MemoryBudget::kUnlimited) query->spill_store = std::make_shared<SpillStore>(options.spill_folder, options.spill_bytes);
  return query;
}

Error with_remedy(Error error) {
  if (error.kind != ErrorKind::OutOfMemory) return error;
  error.message += ". A result that need not be whole in memory comes in parts from collect_batches().";
  return error;
}

/// The rows of a plan's last slice are cut where they are gathered, those of others where they are stored.
Result<DataFrame> run_plan(const PlanNode& node, Query& query) {
  const auto* slice = std::get_if<PlanNode::Slice>(&node.kind);
  HR_TRY(Pipeline pipeline, compile(slice != nullptr ? node.input() : node, query));
  auto result = run(pipeline, slice != nullptr ? *slice : kAll, node.schema);
  if (!result) return std::unexpected(with_remedy(std::move(result).error()));
  return result;
}

}  // namespace

Result<DataFrame> collect(const Plan& plan, const QueryOptions& options) {
  HR_TRY(const auto query, query_of(options, false));
  const Plan chosen = options.optimise ? plan.optimised() : plan;
  return run_plan(*chosen.node(), *query);
}

Result<Profile> profile(const Plan& plan, const QueryOptions& options) {
  HR_TRY(const auto query, query_of(options, true));
  const Plan chosen = options.optimise ? plan.optimised() : plan;
  Profile out;
  HR_TRY(out.result, run_plan(*chosen.node(), *query));
  for (const StepCounts& step : query->steps) {
    const uint64_t spilled = step.spilling ? step.spilling->spilled_bytes() : 0;
    out.steps.push_back({step.step, step.rows, step.bytes, step.nanoseconds, spilled});
  }
  return out;
}

struct Batches::State {
  Plan plan;
  QueryOptions options;
  size_t rows;
  std::unique_ptr<Query> query{};
  std::optional<Pipeline> pipeline{};
  std::optional<OrderedOutput> output{};
  std::optional<PipelineRun> run{};
  std::deque<Chunk> taken{};
  size_t taken_rows = 0;
  bool is_done = false;

  Result<void> start();
  /// Calculates until there are rows to take; false at the end.
  Result<bool> take();
  Result<std::optional<DataFrame>> next();
  /// The first rows of those taken.
  std::vector<Chunk> cut(size_t wanted);
};

Result<void> Batches::State::start() {
  // A part of the memory is for what waits, the rest for what is calculated.
  constexpr uint64_t kAhead = uint64_t{64} << 20;
  HR_TRY(query, query_of(options, false));
  const uint64_t ahead = std::min(kAhead, query->budget->available_bytes() / 4);
  HR_TRY(pipeline, compile(*plan.node(), *query));
  HR_CHECK(pipeline->open());
  output.emplace(pipeline->source->tasks(), kAll, ahead, query->budget);
  run.emplace(*pipeline, *output);
  return {};
}

Result<bool> Batches::State::take() {
  for (;;) {
    if (auto chunk = output->take()) {
      taken_rows += chunk->rows;
      taken.push_back(*std::move(chunk));
      return true;
    }
    const auto& failure = run->failure();
    if (failure && (failure->task == 0 || output->has_passed(failure->task - 1))) return std::unexpected(failure->error);
    if (pipeline->source->tasks() == 0 || output->has_passed(pipeline->source->tasks() - 1)) return false;
    HR_CHECK(run->work());
  }
}

std::vector<Chunk> Batches::State::cut(size_t wanted) {
  std::vector<Chunk> out;
  while (wanted > 0) {
    Chunk& front = taken.front();
    const size_t size = std::min(wanted, front.rows);
    Chunk part{.columns = {}, .rows = size}, rest{.columns = {}, .rows = front.rows - size};
    for (const Array& column : front.columns) {
      part.columns.push_back(column.slice(0, size));
      rest.columns.push_back(column.slice(size, front.rows - size));
    }
    out.push_back(std::move(part));
    wanted -= size;
    taken_rows -= size;
    if (rest.rows > 0) {
      front = std::move(rest);
    } else {
      taken.pop_front();
    }
  }
  return out;
}

Result<std::optional<DataFrame>> Batches::State::next() {
  if (is_done) return std::nullopt;
  if (!run) HR_CHECK(start());
  while (taken_rows < rows) {
    HR_TRY(const bool more, take());
    if (!more) break;
  }
  if (taken_rows == 0) {
    is_done = true;
    return std::nullopt;
  }
  HR_TRY(DataFrame frame, frame_of(plan.schema(), cut(std::min(rows, taken_rows))));
  return frame;
}

Batches::Batches(const Plan& plan, const QueryOptions& options, size_t rows)
    : state_(new State{options.optimise ? plan.optimised() : plan, options, std::max<size_t>(rows, 1)}) {}
Batches::~Batches() = default;
Batches::Batches(Batches&&) noexcept = default;
Batches& Batches::operator=(Batches&&) noexcept = default;

const std::shared_ptr<MemoryBudget>& Batches::budget() const { return state_->query->budget; }

Result<std::optional<DataFrame>> Batches::next() {
  auto frame = state_->next();
  if (!frame) state_->is_done = true;
  return frame;
}

}  // namespace headrace::frame
