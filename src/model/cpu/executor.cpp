#include "model/cpu/executor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/math.h"
#include "model/cpu/floating_point_scope.h"
#include "model/cpu/operations.h"

namespace headrace::model {
namespace {

using kernels::ActivationFormat;
using kernels::Epilogue;
using kernels::MatmulArgs;

constexpr uint32_t kGateRows = 64;       // rows of one pass over a piece of the gate
constexpr uint32_t kMostGatePiece = 256;

uint32_t block_width(ActivationFormat format) {
  switch (format) {
    case ActivationFormat::Int8x32: return 32;
    case ActivationFormat::Int8x256: return 256;
    default: return 1;
  }
}

}  // namespace

struct Executor::Walk {
  const TeamMember& member;
  float* scratch;
  uint32_t rows = 0;    // of the step that are still looked at
  size_t index = 0;     // of the step in the plan
  uint32_t stream = 0;  // which of the two stream buffers is current
  std::atomic<uint32_t>* first_claim = nullptr;  // of the step
  StepTrace::Lane* lane = nullptr;  // where its time is recorded, if it is
  uint32_t number = 0;              // of the step, in the record

  bool has_own_rows() const { return model::has_own_rows(rows, static_cast<uint32_t>(member.size())); }

  /// The members' claims of a piece of work of the step; where one is enough, the first of them.
  std::atomic<uint32_t>* claims(size_t work) const { return first_claim + work * static_cast<size_t>(member.size()); }

