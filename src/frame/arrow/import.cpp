#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "frame/arrow/format.h"
#include "frame/arrow/release_queue.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// An array of somebody else's, alive as long as any buffer of it here.
class Owner {
 public:
  explicit Owner(ArrowArray* array) : array_(*array) { array->release = nullptr; }
  ~Owner() {
    if (array_.release == nullptr) return;
    // The struct is copied, since the other thread may come to it later than this object lives.
    release_off_pool([array = array_]() mutable { array.release(&array); });
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  const ArrowArray& array() const { return array_; }
  void hold(Reservation reservation) { reservations_.push_back(std::move(reservation)); }

 private:
  ArrowArray array_;
  std::vector<Reservation> reservations_;
};

/// Converts one array and its children.
class Importer {
 public:
  Importer(std::shared_ptr<Owner> owner, std::shared_ptr<MemoryBudget> budget) : owner_(std::move(owner)), budget_(std::move(budget)) {}

  Result<Array> run(const ArrowSchema& schema, const ArrowArray& array);

 private:
  Result<void> check(const ArrowArray& array, int64_t buffers, bool open_ended = false) const;
  Result<Buffer> wrap(const ArrowArray& array, int64_t index, uint64_t bytes);
  Result<Bitmap> validity(const ArrowArray& array);
  Result<Array> as_ours(const Described& described, const ArrowArray& array);
  Result<Array> views(const Described& described, const ArrowArray& array);
  template <class Offset>
  Result<Array> bytes_by_offsets(const Described& described, const ArrowArray& array);
  Result<Array> fixed_bytes(const Described& described, const ArrowArray& array);
  Result<Array> list(const Described& described, const ArrowSchema& schema, const ArrowArray& array);
  template <class Offset>
  Result<Buffer> list_offsets(const ArrowArray& array);
  template <class Offset>
  Result<Array> list_views(const Described& described, const ArrowArray& array, Array items);
  Result<Array> decimal(const Described& described, const ArrowArray& array);
  template <class From, class Convert>
  Result<Array> converted(const Described& described, const ArrowArray& array, const Convert& convert);
  Result<Array> dictionary(const Described& described, const ArrowSchema& schema, const ArrowArray& array);

