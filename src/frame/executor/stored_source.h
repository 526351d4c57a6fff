#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "frame/executor/frame_source.h"
#include "frame/executor/pipeline.h"
#include "frame/plan/slice.h"

namespace headrace::frame {

/// The rows of pipelines once all of them are there, and what becomes of them then: where places must be known before anything goes on, or
/// all rows make each of the result's.
class StoredSource final : public Source {
 public:
  struct Input {
    Pipeline pipeline;
    Schema schema;
    PlanNode::Slice slice{0, UINT64_MAX};
  };
  using Make = std::function<Result<DataFrame>(std::vector<DataFrame>)>;
  StoredSource(std::vector<Input> inputs, Make make) : inputs_(std::move(inputs)), make_(std::move(make)) {}
  Result<void> open() override;
  size_t tasks() const override { return stored_->tasks(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override { return stored_->begin(task); }
  uint64_t rows() const override { return stored_->rows(); }

 private:
  std::vector<Input> inputs_;
  Make make_;
  std::optional<FrameSource> stored_;
};

/// All rows of a pipeline whose source is not open yet, or a slice of them.
Result<DataFrame> run(Pipeline& pipeline, const PlanNode::Slice& slice, const Schema& schema);
/// Chunks after one another as a frame.
Result<DataFrame> frame_of(const Schema& schema, const std::vector<Chunk>& chunks);

}  // namespace headrace::frame