  void note(StepTrace::Event::Kind kind) const {
    if (lane != nullptr) lane->add(kind, static_cast<uint32_t>(index), number, rows, StepTrace::now_ns());
  }
};

Executor::Executor(const Plan& plan, const Weights& weights, const kernels::KernelTable& kernels, ThreadTeam& team)
    : plan_(plan), weights_(weights), kernels_(kernels), team_(team) {
  find_facts();
  for (int i = 0; i < team.size(); ++i) samplers_.emplace_back(kernels);
  body_ = [this](const TeamMember& member) { walk(member); };
}

ActivationFormat Executor::format_of(MatrixIndex matrix) const { return kernels::info(weights_.matrices[matrix].type).activation; }

/// Which formats a step writes is decided by the matrices that read them.
void Executor::find_facts() {
  facts_.resize(plan_.steps.size());
  FormatSet attended = 0;
  FormatSet gated = 0;
  FormatSet normed = 0;
  for (size_t i = plan_.steps.size(); i-- > 0;) {
    if (const auto* output = std::get_if<Output>(&plan_.steps[i])) {
      (output->input == Output::Input::Attended ? attended : gated) = format_bit(format_of(output->matrix));
    } else if (const auto* project = std::get_if<Project>(&plan_.steps[i])) {
      for (const MatrixIndex matrix : project->matrices) normed |= format_bit(format_of(matrix));
      store_follows_project_ = store_follows_project_ && std::holds_alternative<Store>(plan_.steps[i + 1]);
    } else if (const auto* gate = std::get_if<Gate>(&plan_.steps[i])) {
      normed |= format_bit(format_of(gate->gate)) | format_bit(format_of(gate->up));
      facts_[i].writes = gated;
    } else if (std::holds_alternative<Attend>(plan_.steps[i])) {
      tail_ = std::max(tail_, i);
      facts_[i].writes = attended;
      const kernels::AttentionShape& shape = plan_.layers[std::get<Attend>(plan_.steps[i]).layer];
      const uint32_t group = shape.query_heads / shape.kv_heads * shape.head_dim;
      for (size_t f = 0; f < kActivationFormats; ++f) {
        const uint32_t width = (attended >> f) & 1u ? block_width(static_cast<ActivationFormat>(f)) : 1;
        attended_in_pieces_ = attended_in_pieces_ && group % width == 0;
        may_split_queries_ = may_split_queries_ && shape.head_dim % width == 0;
      }
    } else if (std::holds_alternative<Norm>(plan_.steps[i])) {
      facts_[i].writes = normed;
      normed = 0;
    } else if (const auto* head = std::get_if<Head>(&plan_.steps[i])) {
      facts_[i].writes = format_bit(format_of(head->matrix));
    }
  }
  may_split_queries_ = may_split_queries_ || !attended_in_pieces_;
  for (size_t i = 0; i < plan_.steps.size(); ++i) find_pieces(i);
}

/// How a step with matrices is cut into pieces, for few rows and for many.
void Executor::find_pieces(size_t index) {
  SharedOutputs shared{.heights = {}, .output_bytes = 0, .unit = kTilesOfPiece * kernels_.tile_outputs,
                       .threads = static_cast<uint32_t>(team_.size())};
  uint32_t most = UINT32_MAX;
  const auto add = [&](MatrixIndex matrix) {
    const kernels::PackedWeight& weight = weights_.matrices[matrix];
    shared.heights.push_back(weight.outputs);
    shared.output_bytes = std::max(shared.output_bytes, kernels::file_row_bytes(weight.type, weight.inputs));
  };
  if (const auto* project = std::get_if<Project>(&plan_.steps[index])) {
    for (const MatrixIndex matrix : project->matrices) add(matrix);
  } else if (const auto* output = std::get_if<Output>(&plan_.steps[index])) {
    add(output->matrix);
  } else if (const auto* head = std::get_if<Head>(&plan_.steps[index])) {
    add(head->matrix);
  } else if (const auto* gate = std::get_if<Gate>(&plan_.steps[index])) {
    add(gate->gate);
    shared.output_bytes *= 2;  // up as well
    most = kMostGatePiece;
    for (size_t f = 0; f < kActivationFormats; ++f) {  // a piece is quantised by itself
      const uint32_t width = (facts_[index].writes >> f) & 1u ? block_width(static_cast<ActivationFormat>(f)) : 1;
      shared.unit = std::max(shared.unit, width);
    }
  } else {
    return;
  }
  for (const bool few : {true, false}) {
    shared.few_rows = few;
    (few ? facts_[index].piece_of_few : facts_[index].piece_of_many) = std::min(most, choose_piece(shared));
  }
}

size_t Executor::scratch_floats() const {
  const kernels::AttentionShape& shape = plan_.layers.front();
  size_t most = 2 * size_t{plan_.hidden};  // norm_row: the normalised row and the joined one
  most = std::max<size_t>(most, 2 * kGateRows * kMostGatePiece);
  const size_t attended = std::max<size_t>(8192, 8 * size_t{shape.query_heads / shape.kv_heads} * shape.head_dim);
  for (const kernels::AttentionShape& layer : plan_.layers) {
    most = std::max(most, attended + kernels_.attend_scratch_floats(layer));
  }
  return most;
}

Result<void> Executor::prepare(const StepLimits& limits, const std::shared_ptr<MemoryBudget>& budget) {
  WorkspaceSize size{.rows = limits.rows, .logits_rows = limits.logits_rows, .threads = static_cast<uint32_t>(team_.size())};
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    const PlanStep& step = plan_.steps[i];
    if (std::holds_alternative<Norm>(step) || std::holds_alternative<Head>(step)) size.normed |= facts_[i].writes;
    if (std::holds_alternative<Attend>(step)) size.attended |= facts_[i].writes;
    if (std::holds_alternative<Gate>(step)) size.gated |= facts_[i].writes;
  }
  size.scratch_floats = scratch_floats();
  size.whole_attended = !attended_in_pieces_;
  if (team_.size() > 1) {
    // Every page's positions once, and a split begun by each group.
    const kernels::AttentionShape& shape = plan_.layers.front();
    part_limits_.groups = 4 * static_cast<uint32_t>(team_.size());
    const size_t splits = size_t{limits.pages} * kernels::kPageTokens / kernels::kAttentionSplit + part_limits_.groups;
    part_limits_.floats = splits * shape.query_heads * kernels::split_part_floats(shape);
    parts_done_ = std::make_unique<std::atomic<uint32_t>[]>(part_limits_.groups);
  }
  size.split_part_floats = part_limits_.floats;
  HR_TRY(space_, make_workspace(plan_, kernels_, size, budget));
  best_.resize(size_t{limits.logits_rows} * static_cast<size_t>(team_.size()));
  return {};
}