  std::shared_ptr<Owner> owner_;
  std::shared_ptr<MemoryBudget> budget_;
};

std::unexpected<Error> invalid(std::string message) { return fail(ErrorKind::InvalidData, std::move(message)); }

Result<void> Importer::check(const ArrowArray& array, int64_t buffers, bool open_ended) const {
  constexpr int64_t kMost = int64_t{1} << 48;  // far above any memory, far below an overflow
  if (array.length < 0 || array.offset < 0 || array.length > kMost || array.offset > kMost) {
    return invalid(fmt::format("has {} rows from row {} on, which cannot be", array.length, array.offset));
  }
  if (open_ended ? array.n_buffers < buffers : array.n_buffers != buffers) {
    return invalid(fmt::format("has {} buffers where its type has {}", array.n_buffers, buffers));
  }
  if (array.n_buffers > 0 && array.buffers == nullptr) return invalid("has no list of its buffers");
  return {};
}

Result<Buffer> Importer::wrap(const ArrowArray& array, int64_t index, uint64_t bytes) {
  const void* data = array.buffers[index];
  if (bytes == 0) return Buffer{};
  if (data == nullptr) return invalid(fmt::format("lacks its buffer {}", index));
  HR_TRY(Reservation reservation, Reservation::take(budget_, bytes));
  owner_->hold(std::move(reservation));
  // The bytes are not written to: arrays are never changed.
  auto* start = const_cast<std::byte*>(static_cast<const std::byte*>(data));
  return Buffer::foreign(start, bytes, [owner = owner_] {});
}

Result<Bitmap> Importer::validity(const ArrowArray& array) {
  if (array.n_buffers == 0 || array.buffers[0] == nullptr || array.null_count == 0) return Bitmap{};
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  HR_TRY(Buffer buffer, wrap(array, 0, (offset + size + 7) / 8));
  if (buffer.empty()) return Bitmap{};
  return Bitmap(std::move(buffer), offset, size);
}

Result<Array> Importer::as_ours(const Described& described, const ArrowArray& array) {
  HR_CHECK(check(array, 2));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  Array::Parts parts{.type = described.type, .size = size, .offset = offset};
  HR_TRY(parts.validity, validity(array));
  HR_TRY(parts.values, wrap(array, 1, described.type.bytes_of(offset + size)));
  return Array::make(std::move(parts));
}

Result<Array> Importer::views(const Described& described, const ArrowArray& array) {
  HR_CHECK(check(array, 3, /*open_ended=*/true));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  Array::Parts parts{.type = described.type, .size = size, .offset = offset};
  HR_TRY(parts.validity, validity(array));
  HR_TRY(parts.values, wrap(array, 1, (offset + size) * sizeof(View)));
  const int64_t blocks = array.n_buffers - 3;
  const auto* sizes = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
  if (blocks > 0 && sizes == nullptr) return invalid("lacks the sizes of its blocks");
  auto list = std::make_shared<Blocks>();
  for (int64_t i = 0; i < blocks; ++i) {
    if (sizes[i] < 0) return invalid(fmt::format("has a block of {} bytes", sizes[i]));
    HR_TRY(Buffer block, wrap(array, 2 + i, static_cast<uint64_t>(sizes[i])));
    list->push_back(std::move(block));
  }
  parts.blocks = std::move(list);
  return Array::make(std::move(parts));
}

/// Windows over one long buffer, each beginning a gigabyte after the last, so that views of 2^31 reach all of it.
constexpr uint64_t kWindow = uint64_t{1} << 30;

std::shared_ptr<const Blocks> windows_of(const Buffer& buffer) {
  auto blocks = std::make_shared<Blocks>();
  for (uint64_t begin = 0; begin < buffer.size(); begin += kWindow) {
    blocks->push_back(Buffer::foreign(buffer.data() + begin, std::min(buffer.size() - begin, kWindow + View::kLongest), [buffer] {}));
  }
  return blocks;
}

/// Views over values that follow one another; end(i) is where value i ends.
template <class End>
Result<Buffer> views_over(const Buffer& bytes, uint64_t begin, size_t size, const std::shared_ptr<MemoryBudget>& budget, const End& end) {
  HR_TRY(Buffer out, Buffer::from_pool(size * sizeof(View), budget));
  auto* views = out.as<View>();
  for (size_t i = 0; i < size; ++i) {
    const uint64_t next = end(i);
    if (next < begin || next > bytes.size()) return invalid(fmt::format("has offsets that go backwards or out of its bytes at row {}", i));
    if (next - begin > View::kLongest) return invalid(fmt::format("has a value of {} bytes at row {}, more than 2 GiB", next - begin, i));
    const std::string_view value(bytes.as<const char>() + begin, next - begin);
    views[i] = View::of(value, static_cast<uint32_t>(begin / kWindow), static_cast<uint32_t>(begin % kWindow));
    begin = next;
  }
  return out;
}

template <class Offset>
Result<Array> Importer::bytes_by_offsets(const Described& described, const ArrowArray& array) {
  HR_CHECK(check(array, 3));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  Array::Parts parts{.type = described.type, .size = size};
  HR_TRY(parts.validity, validity(array));
  if (size == 0) return Array::make(std::move(parts));
  HR_TRY(const Buffer offsets, wrap(array, 1, (offset + size + 1) * sizeof(Offset)));
  const Offset* at = offsets.as<Offset>() + offset;
  if (at[0] < 0 || at[size] < at[0]) return invalid("has offsets that go backwards");
  HR_TRY(const Buffer bytes, wrap(array, 2, static_cast<uint64_t>(at[size])));
  const auto end = [at](size_t i) { return static_cast<uint64_t>(at[i + 1]); };
  HR_TRY(parts.values, views_over(bytes, static_cast<uint64_t>(at[0]), size, budget_, end));
  parts.blocks = windows_of(bytes);
  return Array::make(std::move(parts));
}

Result<Array> Importer::fixed_bytes(const Described& described, const ArrowArray& array) {
  HR_CHECK(check(array, 2));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  const auto width = static_cast<uint64_t>(described.fixed_size);
  Array::Parts parts{.type = described.type, .size = size};
  HR_TRY(parts.validity, validity(array));
  HR_TRY(const Buffer bytes, wrap(array, 1, (offset + size) * width));
  const auto end = [&](size_t i) { return (offset + i + 1) * width; };
  HR_TRY(parts.values, views_over(bytes, offset * width, size, budget_, end));
  parts.blocks = windows_of(bytes);
  return Array::make(std::move(parts));
}

template <class Offset>
Result<Buffer> Importer::list_offsets(const ArrowArray& array) {
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  HR_TRY(const Buffer from, wrap(array, 1, (offset + size + 1) * sizeof(Offset)));
  HR_TRY(Buffer out, Buffer::from_pool((size + 1) * 8, budget_));
  for (size_t i = 0; i <= size; ++i) out.as<int64_t>()[i] = from.as<Offset>()[offset + i];
  return out;
}

/// Offsets that go up and stay within the items: what all that comes after believes.
Result<void> check_offsets(const int64_t* offsets, size_t size, size_t items) {
  int64_t last = 0;
  for (size_t i = 0; i <= size; ++i) {
    if (offsets[i] < last) return invalid(fmt::format("has offsets that go backwards at row {}", i));
    last = offsets[i];
  }
  if (static_cast<uint64_t>(last) > items) return invalid(fmt::format("has offsets up to {} and {} items", last, items));
  return {};
}

template <class Offset>
Result<Array> Importer::list_views(const Described& described, const ArrowArray& array, Array items) {
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  HR_CHECK(check(array, 3));
  HR_TRY(const Bitmap valid, validity(array));
  HR_TRY(const Buffer starts, wrap(array, 1, (offset + size) * sizeof(Offset)));
  HR_TRY(const Buffer sizes, wrap(array, 2, (offset + size) * sizeof(Offset)));
  HR_TRY(Buffer offsets, Buffer::from_pool((size + 1) * 8, budget_));
  std::vector<uint64_t> rows;
  for (size_t i = 0; i < size; ++i) {
    const int64_t begin = starts.as<Offset>()[offset + i], count = sizes.as<Offset>()[offset + i];
    if (valid[i]) {
      const auto there = static_cast<int64_t>(items.size());
      if (begin < 0 || count < 0 || begin > there || count > there - begin) {
        return invalid(fmt::format("has a list of items {} to {} of {} at row {}", begin, begin + count, there, i));
      }
      for (int64_t item = begin; item < begin + count; ++item) rows.push_back(static_cast<uint64_t>(item));
    }
    offsets.as<int64_t>()[i + 1] = static_cast<int64_t>(rows.size());
  }
  HR_TRY(Array gathered, gather(items, rows, budget_));
  return Array::make({.type = described.type, .size = size, .validity = valid, .values = std::move(offsets),
                      .child = std::make_shared<const Array>(std::move(gathered))});
}

Result<Array> Importer::list(const Described& described, const ArrowSchema& schema, const ArrowArray& array) {
  if (array.n_children != 1 || array.children == nullptr || array.children[0] == nullptr) return invalid("lacks its items");
  HR_TRY(Array items, run(*schema.children[0], *array.children[0]));
  if (described.form == Form::ListViews32) return list_views<int32_t>(described, array, std::move(items));
  if (described.form == Form::ListViews64) return list_views<int64_t>(described, array, std::move(items));
  const bool fixed = described.form == Form::FixedSize;
  HR_CHECK(check(array, fixed ? 1 : 2));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  Array::Parts parts{.type = described.type, .size = size};
  HR_TRY(parts.validity, validity(array));
  if (size == 0) return Array::make(std::move(parts));
  if (fixed) {
    HR_TRY(parts.values, Buffer::from_pool((size + 1) * 8, budget_));
    for (size_t i = 0; i <= size; ++i) parts.values.as<int64_t>()[i] = static_cast<int64_t>(offset + i) * described.fixed_size;
  } else if (described.form == Form::Offsets32) {
    HR_TRY(parts.values, list_offsets<int32_t>(array));
  } else {
    HR_TRY(parts.values, wrap(array, 1, (offset + size + 1) * 8));
    parts.offset = offset;
  }
  HR_CHECK(check_offsets(parts.values.as<int64_t>() + parts.offset, size, items.size()));
  parts.child = std::make_shared<const Array>(std::move(items));
  return Array::make(std::move(parts));
}

struct Words {
  uint64_t low;
  int64_t high;
};
struct LongWords {
  Words low;
  int64_t high[2];
};

template <class From, class Convert>
Result<Array> Importer::converted(const Described& described, const ArrowArray& array, const Convert& convert) {
  HR_CHECK(check(array, 2));
  const auto offset = static_cast<size_t>(array.offset), size = static_cast<size_t>(array.length);
  Array::Parts parts{.type = described.type, .size = size};
  HR_TRY(parts.validity, validity(array));
  HR_TRY(const Buffer from, wrap(array, 1, (offset + size) * sizeof(From)));
  using To = decltype(convert(From{}, std::declval<bool&>()));
  HR_TRY(parts.values, Buffer::from_pool(size * sizeof(To), budget_));
  for (size_t i = 0; i < size; ++i) {
    if (!parts.validity[i]) continue;
    From value;
    std::memcpy(&value, from.data() + (offset + i) * sizeof(From), sizeof value);
    bool fits = true;
    parts.values.as<To>()[i] = convert(value, fits);
    if (!fits) return invalid(fmt::format("has a value that {} cannot hold at row {}", to_string(described.type), i));
  }
  return Array::make(std::move(parts));
}

Result<Array> Importer::decimal(const Described& described, const ArrowArray& array) {
  const bool one_word = described.type.value_bytes() == 8;
  const auto widen = [](int64_t value) { return Words{static_cast<uint64_t>(value), value >> 63}; };
  const auto narrow = [](const Words& words, bool& fits) {
    const auto value = static_cast<int64_t>(words.low);
    fits = words.high == value >> 63;
    return value;
  };
  switch (described.form) {
    case Form::Decimal32:
      if (one_word) return converted<int32_t>(described, array, [](int32_t value, bool&) { return int64_t{value}; });
      return converted<int32_t>(described, array, [&](int32_t value, bool&) { return widen(value); });
    case Form::Decimal64: return converted<int64_t>(described, array, [&](int64_t value, bool&) { return widen(value); });
    case Form::Decimal128: return converted<Words>(described, array, narrow);
    case Form::Decimal256: {
      const auto halve = [](const LongWords& words, bool& fits) {
        fits = words.high[0] == words.low.high >> 63 && words.high[1] == words.low.high >> 63;
        return words.low;
      };
      if (!one_word) return converted<LongWords>(described, array, halve);
      return converted<LongWords>(described, array, [&](const LongWords& words, bool& fits) {
        bool first = true, second = true;
        const int64_t value = narrow(halve(words, first), second);
        fits = first && second;
        return value;
      });
    }
    default: std::unreachable();
  }
}

/// Rows of `codes` as places in a dictionary of `size` values.
template <class T>
Result<std::vector<uint64_t>> places(const Array& codes, size_t size) {
  std::vector<uint64_t> rows(codes.size(), kNoRow);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!codes.is_valid(i)) continue;
    const T code = codes.data<T>()[i];
    if (code < 0 || static_cast<uint64_t>(code) >= size) {
      return invalid(fmt::format("has code {} at row {} and a dictionary of {} values", +code, i, size));
    }
    rows[i] = static_cast<uint64_t>(code);
  }
  return rows;
}

