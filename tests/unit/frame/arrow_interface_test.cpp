#include "frame/arrow_interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/thread_pool.h"
#include "frame/array_builder.h"
#include "frame/int128.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

template <class T>
ArrayBuilder& append(ArrayBuilder& builder, T value) {
  EXPECT_TRUE(builder.append(value));
  return builder;
}

/// One array of every type, with nulls.
std::vector<Array> arrays_of_all_types() {
  std::vector<Array> arrays;
  const auto add = [&](DataType type, const auto& value) {
    ArrayBuilder builder(std::move(type));
    for (int i = 0; i < 150; ++i) {
      if (i % 7 == 3) {
        EXPECT_TRUE(builder.append_null());
      } else {
        value(builder, i);
      }
    }
    arrays.push_back(*builder.finish());
  };
  add(TypeId::Null, [](ArrayBuilder& b, int) { EXPECT_TRUE(b.append_null()); });
  add(TypeId::Bool, [](ArrayBuilder& b, int i) { EXPECT_TRUE(b.append_bool(i % 3 == 0)); });
  add(TypeId::Int8, [](ArrayBuilder& b, int i) { append(b, static_cast<int8_t>(i)); });
  add(TypeId::Int16, [](ArrayBuilder& b, int i) { append(b, static_cast<int16_t>(-i)); });
  add(TypeId::Int32, [](ArrayBuilder& b, int i) { append(b, i * 1000); });
  add(TypeId::Int64, [](ArrayBuilder& b, int i) { append(b, int64_t{i} << 40); });
  add(TypeId::UInt8, [](ArrayBuilder& b, int i) { append(b, static_cast<uint8_t>(i)); });
  add(TypeId::UInt16, [](ArrayBuilder& b, int i) { append(b, static_cast<uint16_t>(i)); });
  add(TypeId::UInt32, [](ArrayBuilder& b, int i) { append(b, static_cast<uint32_t>(i)); });
  add(TypeId::UInt64, [](ArrayBuilder& b, int i) { append(b, UINT64_MAX - static_cast<uint64_t>(i)); });
  add(TypeId::Float16, [](ArrayBuilder& b, int i) { append(b, static_cast<uint16_t>(i * 50)); });
  add(TypeId::Float32, [](ArrayBuilder& b, int i) { append(b, static_cast<float>(i) / 3); });
  add(TypeId::Float64, [](ArrayBuilder& b, int i) { append(b, i / 3.0); });
  add(*DataType::decimal(15, 2), [](ArrayBuilder& b, int i) { append(b, int64_t{-i} * 12345); });
  add(*DataType::decimal(30, 4), [](ArrayBuilder& b, int i) { append(b, Int128{-i} * 1'000'000'000'000'000'000); });
  add(TypeId::String, [](ArrayBuilder& b, int i) { EXPECT_TRUE(b.append_bytes(std::string(static_cast<size_t>(i), 's'))); });
  add(TypeId::Binary, [](ArrayBuilder& b, int i) { EXPECT_TRUE(b.append_bytes(std::string(static_cast<size_t>(i), '\xff'))); });
  add(TypeId::Date, [](ArrayBuilder& b, int i) { append(b, i * 100); });
  add(DataType::datetime(TimeUnit::Nanosecond, "UTC"), [](ArrayBuilder& b, int i) { append(b, int64_t{i} << 50); });
  add(DataType::duration(TimeUnit::Millisecond), [](ArrayBuilder& b, int i) { append(b, int64_t{i} << 20); });
  add(TypeId::Categorical, [](ArrayBuilder& b, int i) { EXPECT_TRUE(b.append_bytes(i % 2 ? "odd" : "even, and long enough")); });
  add(DataType::list(DataType::list(TypeId::UInt32)), [](ArrayBuilder& b, int i) {
    for (int j = 0; j < i % 4; ++j) {
      append(b.items().items(), static_cast<uint32_t>(i + j));
      EXPECT_TRUE(b.items().append_list());
    }
    EXPECT_TRUE(b.append_list());
  });
  return arrays;
}

