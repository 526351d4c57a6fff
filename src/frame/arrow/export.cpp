#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "frame/arrow/format.h"

namespace headrace::frame {
namespace {

// ---- Schemas ----

/// What a schema that was handed out points at.
struct SchemaParts {
  std::string format, name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};
};

void release_schema(ArrowSchema* schema) {
  auto* parts = static_cast<SchemaParts*>(schema->private_data);
  for (ArrowSchema& child : parts->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (parts->dictionary.release != nullptr) parts->dictionary.release(&parts->dictionary);
  delete parts;
  schema->release = nullptr;
}

/// Fills the struct from parts whose children are complete.
void publish(std::unique_ptr<SchemaParts> parts, bool nullable, ArrowSchema* out) {
  *out = ArrowSchema{};
  for (ArrowSchema& child : parts->children) parts->child_pointers.push_back(&child);
  out->format = parts->format.c_str();
  out->name = parts->name.c_str();
  out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.empty() ? nullptr : parts->child_pointers.data();
  out->dictionary = parts->dictionary.release == nullptr ? nullptr : &parts->dictionary;
  out->release = &release_schema;
  out->private_data = parts.release();
}

const ArrowSchema* child_of(const ArrowSchema* schema, int64_t index) {
  const bool has = schema != nullptr && schema->children != nullptr && index < schema->n_children;
  return has ? schema->children[index] : nullptr;
}

/// The child of a requested struct with this name, or at this place if it has none of the names.
const ArrowSchema* requested_field(const ArrowSchema* requested, const std::string& name) {
  for (int64_t i = 0; requested != nullptr && i < requested->n_children; ++i) {
    const ArrowSchema* child = child_of(requested, i);
    if (child != nullptr && child->name != nullptr && name == child->name) return child;
  }
  return nullptr;
}

// ---- Arrays ----

/// What an array that was handed out points at and keeps alive.
struct ArrayParts {
  Array array;
  std::vector<Buffer> made;
  std::vector<const void*> buffers;
  std::vector<int64_t> block_sizes;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};
};

void release_array(ArrowArray* array) {
  auto* parts = static_cast<ArrayParts*>(array->private_data);
  for (ArrowArray& child : parts->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (parts->dictionary.release != nullptr) parts->dictionary.release(&parts->dictionary);
  delete parts;
  array->release = nullptr;
}

void publish(std::unique_ptr<ArrayParts> parts, size_t size, size_t nulls, size_t offset, ArrowArray* out) {
  *out = ArrowArray{};
  for (ArrowArray& child : parts->children) parts->child_pointers.push_back(&child);
  out->length = static_cast<int64_t>(size);
  out->null_count = static_cast<int64_t>(nulls);
  out->offset = static_cast<int64_t>(offset);
  out->n_buffers = static_cast<int64_t>(parts->buffers.size());
  out->buffers = parts->buffers.data();
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.empty() ? nullptr : parts->child_pointers.data();
  out->dictionary = parts->dictionary.release == nullptr ? nullptr : &parts->dictionary;
  out->release = &release_array;
  out->private_data = parts.release();
}

/// The bits of `from` from bit 0 on.
Result<Buffer> moved_to_front(const Bitmap& from) {
  HR_TRY(const Bitmap out, Bitmap::zeros(from.size()));
  for (size_t row = 0; row < from.size(); row += 64) out.set_word(row, from.word(row));
  return out.buffer();
}

class Exporter {
 public:
  explicit Exporter(const Array& array) : parts_(std::make_unique<ArrayParts>()) { parts_->array = array; }
  Result<void> run(const ArrowSchema& form, ArrowArray* out);

 private:
  const Array& array() const { return parts_->array; }
  const void* keep(Buffer buffer) {
    parts_->made.push_back(std::move(buffer));
    return parts_->made.back().data();
  }
  Result<void> add_validity(bool at_front);
  Result<void> as_ours();
  template <class Offset>
  Result<void> bytes_by_offsets();
  Result<void> list_by_short_offsets();
  Result<void> two_words();

  std::unique_ptr<ArrayParts> parts_;
  size_t offset_ = 0;  // that the receiver is told
};

/// One offset holds for validity and values: where theirs differ, or values are written anew, both begin at 0.
Result<void> Exporter::add_validity(bool at_front) {
  const Bitmap& validity = array().validity();
  if (validity.is_absent()) {
    parts_->buffers.push_back(nullptr);
  } else if (at_front && validity.offset() % 8 == 0) {
    parts_->buffers.push_back(validity.buffer().data() + validity.offset() / 8);
  } else if (at_front) {
    HR_TRY(Buffer bits, moved_to_front(validity));
    parts_->buffers.push_back(keep(std::move(bits)));
  } else {
    parts_->buffers.push_back(validity.buffer().data());
  }
  return {};
}

Result<void> Exporter::as_ours() {
  const bool at_front = !array().validity().is_absent() && array().validity().offset() != array().offset();
  HR_CHECK(add_validity(at_front));
  offset_ = at_front ? 0 : array().offset();
  if (!at_front) {
    parts_->buffers.push_back(array().buffer().data());
  } else if (array().type().layout() == Layout::Bits) {
    HR_TRY(Buffer bits, moved_to_front(array().bits()));
    parts_->buffers.push_back(keep(std::move(bits)));
  } else {
    parts_->buffers.push_back(array().data<std::byte>() + array().offset() * (array().type().value_bytes() - 1));
  }
  if (array().type().layout() == Layout::Views) {
    for (const Buffer& block : *array().blocks()) {
      parts_->buffers.push_back(block.data());
      parts_->block_sizes.push_back(static_cast<int64_t>(block.size()));
    }
    parts_->buffers.push_back(parts_->block_sizes.data());
  }
  return {};
}

template <class Offset>
Result<void> Exporter::bytes_by_offsets() {
  HR_CHECK(add_validity(/*at_front=*/true));
  uint64_t total = 0;
  for (size_t row = 0; row < array().size(); ++row) total += array().is_valid(row) ? array().data<View>()[row].size : 0;
  if (total > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    return fail(ErrorKind::OutOfRange, fmt::format("{} bytes of text in one chunk are too many for 32-bit offsets; ask for large_string, "
                                                   "string_view, or for fewer rows", total));
  }
  HR_TRY(const Buffer offsets, Buffer::from_pool((array().size() + 1) * sizeof(Offset)));
  HR_TRY(const Buffer bytes, Buffer::from_pool(total));
  uint64_t at = 0;
  for (size_t row = 0; row < array().size(); ++row) {
    if (array().is_valid(row)) {
      const std::string_view value = array().bytes(row);
      std::memcpy(bytes.data() + at, value.data(), value.size());
      at += value.size();
    }
    offsets.as<Offset>()[row + 1] = static_cast<Offset>(at);
  }
  parts_->buffers.push_back(keep(offsets));
  parts_->buffers.push_back(keep(bytes));
  return {};
}

Result<void> Exporter::list_by_short_offsets() {
  HR_CHECK(add_validity(/*at_front=*/true));
  HR_TRY(const Buffer offsets, Buffer::from_pool((array().size() + 1) * 4));
  for (size_t row = 0; row <= array().size() && array().size() > 0; ++row) {
    const int64_t offset = array().begin_of(row);
    if (offset > std::numeric_limits<int32_t>::max()) {
      return fail(ErrorKind::OutOfRange, "More than 2^31 items in one chunk are too many for 32-bit offsets; ask for large_list.");
    }
    offsets.as<int32_t>()[row] = static_cast<int32_t>(offset);
  }
  parts_->buffers.push_back(keep(offsets));
  return {};
}

/// Decimals of one word as receivers know them.
Result<void> Exporter::two_words() {
  HR_CHECK(add_validity(/*at_front=*/true));
  HR_TRY(const Buffer words, Buffer::from_pool(array().size() * 16));
  const int64_t* values = array().data<int64_t>();
  for (size_t row = 0; row < array().size(); ++row) {
    words.as<int64_t>()[2 * row] = values[row];
    words.as<int64_t>()[2 * row + 1] = values[row] >> 63;
  }
  parts_->buffers.push_back(keep(words));
  return {};
}

Result<void> Exporter::run(const ArrowSchema& form, ArrowArray* out) {
  const DataType& type = array().type();
  switch (form_for(type, form.format)) {
    case Form::Offsets32: HR_CHECK(type.id() == TypeId::List ? list_by_short_offsets() : bytes_by_offsets<int32_t>()); break;
    case Form::Offsets64: HR_CHECK(bytes_by_offsets<int64_t>()); break;
    case Form::Decimal128: HR_CHECK(two_words()); break;
    default:
      if (type.id() == TypeId::Null) break;
      HR_CHECK(as_ours());
  }
  if (type.id() == TypeId::List) {
    parts_->children.resize(1);
    HR_CHECK(export_array(array().items(), *form.children[0], parts_->children.data()));
  }
  if (type.id() == TypeId::Categorical) HR_CHECK(export_array(array().categories(), *form.dictionary, &parts_->dictionary));
  const size_t size = array().size(), nulls = array().nulls();
  publish(std::move(parts_), size, nulls, offset_, out);
  return {};
}

// ---- Streams ----

struct StreamParts {
  DataFrame frame;
  bool is_bare = false;  // one column's arrays, in no structs
  ArrowSchema schema{};
  size_t next_row = 0;
  std::vector<std::pair<size_t, size_t>> places;  // of each column: chunk, and row in it
  std::string error;
};

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  auto* parts = static_cast<StreamParts*>(stream->private_data);
  if (parts->is_bare) {
    export_field(parts->frame.schema()[0], out, &parts->schema);
  } else {
    export_schema(parts->frame.schema(), out, &parts->schema);
  }
  return 0;
}

/// Rows until the nearest end of a chunk.
size_t rows_of_next(const StreamParts& parts) {
  size_t rows = parts.frame.height() - parts.next_row;
  for (size_t i = 0; i < parts.places.size(); ++i) {
    const auto [chunk, row] = parts.places[i];
    rows = std::min(rows, parts.frame.columns()[i].chunks()[chunk].size() - row);
  }
  return rows;
}

Result<void> export_chunk(StreamParts& parts, ArrowArray* out) {
  const Array& chunk = parts.frame.columns()[0].chunks()[parts.places[0].first++];
  parts.next_row += chunk.size();
  return export_array(chunk, parts.schema, out);
}

Result<void> export_batch(StreamParts& parts, ArrowArray* out) {
  const size_t rows = rows_of_next(parts);
  auto batch = std::make_unique<ArrayParts>();
  batch->buffers = {nullptr};
  batch->children.resize(parts.places.size());
  for (size_t i = 0; i < parts.places.size(); ++i) {
    auto& [chunk, row] = parts.places[i];
    const Array& array = parts.frame.columns()[i].chunks()[chunk];
    const bool whole = row == 0 && rows == array.size();
    auto exported = export_array(whole ? array : array.slice(row, rows), *parts.schema.children[i], &batch->children[i]);
    if (!exported) {
      for (ArrowArray& child : batch->children) {
        if (child.release != nullptr) child.release(&child);
      }
      return exported;
    }
    row += rows;
    if (row == array.size()) {
      row = 0;
      ++chunk;
    }
  }
  parts.next_row += rows;
  publish(std::move(batch), rows, 0, 0, out);
  return {};
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto* parts = static_cast<StreamParts*>(stream->private_data);
  *out = ArrowArray{};
  if (parts->next_row == parts->frame.height()) return 0;
  const auto exported = parts->is_bare ? export_chunk(*parts, out) : export_batch(*parts, out);
  if (exported) return 0;
  parts->error = exported.error().message;
  return exported.error().kind == ErrorKind::OutOfMemory ? ENOMEM : EINVAL;
}

const char* last_error(ArrowArrayStream* stream) {
  const auto* parts = static_cast<StreamParts*>(stream->private_data);
  return parts->error.empty() ? nullptr : parts->error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  auto* parts = static_cast<StreamParts*>(stream->private_data);
  if (parts->schema.release != nullptr) parts->schema.release(&parts->schema);
  delete parts;
  stream->release = nullptr;
}

}  // namespace