void Executor::run(StepWork& work, const PageStorage& pages) {
  const size_t claims = (plan_.steps.size() + work.blocks.size()) * claims_of_step();
  if (claims > claim_count_) {
    claims_ = std::make_unique<std::atomic<uint32_t>[]>(claims);
    claim_count_ = claims;
  }
  for (size_t i = 0; i < claims; ++i) claims_[i].store(0, std::memory_order_relaxed);
  for (uint32_t i = 0; i < part_limits_.groups; ++i) parts_done_[i].store(0, std::memory_order_relaxed);
  work_ = &work;
  pages_ = &pages;
  recording_ = trace_ != nullptr && trace_->begin_step();
  team_.run(body_);
  if (recording_) trace_->end_step();
}

void Executor::record(StepTrace* trace) {
  trace_ = trace;
  if (trace != nullptr) trace->describe(operations_of(plan_), team_.size());
}

void Executor::meet(const Walk& walk) {
  walk.note(StepTrace::Event::Kind::Work);
  walk.member.barrier();
  walk.note(StepTrace::Event::Kind::Wait);
}

void Executor::walk(const TeamMember& member) {
  const FloatingPointScope floating_point;
  Walk walk{.member = member, .scratch = space_.scratch[static_cast<size_t>(member.index())], .rows = work_->rows};
  if (recording_) {
    walk.lane = &trace_->lane(member.index());
    walk.lane->begin(StepTrace::now_ns());
    walk.number = trace_->step();
  }
  for (walk.index = 0; walk.index < plan_.steps.size() && walk.rows > 0; ++walk.index) {
    if (walk.index == tail_) walk.rows = static_cast<uint32_t>(work_->tail_rows.size());
    walk.first_claim = &claims_[walk.index * claims_of_step()];
    std::visit([&](const auto& next) { step(walk, next); }, plan_.steps[walk.index]);
    walk.note(StepTrace::Event::Kind::Work);
  }
}

// Rows ------------------------------------------------------------------------

void Executor::angles(uint32_t row) const {
  const uint32_t pairs = plan_.layers.front().head_dim / 2;
  for (size_t r = 0; r < plan_.rotations.size(); ++r) {
    const Rotation& rotation = plan_.rotations[r];
    float* cosines = space_.cosines + (r * space_.rows + row) * pairs;
    float* sines = space_.sines + (r * space_.rows + row) * pairs;
    for (uint32_t i = 0; i < pairs; ++i) {
      double sine = 0;
      double cosine = 0;
      kernels::exact_sincos(work_->positions[row] * rotation.frequencies[i], &sine, &cosine);
      cosines[i] = static_cast<float>(cosine * rotation.magnitude);
      sines[i] = static_cast<float>(sine * rotation.magnitude);
    }
  }
}

void Executor::step(Walk& walk, const Embed& embed) {
  walk.member.share_ranges(walk.claims(0), work_->rows, 1, [&](uint32_t row, uint32_t) {
    float* out = space_.stream[0] + size_t{row} * plan_.hidden;
    kernels_.unpack_row(weights_.matrices[embed.table], work_->tokens[row], out);
    if (embed.factor != 1) kernels_.scale(embed.factor, plan_.hidden, out);
    angles(row);
  });
  meet(walk);
}

void Executor::quantize_row(FormatSet formats, uint32_t inputs, const float* row,
                            const std::array<ActivationRows, kActivationFormats>& rows, uint32_t to) const {
  for (size_t f = 0; f < kActivationFormats; ++f) {
    if (((formats >> f) & 1u) != 0) kernels_.quantize(static_cast<ActivationFormat>(f), inputs, row, 0, inputs, rows[f].row(to));
  }
}

