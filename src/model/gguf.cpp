#include "model/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "model/gguf/header_stream.h"
#include "model/gguf/tensor_types.h"

namespace headrace::model {
namespace {

constexpr uint64_t kHeaderMemory = uint64_t{48} << 20;  // kept for a header; vocabularies of 250,000 tokens take 16 MB
constexpr uint64_t kNameBytes = 65535;
constexpr uint32_t kDimensions = 4;
constexpr uint64_t kDefaultAlignment = 32;

enum ValueType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

// Bytes that a value takes in the file at the least.
constexpr uint64_t kValueBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

Result<uint64_t> checked_product(std::span<const uint64_t> factors) {
  uint64_t product = 1;
  for (const uint64_t factor : factors) {
    if (factor != 0 && product > (uint64_t{1} << 62) / factor) return fail(ErrorKind::InvalidData, "overflow");
    product *= factor;
  }
  return product;
}

}  // namespace

size_t GgufArray::size() const {
  return std::visit([](const auto& list) { return list.size(); }, items);
}

/// Parses the header of one file into a Gguf.
class GgufParser {
 public:
  explicit GgufParser(Gguf& gguf) : gguf_(gguf), in_(gguf.file_, kHeaderMemory) {}

  Result<void> parse() {
    HR_CHECK(preamble());
    for (uint64_t i = 0; i < value_count_; ++i) HR_CHECK(key_and_value(i));
    for (uint64_t i = 0; i < tensor_count_; ++i) HR_CHECK(tensor_entry(i));
    return place_tensors();
  }

 private:
  std::unexpected<Error> bad(ErrorKind kind, std::string_view message) const {
    return fail(kind, fmt::format("{}: {}", gguf_.file_.path().string(), message));
  }
  std::unexpected<Error> bad(std::string_view message) const { return bad(ErrorKind::InvalidData, message); }

  Result<void> preamble() {
    HR_TRY(const auto magic, in_.number<uint32_t>("the file's first four bytes"));
    if (magic != 0x46554747u) return bad("this is not a GGUF file (it does not begin with \"GGUF\")");
    HR_TRY(gguf_.version_, in_.number<uint32_t>("the version"));
    if (gguf_.version_ == 0x02000000u || gguf_.version_ == 0x03000000u) {
      return bad(ErrorKind::Unsupported, "the file is big-endian; convert it to little-endian");
    }
    if (gguf_.version_ != 2 && gguf_.version_ != 3) {
      return bad(ErrorKind::Unsupported,
                 fmt::format("GGUF version {} is not read; versions 2 and 3 are. Convert the file anew", gguf_.version_));
    }
    HR_TRY(tensor_count_, in_.number<uint64_t>("the number of tensors"));
    HR_TRY(value_count_, in_.number<uint64_t>("the number of metadata values"));
    // The smallest metadata entry is a key length, a type and a byte; the smallest tensor
    // entry a name length, a dimension, a type and an offset.
    if (value_count_ > in_.remaining() / 13) return bad(fmt::format("{} metadata values do not fit the file", value_count_));
    if (tensor_count_ > in_.remaining() / 32) return bad(fmt::format("{} tensors do not fit the file", tensor_count_));
    return {};
  }

  Result<void> key_and_value(uint64_t index) {
    HR_TRY(auto key, in_.string(fmt::format("the key of metadata value {}", index), kNameBytes));
    const std::string what = fmt::format("the value of \"{}\"", printable(key));
    HR_CHECK(in_.keep(96 + sizeof(GgufValue), what));
    HR_TRY(const auto type, in_.number<uint32_t>(what));
    HR_TRY(auto value, type == Array ? array(what) : scalar(type, what));
    if (!gguf_.metadata_.emplace(key, std::move(value)).second) {
      return bad(fmt::format("the metadata key \"{}\" occurs twice", printable(key)));
    }
    return {};
  }

  template <class T>
  Result<GgufValue> widened(std::string_view what) {
    HR_TRY(const auto value, in_.number<T>(what));
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }

  Result<GgufValue> scalar(uint32_t type, std::string_view what) {
    switch (type) {
      case U8: return widened<uint8_t>(what);
      case I8: return widened<int8_t>(what);
      case U16: return widened<uint16_t>(what);
      case I16: return widened<int16_t>(what);
      case U32: return widened<uint32_t>(what);
      case I32: return widened<int32_t>(what);
      case F32: return widened<float>(what);
      case U64: return widened<uint64_t>(what);
      case I64: return widened<int64_t>(what);
      case F64: return widened<double>(what);
      case Bool: {
        HR_TRY(const auto value, in_.number<uint8_t>(what));
        if (value > 1) return bad(fmt::format("{} is a truth value of {}; only 0 and 1 are allowed", what, value));
        return value == 1;
      }
      case String: {
        HR_TRY(auto text, in_.string(what, UINT64_MAX));
        return text;
      }
      default: return bad(fmt::format("{} has the unknown type {}", what, type));
    }
  }

