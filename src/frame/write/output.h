#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "frame/sink.h"

namespace headrace::frame {

/// Bytes on their way out, one after the other. What is not finished leaves nothing behind.
class Output {
 public:
  static Result<Output> open(const WriteTarget& target);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text))); }
  /// How many were written.
  uint64_t size() const { return size_; }
  /// All is there: a file gets its name.
  Result<void> finish();

 private:
  explicit Output(const WriteTarget& target) : target_(target) {}
  Error error(int code) const;

  enum class Kind : uint8_t {
    Nameless,   ///< a file that has no name yet
    Temporary,  ///< one that has another name
    AsItIs,     ///< the target itself, which is no file
  };

  WriteTarget target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  Kind kind_ = Kind::Nameless;
  uint64_t size_ = 0;
};

}  // namespace headrace::frame
