#include "frame/bitmap.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace headrace::frame {
namespace {

Bitmap random_bitmap(size_t size, size_t offset, std::vector<bool>& bits) {
  std::mt19937 random(static_cast<unsigned>(size * 131 + offset));
  // Exactly as many bytes as the rows need: what foreign memory looks like.
  const Buffer buffer = *Buffer::allocate((offset + size + 7) / 8);
  for (auto& byte : buffer.bytes()) byte = static_cast<std::byte>(random());
  bits.resize(size);
  for (size_t i = 0; i < size; ++i) bits[i] = std::to_integer<unsigned>(buffer.data()[(offset + i) / 8]) >> ((offset + i) % 8) & 1;
  return Bitmap(buffer, offset, size);
}

TEST(Bitmap, words_bits_and_counts_agree_at_every_offset_and_size) {
  for (size_t offset = 0; offset < 70; offset += 3) {
    for (size_t size = 1; size < 300; size += 13) {
      std::vector<bool> bits;
      const Bitmap bitmap = random_bitmap(size, offset, bits);
      size_t ones = 0;
      for (size_t i = 0; i < size; ++i) {
        ASSERT_EQ(bitmap[i], bits[i]);
        ASSERT_EQ(bitmap.word(i) & 1, bits[i]);
        ASSERT_EQ(bitmap.word(i) >> 63, i + 63 < size && bits[i + 63]);
        ones += bits[i];
      }
      ASSERT_EQ(bitmap.ones(), ones);
      ASSERT_EQ(bitmap.word(size), 0u);
    }
  }
}

TEST(Bitmap, a_slice_has_the_bits_of_its_rows) {
  std::vector<bool> bits;
  const Bitmap slice = random_bitmap(200, 5, bits).slice(61, 90);
  for (size_t i = 0; i < 90; ++i) EXPECT_EQ(slice[i], bits[61 + i]);
}

TEST(Bitmap, an_absent_one_is_all_ones) { EXPECT_TRUE(Bitmap()[12345]); }

}  // namespace
}  // namespace headrace::frame
