#pragma once

#include <string>
#include <vector>

#include "frame/data_frame.h"

namespace headrace::frame::parquet {

/// Some rows of a column as Parquet has them: how deep each value is defined and repeated, and those that there are.
struct Leaves {
  std::vector<uint8_t> definitions, repetitions;  ///< one a value or its absence; repetitions only of lists
  bool is_full = false;                           ///< of no lists, and nothing is null: definitions are left out
  size_t count = 0;                               ///< of levels
  std::vector<Array> values;                      ///< without nulls
};

/// Takes lists and nulls apart.
Result<Leaves> leaves_of(const Column& rows, const std::shared_ptr<MemoryBudget>& budget);

/// Numbers below 2^bits, as runs of one value and groups of eight.
void append_runs(const uint32_t* values, size_t count, int bits, std::string& out);
/// The same of levels, with their bytes in front.
void append_levels(const std::vector<uint8_t>& levels, int greatest, std::string& out);
/// Of `count` levels that are all the greatest.
void append_full_levels(size_t count, int greatest, std::string& out);

}  // namespace headrace::frame::parquet
