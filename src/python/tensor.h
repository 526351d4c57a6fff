#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace headrace::python {

/// A matrix of float32 in host memory that Python takes without a copy: by the buffer
/// protocol (memoryview, NumPy) and by DLPack (NumPy, PyTorch, JAX …).
struct Tensor {
  std::shared_ptr<std::vector<float>> values;
  int64_t rows = 0;
  int64_t columns = 0;
};

}  // namespace headrace::python
