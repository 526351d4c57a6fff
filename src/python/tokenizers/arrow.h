#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string_view>
#include <vector>

namespace headrace::python {

/// Text columns of other libraries, through Arrow's C interface: the memory is theirs, the
/// views are valid as long as this lives.
class ArrowTexts {
 public:
  ArrowTexts();
  ~ArrowTexts();
  ArrowTexts(ArrowTexts&&) noexcept;
  ArrowTexts& operator=(ArrowTexts&&) noexcept;

  /// Appends a view for each row. TypeError unless they are Utf8, LargeUtf8 or Utf8View (or
  /// the binary types beside them); ValueError names a row that is null.
  void read(nanobind::handle object, std::vector<std::string_view>& views);

 private:
  struct Held;
  std::vector<std::unique_ptr<Held>> held_;
};

}  // namespace headrace::python
