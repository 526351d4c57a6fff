#pragma once

#include "tensor/tensor.h"

namespace headrace::python {

/// The view of host memory that Python takes without a copy: by the buffer protocol
/// (memoryview, NumPy) and by DLPack (NumPy, PyTorch, JAX …).
using tensor::Tensor;

}  // namespace headrace::python
