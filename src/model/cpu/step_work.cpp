#include "model/cpu/step_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "model/matmul_pieces.h"
#include "model/sampler.h"

namespace headrace::model {
namespace {

using kernels::kPageTokens;

constexpr uint32_t kMostPositions = 1u << 30;
/// Attention is divided into about so many items for each thread, so that a stolen core costs its share only.
constexpr size_t kItemsOfThread = 4;
constexpr size_t kMostParts = 64;  // room for items beyond those of rows

Result<void> check_run(const StepRun& run, size_t index, const StepLimits& limits) {
  const auto bad = [&](ErrorKind kind, std::string message) { return fail(kind, fmt::format("run {} of the step: {}", index, message)); };
  if (run.tokens.empty()) return bad(ErrorKind::InvalidArgument, "it has no tokens");
  const uint64_t end = uint64_t{run.first_position} + run.tokens.size();
  if (end > kMostPositions) return bad(ErrorKind::OutOfRange, fmt::format("position {} is beyond what is possible", end));
  if (run.pages.size() * kPageTokens < end) {
    return bad(ErrorKind::InvalidArgument, fmt::format("{} pages do not hold {} positions", run.pages.size(), end));
  }
  for (uint32_t i = 0; i * kPageTokens < end; ++i) {
    if (run.pages[i] >= limits.pages) {
      return bad(ErrorKind::InvalidArgument, fmt::format("page {} is outside the pool of {}", run.pages[i], limits.pages));
    }
  }
  for (const text::TokenId token : run.tokens) {
    if (token >= limits.vocabulary) {
      return bad(ErrorKind::InvalidArgument, fmt::format("token {} is outside the vocabulary of {}", token, limits.vocabulary));
    }
  }
  for (const SampleInput& sample : run.samples) {
    if (sample.parameters == nullptr) return bad(ErrorKind::InvalidArgument, "a sample has no parameters");
  }
  return {};
}

}  // namespace

void StepWork::reserve(const StepLimits& limits, const kernels::AttentionShape& shape) {
  tokens.reserve(limits.rows);
  positions.reserve(limits.rows);
  runs.reserve(limits.rows);
  stores.reserve(limits.rows);
  attends.reserve(size_t{limits.rows} * shape.kv_heads + kMostParts);
  tail_attends.reserve(size_t{limits.rows} * shape.kv_heads + kMostParts);
  tail_rows.reserve(limits.rows);
  tail_index_.reserve(limits.rows);
  logits_rows.reserve(limits.rows);
  uses.reserve(limits.rows);
  slots.reserve(limits.rows);
}

Result<void> StepWork::flatten(const Step& step, const StepLimits& limits) {
  tokens.clear();
  positions.clear();
  runs.clear();
  stores.clear();
  rows = 0;
  for (size_t i = 0; i < step.runs.size(); ++i) {
    const StepRun& run = step.runs[i];
    HR_CHECK(check_run(run, i, limits));
    if (run.tokens.size() > limits.rows - rows) {
      return fail(ErrorKind::OutOfRange, fmt::format("the step has more than the {} rows that were prepared for", limits.rows));
    }
    const auto count = static_cast<uint32_t>(run.tokens.size());
    runs.push_back({.first_row = rows, .rows = count, .first_position = run.first_position, .pages = run.pages.data()});
    for (uint32_t r = 0; r < count; ++r) {
      tokens.push_back(run.tokens[r]);
      positions.push_back(run.first_position + r);
    }
    for (uint32_t first = 0; first < count;) {
      const uint32_t in_page = kPageTokens - (run.first_position + first) % kPageTokens;
      const uint32_t last = std::min(count, first + in_page);
      stores.push_back({static_cast<uint32_t>(i), first, last});
      first = last;
    }
    rows += count;
  }
  return {};
}

void StepWork::share_attention(const kernels::AttentionShape& shape, int threads, bool split_queries, const PartLimits& part_limits) {
  share_attention(shape, threads, split_queries, part_limits, false, attends);
  if (tail_rows.size() < rows) share_attention(shape, threads, split_queries, part_limits, true, tail_attends);
}

/// Where there are few items: those of one row over several splits become several items each.
/// True if all long ones are then of one row.
bool StepWork::share_splits(const kernels::AttentionShape& shape, int threads, const PartLimits& limits,
                            std::vector<AttendItem>& items) const {
  const size_t count = items.size();
  if (count == 0) return false;
  const auto wanted = static_cast<uint32_t>(kItemsOfThread * static_cast<size_t>(threads) / count);
  const size_t split_floats = size_t{shape.query_heads / shape.kv_heads} * kernels::split_part_floats(shape);
  uint32_t groups = 0;
  size_t floats = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t splits = (runs[items[i].run].first_position + items[i].first) / kernels::kAttentionSplit + 1;
    const uint32_t parts = std::min(wanted, splits);
    if (items[i].last - items[i].first != 1 || parts < 2) continue;
    if (groups == limits.groups || limits.floats - floats < splits * split_floats) break;
    items[i].parts = parts;
    items[i].group = groups++;
    items[i].parts_at = floats;
    floats += splits * split_floats;
    for (uint32_t part = 1; part < parts; ++part) {
      items.push_back(items[i]);
      items.back().part = part;
    }
  }
  return groups > 0;
}

