#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace headrace {
namespace {

std::filesystem::path temporary(const char* name) {
  return std::filesystem::temp_directory_path() / (std::string("headrace-test-") + std::to_string(::getpid()) + name);
}

TEST(File, reads_at_any_offset_and_reports_the_end) {
  const auto path = temporary("a");
  ASSERT_TRUE(write_file_atomically(path, "0123456789"));
  auto file = File::open(path);
  ASSERT_TRUE(file);
  char part[4] = {};
  ASSERT_TRUE(file->read_at(3, std::as_writable_bytes(std::span(part))));
  EXPECT_EQ(std::string_view(part, 4), "3456");
  const auto past = file->read_at(8, std::as_writable_bytes(std::span(part)));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().kind, ErrorKind::InvalidData);
  EXPECT_NE(past.error().message.find("truncated"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(File, names_a_file_that_is_not_there) {
  const auto missing = File::open("/nonexistent/model.gguf");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
  EXPECT_NE(missing.error().message.find("/nonexistent/model.gguf"), std::string::npos);
}

TEST(File, refuses_a_folder) { EXPECT_FALSE(File::open("/tmp")); }

TEST(File, is_replaced_as_a_whole) {
  const auto path = temporary("b");
  ASSERT_TRUE(write_file_atomically(path, "old"));
  ASSERT_TRUE(write_file_atomically(path, "new content"));
  EXPECT_EQ(read_file(path).value(), "new content");
  EXPECT_FALSE(read_file(path, 3));
  std::filesystem::remove(path);
}

TEST(File, of_any_small_size_is_read_whole) {
  const auto path = temporary("d");
  for (size_t size = 0; size < 100; ++size) {
    const std::string content(size, 'x');
    ASSERT_TRUE(write_file_atomically(path, content));
    EXPECT_EQ(read_file(path).value(), content);
  }
  std::filesystem::remove(path);
}

TEST(File, is_mapped_read_only) {
  const auto path = temporary("c");
  ASSERT_TRUE(write_file_atomically(path, "mapped"));
  auto file = File::open(path);
  auto mapped = file->map();
  ASSERT_TRUE(mapped);
  EXPECT_EQ(std::memcmp(mapped->data(), "mapped", 6), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace headrace
