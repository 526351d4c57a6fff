#include "frame/executor/concat_source.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace headrace::frame {
namespace {

class ConcatTask final : public SourceTask {
 public:
  ConcatTask(PipelineTask task, uint64_t first_row) : task_(std::move(task)), first_row_(first_row) {}
  Result<std::optional<Morsel>> next() override {
    if (waiting_.empty()) {
      const auto take = [this](Morsel morsel) -> Result<void> {
        morsel.first_row += first_row_;
        waiting_.push_back(std::move(morsel));
        return {};
      };
      HR_TRY(const bool more, task_.step(take));
      if (!more) return std::nullopt;
      if (waiting_.empty()) return Morsel{};
    }
    Morsel morsel = std::move(waiting_.front());
    waiting_.pop_front();
    return morsel;
  }

 private:
  PipelineTask task_;
  uint64_t first_row_;
  std::deque<Morsel> waiting_;
};

}  // namespace

Result<void> ConcatSource::open() {
  End end{0, 0};
  for (Pipeline& input : inputs_) {
    HR_CHECK(input.open());
    end.tasks += input.source->tasks();
    end.rows += input.rows();
    ends_.push_back(end);
  }
  return {};
}

Result<std::unique_ptr<SourceTask>> ConcatSource::begin(size_t task) {
  const auto input = static_cast<size_t>(std::ranges::upper_bound(ends_, task, {}, &End::tasks) - ends_.begin());
  const End before = input == 0 ? End{0, 0} : ends_[input - 1];
  HR_TRY(auto source, inputs_[input].source->begin(task - before.tasks));
  return std::make_unique<ConcatTask>(PipelineTask(inputs_[input], std::move(source)), before.rows);
}

}  // namespace headrace::frame
