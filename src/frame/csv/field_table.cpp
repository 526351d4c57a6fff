#include "frame/csv/field_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "frame/executor/source.h"

namespace headrace::frame::csv {
namespace {

constexpr size_t kBlock = 64;
/// Text and places of its fields stay in the second cache level.
constexpr size_t kLeastSearch = size_t{4} << 10, kMostSearch = size_t{128} << 10;

}  // namespace

size_t FieldTable::bytes_to_search(const Text& text) const {
  const size_t wanted = std::clamp(row_bytes_ * kMorselRows, kLeastSearch, kMostSearch);
  return std::min(wanted, text.end - text.begin);
}

Result<size_t> FieldTable::search(const Text& text) {
  const auto* bytes = text.buffer.as<const uint8_t>();
  FieldSearch state;
  size_t fields = 0, done = 0;
  ends_.shrink(0);
  HR_CHECK(ends_.resize(1));
  ends_[0] = static_cast<uint32_t>(text.begin) - 1;
  for (size_t wanted = bytes_to_search(text); done < text.end - text.begin; wanted *= 2) {
    const size_t most = std::min(wanted, text.end - text.begin), blocks = (most - done + kBlock - 1) / kBlock;
    HR_CHECK(ends_.resize(1 + fields + blocks * kBlock + kBlock));
    const auto at = static_cast<uint32_t>(text.begin + done);
    fields += field_kernels().find(bytes + at, blocks, dialect_, at, ends_.data() + 1 + fields, state);
    done += blocks * kBlock;
    // What lies behind the text is none of it, and the last row may go on behind what was searched.
    for (; fields > 0 && (ends_[fields] >= text.end || bytes[ends_[fields]] != dialect_.eol); --fields) {
      state.ends -= bytes[ends_[fields]] == dialect_.eol;
    }
    if (fields > 0) break;
    // The row is longer: all of it is searched again, from its beginning.
    state = {};
    done = 0;
    if (most == text.end - text.begin) break;
  }
  row_ends_ = state.ends;
  has_high_ = state.has_high;
  has_stray_ = state.has_stray;
  return fields;
}

bool FieldTable::is_regular(size_t fields) const {
  if (row_ends_ * columns_ != fields) return false;
  // There are as many ends as rows: if all of them are behind last fields, none is elsewhere.
  const char* bytes = text();
  const auto eol = static_cast<char>(dialect_.eol);
  for (size_t i = columns_; i <= fields; i += columns_) {
    if (bytes[ends_[i]] != eol) return false;
  }
  return true;
}

Result<void> FieldTable::check_strays(size_t fields, const Fault& fault) const {
  size_t row = 0;
  for (size_t i = 1; i <= fields; ++i) {
    const std::string_view field = view({ends_[i - 1] + 1, ends_[i]});
    const bool is_quoted = !field.empty() && dialect_.is_quote(static_cast<uint8_t>(field.front()));
    const bool hides = field.find(static_cast<char>(dialect_.separator)) != field.npos ||
                       field.find(static_cast<char>(dialect_.eol)) != field.npos;
    if (!is_quoted && hides) {
      return std::unexpected(fault(row, {}, "a quote in the midst of a field hides a separator or the row's end; put quotes around the "
                                            "whole field, or read quotes as text by quote_char=None"));
    }
    row += text()[ends_[i]] == static_cast<char>(dialect_.eol);
  }
  return {};
}

Result<void> FieldTable::make_regular(size_t fields, const Fault& fault) {
  const auto eol = static_cast<char>(dialect_.eol);
  size_t rows = 0;
  for (size_t i = 1; i <= fields; ++i) rows += text()[ends_[i]] == eol;
  const size_t bytes = ends_[fields] - ends_[0] + rows * columns_;
  HR_TRY(Buffer copy, Buffer::allocate(bytes + kPadding, budget_));
  GrowingVector<uint32_t> ends(budget_);
  HR_CHECK(ends.resize(1 + rows * columns_));
  ends[0] = UINT32_MAX;
  size_t at = 0, row = 0, from = 0;
  for (size_t first = 1; first <= fields; first = from, ++row) {
    size_t last = first;
    while (text()[ends_[last]] != eol) ++last;
    from = last + 1;
    const size_t count = last + 1 - first;
    if (count > columns_ && !may_truncate_) {
      return std::unexpected(fault(row, {}, fmt::format("the row has {} fields, where there are {} columns; longer rows are cut by "
                                                        "truncate_ragged_lines=True", count, columns_)));
    }
    for (size_t column = 0; column < columns_; ++column) {
      if (column < count) {
        const std::string_view field = view({ends_[first + column - 1] + 1, ends_[first + column]});
        std::memcpy(copy.as<char>() + at, field.data(), field.size());
        at += field.size();
        if (has_returns_ && column + 1 == count && count < columns_ && field.ends_with('\r')) --at;
      }
      ends[1 + row * columns_ + column] = static_cast<uint32_t>(at);
      copy.as<char>()[at++] = column + 1 == columns_ ? eol : static_cast<char>(dialect_.separator);
    }
  }
  rows_ = rows;
  ends_ = std::move(ends);
  buffer_ = std::move(copy);
  blocks_ = std::make_shared<const Blocks>(Blocks{buffer_});
  return {};
}

Result<bool> FieldTable::find(Text& text, const Fault& fault) {
  HR_TRY(size_t fields, search(text));
  if (fields == 0) return false;
  if (!blocks_ || blocks_->front().data() != text.buffer.data()) blocks_ = std::make_shared<const Blocks>(Blocks{text.buffer});
  buffer_ = text.buffer;
  has_returns_ = dialect_.eol == '\n';
  if (has_stray_) HR_CHECK(check_strays(fields, fault));
  rows_ = fields / columns_;
  const size_t begin = text.begin;
  text.begin = ends_[fields] + 1;
  if (!is_regular(fields)) {
    HR_CHECK(make_regular(fields, fault));
  } else if (rows_ > kMorselRows) {
    rows_ = kMorselRows;
    text.begin = ends_[rows_ * columns_] + 1;
  }
  row_bytes_ = std::max<size_t>(1, (text.begin - begin) / rows_);
  return true;
}

}  // namespace headrace::frame::csv
