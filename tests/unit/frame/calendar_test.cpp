#include "frame/functions/calendar.h"

#include <gtest/gtest.h>

namespace headrace::frame {
namespace {

TEST(Calendar, every_day_of_many_years_is_the_next_of_the_one_before) {
  CivilDate before = civil_of(-800'000);
  for (int64_t days = -799'999; days < 800'000; ++days) {
    const CivilDate date = civil_of(days);
    ASSERT_EQ(days_of(date.year, date.month, date.day), days);
    if (date.day == 1) {
      ASSERT_EQ(before.day, days_in_month(before.year, before.month));
      ASSERT_EQ(date.month, before.month % 12 + 1);
    } else {
      ASSERT_EQ(date.day, before.day + 1);
    }
    before = date;
  }
}

TEST(Calendar, weeks_belong_to_the_year_of_their_thursday) {
  EXPECT_EQ(iso_week_of(days_of(2021, 1, 3)).week, 53u);
  EXPECT_EQ(iso_week_of(days_of(2021, 1, 3)).year, 2020);
  EXPECT_EQ(iso_week_of(days_of(1969, 12, 31)).week, 1u);
  EXPECT_EQ(iso_week_of(days_of(1969, 12, 31)).year, 1970);
  EXPECT_EQ(weekday_of(days_of(2024, 2, 29)), 4u);
  EXPECT_EQ(ordinal_of(days_of(2024, 12, 31)), 366u);
}

}  // namespace
}  // namespace headrace::frame