  Result<GgufValue> array(std::string_view what) {
    HR_TRY(const auto type, in_.number<uint32_t>(what));
    HR_TRY(const auto count, in_.number<uint64_t>(what));
    if (type == Array) return bad(ErrorKind::Unsupported, fmt::format("{} is an array of arrays, which is not read", what));
    if (type > F64) return bad(fmt::format("{} is an array of the unknown type {}", what, type));
    if (count > in_.remaining() / kValueBytes[type]) {
      return bad(fmt::format("{} claims {} elements; the file has room for {}", what, count,
                             in_.remaining() / kValueBytes[type]));
    }
    switch (type) {
      case U8: return numbers<uint8_t, uint64_t>(count, what);
      case I8: return numbers<int8_t, int64_t>(count, what);
      case U16: return numbers<uint16_t, uint64_t>(count, what);
      case I16: return numbers<int16_t, int64_t>(count, what);
      case U32: return numbers<uint32_t, uint64_t>(count, what);
      case I32: return numbers<int32_t, int64_t>(count, what);
      case F32: return numbers<float, double>(count, what);
      case U64: return numbers<uint64_t, uint64_t>(count, what);
      case I64: return numbers<int64_t, int64_t>(count, what);
      case F64: return numbers<double, double>(count, what);
      case Bool: return numbers<uint8_t, bool>(count, what);
      default: return strings(count, what);
    }
  }

  template <class Stored, class Kept>
  Result<GgufValue> numbers(uint64_t count, std::string_view what) {
    HR_CHECK(in_.keep(std::is_same_v<Kept, bool> ? count / 8 : count * sizeof(Kept), what));
    std::vector<Kept> list;
    list.reserve(count);
    std::vector<Stored> chunk(std::min<uint64_t>(count, 4096));
    for (uint64_t done = 0; done < count; done += chunk.size()) {
      chunk.resize(std::min<uint64_t>(count - done, chunk.size()));
      HR_CHECK(in_.read(std::as_writable_bytes(std::span(chunk)), what));
      for (const Stored value : chunk) list.push_back(static_cast<Kept>(value));
    }
    return GgufArray{std::move(list)};
  }

  Result<GgufValue> strings(uint64_t count, std::string_view what) {
    // Checked before the list is made: a string takes 8 bytes in the file and 32 here.
    if (count > kHeaderMemory / sizeof(std::string)) HR_CHECK(in_.keep(UINT64_MAX, what));
    std::vector<std::string> list;
    list.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      HR_TRY(auto text, in_.string(what, UINT64_MAX));
      list.push_back(std::move(text));
    }
    return GgufArray{std::move(list)};
  }

  Result<void> tensor_entry(uint64_t index) {
    GgufTensor tensor;
    HR_TRY(tensor.name, in_.string(fmt::format("the name of tensor {}", index), kNameBytes));
    const std::string what = fmt::format("the entry of tensor \"{}\"", printable(tensor.name));
    HR_CHECK(in_.keep(2 * sizeof(GgufTensor) + 160 + tensor.name.size(), what));
    HR_TRY(const auto dimensions, in_.number<uint32_t>(what));
    if (dimensions == 0 || dimensions > kDimensions) {
      return bad(fmt::format("tensor \"{}\" has {} dimensions; 1 to {} are possible", printable(tensor.name), dimensions,
                             kDimensions));
    }
    tensor.shape.resize(dimensions);
    for (uint64_t& extent : tensor.shape) {
      HR_TRY(extent, in_.number<uint64_t>(what));
      if (extent == 0) return bad(fmt::format("tensor \"{}\" has a dimension of 0", printable(tensor.name)));
    }
    std::ranges::reverse(tensor.shape);
    HR_TRY(tensor.type_code, in_.number<uint32_t>(what));
    HR_TRY(tensor.offset, in_.number<uint64_t>(what));
    HR_CHECK(measure(tensor));
    if (!gguf_.index_.emplace(tensor.name, gguf_.tensors_.size()).second) {
      return bad(fmt::format("the tensor \"{}\" occurs twice", printable(tensor.name)));
    }
    gguf_.tensors_.push_back(std::move(tensor));
    return {};
  }