Result<std::vector<uint64_t>> places_of(const Array& codes, size_t size) {
  switch (codes.type().id()) {
    case TypeId::Int8: return places<int8_t>(codes, size);
    case TypeId::Int16: return places<int16_t>(codes, size);
    case TypeId::Int32: return places<int32_t>(codes, size);
    case TypeId::Int64: return places<int64_t>(codes, size);
    case TypeId::UInt8: return places<uint8_t>(codes, size);
    case TypeId::UInt16: return places<uint16_t>(codes, size);
    case TypeId::UInt32: return places<uint32_t>(codes, size);
    default: return places<uint64_t>(codes, size);
  }
}

Result<Array> Importer::dictionary(const Described& described, const ArrowSchema& schema, const ArrowArray& array) {
  if (array.dictionary == nullptr) return invalid("lacks its dictionary");
  HR_TRY(Array values, run(*schema.dictionary, *array.dictionary));
  ArrowSchema plain = schema;
  plain.dictionary = nullptr;
  HR_TRY(const Described codes_described, describe(plain));
  HR_TRY(const Array codes, as_ours(codes_described, array));
  HR_TRY(std::vector<uint64_t> rows, places_of(codes, values.size()));
  if (described.type.id() != TypeId::Categorical) return gather(values, rows, budget_);
  if (values.size() > std::numeric_limits<uint32_t>::max()) return invalid("has more than 2^32 categories");
  const bool as_they_are = codes.type().id() == TypeId::UInt32 && values.nulls() == 0;
  Array::Parts parts{.type = described.type, .size = codes.size(), .child = std::make_shared<const Array>(values)};
  if (as_they_are) {
    parts.validity = codes.validity();
    parts.values = codes.buffer();
    parts.offset = codes.offset();
    return Array::make(std::move(parts));
  }
  HR_TRY(parts.values, Buffer::from_pool(rows.size() * 4, budget_));
  HR_TRY(parts.validity, Bitmap::zeros(rows.size(), budget_));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow || !values.is_valid(rows[i])) continue;  // a null among the values is a null of the rows
    parts.validity.set(i);
    parts.values.as<uint32_t>()[i] = static_cast<uint32_t>(rows[i]);
  }
  return Array::make(std::move(parts));
}