void Executor::norm_row(const Walk& walk, VectorIndex branch_weight, VectorIndex weight, float epsilon, uint32_t row,
                        uint32_t to, float* joined) const {
  const size_t offset = size_t{row} * plan_.hidden;
  const float* stream = space_.stream[walk.stream] + offset;
  float* normed = walk.scratch;
  if (branch_weight != kNone) {
    if (joined == nullptr) joined = walk.scratch + plan_.hidden;
    kernels_.rms_norm(space_.branch + offset, vector(branch_weight), epsilon, plan_.hidden, joined);
    kernels_.add(stream, plan_.hidden, joined);
    stream = joined;
  }
  kernels_.rms_norm(stream, vector(weight), epsilon, plan_.hidden, normed);
  quantize_row(facts_[walk.index].writes, plan_.hidden, normed, space_.normed, to);
}

void Executor::step(Walk& walk, const Norm& norm) {
  const bool joins = norm.branch_weight != kNone;
  const uint32_t next = joins ? 1 - walk.stream : walk.stream;
  const auto target = [&](uint32_t row) { return joins ? space_.stream[next] + size_t{row} * plan_.hidden : nullptr; };
  if (walk.rows == 1) {
    // PERF: one row costs less than a meeting, so every member normalises it for itself, into
    // a row of its own; only one of them leaves the joined row behind.
    const int index = walk.member.index();
    norm_row(walk, norm.branch_weight, norm.weight, norm.epsilon, 0, static_cast<uint32_t>(index), index == 0 ? target(0) : nullptr);
  } else {
    walk.member.share_ranges(walk.claims(0), walk.rows, 1, [&](uint32_t row, uint32_t) {
      norm_row(walk, norm.branch_weight, norm.weight, norm.epsilon, row, row, target(row));
    });
    meet(walk);
  }
  walk.stream = next;
}

// Matrices --------------------------------------------------------------------

MatmulArgs Executor::reading(MatrixIndex matrix, const std::array<ActivationRows, kActivationFormats>& rows,
                             uint32_t first_row, uint32_t count) const {
  MatmulArgs args;
  args.weight = weights_.matrices[matrix];
  const ActivationRows& source = rows[static_cast<size_t>(format_of(matrix))];
  args.activations = source.row(first_row);
  args.activation_stride = source.stride;
  args.rows = count;
  return args;
}

uint32_t Executor::piece_of(size_t index, uint32_t rows) const {
  return rows <= kFewRows ? facts_[index].piece_of_few : facts_[index].piece_of_many;
}

uint32_t Executor::share_matmul(const Walk& walk, std::atomic<uint32_t>* claims, const MatmulArgs& args, uint32_t grain,
                                float soft_cap) const {
  uint32_t done = 0;
  share_matmul_pieces(walk.member, claims, args.rows, args.weight.outputs, grain, [&](const MatmulPiece& piece) {
    const MatmulArgs part = piece.of(args);
    kernels_.matmul(part);
    done += piece.last - piece.first;
    for (uint32_t row = 0; soft_cap > 0 && row < part.rows; ++row) {
      kernels_.soft_cap(soft_cap, piece.last - piece.first, part.out + row * part.out_stride + piece.first);
    }
  });
  return done;
}

void Executor::step(Walk& walk, const Project& project) {
  const uint32_t rows = walk.rows;
  const uint32_t columns[] = {0, space_.key_column, space_.value_column};
  uint32_t done = 0;  // outputs that this member has computed
  const uint32_t own_row = rows == 1 ? static_cast<uint32_t>(walk.member.index()) : 0;
  for (size_t i = 0; i < 3; ++i) {
    MatmulArgs args = reading(project.matrices[i], space_.normed, own_row, rows);
    args.bias = vector(project.biases[i]);
    args.out = space_.projected + columns[i];
    args.out_stride = space_.projected_width;
    done += share_matmul(walk, walk.claims(i), args, piece_of(walk.index, rows));
  }
  if (stores_with_project()) {
    // PERF: one row is stored by whoever finishes the last piece, while the others are on their
    // way to the meeting: one meeting less a layer.
    const auto& store = std::get<Store>(plan_.steps[walk.index + 1]);
    const bool last = done > 0 && walk.claims(3)->fetch_add(done, std::memory_order_acq_rel) + done == space_.projected_width;
    if (last) store_item(store, work_->stores[0]);
  }
  meet(walk);
}

