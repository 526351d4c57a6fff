#include <algorithm>
#include <vector>

#include "frame/aggregates/accumulators.h"
#include "frame/keys/group_table.h"

namespace headrace::frame {
namespace {

/// Different values of each group: a table of pairs.
class Distinct : public Accumulator {
 public:
  Distinct(const DataType& input, const Budget& budget)
      : budget_(budget), table_(std::make_shared<const KeyLayout>(std::vector<DataType>{TypeId::UInt32, input}), budget), counts_(budget) {}

  Result<void> resize(size_t groups) override { return counts_.resize(groups); }

  Result<void> update(const AggregateRows& rows) override {
    HR_TRY(const Buffer groups, Buffer::from_pool(rows.groups.size_bytes(), budget_));
    std::ranges::copy(rows.groups, groups.as<uint32_t>());
    HR_TRY(Array column, Array::make({.type = TypeId::UInt32, .size = rows.groups.size(), .values = groups}));
    HR_CHECK(batch_.assign(table_.layout(), {std::move(column), *rows.input}, rows.groups.size(), budget_));
    pairs_.resize(rows.groups.size());
    const size_t before = table_.size();
    HR_CHECK(table_.find(batch_, pairs_));
    // New pairs have numbers that were not there, in the order of rows.
    size_t next = before;
    for (size_t row = 0; row < pairs_.size(); ++row) {
      if (pairs_[row] != next) continue;
      ++counts_[rows.groups[row]];
      ++next;
    }
    return {};
  }

  Result<Array> finish() override { return Array::make({.type = TypeId::UInt32, .size = counts_.size(), .values = counts_.buffer()}); }

 private:
  Budget budget_;
  GroupTable table_;
  KeyBatch batch_;
  std::vector<uint32_t> pairs_;
  GrowingVector<uint32_t> counts_;
};

}  // namespace

AccumulatorPointer make_distinct(const DataType& input, const Budget& budget) { return std::make_unique<Distinct>(input, budget); }

}  // namespace headrace::frame
