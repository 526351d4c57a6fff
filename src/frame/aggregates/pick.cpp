#include <algorithm>
#include <string_view>
#include <vector>

#include "frame/aggregates/accumulators.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// A row of each group by its place, or by its bytes, of any type: rows that are picked are gathered from what comes; what no group has any
/// more is dropped
/// when it is more than the rest.
class Pick : public Accumulator {
 public:
  Pick(AggregateOperator op, DataType type, const Budget& budget)
      : is_by_place_(op == AggregateOperator::First || op == AggregateOperator::Last),
        is_greatest_(op == AggregateOperator::Last || op == AggregateOperator::Max),
        type_(std::move(type)), budget_(budget), picks_(budget) {}

  Result<void> resize(size_t groups) override { return picks_.resize(groups); }

  Result<void> update(const AggregateRows& rows) override {
    std::vector<uint32_t> changed;
    const auto current = static_cast<uint32_t>(pieces_.size() + 1);
    for (size_t row = 0; row < rows.groups.size(); ++row) {
      Picked& pick = picks_[rows.groups[row]];
      if (!is_by_place_ && !rows.input->is_valid(row)) continue;
      const std::string_view bytes = is_by_place_ ? std::string_view() : rows.input->bytes(row);
      const uint64_t place = rows.places[row];
      if (pick.piece != 0 && !is_better(place, bytes, pick)) continue;
      if (pick.piece != current) changed.push_back(rows.groups[row]);
      pick = {.place = place, .data = bytes.data(), .size = bytes.size(), .piece = current, .row = static_cast<uint32_t>(row)};
    }
    return changed.empty() ? Result<void>() : keep(*rows.input, changed);
  }

  Result<void> seal() override { return compact(); }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const Pick&>(from);
    if (other.pieces_.empty()) return {};
    std::vector<uint64_t> rows, places;
    std::vector<uint32_t> into;
    for (size_t i = 0; i < groups.size(); ++i) {
      const Picked& pick = other.picks_[from_groups[i]];
      if (pick.piece == 0) continue;
      rows.push_back(pick.row);
      places.push_back(pick.place);
      into.push_back(groups[i]);
    }
    HR_TRY(const Array values, gather(other.pieces_.front(), rows, budget_));
    return update({.input = &values, .groups = into, .places = {.of_rows = places.data()}});
  }

  Result<Array> finish() override {
    HR_CHECK(compact());
    if (pieces_.empty()) return Array::all_null(type_, picks_.size(), budget_);
    std::vector<uint64_t> rows(picks_.size());
    for (size_t group = 0; group < rows.size(); ++group) rows[group] = picks_[group].piece == 0 ? kNoRow : picks_[group].row;
    return gather(pieces_.front(), rows, budget_);
  }

 private:
  struct Picked {
    uint64_t place;
    const char* data;  ///< the bytes, if they are what is compared
    uint64_t size;
    uint32_t piece;  ///< its number and one; zero: there is none yet
    uint32_t row;    ///< of the piece
  };

  bool is_better(uint64_t place, std::string_view bytes, const Picked& than) const {
    if (is_by_place_) return is_greatest_ ? place > than.place : place < than.place;
    const std::string_view other(than.data, than.size);
    return is_greatest_ ? bytes > other : bytes < other;
  }

  /// The new rows of these groups, which are rows of `input` so far, as a piece.
  Result<void> keep(const Array& input, const std::vector<uint32_t>& changed) {
    std::vector<uint64_t> rows(changed.size());
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = picks_[changed[i]].row;
    HR_TRY(Array piece, gather(input, rows, budget_));
    for (size_t i = 0; i < rows.size(); ++i) place_in(piece, pieces_.size(), i, picks_[changed[i]]);
    kept_ += piece.size();
    pieces_.push_back(std::move(piece));
    return kept_ > 2 * picks_.size() + kSpare ? compact() : Result<void>();
  }

  void place_in(const Array& piece, size_t index, size_t row, Picked& pick) const {
    pick.piece = static_cast<uint32_t>(index + 1);
    pick.row = static_cast<uint32_t>(row);
    if (is_by_place_) return;
    const std::string_view bytes = piece.bytes(row);
    pick.data = bytes.data();
    pick.size = bytes.size();
  }

  /// One piece of the rows that are picked.
  Result<void> compact() {
    if (pieces_.size() < 2) return {};
    std::vector<uint64_t> begins{0};
    for (const Array& piece : pieces_) begins.push_back(begins.back() + piece.size());
    HR_TRY(const Array all, concatenate(pieces_, budget_));
    std::vector<uint64_t> rows;
    for (size_t group = 0; group < picks_.size(); ++group) {
      if (picks_[group].piece != 0) rows.push_back(begins[picks_[group].piece - 1] + picks_[group].row);
    }
    HR_TRY(Array piece, gather(all, rows, budget_));
    size_t row = 0;
    for (size_t group = 0; group < picks_.size(); ++group) {
      if (picks_[group].piece != 0) place_in(piece, 0, row++, picks_[group]);
    }
    kept_ = piece.size();
    pieces_.assign(1, std::move(piece));
    return {};
  }

  static constexpr size_t kSpare = size_t{64} << 10;

  bool is_by_place_, is_greatest_;
  DataType type_;
  Budget budget_;
  GrowingVector<Picked> picks_;
  std::vector<Array> pieces_;
  size_t kept_ = 0;  ///< rows of the pieces
};

}  // namespace

AccumulatorPointer make_pick(AggregateOperator op, const DataType& input, const Budget& budget) {
  return std::make_unique<Pick>(op, input, budget);
}

}  // namespace headrace::frame