void Executor::step(Walk& walk, const Output& output) {
  const bool attended = output.input == Output::Input::Attended;
  const uint32_t rows = walk.rows;
  const uint32_t own_row = rows == 1 && attended && !attended_in_pieces_ ? static_cast<uint32_t>(walk.member.index()) : 0;
  MatmulArgs args = reading(output.matrix, attended ? space_.attended : space_.gated, own_row, rows);
  const bool residual = output.target == Output::Target::Stream;
  args.bias = vector(output.bias);
  args.out = residual ? space_.stream[walk.stream] : space_.branch;
  args.out_stride = plan_.hidden;
  args.epilogue = residual ? Epilogue::Add : Epilogue::Store;
  share_matmul(walk, walk.claims(0), args, piece_of(walk.index, rows));
  meet(walk);
}

/// Computes a piece of the gated part and quantises it while it is near.
void Executor::gate_piece(const Walk& walk, const Gate& gate, const MatmulPiece& piece) const {
  const auto [first_row, rows, first, last] = piece;
  const uint32_t width = last - first;
  const uint32_t own_row = walk.rows == 1 ? static_cast<uint32_t>(walk.member.index()) : 0;
  const bool silu = gate.activation == Gate::Activation::Silu;
  const bool fused = weights_.matrices[gate.gate].type == weights_.matrices[gate.up].type;
  for (uint32_t row = first_row; row < first_row + rows; row += kGateRows) {
    const uint32_t count = std::min(kGateRows, first_row + rows - row);
    MatmulArgs args = reading(gate.gate, space_.normed, row + own_row, count);
    args.out = walk.scratch - first;  // columns are counted from output 0
    args.out_stride = width;
    args.first_output = first;
    args.last_output = last;
    if (fused) {
      args.weight_up = weights_.matrices[gate.up];
      args.epilogue = silu ? Epilogue::SiluGate : Epilogue::GeluGate;
      kernels_.matmul(args);
    } else {
      kernels_.matmul(args);
      MatmulArgs up = reading(gate.up, space_.normed, row + own_row, count);
      up.out = walk.scratch + kGateRows * kMostGatePiece - first;
      up.out_stride = width;
      up.first_output = first;
      up.last_output = last;
      kernels_.matmul(up);
      for (size_t i = 0; i < size_t{count} * width; ++i) {
        const float x = walk.scratch[i];
        walk.scratch[i] = (silu ? kernels::exact_siluf(x) : kernels::exact_geluf(x)) * walk.scratch[kGateRows * kMostGatePiece + i];
      }
    }
    for (uint32_t r = 0; r < count; ++r) {
      for (size_t f = 0; f < kActivationFormats; ++f) {
        if (((facts_[walk.index].writes >> f) & 1u) == 0) continue;
        kernels_.quantize(static_cast<ActivationFormat>(f), plan_.feed_forward, walk.scratch + size_t{r} * width - first, first, width,
                          space_.gated[f].row(row + r));
      }
    }
  }
}

void Executor::step(Walk& walk, const Gate& gate) {
  share_matmul_pieces(walk.member, walk.claims(0), walk.rows, plan_.feed_forward, piece_of(walk.index, walk.rows),
                [&](const MatmulPiece& piece) { gate_piece(walk, gate, piece); });
  meet(walk);
}

// Attention -------------------------------------------------------------------

kernels::AttentionRun Executor::run_of(uint32_t layer, const StepWork::Run& run) const {
  return {.pages_base = pages_->base + pages_->layer_offsets[layer],
          .page_stride = pages_->page_bytes,
          .pages = run.pages,
          .first_position = run.first_position,
          .rows = run.rows};
}

