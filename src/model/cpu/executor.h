#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/thread_team.h"
#include "model/cpu/step_work.h"
#include "model/cpu/weights.h"
#include "model/cpu/workspace.h"
#include "model/matmul_pieces.h"
#include "model/plan.h"
#include "model/sampler.h"
#include "model/step_trace.h"

namespace headrace::model {

/// Where keys and values lie: page-major, so that a page's layers are neighbours.
struct PageStorage {
  std::byte* base = nullptr;
  size_t page_bytes = 0;
  std::vector<size_t> layer_offsets;
};

/// Walks a plan over a thread team. Every member walks all steps; within a step they
/// take pieces from shared counters, and between steps they meet where one reads what
/// another wrote. Nothing is allocated, locked or called through a virtual table on the
/// way. Which member computes what never changes a bit of the result.
class Executor {
 public:
  Executor(const Plan& plan, const Weights& weights, const kernels::KernelTable& kernels, ThreadTeam& team);

  /// Allocates the working memory for steps of so many rows.
  Result<void> prepare(const StepLimits& limits, const std::shared_ptr<MemoryBudget>& budget);
  /// Runs a flattened step.
  void run(StepWork& work, const PageStorage& pages);
  /// Records steps in `trace` while it is armed.
  void record(StepTrace* trace);

  /// Whether attention may be split by query head (its results are quantised in pieces).
  bool may_split_queries() const { return may_split_queries_; }
  /// How many rows several threads may share in attention, and the room for what they leave.
  const StepWork::PartLimits& part_limits() const { return part_limits_; }
  const Workspace& workspace() const { return space_; }

 private:
  /// Pieces of work of one plan step that have claims of their own, one for each member.
  static constexpr uint32_t kClaims = 4;
  struct Walk;  // a member on its way through the plan
  /// What a step's neighbours decide: formats that are to be written.
  struct Facts {
    FormatSet writes = 0;
    uint32_t piece_of_few = 0, piece_of_many = 0;  ///< outputs that a thread takes at once
  };

  void find_facts();
  void find_pieces(size_t index);
  size_t scratch_floats() const;
  void walk(const TeamMember& member);
  /// Waits for all other members.
  static void meet(const Walk& walk);
  void step(Walk& walk, const Embed& embed);
  void step(Walk& walk, const Norm& norm);
  void step(Walk& walk, const Project& project);
  void step(Walk& walk, const Store& store);
  void step(Walk& walk, const Attend& attend);
  void step(Walk& walk, const Output& output);
  void step(Walk& walk, const Gate& gate);
  void step(Walk& walk, const Head& head);

  void angles(uint32_t row) const;
  /// norm(stream row (+ norm(branch row))) → the set formats of Normed at `to`; the joined row → `joined`.
  void norm_row(const Walk& walk, VectorIndex branch_weight, VectorIndex weight, float epsilon, uint32_t row,
                uint32_t to, float* joined) const;
  void quantize_row(FormatSet formats, uint32_t inputs, const float* row,
                    const std::array<ActivationRows, kActivationFormats>& rows, uint32_t to) const;
  void store_item(const Store& store, const StepWork::StoreItem& item) const;
  /// Moves the stream's wanted rows together, for the rest of the plan.
  void narrow_stream(const Walk& walk) const;
  void attend_item(const Walk& walk, const Attend& attend, const StepWork::AttendItem& item) const;
  bool attend_part(const kernels::AttentionShape& shape, const kernels::AttentionRun& run, const float* queries,
                   const StepWork::AttendItem& item, float* out, float* scratch) const;
  /// Computes and quantises a piece of the gated part.
  void gate_piece(const Walk& walk, const Gate& gate, const MatmulPiece& piece) const;
  void head_block(Walk& walk, const Head& head, const StepWork::Block& block);
  /// The same where only the arg max of each row is asked for: no row of logits is written. False: not enough scratch.
  bool arg_max_of_head(Walk& walk, const kernels::MatmulArgs& args, uint32_t grain, float soft_cap, const StepWork::Block& block);
  void use_logits(const Walk& walk, const StepWork::Use& use);

  /// Matmul arguments for reading rows of Normed, Attended or Gated.
  kernels::MatmulArgs reading(MatrixIndex matrix, const std::array<ActivationRows, kActivationFormats>& rows,
                              uint32_t first_row, uint32_t count) const;
  size_t claims_of_step() const { return kClaims * static_cast<size_t>(team_.size()); }
  /// Outputs of a piece of the step's matrices.
  uint32_t piece_of(size_t index, uint32_t rows) const;
  /// Returns how many outputs this member has computed.
  uint32_t share_matmul(const Walk& walk, std::atomic<uint32_t>* claims, const kernels::MatmulArgs& args,
                        uint32_t grain, float soft_cap = 0) const;
  /// Whether a Store's only item is done by the Project before it.
  bool stores_with_project() const { return store_follows_project_ && work_->rows == 1; }
  kernels::ActivationFormat format_of(MatrixIndex matrix) const;
  const float* vector(VectorIndex index) const { return index == kNone ? nullptr : weights_.vectors[index]; }
  kernels::AttentionRun run_of(uint32_t layer, const StepWork::Run& run) const;

  const Plan& plan_;
  const Weights& weights_;
  const kernels::KernelTable& kernels_;
  ThreadTeam& team_;
  std::vector<Facts> facts_;       // by step of the plan
  size_t tail_ = 0;                // the last Attend: from here on only rows whose logits are wanted matter
  bool store_follows_project_ = true;
  bool may_split_queries_ = true;
  bool attended_in_pieces_ = true;  // an attention item's values make whole blocks of the format
  Workspace space_;
  StepWork::PartLimits part_limits_;
  std::unique_ptr<std::atomic<uint32_t>[]> parts_done_;  // by group of attention items
  std::vector<Sampler> samplers_;   // by member
  /// The largest logit that a member has met in a row, the lowest index on ties.
  struct BestLogit {
    float value;
    uint32_t index;
  };
  std::vector<BestLogit> best_;     // [member][row of a block]
  std::unique_ptr<std::atomic<uint32_t>[]> claims_;
  size_t claim_count_ = 0;
  StepWork* work_ = nullptr;
  const PageStorage* pages_ = nullptr;
  StepTrace* trace_ = nullptr;
  bool recording_ = false;  // this step
  std::function<void(const TeamMember&)> body_;
};

}  // namespace headrace::model
