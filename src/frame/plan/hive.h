#pragma once

#include <filesystem>
#include <vector>

#include "frame/plan/node.h"

namespace headrace::frame {

/// A file that is scanned, and the folder below which the names of folders are columns: empty: of all its path.
struct ScannedFile {
  std::filesystem::path path, root{};
};

/// The columns that the paths of files give, folders called name=value and the paths themselves, as options say. Types are the options',
/// those of the files' columns of the same names, or found in the values. InvalidData names a file that has other folders than the first.
Result<PlanNode::ScanParquet::FileColumns> columns_of_paths(const std::vector<ScannedFile>& files, bool has_partitions,
                                                            const Plan::ParquetOptions& options, const Schema& of_files);

}  // namespace headrace::frame
