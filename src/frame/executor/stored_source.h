#pragma once

#include "frame/executor/frame_source.h"
#include "frame/executor/pipeline.h"
#include "frame/plan/slice.h"

namespace headrace::frame {

/// The rows of a pipeline, or a slice of them, once all of them are there: where their places must be known before anything goes on.
class StoredSource final : public Source {
 public:
  StoredSource(Pipeline input, PlanNode::Slice slice, Schema schema) : input_(std::move(input)), slice_(slice), schema_(std::move(schema)) {}
  Result<void> open() override;
  size_t tasks() const override { return stored_->tasks(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override { return stored_->begin(task); }
  uint64_t rows() const override { return stored_->rows(); }

 private:
  Pipeline input_;
  PlanNode::Slice slice_;
  Schema schema_;
  std::optional<FrameSource> stored_;
};

/// All rows of a pipeline whose source is not open yet, or a slice of them.
Result<DataFrame> run(Pipeline& pipeline, const PlanNode::Slice& slice, const Schema& schema);
/// Chunks after one another as a frame.
Result<DataFrame> frame_of(const Schema& schema, const std::vector<Chunk>& chunks);

}  // namespace headrace::frame
