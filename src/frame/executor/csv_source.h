#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "frame/csv/field_kernels.h"
#include "frame/csv/field_table.h"
#include "frame/csv/layout.h"
#include "frame/executor/query.h"
#include "frame/executor/selection.h"
#include "frame/executor/source.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// The rows of text with separators. A file is cut into stretches of bytes, each a task; whether one begins within quotes is known by
/// counting those of all before it, which their tasks do, and the rows with them. What is packed, or has comments, is one task.
class CsvSource final : public Source {
 public:
  struct Part {
    std::shared_ptr<const csv::Input> input;  ///< none of files beyond the first hundred, which are opened when their turn comes
    CsvInput source;
    csv::Start start;
    uint64_t size = 0;
    bool is_sequential = false;
  };
  /// Bytes [begin, end) of a part. Its rows are those behind the ends of rows that lie in it, and the part's first if it is the first.
  struct Stretch {
    size_t part = 0;
    uint64_t begin = 0, end = 0;
    bool is_last = false;
    enum class State : int { Open, Taken, Counted };
    std::atomic<State> state{State::Open};
    csv::Counts counts{};
    bool ends_row = false;  ///< its last byte is that of a row's end, if it is outside of quotes
    std::optional<Error> error{};
  };
  /// What stands before a stretch.
  struct Place {
    uint64_t part_rows = 0;  ///< of the parts before
    uint64_t ends = 0;       ///< of rows of this part
    bool is_inside = false;
  };

  static Result<std::unique_ptr<CsvSource>> make(const PlanNode& node, const PlanNode::ScanCsv& scan, const Query& query);

  Result<void> open() override;
  size_t tasks() const override { return stretches_.size(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override;
  uint64_t rows() const override;

  const csv::Layout& layout() const { return *scan_.layout; }
  const Conditions& conditions() const { return conditions_; }
  /// The columns that are read, by their numbers in the layout; the first width() are given on.
  const std::vector<size_t>& columns() const { return columns_; }
  size_t width() const { return width_; }
  uint64_t first_wanted() const { return static_cast<uint64_t>(scan_.offset); }
  uint64_t wanted() const { return scan_.size; }
  const std::shared_ptr<MemoryBudget>& budget() const { return query_.budget; }

 private:
  CsvSource(const PlanNode::ScanCsv& scan, std::vector<size_t> columns, size_t width, Conditions conditions, const Query& query)
      : scan_(scan), columns_(std::move(columns)), width_(width), conditions_(std::move(conditions)), query_(query) {}
  Result<Part> open_part(const CsvInput& source, bool stays_open) const;
  Result<std::shared_ptr<const csv::Input>> input_of(const Part& part) const;
  void add_stretches(size_t part, uint64_t bytes);

  /// The stretch's bytes, and behind them as many as its last row needs.
  Result<csv::Text> read(const Stretch& stretch, const csv::Input& input) const;
  /// Finds the stretch's rows in its text; none if no row begins in it.
  Result<void> cut(const Stretch& stretch, const csv::Input& input, bool is_inside, csv::Text& text) const;
  void count(Stretch& stretch, const csv::Text& text) const;
  /// Counts what nobody has counted yet of the stretches before.
  Result<Place> place_of(size_t task);
  void count_anew(Stretch& stretch) const;
  void advance(const Stretch& stretch, Place& place) const;

  PlanNode::ScanCsv scan_;
  std::vector<size_t> columns_;
  size_t width_;
  Conditions conditions_;
  const Query& query_;
  std::vector<Part> parts_;
  std::deque<Stretch> stretches_;
  std::mutex mutex_;
  std::vector<Place> places_;  ///< of the first stretches
};

}  // namespace headrace::frame
