#pragma once

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Tests name the fields that they are about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace headrace::model {

/// Writes GGUF files for tests, rightly or wrongly: what a file says is up to the test.
class GgufWriter {
 public:
  enum Type : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

  uint32_t version = 3;
  uint64_t alignment = 32;
  std::string magic = "GGUF";

  GgufWriter& u32(std::string_view key, uint32_t value) { return entry(key, U32, raw(value)); }
  GgufWriter& u64(std::string_view key, uint64_t value) { return entry(key, U64, raw(value)); }
  GgufWriter& i32(std::string_view key, int32_t value) { return entry(key, I32, raw(value)); }
  GgufWriter& f32(std::string_view key, float value) { return entry(key, F32, raw(value)); }
  GgufWriter& boolean(std::string_view key, bool value) { return entry(key, Bool, raw(static_cast<uint8_t>(value))); }
  GgufWriter& string(std::string_view key, std::string_view value) { return entry(key, String, text(value)); }
  GgufWriter& strings(std::string_view key, const std::vector<std::string>& values) {
    std::string body = raw(uint32_t{String}) + raw(uint64_t{values.size()});
    for (const std::string& value : values) body += text(value);
    return entry(key, Array, body);
  }
  template <class T>
  GgufWriter& array(std::string_view key, Type type, const std::vector<T>& values) {
    std::string body = raw(uint32_t{type}) + raw(uint64_t{values.size()});
    for (const T value : values) body += raw(value);
    return entry(key, Array, body);
  }
  /// A metadata entry whose bytes after the type are given as they are.
  GgufWriter& entry(std::string_view key, uint32_t type, const std::string& body) {
    metadata_ += text(key) + raw(type) + body;
    ++metadata_count_;
    return *this;
  }

  /// `shape` outermost first. The offset is where the data comes to lie.
  GgufWriter& tensor(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, const std::string& data) {
    tensor_entry(name, shape, type, data_.size());
    data_ += data;
    data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
    return *this;
  }
  GgufWriter& tensor_entry(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    tensors_ += text(name) + raw(static_cast<uint32_t>(shape.size()));
    for (size_t i = shape.size(); i-- > 0;) tensors_ += raw(shape[i]);
    tensors_ += raw(type) + raw(offset);
    ++tensor_count_;
    return *this;
  }

  std::string header() const {
    return magic + raw(version) + raw(tensor_count_) + raw(metadata_count_) + metadata_ + tensors_;
  }
  std::string bytes() const {
    std::string all = header();
    all.resize((all.size() + alignment - 1) / alignment * alignment, '\0');
    return all + data_;
  }

  template <class T>
  static std::string raw(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
  static std::string text(std::string_view value) { return raw(uint64_t{value.size()}) + std::string(value); }

 private:
  std::string metadata_, tensors_, data_;
  uint64_t metadata_count_ = 0, tensor_count_ = 0;
};

/// A file that is gone when the test is over.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content, std::string_view name = "model.gguf") {
    static int count = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("headrace-model-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(folder_);
    path_ = folder_ / name;
    std::ofstream(path_, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_, path_;
};

}  // namespace headrace::model
