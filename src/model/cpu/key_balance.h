#pragma once

#include <span>

#include "kernels/kernel_table.h"

namespace headrace::model {

/// Where keys are turned and rounded with one step for a head, the error of a score grows with |q| · |k|,
/// however the product is spread over the dims. This moves a power of two from each pair of dims of the keys' norm
/// weights to the queries', so that neither stands out: no score changes, and a head's largest key shrinks.
/// Both dims of a rotary pair take the same factor. The spans are as long as a head.
void balance_keys(std::span<float> query_norm, std::span<float> key_norm, kernels::RopePairing pairing);

}  // namespace headrace::model
