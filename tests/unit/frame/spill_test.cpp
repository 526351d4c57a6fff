#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>

#include "arrays.h"
#include "frame/data_frame.h"
#include "frame/int128.h"
#include "frame/spill/spilling.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<SpillFile> file_in(const std::filesystem::path& folder, uint64_t limit = MemoryBudget::kUnlimited) {
  auto file = SpillFile::create(folder, limit);
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  return file ? *file : nullptr;
}

std::filesystem::path fresh_folder(const char* name) {
  auto folder = std::filesystem::path("/var/tmp") / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

void expect_same(const Array& one, const Array& other) {
  ASSERT_EQ(one.type(), other.type());
  ASSERT_EQ(one.size(), other.size());
  for (size_t row = 0; row < one.size(); ++row) ASSERT_EQ(to_text(one, row), to_text(other, row)) << row;
}

TEST(SpillFile, HasNoNameAndGivesBackWhatWasWritten) {
  const auto folder = fresh_folder("headrace-spill-test");
  const auto file = file_in(folder);
  std::vector<SpillFile::Place> places;
  std::vector<std::vector<std::byte>> blocks;
  for (size_t size : {0, 1, 100, 1 << 20, 3 << 20}) {
    std::vector<std::byte> block(size);
    for (size_t i = 0; i < size; ++i) block[i] = static_cast<std::byte>(size == 100 ? i * 77 : i / 100);
    const auto place = file->write(block, process_budget());
    ASSERT_TRUE(place);
    places.push_back(*place);
    blocks.push_back(std::move(block));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_LT(file->written_bytes(), file->spilled_bytes() / 4);
  for (size_t i = 0; i < places.size(); ++i) {
    const auto read = file->read(places[i], process_budget());
    ASSERT_TRUE(read);
    ASSERT_GE(read->size(), blocks[i].size());
    EXPECT_TRUE(std::equal(blocks[i].begin(), blocks[i].end(), read->data()));
  }
}

TEST(SpillFile, AFolderThatDoesNotDoIsNamed) {
  const auto missing = SpillFile::create("/var/tmp/no such folder", MemoryBudget::kUnlimited);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("/var/tmp/no such folder"));
  struct statfs system {};
  if (::statfs("/dev/shm", &system) != 0 || system.f_type != 0x01021994) GTEST_SKIP() << "/dev/shm is no tmpfs";
  const auto in_memory = SpillFile::create("/dev/shm", MemoryBudget::kUnlimited);
  ASSERT_FALSE(in_memory);
  EXPECT_THAT(in_memory.error().message, HasSubstr("memory"));
}

TEST(SpillFile, GrowsNoLongerThanItMay) {
  const auto file = file_in("/var/tmp", 1000);
  std::vector<std::byte> block(900);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(i * i * 2654435761u >> 13);
  ASSERT_TRUE(file->write(block, process_budget()));
  const auto more = file->write(block, process_budget());
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::OutOfMemory);
  EXPECT_THAT(more.error().message, HasSubstr("1.0 kB"));
}

TEST(SpilledRows, ArraysOfAllLayoutsComeBackAsTheyWere) {
  std::vector<Array> arrays{
      fixed<int64_t>(TypeId::Int64, {1, std::nullopt, -3, 4, 5}),
      fixed<int8_t>(TypeId::Int8, {1, 2, 3, 4, 5}),
      texts(TypeId::String, {"", "a string that has a block of its own", std::nullopt, "short", "another one of more than twelve bytes"}),
      texts(TypeId::Categorical, {"x", "y", std::nullopt, "x", "z"}),
      fixed<Int128>(DataType::decimal(38, 2).value(), {Int128{1} << 100, std::nullopt, 3, 4, 5}),
      *Array::all_null(TypeId::Null, 5),
  };
  ArrayBuilder bools(TypeId::Bool), lists(DataType::list(DataType(TypeId::String)));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(i == 2 ? bools.append_null() : bools.append_bool(i % 2 == 0));
    for (int j = 0; j < i; ++j) ASSERT_TRUE(lists.items().append_bytes("item number " + std::to_string(j)));
    ASSERT_TRUE(i == 3 ? lists.append_null() : lists.append_list());
  }
  arrays.push_back(*bools.finish());
  arrays.push_back(*lists.finish());
  const auto file = file_in("/var/tmp");
  for (size_t begin = 0; begin < 5; ++begin) {
    for (size_t size = 0; begin + size <= 5; ++size) {
      std::vector<Array> slices;
      for (const Array& array : arrays) slices.push_back(array.slice(begin, size));
      const auto spilled = spill(*file, slices, process_budget());
      ASSERT_TRUE(spilled);
      const auto loaded = load(*file, *spilled, process_budget());
      ASSERT_TRUE(loaded);
      for (size_t i = 0; i < slices.size(); ++i) expect_same(slices[i], (*loaded)[i]);
    }
  }
}

}  // namespace
}  // namespace headrace::frame
