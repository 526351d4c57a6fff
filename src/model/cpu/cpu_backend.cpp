#include "model/cpu/cpu_backend.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "model/cpu/executor.h"
#include "model/cpu/step_work.h"

namespace headrace::model {
namespace {

class CpuBackend;

class CpuPendingStep : public PendingStep {
 public:
  CpuPendingStep(CpuBackend& backend, StepResult result) : backend_(backend), result_(std::move(result)) {}
  Result<StepResult> wait() override;

 private:
  CpuBackend& backend_;
  StepResult result_;
};

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(CpuBackendParts parts)
      : parts_(std::move(parts)), executor_(parts_.plan, parts_.weights, *parts_.kernels, *parts_.team) {
    for (const kernels::AttentionShape& shape : parts_.plan.layers) {
      pages_.layer_offsets.push_back(pages_.page_bytes);
      pages_.page_bytes += parts_.kernels->page_bytes(shape);
    }
  }

  uint64_t page_bytes() const override { return pages_.page_bytes; }

  Result<PagePool> prepare(uint32_t pages, uint32_t max_rows, uint32_t max_logits_rows) override {
    if (pages == 0 || max_rows == 0 || max_logits_rows == 0) {
      return fail(ErrorKind::InvalidArgument, "a backend needs room for at least one page, one row and one row of logits");
    }
    limits_ = {.vocabulary = parts_.plan.vocabulary, .pages = pages, .rows = max_rows, .logits_rows = max_logits_rows};
    HR_TRY(page_memory_, Buffer::allocate(size_t{pages} * pages_.page_bytes, parts_.budget));
    pages_.base = page_memory_.data();
    HR_CHECK(executor_.prepare(limits_, parts_.budget));
    work_.reserve(limits_, parts_.plan.layers.front());
    return PagePool{.pages = pages, .page_bytes = pages_.page_bytes};
  }

  Result<std::unique_ptr<PendingStep>> submit(const Step& step) override {
    if (limits_.rows == 0) return fail(ErrorKind::Internal, "the backend was not prepared before its first step");
    if (step.runs.empty()) return fail(ErrorKind::InvalidArgument, "the step has no runs");
    StepResult result;
    result.runs.resize(step.runs.size());
    HR_CHECK(work_.flatten(step, limits_));
    HR_CHECK(work_.plan_logits(step, limits_, result));
    work_.share_attention(parts_.plan.layers.front(), parts_.team->size(), executor_.may_split_queries(),
                          executor_.part_limits());
    for (size_t i = 0; i < step.runs.size(); ++i) {
      const StepRun& run = step.runs[i];
      if (!run.want_raw_logits || run.logits == LogitsRows::None) continue;
      result.runs[i].logits = executor_.workspace().logits + size_t{work_.slots[i]} * limits_.vocabulary;
      result.runs[i].logits_rows = run.logits == LogitsRows::All ? static_cast<uint32_t>(run.tokens.size()) : 1;
    }
    return std::make_unique<CpuPendingStep>(*this, std::move(result));
  }

  void run() { executor_.run(work_, pages_); }

  void record(StepTrace* trace) override { executor_.record(trace); }

  void copy_page(uint32_t from, uint32_t to) override {
    if (from >= limits_.pages || to >= limits_.pages || from == to) return;
    std::memcpy(pages_.base + to * pages_.page_bytes, pages_.base + from * pages_.page_bytes, pages_.page_bytes);
  }

 private:
  CpuBackendParts parts_;
  Executor executor_;
  StepLimits limits_;
  StepWork work_;
  PageStorage pages_;
  Buffer page_memory_;
};

Result<StepResult> CpuPendingStep::wait() {
  backend_.run();
  return std::move(result_);
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(CpuBackendParts parts) { return std::make_unique<CpuBackend>(std::move(parts)); }

}  // namespace headrace::model