void export_field(const Field& field, ArrowSchema* out, const ArrowSchema* requested) {
  auto parts = std::make_unique<SchemaParts>();
  parts->name = field.name;
  const char* wanted = requested == nullptr ? nullptr : requested->format;
  parts->format = format_of(field.type, form_for(field.type, wanted));
  if (field.type.id() == TypeId::List) {
    parts->children.resize(1);
    export_field({"item", field.type.inner()}, parts->children.data(), child_of(requested, 0));
  }
  if (field.type.id() == TypeId::Categorical) {
    export_field({"", TypeId::String}, &parts->dictionary, requested == nullptr ? nullptr : requested->dictionary);
  }
  publish(std::move(parts), /*nullable=*/true, out);
}

void export_schema(const Schema& schema, ArrowSchema* out, const ArrowSchema* requested) {
  auto parts = std::make_unique<SchemaParts>();
  parts->format = "+s";
  parts->children.resize(schema.size());
  for (size_t i = 0; i < schema.size(); ++i) {
    export_field(schema[i], &parts->children[i], requested_field(requested, schema[i].name));
  }
  publish(std::move(parts), /*nullable=*/false, out);
}

Result<void> export_array(const Array& array, const ArrowSchema& form, ArrowArray* out) { return Exporter(array).run(form, out); }

namespace {

void open_stream(std::unique_ptr<StreamParts> parts, ArrowArrayStream* out) {
  parts->places.resize(parts->frame.width());
  *out = ArrowArrayStream{.get_schema = &get_schema, .get_next = &get_next, .get_last_error = &last_error,
                          .release = &release_stream, .private_data = parts.release()};
}

}  // namespace

void export_stream(DataFrame frame, ArrowArrayStream* out, const ArrowSchema* requested) {
  auto parts = std::make_unique<StreamParts>();
  export_schema(frame.schema(), &parts->schema, requested);
  parts->frame = std::move(frame);
  open_stream(std::move(parts), out);
}

void export_column(const Field& field, Column column, ArrowArrayStream* out, const ArrowSchema* requested) {
  auto parts = std::make_unique<StreamParts>();
  export_field(field, &parts->schema, requested);
  parts->is_bare = true;
  // One name, and a column of its type: nothing that could be refused.
  parts->frame = *DataFrame::make(*Schema::make({field}), {std::move(column)});
  open_stream(std::move(parts), out);
}

}  // namespace headrace::frame
