#pragma once

#include "python/job.h"

namespace headrace::python {

/// The Python class Job: what a generate or stream call waits for.
class JobObject {
 public:
  explicit JobObject(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  JobObject(JobObject&&) = default;
  JobObject& operator=(JobObject&&) = delete;
  ~JobObject();

  const std::shared_ptr<Job>& get() const { return job_.get(); }

 private:
  ProcessBound<Job> job_;
};

}  // namespace headrace::python
