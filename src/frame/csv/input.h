#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"
#include "frame/csv.h"

namespace headrace::frame::csv {

/// How bytes are packed, which the first of them tell.
enum class Packing : uint8_t { None, Gzip, Zstd };

/// Text's bytes, wherever they are. Thread-safe.
class Input {
 public:
  /// "-", and files that are no regular ones (pipes), are read at once, into memory.
  static Result<std::shared_ptr<const Input>> open(const CsvInput& from, const std::shared_ptr<MemoryBudget>& budget);

  /// A path, or what else it is called in messages.
  const std::string& name() const { return name_; }
  Packing packing() const { return packing_; }
  /// As it lies there, packed or not.
  uint64_t size() const { return file_ ? file_->size_bytes() : memory_.size(); }
  Result<void> read_at(uint64_t offset, std::span<std::byte> into) const;
  /// What opens it again: bytes that are in memory stay there.
  CsvInput source() const;

 private:
  Input() = default;
  std::string name_;
  std::optional<File> file_;
  Buffer memory_;
  Packing packing_ = Packing::None;
};

/// Bytes one after the other, unpacked.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills `into` as far as there are bytes; fewer only at the end.
  virtual Result<size_t> read(std::span<std::byte> into) = 0;
};

/// Lives no longer than the input.
Result<std::unique_ptr<ByteStream>> stream_of(const Input& input, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame::csv
