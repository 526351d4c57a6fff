#include "model/matmul_pieces.h"

#include <numeric>

namespace headrace::model {
namespace {

constexpr uint32_t kPiecesOfThread = 4;  // at least, where there are outputs enough
// PERF: measured on Zen 4: what waiting for the first weights of a piece costs, as bytes that could have been read.
constexpr size_t kColdBytesOfFewRows = 8 << 10;
constexpr size_t kColdBytesOfManyRows = 2 << 10;
constexpr size_t kMostBytes = 256 << 10;
constexpr size_t kManyPieces = 32;  // for each thread: with more, an uneven end does not matter

uint32_t round_up(uint32_t value, uint32_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// When the last thread is done, in outputs: each takes the next piece as soon as it is free.
double end_of(const SharedOutputs& outputs, uint32_t piece, double cold) {
  const uint32_t total = std::accumulate(outputs.heights.begin(), outputs.heights.end(), 0u);
  const double pieces = static_cast<double>(total) / piece;
  if (pieces > static_cast<double>(kManyPieces * outputs.threads)) return (total + pieces * cold) / outputs.threads;
  std::vector<double> free_at(outputs.threads, 0.0);
  for (const uint32_t height : outputs.heights) {
    for (uint32_t first = 0; first < height; first += piece) {
      *std::ranges::min_element(free_at) += std::min(piece, height - first) + cold;
    }
  }
  return *std::ranges::max_element(free_at);
}

}  // namespace

uint32_t choose_piece(const SharedOutputs& outputs) {
  const auto outputs_of = [&](size_t bytes) { return static_cast<double>(bytes) / static_cast<double>(std::max<size_t>(1, outputs.output_bytes)); };
  const double cold = outputs_of(outputs.few_rows ? kColdBytesOfFewRows : kColdBytesOfManyRows);
  const uint32_t total = std::accumulate(outputs.heights.begin(), outputs.heights.end(), 0u);
  const uint32_t share = std::max(1u, total / (kPiecesOfThread * outputs.threads));
  const uint32_t most = round_up(std::min(share, std::max(1u, static_cast<uint32_t>(outputs_of(kMostBytes)))), outputs.unit);
  uint32_t best = most;
  double earliest = end_of(outputs, most, cold);
  for (uint32_t piece = most; piece > outputs.unit;) {
    piece -= outputs.unit;
    const double end = end_of(outputs, piece, cold);
    if (end >= earliest) continue;
    best = piece;
    earliest = end;
  }
  return best;
}

kernels::MatmulArgs MatmulPiece::of(const kernels::MatmulArgs& whole) const {
  kernels::MatmulArgs part = whole;
  part.activations += first_row * whole.activation_stride;
  part.out += first_row * whole.out_stride;
  part.rows = rows;
  part.first_output = first;
  part.last_output = last;
  return part;
}

}  // namespace headrace::model