Result<Array> Importer::run(const ArrowSchema& schema, const ArrowArray& array) {
  HR_TRY(const Described described, describe(schema));
  const TypeId id = described.type.id();
  if (described.form == Form::Dictionary) return dictionary(described, schema, array);
  if (id == TypeId::Null) {
    HR_CHECK(check(array, 0, /*open_ended=*/true));
    return Array::make({.type = id, .size = static_cast<size_t>(array.length)});
  }
  if (id == TypeId::List) return list(described, schema, array);
  constexpr int64_t kDay = 86'400'000;
  switch (described.form) {
    case Form::AsOurs: return described.type.layout() == Layout::Views ? views(described, array) : as_ours(described, array);
    case Form::Offsets32: return bytes_by_offsets<int32_t>(described, array);
    case Form::Offsets64: return bytes_by_offsets<int64_t>(described, array);
    case Form::FixedSize: return fixed_bytes(described, array);
    case Form::DateInMilliseconds:
      return converted<int64_t>(described, array, [](int64_t value, bool& fits) {
        const int64_t day = value / kDay - (value % kDay < 0);
        fits = day == static_cast<int32_t>(day);
        return static_cast<int32_t>(day);
      });
    case Form::InSeconds:
      return converted<int64_t>(described, array, [](int64_t value, bool& fits) {
        int64_t milliseconds = 0;
        fits = !__builtin_mul_overflow(value, int64_t{1000}, &milliseconds);
        return milliseconds;
      });
    default: return decimal(described, array);
  }
}