void Executor::store_item(const Store& store, const StepWork::StoreItem& item) const {
  const kernels::AttentionShape& shape = plan_.layers[store.layer];
  const StepWork::Run& run = work_->runs[item.run];
  const uint32_t pairs = shape.head_dim / 2;
  const size_t table = size_t{store.rotation} * space_.rows;
  const auto prepare = [&](float* values, uint32_t heads, VectorIndex norm, size_t row) {
    for (uint32_t h = 0; norm != kNone && h < heads; ++h) {
      float* head = values + size_t{h} * shape.head_dim;
      kernels_.rms_norm(head, vector(norm), store.epsilon, shape.head_dim, head);
    }
    const size_t offset = (table + row) * pairs;
    kernels_.rope(values, heads, shape.head_dim, space_.cosines + offset, space_.sines + offset,
                  plan_.rotations[store.rotation].pairing);
  };
  for (uint32_t r = item.first; r < item.last; ++r) {
    const size_t row = run.first_row + r;
    float* values = space_.projected + row * space_.projected_width;
    prepare(values, shape.query_heads, store.query_norm, row);
    prepare(values + space_.key_column, shape.kv_heads, store.key_norm, row);
  }
  kernels::AttentionRun part = run_of(store.layer, run);
  part.first_position += item.first;
  part.rows = item.last - item.first;
  const float* first = space_.projected + (run.first_row + item.first) * size_t{space_.projected_width};
  kernels_.append(shape, part, first + space_.key_column, first + space_.value_column, space_.projected_width);
}

void Executor::step(Walk& walk, const Store& store) {
  if (stores_with_project()) return;
  walk.member.share_ranges(walk.claims(0), static_cast<uint32_t>(work_->stores.size()), 1,
                           [&](uint32_t item, uint32_t) { store_item(store, work_->stores[item]); });
  meet(walk);
}

void Executor::narrow_stream(const Walk& walk) const {
  float* stream = space_.stream[walk.stream];
  for (size_t i = 0; i < work_->tail_rows.size(); ++i) {
    // Rows only move up, so none is overwritten before it has moved.
    std::memmove(stream + i * plan_.hidden, stream + work_->tail_rows[i] * size_t{plan_.hidden}, plan_.hidden * sizeof(float));
  }
}

/// Does an item's part of the splits; true for the one that came last and has joined them into `out`.
bool Executor::attend_part(const kernels::AttentionShape& shape, const kernels::AttentionRun& run, const float* queries,
                           const StepWork::AttendItem& item, float* out, float* scratch) const {
  const uint32_t position = run.first_position;
  const uint32_t first_seen = shape.window > 0 && position + 1 > shape.window ? position + 1 - shape.window : 0;
  const uint32_t begin = first_seen / kernels::kAttentionSplit;
  const uint32_t splits = position / kernels::kAttentionSplit + 1 - begin;
  const auto bound = [&](uint32_t part) { return begin + static_cast<uint32_t>(uint64_t{splits} * part / item.parts); };
  float* parts = space_.split_parts + item.parts_at;
  if (bound(item.part) < bound(item.part + 1)) {
    kernels_.attend_splits(shape, run, queries, item.kv_head, bound(item.part), bound(item.part + 1), parts, scratch);
  }
  // Counted on from layer to layer.
  const uint32_t done = parts_done_[item.group].fetch_add(1, std::memory_order_acq_rel) + 1;
  if (done % item.parts != 0) return false;
  kernels_.join_splits(shape, parts, begin, begin + splits, out);
  return true;
}