void StepWork::share_attention(const kernels::AttentionShape& shape, int threads, bool split_queries, const PartLimits& part_limits,
                               bool wanted_only, std::vector<AttendItem>& items) const {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  const uint32_t width = group * shape.head_dim;
  // Rows that share one pass over keys and values, bounded by the thread's scratch.
  const uint32_t most_rows = std::clamp<uint32_t>(8192 / width, 8, 32);
  items.clear();
  for (uint32_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    const uint32_t begin = wanted_only ? run.first_wanted : 0;
    const uint32_t end = wanted_only ? run.last_wanted : run.rows;
    for (uint32_t first = begin; first < end; first += most_rows) {
      const uint32_t last = std::min(end, first + most_rows);
      const uint64_t cost = uint64_t{last - first} * (run.first_position + last + 64);
      const uint32_t to = wanted_only ? tail_index_[run.first_row + first] : run.first_row + first;
      for (uint32_t head = 0; head < shape.kv_heads; ++head) {
        items.push_back({i, head, head * group, group, first, last, to, cost});
      }
    }
  }
  // The longest first, so that what is left at the end is short; where members have rows of their own, by members before.
  const auto members = static_cast<uint32_t>(threads);
  const auto all = wanted_only ? static_cast<uint32_t>(tail_rows.size()) : rows;
  const auto owner = [&](const AttendItem& item) { return has_own_rows(all, members) ? uint64_t{item.to} * members / all : 0; };
  std::ranges::sort(items, [&](const AttendItem& a, const AttendItem& b) {
    return std::tuple(owner(a), b.cost, a.run, a.first, a.kv_head) < std::tuple(owner(b), a.cost, b.run, b.first, b.kv_head);
  });
  if (items.size() >= kItemsOfThread * static_cast<size_t>(threads)) return;
  if (share_splits(shape, threads, part_limits, items) || !split_queries || group == 1) return;
  // PERF: the rest that does not divide by the threads is split among them. Its keys and values are
  // then read once a part, which costs less than threads that have nothing to do.
  const size_t whole = items.size() - items.size() % static_cast<size_t>(threads);
  const uint32_t part = (group + static_cast<uint32_t>(threads) - 1) / static_cast<uint32_t>(threads);
  for (size_t i = items.size(); i-- > whole;) {
    for (uint32_t q = part; q < group; q += part) {
      AttendItem rest = items[i];
      rest.first_query += q;
      rest.queries = std::min(part, group - q);
      items.push_back(rest);
    }
    items[i].queries = std::min(part, group);
  }
}

