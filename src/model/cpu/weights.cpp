#include "model/cpu/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include "kernels/float16.h"
#include "kernels/quantize_weights.h"
#include "model/cpu/floating_point_scope.h"
#include "model/cpu/key_balance.h"
#include "model/gguf/header_stream.h"

namespace headrace::model {
namespace {

using kernels::WeightType;

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// Consecutive rows of one matrix, read and packed by one thread.
struct Chunk {
  MatrixIndex matrix;
  uint32_t first_output;
  uint32_t count;
};

/// What one thread reads rows into, and quantises them into.
struct ChunkBuffers {
  std::vector<std::byte> file_rows;
  std::vector<std::byte> kept_rows;
};

size_t file_row_bytes(const PlanMatrix& matrix) { return kernels::file_row_bytes(*matrix.tensor->type, matrix.inputs); }

/// Rows of a matrix for one chunk: about kChunkBytes of the file, a multiple of the tier's tile.
uint32_t chunk_rows(const PlanMatrix& matrix, uint32_t tile) {
  const size_t row_bytes = file_row_bytes(matrix);
  const auto tiles = static_cast<uint32_t>(std::max<size_t>(1, kChunkBytes / (row_bytes * tile)));
  return tiles * tile;
}

float float_of(WeightType type, uint16_t bits) {
  return type == WeightType::BF16 ? kernels::bfloat16_to_float(bits) : kernels::half_to_float(bits);
}

/// One value of a row of floats.
float weight_at(WeightType type, const std::byte* row, uint32_t index) {
  float value;
  uint16_t bits;
  if (type == WeightType::F32) {
    std::memcpy(&value, row + size_t{index} * sizeof value, sizeof value);
    return value;
  }
  std::memcpy(&bits, row + size_t{index} * sizeof bits, sizeof bits);
  return float_of(type, bits);
}

class Loader {
 public:
  Loader(const Gguf& file, const Plan& plan, const kernels::KernelTable& kernels, ThreadTeam& team,
         const WeightsOptions& options)
      : file_(file), plan_(plan), kernels_(kernels), team_(team), options_(options) {}

  Result<Weights> load() {
    HR_CHECK(lay_out());
    for (VectorIndex i = 0; i < plan_.vectors.size(); ++i) HR_CHECK(read_vector(i));
    for (const PlanStep& step : plan_.steps) {
      if (const auto* store = std::get_if<Store>(&step)) balance(*store);
    }
    std::vector<std::optional<Error>> errors(static_cast<size_t>(team_.size()));
    team_.run([&](const TeamMember& member) {
      auto done = read_chunks(member);
      if (!done) errors[static_cast<size_t>(member.index())] = std::move(done).error();
    });
    for (auto& error : errors) {
      if (error) return std::unexpected(std::move(*error));
    }
    return std::move(weights_);
  }

 private:
  /// Allocates everything at once and lists the chunks.
  Result<void> lay_out() {
    std::vector<size_t> offsets;
    size_t total = 0;
    for (const PlanMatrix& matrix : plan_.matrices) {
      offsets.push_back(total);
      total += aligned(kernels_.packed_bytes(matrix.type, matrix.outputs, matrix.inputs));
    }
    for (const PlanVector& vector : plan_.vectors) {
      offsets.push_back(total);
      total += aligned(vector.count * sizeof(float));
    }
    HR_TRY(weights_.memory, Buffer::allocate(total, options_.budget));
    size_t next = 0;
    for (MatrixIndex i = 0; i < plan_.matrices.size(); ++i) {
      const PlanMatrix& matrix = plan_.matrices[i];
      weights_.matrices.push_back({matrix.type, matrix.outputs, matrix.inputs, weights_.memory.data() + offsets[next++]});
      const uint32_t rows = chunk_rows(matrix, kernels_.tile_outputs);
      for (uint32_t first = 0; first < matrix.outputs; first += rows) {
        chunks_.push_back({i, first, std::min(rows, matrix.outputs - first)});
      }
      total_bytes_ += matrix.tensor->bytes;
    }
    for (size_t i = 0; i < plan_.vectors.size(); ++i) {
      weights_.vectors.push_back(reinterpret_cast<const float*>(weights_.memory.data() + offsets[next++]));
    }
    return {};
  }

  std::span<float> vector(VectorIndex index) const {
    return {const_cast<float*>(weights_.vectors[index]), plan_.vectors[index].count};
  }