std::string all_text(const Column& column) {
  std::string out = to_string(column.type());
  for (const Array& chunk : column.chunks()) {
    for (size_t row = 0; row < chunk.size(); ++row) out += "|" + to_text(chunk, row);
  }
  return out;
}

DataFrame frame_of_all_types(size_t begin, size_t size) {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const Array& array : arrays_of_all_types()) {
    fields.push_back({"c" + std::to_string(fields.size()), array.type()});
    columns.emplace_back(array.slice(begin, size));
  }
  return *DataFrame::make(*Schema::make(fields), columns);
}

TEST(ArrowInterface, a_frame_of_every_type_goes_out_and_in_again_from_any_slice) {
  for (const auto& [begin, size] : {std::pair<size_t, size_t>{0, 150}, {1, 149}, {8, 64}, {77, 3}, {150, 0}}) {
    const DataFrame frame = frame_of_all_types(begin, size);
    ArrowArrayStream stream;
    export_stream(frame, &stream);
    const auto back = import_stream(&stream);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(stream.release, nullptr);
    EXPECT_EQ(back->height(), size);
    ASSERT_EQ(back->schema(), frame.schema());
    for (size_t i = 0; i < frame.width(); ++i) EXPECT_EQ(all_text(back->columns()[i]), all_text(frame.columns()[i]));
  }
}

TEST(ArrowInterface, numbers_and_views_keep_their_memory_on_the_way) {
  ArrayBuilder builder(TypeId::String);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(builder.append_bytes("a string of more than twelve bytes"));
  const Array array = *builder.finish();
  ArrowSchema schema;
  ArrowArray exported;
  export_field({"s", TypeId::String}, &schema);
  ASSERT_TRUE(export_array(array, schema, &exported));
  const Array back = *import_array(schema, &exported);
  EXPECT_EQ(back.bytes(5).data(), array.bytes(5).data());
  EXPECT_EQ(back.data<View>(), array.data<View>());
  schema.release(&schema);
}

TEST(ArrowInterface, columns_whose_chunks_end_elsewhere_are_cut_at_every_end) {
  const auto numbers = [](int32_t begin, int32_t end) {
    ArrayBuilder builder(TypeId::Int32);
    for (int32_t i = begin; i < end; ++i) append(builder, i);
    return *builder.finish();
  };
  const Column a = *Column::make(TypeId::Int32, {numbers(0, 4), numbers(4, 10)});
  const Column b = *Column::make(TypeId::Int32, {numbers(0, 7), numbers(7, 10)});
  ArrowArrayStream stream;
  export_stream(*DataFrame::make(*Schema::make({{"a", TypeId::Int32}, {"b", TypeId::Int32}}), {a, b}), &stream);
  const DataFrame back = *import_stream(&stream);
  EXPECT_EQ(back.columns()[0].chunks().size(), 3u);
  EXPECT_EQ(all_text(back.columns()[0]), all_text(a));
  EXPECT_EQ(all_text(back.columns()[1]), all_text(a));
}

TEST(ArrowInterface, a_receiver_gets_the_forms_that_it_asks_for) {
  const DataFrame frame = frame_of_all_types(3, 120);
  ArrowSchema wanted;
  export_schema(frame.schema(), &wanted);
  for (const auto& [type, format] : {std::pair{TypeId::String, "U"}, {TypeId::Binary, "z"}, {TypeId::List, "+l"}}) {
    for (size_t i = 0; i < frame.width(); ++i) {
      if (frame.schema()[i].type.id() == type) wanted.children[i]->format = format;
    }
  }
  ArrowArrayStream stream;
  export_stream(frame, &stream, &wanted);
  ArrowSchema given;
  ASSERT_EQ(stream.get_schema(&stream, &given), 0);
  EXPECT_STREQ(given.children[15]->format, "U");
  EXPECT_STREQ(given.children[16]->format, "z");
  EXPECT_STREQ(given.children[21]->format, "+l");
  EXPECT_STREQ(given.children[21]->children[0]->format, "+L");
  EXPECT_STREQ(given.children[13]->format, "d:15,2");
  given.release(&given);
  const DataFrame back = *import_stream(&stream);
  for (size_t i = 0; i < frame.width(); ++i) EXPECT_EQ(all_text(back.columns()[i]), all_text(frame.columns()[i]));
  wanted.release(&wanted);
}

