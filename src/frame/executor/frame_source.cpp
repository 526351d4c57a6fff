#include "frame/executor/frame_source.h"

#include <algorithm>
#include <span>
#include <utility>

namespace headrace::frame {
namespace {

/// Of a task: enough that handing one out costs nothing beside it, few enough that all threads end together.
constexpr size_t kMorselsOfTask = 4;

class FrameTask final : public SourceTask {
 public:
  FrameTask(const FrameSource& source, std::vector<size_t> cuts) : source_(source), cuts_(std::move(cuts)) {}
  Result<std::optional<Morsel>> next() override {
    if (at_ + 1 >= cuts_.size()) return std::nullopt;
    const size_t begin = cuts_[at_], rows = cuts_[at_ + 1] - begin;
    ++at_;
    return Morsel{.first_row = begin, .chunk = source_.chunk_at(begin, rows)};
  }

 private:
  const FrameSource& source_;
  std::vector<size_t> cuts_;
  size_t at_ = 0;
};

}  // namespace

Result<void> FrameSource::open() {
  std::vector<size_t> ends{0, frame_.height()};
  for (const Column& column : frame_.columns()) {
    std::vector<size_t>& own = ends_.emplace_back();
    size_t end = 0;
    for (const Array& chunk : column.chunks()) own.push_back(end += chunk.size());
    ends.insert(ends.end(), own.begin(), own.end());
  }
  std::ranges::sort(ends);
  const auto again = std::ranges::unique(ends);
  ends.erase(again.begin(), again.end());
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    for (size_t begin = ends[i]; begin < ends[i + 1]; begin += kMorselRows) cuts_.push_back(begin);
  }
  cuts_.push_back(frame_.height());
  return {};
}

size_t FrameSource::tasks() const { return (cuts_.size() - 1 + kMorselsOfTask - 1) / kMorselsOfTask; }

Result<std::unique_ptr<SourceTask>> FrameSource::begin(size_t task) {
  const size_t first = task * kMorselsOfTask, last = std::min(first + kMorselsOfTask, cuts_.size() - 1);
  const std::span<const size_t> cuts = std::span(cuts_).subspan(first, last + 1 - first);
  return std::make_unique<FrameTask>(*this, std::vector<size_t>(cuts.begin(), cuts.end()));
}

Chunk FrameSource::chunk_at(size_t begin, size_t rows) const {
  Chunk chunk{.columns = {}, .rows = rows};
  for (size_t i = 0; i < frame_.width(); ++i) {
    const auto end = std::ranges::upper_bound(ends_[i], begin);
    const Array& array = frame_.columns()[i].chunks()[static_cast<size_t>(end - ends_[i].begin())];
    const size_t first = *end - array.size();
    chunk.columns.push_back(first == begin && rows == array.size() ? array : array.slice(begin - first, rows));
  }
  return chunk;
}

}  // namespace headrace::frame