/// The struct of a record batch as columns.
Result<std::vector<Array>> import_batch(const ArrowSchema& schema, const std::shared_ptr<Owner>& owner,
                                        const std::shared_ptr<MemoryBudget>& budget) {
  const ArrowArray& batch = owner->array();
  if (batch.n_children != schema.n_children || batch.length < 0 || batch.offset < 0) {
    return invalid(fmt::format("A batch of {} columns does not fit a schema of {}.", batch.n_children, schema.n_children));
  }
  if (batch.n_buffers > 0 && batch.buffers != nullptr && batch.buffers[0] != nullptr && batch.null_count != 0) {
    return fail(ErrorKind::Unsupported, "A batch has rows that are null as a whole; a frame has none such.");
  }
  std::vector<Array> columns;
  const auto offset = static_cast<size_t>(batch.offset), length = static_cast<size_t>(batch.length);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& field = *schema.children[i];
    auto column = Importer(owner, budget).run(field, *batch.children[i]);
    if (!column) {
      column.error().message = fmt::format("Column {:?} {}.", field.name ? field.name : "", column.error().message);
      return std::unexpected(std::move(column).error());
    }
    if (column->size() < offset + length) {
      return invalid(
          fmt::format("Column {:?} has {} rows in a batch of {}.", field.name ? field.name : "", column->size(), offset + length));
    }
    columns.push_back(offset == 0 && column->size() == length ? std::move(*column) : column->slice(offset, length));
  }
  return columns;
}

}  // namespace