/// Finds the rows whose logits are wanted and counts logits_rows by them.
void StepWork::narrow() {
  tail_rows.clear();
  tail_index_.assign(rows, 0);
  for (const LogitsRow& row : logits_rows) tail_index_[row.row] = 1;
  for (Run& run : runs) {
    run.first_wanted = run.last_wanted = 0;
    for (uint32_t r = 0; r < run.rows; ++r) {
      uint32_t& index = tail_index_[run.first_row + r];
      if (index == 0) continue;
      if (run.last_wanted == 0) run.first_wanted = r;
      run.last_wanted = r + 1;
      index = static_cast<uint32_t>(tail_rows.size());
      tail_rows.push_back(run.first_row + r);
    }
  }
  for (LogitsRow& row : logits_rows) row.row = tail_index_[row.row];
}

Result<void> StepWork::plan_logits(const Step& step, const StepLimits& limits, StepResult& result) {
  logits_rows.clear();
  uses.clear();
  blocks.clear();
  slots.assign(step.runs.size(), 0);
  uint32_t raw = 0;
  const auto first_wanted = [&](size_t i) { return step.runs[i].logits == LogitsRows::All ? 0 : runs[i].rows - 1; };
  const auto wants = [&](size_t i) { return step.runs[i].logits != LogitsRows::None; };
  for (size_t i = 0; i < step.runs.size(); ++i) {
    if (!wants(i) || !step.runs[i].want_raw_logits) continue;
    slots[i] = raw;
    for (uint32_t r = first_wanted(i); r < runs[i].rows; ++r) logits_rows.push_back({runs[i].first_row + r, raw++});
  }
  if (raw > limits.logits_rows) {
    return fail(ErrorKind::OutOfRange, fmt::format("raw logits of {} rows were asked for; {} were prepared for", raw, limits.logits_rows));
  }
  const uint32_t open = limits.logits_rows - raw;  // slots that are used again and again
  uint32_t others = 0;
  const auto close_block = [&] {
    const Block before = blocks.empty() ? Block{} : blocks.back();
    const auto rows_end = static_cast<uint32_t>(logits_rows.size());
    const auto uses_end = static_cast<uint32_t>(uses.size());
    if (rows_end == before.last_row) return;
    const auto arg_max = [](const Use& use) { return use.sample != nullptr && wants_arg_max_only(*use.sample); };
    const bool only = before.last_row >= raw && std::all_of(uses.begin() + before.last_use, uses.end(), arg_max);
    blocks.push_back({before.last_row, rows_end, before.last_use, uses_end, only});
  };
  for (size_t i = 0; i < step.runs.size(); ++i) {
    if (!wants(i)) continue;
    const StepRun& run = step.runs[i];
    StepRunResult& out = result.runs[i];
    const uint32_t last = runs[i].rows - 1;
    const bool report = run.want_prompt_logprobs && run.logits == LogitsRows::All;
    out.samples.resize(run.samples.size());
    out.prompt_logprobs.resize(report ? last : 0);
    for (uint32_t r = first_wanted(i); r <= last; ++r) {
      const bool sampled = r == last && !run.samples.empty();
      const bool reported = report && r < last;
      uint32_t slot = slots[i] + (r - first_wanted(i));
      if (!run.want_raw_logits) {
        if (!sampled && !reported) continue;
        if (open == 0) return fail(ErrorKind::OutOfRange, "no row of logits is left beside the raw ones that were asked for");
        if (others > 0 && others % open == 0) close_block();
        slot = raw + others++ % open;
        logits_rows.push_back({runs[i].first_row + r, slot});
      }
      if (reported) uses.push_back({slot, nullptr, run.tokens[r + 1], run.prompt_top_logprobs, &out.prompt_logprobs[r]});
      for (size_t s = 0; sampled && s < run.samples.size(); ++s) {
        uses.push_back({slot, &run.samples[s], 0, 0, &out.samples[s]});
      }
    }
  }
  close_block();
  narrow();
  return {};
}

}  // namespace headrace::model