  void balance(const Store& store) const {
    const bool normalises = store.query_norm != kNone && store.key_norm != kNone;
    if (!normalises || plan_.layers[store.layer].format != kernels::KvFormat::Int8) return;
    balance_keys(vector(store.query_norm), vector(store.key_norm), plan_.rotations[store.rotation].pairing);
  }

  Result<void> read_vector(VectorIndex index) {
    const GgufTensor& tensor = *plan_.vectors[index].tensor;
    const std::span<float> out = vector(index);
    if (tensor.type == WeightType::F32) {
      return file_.file().read_at(tensor.offset, std::as_writable_bytes(out));
    }
    std::vector<uint16_t> halves(out.size());
    HR_CHECK(file_.file().read_at(tensor.offset, std::as_writable_bytes(std::span(halves))));
    for (size_t i = 0; i < out.size(); ++i) out[i] = float_of(*tensor.type, halves[i]);
    return {};
  }

  Result<void> read_chunks(const TeamMember& member) {
    ChunkBuffers buffers;
    Result<void> status;
    member.share(claim_, static_cast<uint32_t>(chunks_.size()), 1, [&](uint32_t begin, uint32_t) {
      if (status && !failed_.load(std::memory_order_relaxed)) status = read_chunk(chunks_[begin], buffers);
      if (!status) failed_ = true;
      if (member.index() == 0 && options_.progress) options_.progress(done_bytes_.load(), total_bytes_);
    });
    return status;
  }

  Result<void> read_chunk(const Chunk& chunk, ChunkBuffers& buffers) {
    const PlanMatrix& matrix = plan_.matrices[chunk.matrix];
    const size_t row_bytes = file_row_bytes(matrix);
    buffers.file_rows.resize(row_bytes * chunk.count);
    HR_CHECK(file_.file().read_at(matrix.tensor->offset + row_bytes * chunk.first_output, buffers.file_rows));
    const bool kept_as_it_is = matrix.type == *matrix.tensor->type;
    if (!kept_as_it_is) HR_CHECK(quantize(chunk, buffers));
    const auto& rows = kept_as_it_is ? buffers.file_rows : buffers.kept_rows;
    kernels_.pack(matrix.type, matrix.outputs, matrix.inputs, chunk.first_output, chunk.count, rows.data(),
                  const_cast<std::byte*>(weights_.matrices[chunk.matrix].data));
    done_bytes_ += buffers.file_rows.size();
    return {};
  }

  /// The chunk's rows in the type that the matrix is kept as.
  Result<void> quantize(const Chunk& chunk, ChunkBuffers& buffers) {
    const PlanMatrix& matrix = plan_.matrices[chunk.matrix];
    const size_t from_bytes = file_row_bytes(matrix), to_bytes = kernels::file_row_bytes(matrix.type, matrix.inputs);
    buffers.kept_rows.resize(to_bytes * chunk.count);
    const FloatingPointScope floating_point;
    for (uint32_t row = 0; row < chunk.count; ++row) {
      const std::byte* from = buffers.file_rows.data() + row * from_bytes;
      const uint32_t bad = kernels::quantize_weights(*matrix.tensor->type, from, matrix.inputs, matrix.type,
                                                     buffers.kept_rows.data() + row * to_bytes);
      if (bad != matrix.inputs) return cannot_hold(matrix, chunk.first_output + row, bad, from);
    }
    return {};
  }

  std::unexpected<Error> cannot_hold(const PlanMatrix& matrix, uint32_t output, uint32_t input, const std::byte* row) const {
    const WeightType type = *matrix.tensor->type;
    return fail(ErrorKind::InvalidData,
                fmt::format("{}: the tensor \"{}\" holds {} at [{}, {}], which cannot be quantised: {} holds numbers up to {}; load it "
                            "without quantize, or use a sound file",
                            file_.file().path().string(), printable(matrix.tensor->name), weight_at(type, row, input), output, input,
                            kernels::info(matrix.type).name, kernels::largest_weight(matrix.type)));
  }

  const Gguf& file_;
  const Plan& plan_;
  const kernels::KernelTable& kernels_;
  ThreadTeam& team_;
  const WeightsOptions& options_;
  Weights weights_;
  std::vector<Chunk> chunks_;
  std::atomic<uint32_t> claim_{0};
  std::atomic<bool> failed_{false};
  std::atomic<uint64_t> done_bytes_{0};
  uint64_t total_bytes_ = 0;
};

}  // namespace

Result<Weights> load_weights(const Gguf& file, const Plan& plan, const kernels::KernelTable& kernels, ThreadTeam& team,
                             const WeightsOptions& options) {
  return Loader(file, plan, kernels, team, options).load();
}

}  // namespace headrace::model
