#include "frame/csv/column_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "frame/array_builder.h"
#include "frame/csv/field_values.h"
#include "frame/csv/repair_text.h"
#include "frame/half.h"
#include "text/utf8.h"

namespace headrace::frame::csv {
namespace {

/// Which rows have no value; no bits are made before one has none.
class Nulls {
 public:
  explicit Nulls(size_t rows) : rows_(rows) {}
  Result<void> add(size_t row, const std::shared_ptr<MemoryBudget>& budget) {
    if (bits_.is_absent()) {
      HR_TRY(const Buffer bytes, Buffer::allocate((rows_ + 63) / 64 * 8, budget));
      std::memset(bytes.data(), 0xFF, bytes.size());
      bits_ = Bitmap(bytes, 0, rows_);
    }
    bits_.buffer().data()[row / 8] &= ~static_cast<std::byte>(1u << (row % 8));
    ++count_;
    return {};
  }
  const Bitmap& bits() const { return bits_; }
  size_t count() const { return count_; }

 private:
  size_t rows_, count_ = 0;
  Bitmap bits_;
};

class Parser {
 public:
  Parser(const FieldTable& table, size_t column, const ColumnFormat& format, const Reading& reading, const Selection& selection,
         const Fault& fault, const std::shared_ptr<MemoryBudget>& budget)
      : table_(table), column_(column), format_(format), reading_(reading), selection_(selection), fault_(fault), budget_(budget),
        rows_(selection.size(table.rows())), nulls_(rows_) {}

  Result<Array> parse();

 private:
  const DataType& type() const { return format_.field.type; }
  size_t row_at(size_t i) const { return selection_.is_all ? i : selection_.rows[i]; }
  bool is_quoted(std::string_view field) const {
    return !field.empty() && table_.dialect().is_quote(static_cast<uint8_t>(field.front()));
  }
  bool means_null(std::string_view value) const { return std::ranges::find(format_.nulls, value) != format_.nulls.end(); }

  std::unexpected<Error> wrong(size_t row, std::string_view field) const;
  /// Null where errors are ignored.
  Result<bool> refuse(size_t row, std::string_view field) const;
  /// What a quoted field says, quotes taken out in their place; none if something follows the closing one.
  std::optional<std::string_view> unquote(std::string_view field) const;

  /// The rarer fields: empty ones, quoted ones, those that mean null, wrong ones. Whether there is a value.
  template <class Read>
  Result<bool> read_odd(size_t row, std::string_view field, const Read& read) const;
  /// Calls read(field) for each row until it is true, and no_value(i) where there is none.
  template <class Read, class NoValue>
  Result<void> each(const Read& read, const NoValue& no_value) const;
  template <class T, class Read>
  Result<Array> fixed(const Read& read);
  template <class T>
  Result<Array> whole();
  Result<Array> decimal();
  Result<Array> moments();
  template <class Append>
  Result<Array> built(const Append& append);
  Result<Array> bools();
  Result<Array> categories();

  Result<Array> texts();
  Result<bool> odd_text(size_t row, std::string_view field, View& view);
  View view_of(std::string_view text) const;
  Result<View> repaired(std::string_view text);
  /// The blocks that views point into, if there are such views.
  std::shared_ptr<const Blocks> blocks(bool has_long) const;

