// Any bytes as text with separators, the first ones saying how it is read: it is read or refused with a message, by one stretch or many
// the same; what was read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "frame/plan.h"
#include "frame/sink.h"

namespace {

using namespace headrace;

void require(bool holds) {
  if (!holds) std::abort();
}

frame::CsvOptions options_of(uint8_t flags, uint8_t more) {
  frame::CsvOptions options;
  options.has_header = flags & 1;
  options.try_parse_dates = flags & 2;
  options.ignore_errors = flags & 4;
  options.is_lossy = flags & 8;
  options.truncate_ragged_lines = flags & 16;
  if (flags & 32) options.quote_char.reset();
  options.separator = flags & 64 ? ';' : ',';
  options.decimal_comma = flags & 64 && more & 1;
  if (flags & 128) options.comment_prefix = "#";
  options.skip_rows = more >> 1 & 1;
  if (more & 4) options.infer_schema_length.reset();
  if (more & 8) options.null_values = {"NA", ""};
  options.empty_string_is_null = !(more & 16);
  options.raise_if_empty = more & 32;
  return options;
}

Buffer buffer_of(std::string_view text) {
  Buffer buffer = *Buffer::allocate(text.size());
  if (!text.empty()) std::memcpy(buffer.data(), text.data(), text.size());
  return buffer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const frame::CsvInput input = buffer_of({reinterpret_cast<const char*>(data) + 2, size - 2});
  const auto plan = frame::Plan::scan_csv({&input, 1}, options_of(data[0], data[1]));
  if (!plan) {
    require(!plan.error().message.empty());
    return 0;
  }
  const auto read = frame::collect(*plan, {.threads = 1});
  if (!read) {
    require(!read.error().message.empty());
    return 0;
  }
  (void)frame::to_text(*read);
  if (read->width() == 0) return 0;
  const auto some = frame::collect(plan->slice(1, 2));
  require(some && some->height() == std::min<size_t>(2, read->height() - std::min<size_t>(1, read->height())));
  std::string text;
  const frame::WriteTarget target = [&](std::span<const std::byte> bytes) -> Result<void> {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  require(frame::write_csv(frame::Plan::scan(*read), target).has_value());
  const frame::CsvInput written = buffer_of(text);
  const std::vector<frame::Field> schema(read->schema().fields().begin(), read->schema().fields().end());
  const auto again = frame::Plan::scan_csv({&written, 1}, {.schema = schema});
  if (!again) return 0;  // names of columns that are one when read
  const auto same = frame::collect(*again);
  require(same && same->height() == read->height());
  return 0;
}
