#include "frame/csv/row_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace headrace::frame::csv {

Result<RowStream> RowStream::open(const Input& input, const Dialect& dialect, std::string comment,
                                  const std::shared_ptr<MemoryBudget>& budget) {
  RowStream rows(input, dialect, std::move(comment), budget);
  HR_TRY(rows.bytes_, stream_of(input, budget));
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  HR_CHECK(rows.fill());
  if (std::string_view(rows.text(), rows.end_).starts_with(kMark)) rows.begin_ = rows.offset_ = kMark.size();
  return rows;
}

Result<bool> RowStream::fill() {
  constexpr size_t kStep = size_t{64} << 10;
  if (is_at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.buffer().data(), buffer_.buffer().data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.buffer().size() - end_ < kStep) HR_CHECK(buffer_.reserve(end_ + kStep));
  HR_TRY(const size_t got, bytes_->read(buffer_.buffer().bytes().subspan(end_)));
  end_ += got;
  is_at_end_ = got == 0;
  return got > 0;
}

bool RowStream::is_comment() const {
  return !comment_.empty() && std::string_view(text() + begin_, end_ - begin_).starts_with(comment_);
}

Result<size_t> RowStream::find_end() {
  while (!comment_.empty() && end_ - begin_ < comment_.size()) {
    HR_TRY(const bool more, fill());
    if (!more) break;
  }
  const bool has_quotes = !is_comment();
  bool is_inside = false;
  for (size_t length = 0;; ++length) {
    if (begin_ + length == end_) {
      HR_TRY(const bool more, fill());
      if (more) {
        --length;
        continue;
      }
      if (!is_inside) return begin_ + length;
      return fail(ErrorKind::InvalidData,
                  fmt::format("{}: line {}: a quote opens in this row and is never closed. Quotes are read as text by quote_char=None.",
                              name_, line_of_row_), name_);
    }
    const auto byte = static_cast<uint8_t>(text()[begin_ + length]);
    if (byte == '\n') ++line_;
    is_inside ^= has_quotes && dialect_.is_quote(byte);
    if (byte == dialect_.eol && !is_inside) {
      if (dialect_.eol != '\n') ++line_;
      return begin_ + length;
    }
  }
}

Result<std::optional<std::string_view>> RowStream::next() {
  for (;;) {
    line_of_row_ = line_ + 1;
    HR_TRY(const size_t end, find_end());
    if (end == begin_ && begin_ == end_) return std::nullopt;
    std::string_view row(text() + begin_, end - begin_);
    const bool was_comment = is_comment();
    const size_t next = std::min(end + 1, end_);
    offset_ += next - begin_;
    begin_ = next;
    if (was_comment) continue;
    if (dialect_.eol == '\n' && row.ends_with('\r')) row.remove_suffix(1);
    return row;
  }
}

std::vector<std::string_view> fields_of(std::string_view row, const Dialect& dialect) {
  std::vector<std::string_view> fields;
  bool is_inside = false;
  size_t begin = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const auto byte = static_cast<uint8_t>(row[i]);
    is_inside ^= dialect.is_quote(byte);
    if (byte != dialect.separator || is_inside) continue;
    fields.push_back(row.substr(begin, i - begin));
    begin = i + 1;
  }
  fields.push_back(row.substr(begin));
  return fields;
}

std::optional<std::string> unquoted(std::string_view field, const Dialect& dialect) {
  if (field.empty() || !dialect.is_quote(static_cast<uint8_t>(field.front()))) return std::string(field);
  std::string out;
  for (size_t i = 1; i < field.size(); ++i) {
    const bool is_quote = dialect.is_quote(static_cast<uint8_t>(field[i]));
    if (is_quote && i + 1 == field.size()) return out;
    if (is_quote && !dialect.is_quote(static_cast<uint8_t>(field[++i]))) return std::nullopt;
    out += field[i];
  }
  return std::nullopt;
}

}  // namespace headrace::frame::csv