  const FieldTable& table_;
  size_t column_;
  const ColumnFormat& format_;
  const Reading& reading_;
  const Selection& selection_;
  const Fault& fault_;
  const std::shared_ptr<MemoryBudget>& budget_;
  size_t rows_;
  Nulls nulls_;
  std::vector<Buffer> repaired_;
};

std::unexpected<Error> Parser::wrong(size_t row, std::string_view field) const {
  constexpr size_t kShown = 80;
  const bool is_long = field.size() > kShown;
  std::string shown;
  append_repaired(field.substr(0, kShown), shown);
  return std::unexpected(fault_(
      row, format_.field.name,
      fmt::format("{:?}{} is no {}. Name the column's type by schema_overrides, let more rows be looked at for it by a greater "
                  "infer_schema_length, name the value in null_values, or take nulls for such values by ignore_errors=True",
                  shown, is_long ? " …" : "", to_string(type()))));
}

Result<bool> Parser::refuse(size_t row, std::string_view field) const {
  if (reading_.ignores_errors) return false;
  return wrong(row, field);
}

std::optional<std::string_view> Parser::unquote(std::string_view field) const {
  const auto quote = static_cast<char>(table_.dialect().quote);
  if (field.size() < 2 || field.back() != quote) return std::nullopt;
  const std::string_view inner = field.substr(1, field.size() - 2);
  const size_t first = inner.find(quote);
  if (first == inner.npos) return inner;
  char* out = table_.text() + (inner.data() - table_.text());
  const char* begin = out;
  out += first;
  for (size_t i = first; i < inner.size(); ++i) {
    if (inner[i] == quote && (i + 1 == inner.size() || inner[++i] != quote)) return std::nullopt;
    *out++ = inner[i];
  }
  return std::string_view(begin, static_cast<size_t>(out - begin));
}

template <class Read>
Result<bool> Parser::read_odd(size_t row, std::string_view field, const Read& read) const {
  std::string_view value = field;
  if (is_quoted(field)) {
    const auto inner = unquote(field);
    if (!inner) return refuse(row, field);
    value = *inner;
  }
  if (value.empty() || means_null(value)) return false;
  // Readers of digits look at bytes behind the value: here a quote, which is no digit, or the field's end.
  return read(value) ? Result<bool>(true) : refuse(row, value);
}

template <class Read, class NoValue>
Result<void> Parser::each(const Read& read, const NoValue& no_value) const {
  const bool has_nulls = !format_.nulls.empty();
  for (size_t i = 0; i < rows_; ++i) {
    const size_t row = row_at(i);
    const std::string_view field = table_.view(table_.field(row, column_));
    const auto read_here = [&](std::string_view value) { return read(i, value); };
    if (!field.empty() && !has_nulls && read(i, field)) continue;
    HR_TRY(const bool has_value, read_odd(row, field, read_here));
    if (!has_value) HR_CHECK(no_value(i));
  }
  return {};
}

template <class T, class Read>
Result<Array> Parser::fixed(const Read& read) {
  HR_TRY(Buffer values, Buffer::allocate(rows_ * sizeof(T), budget_));
  T* out = values.as<T>();
  HR_CHECK(each([&](size_t i, std::string_view field) { return read(field, out[i]); },
                [&](size_t i) {
                  out[i] = T{};
                  return nulls_.add(i, budget_);
                }));
  return Array::make({.type = type(), .size = rows_, .validity = nulls_.bits(), .values = std::move(values), .nulls = nulls_.count()});
}

template <class T>
Result<Array> Parser::whole() {
  return fixed<T>([](std::string_view field, T& value) { return read_whole(field, value); });
}

Result<Array> Parser::decimal() {
  const int precision = type().precision(), scale = type().scale();
  const auto read = [=, point = reading_.point](std::string_view field, auto& value) {
    Int128 wide = 0;
    if (!read_decimal(field, point, precision, scale, wide)) return false;
    value = static_cast<std::remove_reference_t<decltype(value)>>(wide);
    return true;
  };
  return type().value_bytes() == 8 ? fixed<int64_t>(read) : fixed<Int128>(read);
}

Result<Array> Parser::moments() {
  const bool may_have_zone = !type().zone().empty();
  return fixed<int64_t>([=, unit = type().unit()](std::string_view field, int64_t& value) {
    bool has_zone = false;
    return read_moment(field, unit, value, has_zone) && (may_have_zone || !has_zone);
  });
}

template <class Append>
Result<Array> Parser::built(const Append& append) {
  ArrayBuilder builder(type(), budget_);
  Result<void> status;
  HR_CHECK(each([&](size_t, std::string_view field) { return append(builder, field, status); },
                [&](size_t) { return status ? builder.append_null() : Result<void>(status); }));
  HR_CHECK(status);
  return builder.finish();
}

Result<Array> Parser::bools() {
  return built([](ArrayBuilder& builder, std::string_view field, Result<void>& status) {
    bool value = false;
    if (!read_bool(field, value)) return false;
    if (status) status = builder.append_bool(value);
    return true;
  });
}

Result<Array> Parser::categories() {
  ArrayBuilder builder(type(), budget_);
  for (size_t i = 0; i < rows_; ++i) {
    View view;
    const std::string_view field = table_.view(table_.field(row_at(i), column_));
    HR_TRY(const bool has_value, odd_text(row_at(i), field, view));
    if (!has_value) {
      HR_CHECK(builder.append_null());
    } else if (view.is_inside()) {
      HR_CHECK(builder.append_bytes(view.inner_bytes()));
    } else {
      const Buffer& block = view.place.block == 0 ? table_.blocks()->front() : repaired_[view.place.block - 1];
      HR_CHECK(builder.append_bytes({block.as<char>() + view.place.offset, view.size}));
    }
  }
  return builder.finish();
}

View Parser::view_of(std::string_view text) const {
  return View::of(text, 0, static_cast<uint32_t>(text.data() - table_.text()));
}

Result<View> Parser::repaired(std::string_view text) {
  std::string out;
  append_repaired(text, out);
  HR_TRY(Buffer block, Buffer::allocate(out.size(), budget_));
  std::memcpy(block.data(), out.data(), out.size());
  repaired_.push_back(std::move(block));
  return View::of(out, static_cast<uint32_t>(repaired_.size()), 0);
}

Result<bool> Parser::odd_text(size_t row, std::string_view field, View& view) {
  std::string_view value = field;
  if (is_quoted(field)) {
    const auto inner = unquote(field);
    if (!inner) return refuse(row, field);
    value = *inner;
  } else if (field.empty() && reading_.empty_is_null) {
    return false;
  }
  if (means_null(value)) return false;
  if (table_.has_high() && text::utf8::valid_prefix(value) != value.size()) {
    if (!reading_.is_lossy) {
      if (reading_.ignores_errors) return false;
      return std::unexpected(fault_(row, format_.field.name, "its bytes are no UTF-8; they are replaced by encoding=\"utf8-lossy\""));
    }
    HR_TRY(view, repaired(value));
    return true;
  }
  view = view_of(value);
  return true;
}

std::shared_ptr<const Blocks> Parser::blocks(bool has_long) const {
  if (!has_long) return nullptr;
  if (repaired_.empty()) return table_.blocks();
  Blocks all(*table_.blocks());
  all.insert(all.end(), repaired_.begin(), repaired_.end());
  return std::make_shared<const Blocks>(std::move(all));
}

Result<Array> Parser::texts() {
  HR_TRY(Buffer values, Buffer::allocate(rows_ * sizeof(View), budget_));
  View* out = values.as<View>();
  const bool is_odd = !format_.nulls.empty() || table_.has_high();
  bool has_long = false;
  for (size_t i = 0; i < rows_; ++i) {
    const size_t row = row_at(i);
    const std::string_view field = table_.view(table_.field(row, column_));
    if (!field.empty() && !is_odd && !is_quoted(field)) {
      out[i] = view_of(field);
    } else {
      HR_TRY(const bool has_value, odd_text(row, field, out[i]));
      if (!has_value) HR_CHECK(nulls_.add(i, budget_));
    }
    has_long = has_long || !out[i].is_inside();
  }
  return Array::make({.type = type(), .size = rows_, .validity = nulls_.bits(), .values = std::move(values), .blocks = blocks(has_long),
                      .nulls = nulls_.count()});
}

Result<Array> Parser::parse() {
  const auto read_real = [point = reading_.point](std::string_view field, auto& value) { return read_float(field, point, value); };
  switch (type().id()) {
    case TypeId::Int8: return whole<int8_t>();
    case TypeId::Int16: return whole<int16_t>();
    case TypeId::Int32: return whole<int32_t>();
    case TypeId::Int64: return whole<int64_t>();
    case TypeId::UInt8: return whole<uint8_t>();
    case TypeId::UInt16: return whole<uint16_t>();
    case TypeId::UInt32: return whole<uint32_t>();
    case TypeId::UInt64: return whole<uint64_t>();
    case TypeId::Float32: return fixed<float>(read_real);
    case TypeId::Float64: return fixed<double>(read_real);
    case TypeId::Float16:
      return fixed<uint16_t>([&](std::string_view field, uint16_t& value) {
        double wide = 0;
        if (!read_real(field, wide)) return false;
        value = to_half(wide);
        return true;
      });
    case TypeId::Decimal: return decimal();
    case TypeId::Date: return fixed<int32_t>([](std::string_view field, int32_t& days) { return read_date(field, days); });
    case TypeId::Datetime: return moments();
    case TypeId::Bool: return bools();
    case TypeId::Categorical: return categories();
    default: return texts();
  }
}

}  // namespace

Result<void> check_type(const Field& field) {
  const DataType& type = field.type;
  const bool is_known = type.is_numeric() || type.id() == TypeId::Float16 || type.id() == TypeId::Bool || type.id() == TypeId::String ||
                        type.id() == TypeId::Date || type.id() == TypeId::Datetime || type.id() == TypeId::Categorical;
  const bool has_clock = type.id() != TypeId::Datetime || type.zone().empty() || type.zone() == "UTC";
  if (is_known && has_clock) return {};
  const char* why = is_known ? "only UTC's clock is known" : "read it as String and cast it";
  return fail(ErrorKind::Unsupported, fmt::format("Column {:?}: text is not read as {}; {}.", field.name, to_string(type), why),
              field.name);
}

Result<Array> parse_column(const FieldTable& table, size_t column, const ColumnFormat& format, const Reading& reading,
                           const Selection& selection, const Fault& fault, const std::shared_ptr<MemoryBudget>& budget) {
  return Parser(table, column, format, reading, selection, fault, budget).parse();
}

}  // namespace headrace::frame::csv
