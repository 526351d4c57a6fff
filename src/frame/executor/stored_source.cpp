#include "frame/executor/stored_source.h"

#include <utility>

#include "frame/executor/ordered_output.h"
#include "frame/executor/pipeline_run.h"

namespace headrace::frame {

Result<DataFrame> frame_of(const Schema& schema, const std::vector<Chunk>& chunks) {
  size_t rows = 0;
  for (const Chunk& chunk : chunks) rows += chunk.rows;
  std::vector<Column> columns;
  for (size_t i = 0; i < schema.size(); ++i) {
    std::vector<Array> arrays;
    for (const Chunk& chunk : chunks) arrays.push_back(chunk.columns[i]);
    HR_TRY(Column column, Column::make(schema[i].type, std::move(arrays)));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(schema, std::move(columns), rows);
}

Result<DataFrame> run(Pipeline& pipeline, const PlanNode::Slice& slice, const Schema& schema) {
  HR_CHECK(pipeline.open());
  OrderedOutput output(pipeline.source->tasks(), slice, UINT64_MAX, pipeline.query->budget);
  PipelineRun running(pipeline, output);
  HR_CHECK(running.work());
  if (running.failure() && !output.is_full()) return std::unexpected(running.failure()->error);
  return frame_of(schema, output.finish());
}

Result<void> StoredSource::open() {
  std::vector<DataFrame> frames;
  for (Input& input : inputs_) {
    HR_TRY(DataFrame frame, run(input.pipeline, input.slice, input.schema));
    frames.push_back(std::move(frame));
  }
  HR_TRY(DataFrame made, make_(std::move(frames)));
  stored_.emplace(std::move(made));
  return stored_->open();
}

}  // namespace headrace::frame