Result<Field> import_field(const ArrowSchema& schema) {
  const std::string name = schema.name == nullptr ? "" : schema.name;
  auto described = describe(schema);
  if (!described) {
    described.error().message = fmt::format("Column {:?} {}.", name, described.error().message);
    return std::unexpected(std::move(described).error());
  }
  return Field{name, described->type};
}

Result<Array> import_array(const ArrowSchema& schema, ArrowArray* array, const std::shared_ptr<MemoryBudget>& budget) {
  if (array->release == nullptr) return fail(ErrorKind::InvalidArgument, "The Arrow array was released or taken before.");
  const auto owner = std::make_shared<Owner>(array);
  auto imported = Importer(owner, budget).run(schema, owner->array());
  if (!imported) {
    imported.error().message = fmt::format("Column {:?} {}.", schema.name ? schema.name : "", imported.error().message);
  }
  return imported;
}

namespace {

Result<void> stream_error(ArrowArrayStream& stream, int code) {
  const char* reason = stream.get_last_error == nullptr ? nullptr : stream.get_last_error(&stream);
  return fail(ErrorKind::Io, fmt::format("The Arrow stream failed: {}.", reason != nullptr ? reason : std::strerror(code)));
}

}  // namespace

Result<DataFrame> import_stream(ArrowArrayStream* stream, const std::shared_ptr<MemoryBudget>& budget) {
  if (stream->release == nullptr) return fail(ErrorKind::InvalidArgument, "The Arrow stream was released or taken before.");
  Released<ArrowArrayStream> source;
  source.value = *stream;
  stream->release = nullptr;
  Released<ArrowSchema> schema;
  if (const int code = source.value.get_schema(&source.value, &schema.value); code != 0) {
    HR_CHECK(stream_error(source.value, code));
  }
  const bool is_batches = schema.value.format != nullptr && std::string_view(schema.value.format) == "+s";
  std::vector<Field> fields;
  for (int64_t i = 0; i < (is_batches ? schema.value.n_children : 1); ++i) {
    HR_TRY(Field field, import_field(is_batches ? *schema.value.children[i] : schema.value));
    fields.push_back(std::move(field));
  }
  std::vector<std::vector<Array>> chunks(fields.size());
  size_t height = 0;
  for (;;) {
    ArrowArray batch{};
    if (const int code = source.value.get_next(&source.value, &batch); code != 0) HR_CHECK(stream_error(source.value, code));
    if (batch.release == nullptr) break;
    height += batch.length > 0 ? static_cast<size_t>(batch.length) : 0;
    if (!is_batches) {
      HR_TRY(Array chunk, import_array(schema.value, &batch, budget));
      chunks[0].push_back(std::move(chunk));
      continue;
    }
    HR_TRY(auto columns, import_batch(schema.value, std::make_shared<Owner>(&batch), budget));
    for (size_t i = 0; i < columns.size(); ++i) chunks[i].push_back(std::move(columns[i]));
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    HR_TRY(Column column, Column::make(fields[i].type, std::move(chunks[i])));
    columns.push_back(std::move(column));
  }
  HR_TRY(Schema names, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(names), std::move(columns), height);
}

}  // namespace headrace::frame
