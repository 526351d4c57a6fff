#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <string>
#include <vector>

#include "frame/data_frame.h"

namespace headrace::frame {
namespace {

constexpr std::string_view kMore = "…";
constexpr size_t kGap = 2;

/// A column as it is shown: its heading, then the values of the rows shown.
struct ShownColumn {
  std::vector<std::string> cells;  // name, type, values
  bool to_the_right = false;
  size_t width = 0;
};

/// Calls use(bytes, columns of a terminal) for each character; control characters and broken bytes stand as one "·" each.
template <class Use>
void each_character(std::string_view text, const Use& use) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    const auto length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    const bool shown = length > 0 && code >= 32 && code != 127 && !(code >= 0x80 && code < 0xA0);
    const size_t taken = length > 0 ? static_cast<size_t>(length) : 1;
    if (shown) {
      use(text.substr(at, taken), static_cast<size_t>(std::max(0, utf8proc_charwidth(code))));
    } else {
      use(code == '\n' ? std::string_view("⏎") : std::string_view("·"), size_t{1});
    }
    at += taken;
  }
}

/// The text on one line, at most `most` columns wide.
std::string fitted(std::string_view text, size_t most, size_t& width) {
  std::string all, cut;
  size_t cut_width = 0;
  width = 0;
  bool open = true;
  each_character(text, [&](std::string_view bytes, size_t columns) {
    if (width > most) return;
    all += bytes;
    width += columns;
    open = open && cut_width + columns < most;
    if (open) {
      cut += bytes;
      cut_width += columns;
    }
  });
  if (width <= most) return all;
  width = cut_width + 1;
  return cut.append(kMore);
}

/// Which rows are shown: all, or as many first as last ones, with kNone between.
constexpr size_t kNone = SIZE_MAX;
std::vector<size_t> rows_shown(size_t height, size_t most) {
  std::vector<size_t> rows;
  if (height <= most) {
    for (size_t row = 0; row < height; ++row) rows.push_back(row);
    return rows;
  }
  for (size_t row = 0; row < (most + 1) / 2; ++row) rows.push_back(row);
  rows.push_back(kNone);
  for (size_t row = height - most / 2; row < height; ++row) rows.push_back(row);
  return rows;
}

std::string value_text(const Column& column, size_t row) {
  for (const Array& chunk : column.chunks()) {
    if (row < chunk.size()) return to_text(chunk, row);
    row -= chunk.size();
  }
  return {};
}

bool is_shown_to_the_right(const DataType& type) {
  return type.is_numeric() || type.id() == TypeId::Float16 || type.id() == TypeId::Duration;
}

std::vector<std::string> cells_of(const Column& column, const Field& field, const std::vector<size_t>& rows) {
  std::vector<std::string> cells{field.name, to_string(field.type)};
  for (const size_t row : rows) cells.push_back(row == kNone ? std::string(kMore) : value_text(column, row));
  return cells;
}

ShownColumn shown_column(const Column& column, const Field& field, const std::vector<size_t>& rows, size_t most) {
  ShownColumn shown{.cells = cells_of(column, field, rows), .to_the_right = is_shown_to_the_right(field.type)};
  for (std::string& cell : shown.cells) {
    size_t width = 0;
    cell = fitted(cell, most, width);
    shown.width = std::max(shown.width, width);
  }
  return shown;
}

/// As many first columns as fit: one at least.
std::vector<ShownColumn> columns_shown(const DataFrame& frame, const std::vector<size_t>& rows, const ShowOptions& options) {
  std::vector<ShownColumn> shown;
  size_t used = 0;
  for (size_t i = 0; i < frame.width(); ++i) {
    ShownColumn column = shown_column(frame.columns()[i], frame.schema()[i], rows, options.cell);
    const size_t left_over = i + 1 < frame.width() ? kGap + 1 : 0;
    if (i > 0 && used + kGap + column.width + left_over > options.width) break;
    used += (i > 0 ? kGap : 0) + column.width;
    shown.push_back(std::move(column));
  }
  return shown;
}

std::string padded(const std::string& cell, const ShownColumn& column) {
  size_t width = 0;
  each_character(cell, [&](std::string_view, size_t columns) { width += columns; });
  const std::string space(column.width - std::min(width, column.width), ' ');
  return column.to_the_right ? space + cell : cell + space;
}

void add_line(const std::vector<ShownColumn>& columns, size_t line, bool more, std::string& out) {
  std::string text;
  for (const ShownColumn& column : columns) {
    if (&column != columns.data()) text.append(kGap, ' ');
    text += padded(column.cells[line], column);
  }
  if (more) text.append(kGap, ' ').append(kMore);
  text.erase(text.find_last_not_of(' ') + 1);
  out.append(text) += '\n';
}

void add_rule(const std::vector<ShownColumn>& columns, std::string& out) {
  for (const ShownColumn& column : columns) {
    if (&column != columns.data()) out.append(kGap, ' ');
    for (size_t i = 0; i < column.width; ++i) out += "─";
  }
  out += '\n';
}

std::string count_text(size_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

std::string size_text(const DataFrame& frame) {
  return fmt::format("{} × {}", count_text(frame.height(), "row"), count_text(frame.width(), "column"));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::string to_text(const DataFrame& frame, const ShowOptions& options) {
  const std::vector<size_t> rows = rows_shown(frame.height(), options.rows);
  const std::vector<ShownColumn> columns = columns_shown(frame, rows, options);
  const bool more = columns.size() < frame.width();
  std::string out;
  for (size_t line = 0; !columns.empty() && line < rows.size() + 2; ++line) {
    add_line(columns, line, more, out);
    if (line == 1) add_rule(columns, out);
  }
  return out + size_text(frame);
}

std::string to_html(const DataFrame& frame, const ShowOptions& options) {
  const std::vector<size_t> rows = rows_shown(frame.height(), options.rows);
  std::vector<std::vector<std::string>> columns;
  for (size_t i = 0; i < frame.width(); ++i) columns.push_back(cells_of(frame.columns()[i], frame.schema()[i], rows));
  const auto row_of = [&](size_t line, const char* tag) {
    std::string out = "<tr>";
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool right = line >= 2 && is_shown_to_the_right(frame.schema()[i].type);
      size_t width = 0;
      out += fmt::format("<{0}{1}>{2}</{0}>", tag, right ? " style=\"text-align:right\"" : "",
                         escaped(fitted(columns[i][line], options.cell, width)));
    }
    return out + "</tr>";
  };
  std::string out = "<table><thead>" + row_of(0, "th") + row_of(1, "td") + "</thead><tbody>";
  for (size_t line = 2; line < rows.size() + 2; ++line) out += row_of(line, "td");
  return out + "</tbody></table><small>" + size_text(frame) + "</small>";
}

}  // namespace headrace::frame
