#include "frame/parquet/leaf.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace headrace::frame::parquet {
namespace {

constexpr int kDeepest = 32;

std::unexpected<Error> unreadable(std::string why) { return fail(ErrorKind::Unsupported, std::move(why)); }

Result<DataType> integer_type(const SchemaElement& element) {
  const Meaning& meaning = element.meaning;
  const bool is_long = *element.physical == Physical::Int64;
  switch (meaning.bits) {
    case 8: return meaning.is_signed ? TypeId::Int8 : TypeId::UInt8;
    case 16: return meaning.is_signed ? TypeId::Int16 : TypeId::UInt16;
    case 32:
      if (!is_long) return meaning.is_signed ? TypeId::Int32 : TypeId::UInt32;
      break;
    case 64:
      if (is_long) return meaning.is_signed ? TypeId::Int64 : TypeId::UInt64;
      break;
    default: break;
  }
  return unreadable(fmt::format("is an integer of {} bits in {}", meaning.bits, is_long ? "INT64" : "INT32"));
}

/// Decimals are whole numbers of 4 or 8 bytes, or big-endian bytes.
Result<DataType> decimal_type(const SchemaElement& element) {
  const auto type = DataType::decimal(element.meaning.precision, element.meaning.scale);
  if (!type) return unreadable(fmt::format("is a decimal of precision {} and scale {}", element.meaning.precision, element.meaning.scale));
  return *type;
}

Result<DataType> bytes_type(const SchemaElement& element) {
  using enum Meaning::Kind;
  const bool is_fixed = *element.physical == Physical::FixedByteArray;
  if (element.meaning.kind == Decimal) return decimal_type(element);
  if (element.meaning.kind == Float16 && is_fixed && element.fixed_bytes == 2) return TypeId::Float16;
  return element.meaning.kind == String ? TypeId::String : TypeId::Binary;
}

Result<DataType> number_type(const SchemaElement& element) {
  using enum Meaning::Kind;
  const bool is_long = *element.physical == Physical::Int64;
  switch (element.meaning.kind) {
    case Decimal: return decimal_type(element);
    case Integer: return integer_type(element);
    case Date:
      if (!is_long) return TypeId::Date;
      break;
    case Timestamp:
      if (is_long) return DataType::datetime(element.meaning.unit, element.meaning.is_utc ? "UTC" : "");
      break;
    case Time: return unreadable("is a time of day, which has no type here");
    case Null: return TypeId::Null;
    default: return is_long ? TypeId::Int64 : TypeId::Int32;
  }
  return unreadable("has a logical type that does not go with its physical one");
}

Result<DataType> value_type(const SchemaElement& element) {
  if (element.meaning.kind == Meaning::Kind::Null) return TypeId::Null;
  switch (*element.physical) {
    case Physical::Boolean: return TypeId::Bool;
    case Physical::Int32:
    case Physical::Int64: return number_type(element);
    case Physical::Int96: return DataType::datetime(TimeUnit::Nanosecond);
    case Physical::Float: return TypeId::Float32;
    case Physical::Double: return TypeId::Float64;
    case Physical::ByteArray: return bytes_type(element);
    case Physical::FixedByteArray:
      if (element.fixed_bytes < 0) return unreadable(fmt::format("has values of {} bytes", element.fixed_bytes));
      return bytes_type(element);
  }
  return unreadable("has a physical type that this build does not know");
}

/// Walks the tree of elements.
class Walker {
 public:
  explicit Walker(const FileMetadata& file) : file_(file) {}

  Result<LeafSchema> run() {
    for (int32_t i = 0; i < file_.schema[0].children; ++i) HR_CHECK(column());
    if (at_ != file_.schema.size()) return fail(ErrorKind::InvalidData, "its schema has elements outside of its tree");
    return std::move(out_);
  }

 private:
  Result<void> column() {
    if (at_ >= file_.schema.size()) return broken();
    const std::string& name = file_.schema[at_].name;
    const size_t first_chunk = chunk_;
    Leaf leaf{.name = name, .chunk = chunk_};
    const size_t begin = at_;
    const auto made = value(leaf);
    if (!made && made.error().kind != ErrorKind::Unsupported) return std::unexpected(made.error());
    if (made) {
      leaf.type = leaf.value_type;
      for (size_t i = 0; i < leaf.lists.size(); ++i) leaf.type = DataType::list(leaf.type);
      out_.leaves.push_back(std::move(leaf));
      return {};
    }
    out_.unreadable.push_back({name, made.error().message});
    at_ = begin;
    chunk_ = first_chunk;
    return skip(0);
  }

  Result<void> broken() const { return fail(ErrorKind::InvalidData, "its schema ends in the middle of its tree"); }

  Result<void> skip(int depth) {
    if (at_ >= file_.schema.size() || depth > kDeepest) return broken();
    const SchemaElement& element = file_.schema[at_++];
    if (element.physical) ++chunk_;
    for (int32_t i = 0; i < element.children; ++i) HR_CHECK(skip(depth + 1));
    return {};
  }

  Result<void> primitive(Leaf& leaf, const SchemaElement& element) {
    HR_TRY(leaf.value_type, value_type(element));
    leaf.physical = *element.physical;
    leaf.fixed_bytes = element.fixed_bytes;
    leaf.meaning = element.meaning;
    ++at_;
    ++chunk_;
    return {};
  }

  /// An element as values, or as a list.
  Result<void> value(Leaf& leaf) {
    if (at_ >= file_.schema.size() || leaf.lists.size() > kDeepest) return broken();
    const SchemaElement& element = file_.schema[at_];
    if (element.repetition == Repetition::Repeated) return repeated(leaf, leaf.greatest_definition);
    if (element.repetition == Repetition::Optional) ++leaf.greatest_definition;
    if (element.physical) return primitive(leaf, element);
    if (element.meaning.kind == Meaning::Kind::Map) return unreadable("is a map, which has no type here");
    const bool is_list = element.meaning.kind == Meaning::Kind::List && element.children == 1;
    if (!is_list) return unreadable("is a struct; its fields cannot be read yet");
    ++at_;
    if (at_ >= file_.schema.size()) return broken();
    if (file_.schema[at_].repetition != Repetition::Repeated) return unreadable("is marked as a list and repeats nothing");
    return repeated(leaf, leaf.greatest_definition);
  }

  /// A repeated element: a list whose items are it, or, as writers have it now, its only child.
  Result<void> repeated(Leaf& leaf, int defined) {
    const SchemaElement& element = file_.schema[at_];
    leaf.lists.push_back({.defined = defined, .item = ++leaf.greatest_definition});
    if (element.physical) return primitive(leaf, element);
    // Rules for files of old: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
    if (element.children != 1) return unreadable("is a list of structs; their fields cannot be read yet");
    if (element.name == "array" || element.name.ends_with("_tuple"))
      return unreadable("is a list of structs; their fields cannot be read yet");
    ++at_;
    return value(leaf);
  }

  const FileMetadata& file_;
  size_t at_ = 1;
  size_t chunk_ = 0;
  LeafSchema out_;
};

}  // namespace

Result<LeafSchema> leaves_of(const FileMetadata& file) { return Walker(file).run(); }

}  // namespace headrace::frame::parquet