void Executor::attend_item(const Walk& walk, const Attend& attend, const StepWork::AttendItem& item) const {
  kernels::AttentionShape shape = plan_.layers[attend.layer];
  const StepWork::Run& run = work_->runs[item.run];
  const kernels::AttentionRun pages = run_of(attend.layer, run);
  const uint32_t width = shape.query_heads * shape.head_dim;
  const uint32_t first_value = item.first_query * shape.head_dim;
  const uint32_t values = item.queries * shape.head_dim;
  // The kernel takes the query heads of its key-value head: for only some of them, the shape says
  // that groups are as large as this item, and the pointers are moved so that it meets the right ones.
  const uint32_t group = shape.query_heads / shape.kv_heads;
  const int64_t met = int64_t{item.kv_head} * item.queries * shape.head_dim;
  shape.query_heads = shape.query_heads / group * item.queries;
  const float* queries = space_.projected + run.first_row * size_t{space_.projected_width} + first_value - met;
  const bool pieces = attended_in_pieces_;
  const size_t rows = item.last - item.first;
  float* scratch = walk.scratch;
  float* out = pieces ? scratch : space_.attended_values + item.to * size_t{width} + first_value;
  const size_t out_stride = pieces ? values : width;
  if (pieces) scratch += rows * values;
  if (item.parts > 1) {
    kernels::AttentionRun row = pages;
    row.first_position += item.first;
    row.rows = 1;
    const float* row_queries = space_.projected + (run.first_row + item.first) * size_t{space_.projected_width};
    if (!attend_part(shape, row, row_queries, item, out, scratch)) return;
  } else {
    // Rows are counted from the run's first one.
    kernels_.attend(shape, pages, queries, space_.projected_width, out - met - static_cast<int64_t>(item.first * out_stride),
                    out_stride, item.kv_head, item.first, item.last, scratch);
  }
  for (uint32_t r = 0; pieces && r < rows; ++r) {
    for (size_t f = 0; f < kActivationFormats; ++f) {
      if (((facts_[walk.index].writes >> f) & 1u) == 0) continue;
      kernels_.quantize(static_cast<ActivationFormat>(f), width, out + r * out_stride - first_value, first_value, values,
                        space_.attended[f].row(item.to + r));
    }
  }
}

void Executor::step(Walk& walk, const Attend& attend) {
  const bool narrows = walk.index == tail_ && walk.rows < work_->rows;
  const auto& items = narrows ? work_->tail_attends : work_->attends;
  if (narrows) walk.member.share(*walk.claims(2), 1, 1, [&](uint32_t, uint32_t) { narrow_stream(walk); });
  const auto count = static_cast<uint32_t>(items.size());
  const auto attend_one = [&](uint32_t item, uint32_t) { attend_item(walk, attend, items[item]); };
  if (walk.has_own_rows()) {
    walk.member.share_ranges(walk.claims(0), count, 1, attend_one);
  } else {
    walk.member.share(*walk.claims(0), count, 1, attend_one);
  }
  meet(walk);
  if (attended_in_pieces_) return;
  const kernels::AttentionShape& shape = plan_.layers[attend.layer];
  const uint32_t width = shape.query_heads * shape.head_dim;
  const FormatSet formats = facts_[walk.index].writes;
  if (walk.rows == 1) {
    return quantize_row(formats, width, space_.attended_values, space_.attended, static_cast<uint32_t>(walk.member.index()));
  }
  walk.member.share_ranges(walk.claims(1), walk.rows, 1, [&](uint32_t row, uint32_t) {
    quantize_row(formats, width, space_.attended_values + size_t{row} * width, space_.attended, row);
  });
  meet(walk);
}

// Logits ----------------------------------------------------------------------

void Executor::use_logits(const Walk& walk, const StepWork::Use& use) {
  const std::span<const float> logits(space_.logits + size_t{use.slot} * plan_.vocabulary, plan_.vocabulary);
  Sampler& sampler = samplers_[static_cast<size_t>(walk.member.index())];
  if (use.sample != nullptr) {
    sampler.sample(logits, *use.sample, *use.output);
  } else {
    sampler.report(logits, use.next, use.top, *use.output);
  }
}

