#pragma once

#include <vector>

#include "frame/data_frame.h"
#include "frame/executor/source.h"

namespace headrace::frame {

/// The rows of a frame in memory.
class FrameSource final : public Source {
 public:
  explicit FrameSource(DataFrame frame) : frame_(std::move(frame)) {}
  Result<void> open() override;
  size_t tasks() const override;
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override;
  uint64_t rows() const override { return frame_.height(); }

  /// Rows of the frame, which lie within one chunk of each column.
  Chunk chunk_at(size_t begin, size_t rows) const;

 private:
  DataFrame frame_;
  std::vector<std::vector<size_t>> ends_;  // of each column's chunks
  std::vector<size_t> cuts_;               // where morsels begin, and the last one's end
};

}  // namespace headrace::frame