std::atomic<int> releases = 0;
std::atomic<bool> released_on_a_worker = false;

/// Eight Int64 of somebody else's.
ArrowArray foreign_numbers() {
  static int64_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  static const void* buffers[2] = {nullptr, values};
  ArrowArray array{};
  array.length = 8;
  array.n_buffers = 2;
  array.buffers = buffers;
  array.release = [](ArrowArray* self) {
    released_on_a_worker = released_on_a_worker || ThreadPool::is_worker();
    self->release = nullptr;
    ++releases;
  };
  return array;
}

TEST(ArrowInterface, what_is_taken_over_is_released_once_when_the_last_slice_of_it_goes) {
  releases = 0;
  ArrowSchema schema;
  export_field({"n", TypeId::Int64}, &schema);
  ArrowArray array = foreign_numbers();
  {
    Array slice;
    {
      const Array imported = *import_array(schema, &array);
      EXPECT_EQ(array.release, nullptr);
      slice = imported.slice(2, 3);
    }
    EXPECT_EQ(releases, 0);
    EXPECT_EQ(slice.values<int64_t>()[0], 2);
  }
  EXPECT_EQ(releases, 1);
  schema.release(&schema);
}

TEST(ArrowInterface, a_thread_of_the_pool_never_releases_what_others_may_lock) {
  releases = 0;
  released_on_a_worker = false;
  ArrowSchema schema;
  export_field({"n", TypeId::Int64}, &schema);
  ArrowArray array = foreign_numbers();
  auto held = std::make_shared<Array>(*import_array(schema, &array));
  ThreadPool pool(1);
  pool.submit([held = std::move(held)]() mutable { held.reset(); });
  for (int i = 0; i < 10'000 && releases == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(releases, 1);
  EXPECT_FALSE(released_on_a_worker);
  schema.release(&schema);
}

TEST(ArrowInterface, imported_bytes_count_in_the_budget_until_they_are_released) {
  const auto budget = MemoryBudget::create("test", 100);
  ArrowSchema schema;
  export_field({"n", TypeId::Int64}, &schema);
  ArrowArray first = foreign_numbers(), second = foreign_numbers();
  {
    const auto held = import_array(schema, &first, budget);
    EXPECT_EQ(budget->used_bytes(), 64u);
    const auto refused = import_array(schema, &second, budget);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::OutOfMemory);
    EXPECT_EQ(second.release, nullptr);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
  schema.release(&schema);
}

TEST(ArrowInterface, formats_without_a_type_here_are_refused_with_the_columns_name) {
  ArrowSchema schema;
  export_field({"when", TypeId::Date}, &schema);
  schema.format = "ttu";
  EXPECT_THAT(import_field(schema).error().message, HasSubstr("Column \"when\" has Arrow format \"ttu\""));
  schema.format = "+s";
  EXPECT_THAT(import_field(schema).error().message, HasSubstr("is a struct"));
  schema.format = "d:76,3,256";
  EXPECT_THAT(import_field(schema).error().message, HasSubstr("precision 76"));
  schema.release(&schema);
}

TEST(ArrowInterface, offsets_that_go_backwards_or_out_of_the_items_are_refused) {
  ArrowSchema schema;
  export_field({"l", DataType::list(TypeId::Int64)}, &schema);
  for (const int64_t middle : {int64_t{9}, int64_t{-1}}) {
    static int64_t offsets[3];
    offsets[0] = 0, offsets[1] = middle, offsets[2] = 4;
    static const void* buffers[2] = {nullptr, offsets};
    static ArrowArray items;
    items = foreign_numbers();
    static ArrowArray* children[1] = {&items};
    ArrowArray array{};
    array.length = 2;
    array.n_buffers = 2;
    array.buffers = buffers;
    array.n_children = 1;
    array.children = children;
    array.release = [](ArrowArray* self) { self->release = nullptr; };
    EXPECT_THAT(import_array(schema, &array).error().message, HasSubstr("offsets that go backwards"));
  }
  schema.release(&schema);
}

}  // namespace
}  // namespace headrace::frame
