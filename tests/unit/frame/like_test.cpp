#include "frame/functions/like.h"

#include <gtest/gtest.h>

namespace headrace::frame {
namespace {

TEST(Like, percent_is_any_text_and_underscore_one_character) {
  EXPECT_TRUE(Like("%special%requests%").matches("no special packages or requests here"));
  EXPECT_FALSE(Like("%special%requests%").matches("requests special"));
  EXPECT_TRUE(Like("a_c").matches("aéc"));
  EXPECT_FALSE(Like("a_c").matches("ac"));
  EXPECT_TRUE(Like("%a_").matches("xaab"));
  EXPECT_TRUE(Like("").matches(""));
  EXPECT_FALSE(Like("").matches("a"));
  EXPECT_TRUE(Like("%").matches(""));
}

TEST(Like, backslash_takes_the_meaning_away) {
  EXPECT_TRUE(Like("100\\%").matches("100%"));
  EXPECT_FALSE(Like("100\\%").matches("1000"));
  EXPECT_TRUE(Like("a\\_b%").matches("a_bc"));
  EXPECT_TRUE(Like("\\\\").matches("\\"));
}

TEST(Like, what_percent_took_too_early_is_not_lost) {
  EXPECT_TRUE(Like("%ab").matches("abab"));
  EXPECT_TRUE(Like("a%a").matches("aa"));
  EXPECT_FALSE(Like("a%a").matches("a"));
  EXPECT_TRUE(Like("%_b_%").matches("bbb"));
}

}  // namespace
}  // namespace headrace::frame
