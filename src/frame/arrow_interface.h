#pragma once

#include <cstdint>
#include <functional>

#include "frame/data_frame.h"

// Arrow's C data and C stream interfaces (https://arrow.apache.org/docs/format/CDataInterface.html): structs that every
// library lays out alike, so that a frame changes hands without a copy and without either knowing the other.
extern "C" {
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
#endif
}

namespace headrace::frame {

/// One of these structs, released with this object unless somebody took it.
template <class T>
struct Released {
  T value{};
  ~Released() {
    if (value.release != nullptr) value.release(&value);
  }
};

/// The field that a schema tells of. Unsupported names the column and what is to be done.
///
/// What comes without a copy: Bool, integers, floats, Date (days), Datetime, Duration, decimals of two words, views, large
/// lists, UInt32 categories. Strings with offsets get views over their bytes; decimals of other widths, lists with 32-bit
/// offsets, list views, fixed sizes, milliseconds of a date, seconds, and dictionaries of other codes are converted.
Result<Field> import_field(const ArrowSchema& schema);

/// Memory of somebody else's as a Buffer. `release` is called when the last owner lets go, and never on a thread of the pool.
Buffer wrap_foreign(std::byte* data, size_t bytes, std::function<void()> release);

/// Takes `array` over (its release is called when the last of its buffers is let go, and never on a thread of the pool,
/// since it may wait for an interpreter) and reserves its bytes in `budget`. The error of a column names it.
Result<Array> import_array(const ArrowSchema& schema, ArrowArray* array, const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// Reads a stream to its end: a frame of the columns of its structs, or of one column if it gives no structs.
/// The stream is released in any case.
Result<DataFrame> import_stream(ArrowArrayStream* stream, const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// Writes the schema of a type. `requested`: what the receiver would like; of a type's several forms its own is taken.
/// The out structs of these three are the caller's to release.
void export_field(const Field& field, ArrowSchema* out, const ArrowSchema* requested = nullptr);
/// Writes an array in the form that `form` (from export_field) tells.
Result<void> export_array(const Array& array, const ArrowSchema& form, ArrowArray* out);
/// A stream of the frame's chunks, cut where any column's chunk ends.
void export_stream(DataFrame frame, ArrowArrayStream* out, const ArrowSchema* requested = nullptr);
/// A stream of a column's chunks as they are, in no structs. The field's type must be the column's.
void export_column(const Field& field, Column column, ArrowArrayStream* out, const ArrowSchema* requested = nullptr);
/// The schema of a frame: a struct.
void export_schema(const Schema& schema, ArrowSchema* out, const ArrowSchema* requested = nullptr);

}  // namespace headrace::frame
