#include "model/plan/plan_builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.h"
#include "model/gguf/header_stream.h"

namespace headrace::model {
namespace {

constexpr uint32_t kMostHidden = 1u << 17;
constexpr uint32_t kMostFeedForward = 1u << 20;
constexpr uint32_t kMostVocabulary = 1u << 22;
constexpr uint32_t kMostLayers = 1024;
constexpr uint32_t kMostHeads = 1024;
constexpr uint32_t kMostHeadDim = 512;
constexpr uint64_t kMostContext = uint64_t{1} << 30;

/// The names of all types that kernels compute with.
std::string computed_types() {
  std::vector<std::string_view> names;
  for (int type = 0; type < kernels::kWeightTypeCount; ++type) names.push_back(kernels::info(static_cast<kernels::WeightType>(type)).name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string shape_text(const std::vector<uint64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

PlanBuilder::PlanBuilder(const Gguf& file) : file_(file) {
  plan_.architecture = keep(file.string("general.architecture"), std::string("unknown"));
}

template <class T>
T PlanBuilder::keep(Result<T> result, T otherwise) {
  if (result) return std::move(*result);
  if (!error_) error_ = std::move(result).error();
  return otherwise;
}

void PlanBuilder::refuse(ErrorKind kind, std::string message) {
  if (!error_) error_ = Error{kind, fmt::format("{}: {}", file_.file().path().string(), message)};
}

std::string PlanBuilder::full_key(std::string_view key) const { return fmt::format("{}.{}", plan_.architecture, key); }

const GgufValue* PlanBuilder::value(std::string_view key) const {
  const auto found = file_.metadata().find(full_key(key));
  return found == file_.metadata().end() ? nullptr : &found->second;
}

bool PlanBuilder::has(std::string_view key) const { return value(key) != nullptr; }

uint32_t PlanBuilder::integer(std::string_view key, uint64_t least, uint64_t most) {
  const uint64_t value = keep(file_.integer(full_key(key)), least);
  if (value < least || value > most) {
    refuse(ErrorKind::InvalidData, fmt::format("\"{}\" is {}; {} to {} is possible", full_key(key), value, least, most));
    return static_cast<uint32_t>(least);
  }
  return static_cast<uint32_t>(value);
}

uint32_t PlanBuilder::integer_or(std::string_view key, uint64_t fallback, uint64_t least, uint64_t most) {
  return has(key) ? integer(key, least, most) : static_cast<uint32_t>(fallback);
}

double PlanBuilder::number_or(std::string_view key, double fallback) {
  const double value = keep(file_.number_or(full_key(key), fallback), fallback);
  if (!(value > -1e30 && value < 1e30)) {
    refuse(ErrorKind::InvalidData, fmt::format("\"{}\" is {}, which makes no sense", full_key(key), value));
    return fallback;
  }
  return value;
}

std::string PlanBuilder::string_or(std::string_view key, std::string fallback) {
  return has(key) ? keep(file_.string(full_key(key)), std::move(fallback)) : fallback;
}

TransformerShape PlanBuilder::transformer_shape() {
  TransformerShape shape;
  shape.layers = integer("block_count", 1, kMostLayers);
  shape.hidden = integer("embedding_length", 8, kMostHidden);
  shape.feed_forward = integer("feed_forward_length", 8, kMostFeedForward);
  shape.heads = integer("attention.head_count", 1, kMostHeads);
  shape.kv_heads = integer_or("attention.head_count_kv", shape.heads, 1, kMostHeads);
  shape.head_dim = integer_or("attention.key_length", shape.hidden / shape.heads, 1, kMostHeadDim);
  shape.context_length = integer("context_length", 1, kMostContext);
  shape.epsilon = static_cast<float>(number_or("attention.layer_norm_rms_epsilon", 1e-5));
  if (shape.heads % shape.kv_heads != 0) {
    refuse(ErrorKind::InvalidData, fmt::format("{} query heads cannot share {} key-value heads", shape.heads, shape.kv_heads));
  }
  if (shape.head_dim % 8 != 0 || shape.head_dim > kMostHeadDim || shape.head_dim == 0) {
    refuse(ErrorKind::Unsupported,
           fmt::format("heads of {} values are not supported; multiples of 8 up to {} are", shape.head_dim, kMostHeadDim));
    shape.head_dim = 8;
  }
  if (!has("attention.key_length") && shape.hidden % shape.heads != 0) {
    refuse(ErrorKind::InvalidData, fmt::format("{} values do not divide into {} heads", shape.hidden, shape.heads));
  }
  const uint32_t values = integer_or("attention.value_length", shape.head_dim, 1, UINT32_MAX);
  if (values != shape.head_dim) {
    refuse(ErrorKind::Unsupported, fmt::format("keys of {} and values of {} in one head are not supported", shape.head_dim, values));
  }
  if (!(shape.epsilon >= 0 && shape.epsilon < 1)) refuse(ErrorKind::InvalidData, fmt::format("a norm's epsilon of {} makes no sense", shape.epsilon));
  plan_.hidden = shape.hidden;
  plan_.feed_forward = shape.feed_forward;
  plan_.context_length = shape.context_length;
  return shape;
}

const GgufTensor* PlanBuilder::tensor(std::string_view name, std::vector<uint64_t> shape) {
  if (error_) return nullptr;
  const GgufTensor* tensor = file_.tensor(name);
  if (tensor == nullptr) {
    refuse(ErrorKind::InvalidData, fmt::format("the tensor \"{}\" is missing", name));
    return nullptr;
  }
  if (tensor->shape != shape) {
    refuse(ErrorKind::InvalidData, fmt::format("the tensor \"{}\" has the shape {}; {} is expected", name,
                                               shape_text(tensor->shape), shape_text(shape)));
    return nullptr;
  }
  if (!tensor->type) {
    refuse(ErrorKind::Unsupported,
           fmt::format("the tensor \"{}\" has the type {}, which this version cannot compute with; use a file of the types {}",
                       name, tensor->type_name, computed_types()));
    return nullptr;
  }
  used_.emplace_back(name);
  return tensor;
}

MatrixIndex PlanBuilder::matrix(std::string_view name, uint32_t outputs, uint32_t inputs) {
  const GgufTensor* found = tensor(name, {outputs, inputs});
  if (found == nullptr) return kNone;
  plan_.matrices.push_back({found, *found->type, outputs, inputs});
  return static_cast<MatrixIndex>(plan_.matrices.size() - 1);
}

MatrixIndex PlanBuilder::matrix_if_present(std::string_view name, uint32_t outputs, uint32_t inputs) {
  return file_.tensor(name) == nullptr ? kNone : matrix(name, outputs, inputs);
}

VectorIndex PlanBuilder::vector(std::string_view name, uint32_t count) {
  const GgufTensor* found = tensor(name, {count});
  if (found == nullptr) return kNone;
  if (kernels::info(*found->type).block_width != 1) {
    refuse(ErrorKind::Unsupported, fmt::format("the tensor \"{}\" is quantised ({}); norms and biases must be F32, F16 or BF16",
                                               name, found->type_name));
    return kNone;
  }
  plan_.vectors.push_back({found, count});
  return static_cast<VectorIndex>(plan_.vectors.size() - 1);
}

VectorIndex PlanBuilder::vector_if_present(std::string_view name, uint32_t count) {
  return file_.tensor(name) == nullptr ? kNone : vector(name, count);
}

uint32_t PlanBuilder::outputs_of(std::string_view name) {
  const GgufTensor* found = file_.tensor(name);
  if (found == nullptr) {
    refuse(ErrorKind::InvalidData, fmt::format("the tensor \"{}\" is missing", name));
    return 1;
  }
  if (found->shape.size() != 2 || found->shape[0] > kMostVocabulary) {
    refuse(ErrorKind::InvalidData, fmt::format("the tensor \"{}\" has the shape {}; [up to {}, {}] is expected", name,
                                               shape_text(found->shape), kMostVocabulary, plan_.hidden));
    return 1;
  }
  return static_cast<uint32_t>(found->shape[0]);
}

RotationIndex PlanBuilder::rotation(Rotation rotation) {
  plan_.rotations.push_back(std::move(rotation));
  return static_cast<RotationIndex>(plan_.rotations.size() - 1);
}

uint32_t PlanBuilder::attention_layer(const kernels::AttentionShape& shape) {
  plan_.layers.push_back(shape);
  return static_cast<uint32_t>(plan_.layers.size() - 1);
}

void PlanBuilder::step(PlanStep step) { plan_.steps.push_back(step); }

Result<Plan> PlanBuilder::finish() {
  if (error_) return std::unexpected(std::move(*error_));
  std::ranges::sort(used_);
  for (const GgufTensor& tensor : file_.tensors()) {
    if (std::ranges::binary_search(used_, tensor.name)) continue;
    log(LogLevel::Warning, "model", "{}: the tensor \"{}\" is not part of the {} architecture as known here and is not used",
        file_.file().path().string(), printable(tensor.name), plan_.architecture);
  }
  return std::move(plan_);
}

std::string layer_tensor(uint32_t layer, std::string_view name) { return fmt::format("blk.{}.{}", layer, name); }

}  // namespace headrace::model
