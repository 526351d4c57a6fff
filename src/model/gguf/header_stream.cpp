#include "model/gguf/header_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace headrace::model {

Result<void> HeaderStream::read(std::span<std::byte> into, std::string_view what) {
  if (into.size() > remaining()) {
    return fail(ErrorKind::InvalidData,
                fmt::format("{} ends at byte {}, inside {}; the file is truncated or damaged", file_.path().string(),
                            file_.size_bytes(), what));
  }
  while (!into.empty()) {
    if (cursor_ == buffered_) {
      buffer_start_ += buffered_;
      cursor_ = 0;
      buffered_ = 0;
      const size_t want = std::min<uint64_t>(kBufferBytes, file_.size_bytes() - buffer_start_);
      HR_CHECK(file_.read_at(buffer_start_, std::span(buffer_).first(want)));
      buffered_ = want;
    }
    const size_t take = std::min(into.size(), buffered_ - cursor_);
    std::memcpy(into.data(), buffer_.data() + cursor_, take);
    cursor_ += take;
    into = into.subspan(take);
  }
  return {};
}

Result<std::string> HeaderStream::string(std::string_view what, uint64_t limit) {
  HR_TRY(const auto length, number<uint64_t>(what));
  if (length > remaining() || length > limit) {
    return fail(ErrorKind::InvalidData,
                fmt::format("{}: {} claims a length of {} bytes; at most {} are possible here", file_.path().string(), what,
                            length, std::min(limit, remaining())));
  }
  HR_CHECK(keep(sizeof(std::string) + (length > 15 ? length + 1 : 0), what));
  std::string text(length, '\0');
  HR_CHECK(read(std::as_writable_bytes(std::span(text)), what));
  return text;
}

Result<void> HeaderStream::keep(uint64_t bytes, std::string_view what) {
  if (bytes > memory_left_) {
    return fail(ErrorKind::OutOfRange, fmt::format("{}: the header is too large to be read: {} goes over the limit",
                                                   file_.path().string(), what));
  }
  memory_left_ -= bytes;
  return {};
}

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, 80)) {
    if (c >= 0x20 && c < 0x7f) {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (name.size() > 80) text += "…";
  return text;
}

}  // namespace headrace::model
