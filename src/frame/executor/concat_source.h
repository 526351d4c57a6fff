#pragma once

#include <vector>

#include "frame/executor/pipeline.h"

namespace headrace::frame {

/// The rows of several pipelines, one after the other.
class ConcatSource final : public Source {
 public:
  explicit ConcatSource(std::vector<Pipeline> inputs) : inputs_(std::move(inputs)) {}
  Result<void> open() override;
  size_t tasks() const override { return ends_.empty() ? 0 : ends_.back().tasks; }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override;
  uint64_t rows() const override { return ends_.empty() ? 0 : ends_.back().rows; }

 private:
  struct End {
    size_t tasks;
    uint64_t rows;
  };
  std::vector<Pipeline> inputs_;
  std::vector<End> ends_;  // of all tasks and rows up to each input's last
};

}  // namespace headrace::frame