  /// Fills in the name and size that follow from the type and the shape.
  Result<void> measure(GgufTensor& tensor) const {
    const TensorType* type = tensor_type(tensor.type_code);
    if (type == nullptr || type->block_width == 0) {
      return bad(ErrorKind::Unsupported,
                 fmt::format("tensor \"{}\" has type {}, which is {}", printable(tensor.name),
                             type ? type->name : std::to_string(tensor.type_code),
                             type ? "no longer part of the format; convert the model anew" : "not known to this version"));
    }
    tensor.type_name = type->name;
    tensor.type = type->computed;
    const uint64_t row = tensor.shape.back();
    if (row % type->block_width != 0) {
      return bad(fmt::format("tensor \"{}\" has rows of {} values, but {} comes in blocks of {}", printable(tensor.name),
                             row, type->name, type->block_width));
    }
    const auto elements = checked_product(tensor.shape);
    if (!elements || *elements / type->block_width > gguf_.file_.size_bytes() / type->block_bytes) {
      return bad(fmt::format("tensor \"{}\" is larger than the file", printable(tensor.name)));
    }
    tensor.elements = *elements;
    tensor.bytes = *elements / type->block_width * type->block_bytes;
    return {};
  }

  /// Turns offsets within the data into offsets within the file and checks them.
  Result<void> place_tensors() {
    HR_TRY(const auto alignment, gguf_.integer_or("general.alignment", kDefaultAlignment));
    if (alignment == 0 || alignment > (1u << 20) || (alignment & (alignment - 1)) != 0) {
      return bad(fmt::format("general.alignment is {}; a power of two is expected", alignment));
    }
    const uint64_t start = (in_.position() + alignment - 1) / alignment * alignment;
    const uint64_t size = gguf_.file_.size_bytes();
    for (GgufTensor& tensor : gguf_.tensors_) {
      if (tensor.offset % alignment != 0) {
        return bad(fmt::format("tensor \"{}\" begins at {}, which is not a multiple of the alignment {}",
                               printable(tensor.name), tensor.offset, alignment));
      }
      if (start > size || tensor.offset > size - start || tensor.bytes > size - start - tensor.offset) {
        return bad(fmt::format("tensor \"{}\" ({} bytes) reaches past the end of the file; the file is truncated or damaged",
                               printable(tensor.name), tensor.bytes));
      }
      tensor.offset += start;
    }
    return {};
  }

  Gguf& gguf_;
  HeaderStream in_;
  uint64_t tensor_count_ = 0;
  uint64_t value_count_ = 0;
};

Result<Gguf> Gguf::open(const std::filesystem::path& path) {
  HR_TRY(auto file, File::open(path));
  Gguf gguf(std::move(file));
  HR_CHECK(GgufParser(gguf).parse());
  return gguf;
}

const GgufTensor* Gguf::tensor(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

uint64_t Gguf::tensor_bytes() const {
  uint64_t total = 0;
  for (const GgufTensor& tensor : tensors_) total += tensor.bytes;
  return total;
}

namespace {

Error wrong_type(const Gguf& gguf, std::string_view key, const char* expected) {
  return Error{ErrorKind::InvalidData, fmt::format("{}: the metadata value \"{}\" is not {}", gguf.file().path().string(),
                                                   key, expected)};
}

Error absent(const Gguf& gguf, std::string_view key) {
  return Error{ErrorKind::InvalidData,
               fmt::format("{}: the metadata value \"{}\" is missing", gguf.file().path().string(), key)};
}

Result<uint64_t> as_integer(const Gguf& gguf, std::string_view key, const GgufValue& value) {
  if (const auto* number = std::get_if<uint64_t>(&value)) return *number;
  if (const auto* number = std::get_if<int64_t>(&value); number != nullptr && *number >= 0) {
    return static_cast<uint64_t>(*number);
  }
  return std::unexpected(wrong_type(gguf, key, "a whole number of 0 or more"));
}

}  // namespace

Result<std::string> Gguf::string(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return std::unexpected(absent(*this, key));
  if (const auto* text = std::get_if<std::string>(&found->second)) return *text;
  return std::unexpected(wrong_type(*this, key, "a string"));
}

Result<uint64_t> Gguf::integer(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return std::unexpected(absent(*this, key));
  return as_integer(*this, key, found->second);
}

Result<uint64_t> Gguf::integer_or(std::string_view key, uint64_t fallback) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return fallback;
  return as_integer(*this, key, found->second);
}

Result<double> Gguf::number_or(std::string_view key, double fallback) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return fallback;
  if (const auto* number = std::get_if<double>(&found->second)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&found->second)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<int64_t>(&found->second)) return static_cast<double>(*number);
  return std::unexpected(wrong_type(*this, key, "a number"));
}

Result<bool> Gguf::boolean_or(std::string_view key, bool fallback) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return fallback;
  if (const auto* value = std::get_if<bool>(&found->second)) return *value;
  return std::unexpected(wrong_type(*this, key, "true or false"));
}

}  // namespace headrace::model