bool Executor::arg_max_of_head(Walk& walk, const MatmulArgs& args, uint32_t grain, float soft_cap, const StepWork::Block& block) {
  const uint32_t unit = kTilesOfPiece * kernels_.tile_outputs;
  grain = std::min(grain, static_cast<uint32_t>(space_.scratch_floats / args.rows) / unit * unit);
  if (grain == 0) return false;
  const auto rows_of = [&](int member) { return best_.data() + static_cast<size_t>(member) * space_.logits_rows; };
  const auto better = [](const BestLogit& a, const BestLogit& b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
  };
  constexpr BestLogit kNothing = {-std::numeric_limits<float>::infinity(), UINT32_MAX};
  BestLogit* best = rows_of(walk.member.index());
  std::fill_n(best, args.rows, kNothing);
  // PERF: a piece's logits are looked at while they are in the L1 cache, and never written to memory.
  share_matmul_pieces(walk.member, walk.claims(1), args.rows, plan_.vocabulary, grain, [&](const MatmulPiece& piece) {
    const uint32_t width = piece.last - piece.first;
    MatmulArgs part = piece.of(args);
    part.out = walk.scratch - piece.first;  // columns are counted from output 0
    part.out_stride = width;
    kernels_.matmul(part);
    for (uint32_t row = 0; row < piece.rows; ++row) {
      float* logits = walk.scratch + size_t{row} * width;
      if (soft_cap > 0) kernels_.soft_cap(soft_cap, width, logits);
      const uint32_t at = kernels_.argmax(logits, width);
      BestLogit& known = best[piece.first_row + row];
      if (const BestLogit found{logits[at], piece.first + at}; better(found, known)) known = found;
    }
  });
  meet(walk);
  walk.member.share(*walk.claims(2), block.last_use - block.first_use, 1, [&](uint32_t index, uint32_t) {
    const StepWork::Use& use = work_->uses[block.first_use + index];
    const uint32_t row = use.slot - work_->logits_rows[block.first_row].slot;
    BestLogit all = kNothing;
    for (int member = 0; member < walk.member.size(); ++member) {
      if (better(rows_of(member)[row], all)) all = rows_of(member)[row];
    }
    use.output->id = all.index == UINT32_MAX ? 0 : all.index;  // a row of NaN: as argmax has it
  });
  return true;
}

void Executor::head_block(Walk& walk, const Head& head, const StepWork::Block& block) {
  const uint32_t rows = block.last_row - block.first_row;
  const auto norm = [&](uint32_t row, uint32_t to) {
    norm_row(walk, head.branch_weight, head.weight, head.epsilon, work_->logits_rows[row].row, to, nullptr);
  };
  uint32_t own_row = 0;
  if (rows == 1) {
    own_row = static_cast<uint32_t>(walk.member.index());
    norm(block.first_row, own_row);
  } else {
    walk.member.share_ranges(walk.claims(0), rows, 1, [&](uint32_t row, uint32_t) { norm(block.first_row + row, row); });
    meet(walk);
  }
  // The slots of a block follow one another.
  MatmulArgs args = reading(head.matrix, space_.normed, own_row, rows);
  args.out = space_.logits + size_t{work_->logits_rows[block.first_row].slot} * plan_.vocabulary;
  args.out_stride = plan_.vocabulary;
  const uint32_t piece = piece_of(walk.index, rows);
  if (block.arg_max_only && arg_max_of_head(walk, args, piece, head.soft_cap, block)) return;
  share_matmul(walk, walk.claims(1), args, piece, head.soft_cap);
  meet(walk);
  walk.member.share(*walk.claims(2), block.last_use - block.first_use, 1,
                    [&](uint32_t use, uint32_t) { use_logits(walk, work_->uses[block.first_use + use]); });
}

void Executor::step(Walk& walk, const Head& head) {
  for (size_t i = 0; i < work_->blocks.size(); ++i) {
    // Before the logits of a block are overwritten, all must be done with them.
    if (i > 0) meet(walk);
    walk.first_claim = &claims_[(plan_.steps.size() + i) * claims_of_step()];
    head_block(walk, head, work_->blocks[i]);
  }
}

}  // namespace headrace::model
