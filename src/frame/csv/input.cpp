#include "frame/csv/input.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "frame/array_builder.h"

namespace headrace::frame::csv {
namespace {

constexpr size_t kStreamBuffer = size_t{64} << 10;

Packing packing_of(std::span<const std::byte> first) {
  const auto begins = [&](std::string_view magic) {
    return first.size() >= magic.size() && std::memcmp(first.data(), magic.data(), magic.size()) == 0;
  };
  return begins("\x1F\x8B") ? Packing::Gzip : begins("\x28\xB5\x2F\xFD") ? Packing::Zstd : Packing::None;
}

/// All that a descriptor gives.
Result<Buffer> read_all(int descriptor, const std::string& name, const std::shared_ptr<MemoryBudget>& budget) {
  GrowingBuffer bytes(budget);
  size_t size = 0;
  for (;;) {
    HR_CHECK(bytes.reserve(size + kStreamBuffer));
    const ssize_t got = ::read(descriptor, bytes.buffer().data() + size, bytes.buffer().size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::Io, fmt::format("{}: {}.", name, std::generic_category().message(errno)), name);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const Buffer all = bytes.take();
  return Buffer::foreign(all.data(), size, [all] {});
}

/// What opens a pipe or another file without a size.
Result<Buffer> read_pipe(const std::filesystem::path& path, const std::shared_ptr<MemoryBudget>& budget) {
  const auto close = [](FILE* file) { std::fclose(file); };
  const std::unique_ptr<FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (!file) {
    return fail(ErrorKind::Io, fmt::format("{}: {}.", path.string(), std::generic_category().message(errno)), path.string());
  }
  return read_all(::fileno(file.get()), path.string(), budget);
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(const Input& input) : input_(input) {}
  Result<size_t> read(std::span<std::byte> into) override {
    const size_t size = std::min<uint64_t>(into.size(), input_.size() - at_);
    HR_CHECK(input_.read_at(at_, into.first(size)));
    at_ += size;
    return size;
  }

 private:
  const Input& input_;
  uint64_t at_ = 0;
};

std::unexpected<Error> broken(const Input& input, std::string_view packing, std::string_view why) {
  return fail(ErrorKind::InvalidData, fmt::format("{}: its {} data is broken or cut off: {}.", input.name(), packing, why), input.name());
}

/// Members one after the other.
class GzipStream final : public ByteStream {
 public:
  GzipStream(const Input& input, Buffer packed, Reservation state)
      : input_(input), plain_(input), packed_(std::move(packed)), state_(std::move(state)) {
    ::inflateInit2(&stream_, 15 + 16);
  }
  ~GzipStream() override { ::inflateEnd(&stream_); }
  Result<size_t> read(std::span<std::byte> into) override {
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(into.size());
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        HR_TRY(const size_t got, plain_.read(packed_.bytes()));
        stream_.next_in = packed_.as<Bytef>();
        stream_.avail_in = static_cast<uInt>(got);
        if (got == 0) break;
      }
      if (is_between_) ::inflateReset(&stream_);
      is_between_ = false;
      const int status = ::inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) is_between_ = true;
      if (status != Z_OK && status != Z_STREAM_END) return broken(input_, "gzip", stream_.msg != nullptr ? stream_.msg : "no progress");
    }
    if (stream_.avail_out > 0 && !is_between_) return broken(input_, "gzip", "it ends within a member");
    return into.size() - stream_.avail_out;
  }

 private:
  const Input& input_;
  PlainStream plain_;
  Buffer packed_;
  Reservation state_;
  z_stream stream_{};
  bool is_between_ = false;
};

/// Frames one after the other.
class ZstdStream final : public ByteStream {
 public:
  ZstdStream(const Input& input, Buffer packed, Reservation state)
      : input_(input), plain_(input), packed_(std::move(packed)), state_(std::move(state)), stream_(ZSTD_createDStream()) {}
  ~ZstdStream() override { ZSTD_freeDStream(stream_); }
  Result<size_t> read(std::span<std::byte> into) override {
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos < out.size) {
      if (in_.pos == in_.size) {
        HR_TRY(const size_t got, plain_.read(packed_.bytes()));
        in_ = {packed_.data(), got, 0};
        if (got == 0) break;
      }
      left_ = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(left_)) return broken(input_, "zstd", ZSTD_getErrorName(left_));
    }
    if (out.pos < out.size && left_ != 0) return broken(input_, "zstd", "it ends within a frame");
    return out.pos;
  }

 private:
  const Input& input_;
  PlainStream plain_;
  Buffer packed_;
  Reservation state_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  size_t left_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Input>> Input::open(const CsvInput& from, const std::shared_ptr<MemoryBudget>& budget) {
  const std::shared_ptr<Input> input(new Input());
  if (const auto* bytes = std::get_if<Buffer>(&from)) {
    input->name_ = "the bytes given";
    input->memory_ = *bytes;
  } else {
    const auto& path = std::get<std::filesystem::path>(from);
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (path == "-") {
      input->name_ = "standard input";
      HR_TRY(input->memory_, read_all(STDIN_FILENO, input->name_, budget));
    } else if (std::filesystem::is_fifo(status) || std::filesystem::is_character_file(status)) {
      input->name_ = path.string();
      HR_TRY(input->memory_, read_pipe(path, budget));
    } else {
      input->name_ = path.string();
      HR_TRY(File file, File::open(path));
      input->file_.emplace(std::move(file));
    }
  }
  std::array<std::byte, 4> first{};
  const size_t size = std::min<uint64_t>(first.size(), input->size());
  HR_CHECK(input->read_at(0, std::span(first).first(size)));
  input->packing_ = packing_of(std::span(first).first(size));
  return input;
}

Result<void> Input::read_at(uint64_t offset, std::span<std::byte> into) const {
  if (file_) return file_->read_at(offset, into);
  if (!into.empty()) std::memcpy(into.data(), memory_.data() + offset, into.size());
  return {};
}

CsvInput Input::source() const { return file_ ? CsvInput(file_->path()) : CsvInput(memory_); }

Result<std::unique_ptr<ByteStream>> stream_of(const Input& input, const std::shared_ptr<MemoryBudget>& budget) {
  // What the libraries take for their windows, at most for what is written by default.
  constexpr uint64_t kGzipState = uint64_t{48} << 10, kZstdState = uint64_t{8} << 20;
  if (input.packing() == Packing::None) return std::make_unique<PlainStream>(input);
  HR_TRY(Buffer packed, Buffer::allocate(kStreamBuffer, budget));
  const bool is_gzip = input.packing() == Packing::Gzip;
  HR_TRY(Reservation state, Reservation::take(budget, is_gzip ? kGzipState : kZstdState));
  if (is_gzip) return std::make_unique<GzipStream>(input, std::move(packed), std::move(state));
  return std::make_unique<ZstdStream>(input, std::move(packed), std::move(state));
}

}  // namespace headrace::frame::csv
