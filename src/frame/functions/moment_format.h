#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace::frame {

/// How a moment is written: the codes of strftime(3), and for parts of a second %f, %3f, %.f, %.3f as chrono has them.
class MomentFormat {
 public:
  /// InvalidArgument names a code that is not known.
  static Result<MomentFormat> compile(std::string_view format);

  bool has_time() const { return has_any("HIMSfpksl"); }
  bool has_zone() const { return has_any("zZ"); }
  /// Hours without minutes are no time of day.
  bool has_hour_alone() const { return has_any("HIkl") && !has_any("M"); }

  /// A moment of the clock, by nanoseconds of the day.
  struct Moment {
    int64_t days = 0, nanoseconds = 0;
  };
  void append(const Moment& moment, std::string& out) const;
  /// Reads a whole text, in the zone that it names as UTC; nothing if it is not written so. A date without a day is its month's first.
  std::optional<Moment> parse(std::string_view text) const;

 private:
  /// A code, or the text itself if the code is 0.
  struct Item {
    char code = 0;
    int digits = 0;
    bool has_point = false;  ///< or the colon of %:z
    std::string text{};
  };
  struct Fields;

  static std::optional<std::string_view> expansion_of(char code);
  Result<void> add_code(std::string_view format, size_t& at);
  bool has_any(std::string_view codes) const;
  static void append_item(const Item& item, const Moment& moment, std::string& out);
  static bool parse_item(const Item& item, std::string_view& text, Fields& fields);

  std::vector<Item> items_;
};

}  // namespace headrace::frame
