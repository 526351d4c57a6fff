#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "kernels/kernel_table.h"
#include "text/tokenizer.h"

namespace headrace::model {

struct GgufArray;
/// A metadata value of a GGUF file.
using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string, GgufArray>;
struct GgufArray {
  std::variant<std::vector<uint64_t>, std::vector<int64_t>, std::vector<double>, std::vector<bool>, std::vector<std::string>> items;
  size_t size() const;
};

/// One tensor of the file. `shape` is outermost first ([outputs, inputs] for a
/// matrix), the reverse of the file's order.
struct GgufTensor {
  std::string name;
  std::vector<uint64_t> shape;
  uint32_t type_code = 0;                     ///< ggml's number for the type
  std::string type_name;                      ///< "Q4_1", also for types that cannot be computed with
  std::optional<kernels::WeightType> type;    ///< set if this build computes with it
  uint64_t offset = 0;                        ///< from the start of the file
  uint64_t bytes = 0;
  uint64_t elements = 0;
};

/// The header of a GGUF file (versions 2 and 3), fully checked: every count,
/// length and offset lies within the file, no name occurs twice, and no allocation
/// is larger than the file can justify.
class Gguf {
 public:
  static Result<Gguf> open(const std::filesystem::path& path);

  uint32_t version() const { return version_; }
  const File& file() const { return file_; }
  const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* tensor(std::string_view name) const;
  uint64_t tensor_bytes() const;  ///< of all tensors together

  // A key that is absent is the error or the fallback; a key of another type is an error.
  Result<std::string> string(std::string_view key) const;
  Result<uint64_t> integer(std::string_view key) const;
  Result<uint64_t> integer_or(std::string_view key, uint64_t fallback) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;

 private:
  explicit Gguf(File file) : file_(std::move(file)) {}
  File file_;
  uint32_t version_ = 0;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
  friend class GgufParser;
};

/// The tokenizer that the file describes (tokenizer.ggml.*).
Result<text::TokenizerSource> tokenizer_source(const Gguf& gguf);

}  // namespace headrace::model
