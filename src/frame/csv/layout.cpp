#include "frame/csv/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "frame/csv/field_values.h"

namespace headrace::frame::csv {
namespace {

/// Forms that a column's values were seen to have.
using Forms = std::set<Form>;

DataType type_of(const Forms& forms) {
  const auto only = [&](std::initializer_list<Form> some) {
    return !forms.empty() && std::ranges::all_of(forms, [&](Form form) { return std::ranges::find(some, form) != some.end(); });
  };
  if (only({Form::Whole})) return TypeId::Int64;
  if (only({Form::Whole, Form::WideWhole})) return *DataType::decimal(DataType::kGreatestPrecision, 0);
  if (only({Form::Whole, Form::WideWhole, Form::Float})) return TypeId::Float64;
  if (only({Form::Bool})) return TypeId::Bool;
  if (only({Form::Date})) return TypeId::Date;
  if (only({Form::Moment})) return DataType::datetime(TimeUnit::Microsecond);
  if (only({Form::ZonedMoment})) return DataType::datetime(TimeUnit::Microsecond, "UTC");
  return TypeId::String;
}

Result<Dialect> dialect_of(const CsvOptions& options) {
  const Dialect dialect{.separator = static_cast<uint8_t>(options.separator),
                        .quote = static_cast<uint8_t>(options.quote_char.value_or('"')),
                        .eol = static_cast<uint8_t>(options.eol_char),
                        .has_quote = options.quote_char.has_value()};
  const bool differ = dialect.separator != dialect.eol && !dialect.is_quote(dialect.separator) && !dialect.is_quote(dialect.eol);
  if (!differ) return fail(ErrorKind::InvalidArgument, "separator, quote_char and eol_char must be different characters.");
  if (options.decimal_comma && options.separator == ',') {
    return fail(ErrorKind::InvalidArgument, "With decimal_comma=True the separator cannot be a comma; name another one.");
  }
  return dialect;
}

/// Passes over what stands before the rows; the names of a header.
Result<std::vector<std::string>> read_header(RowStream& rows, const CsvOptions& options, const Dialect& dialect, uint64_t& passed) {
  std::vector<std::string> names;
  bool has_seen_header = !options.has_header;
  uint64_t before = options.skip_rows, after = options.skip_rows_after_header;
  while (!has_seen_header || before > 0 || after > 0) {
    HR_TRY(const auto row, rows.next());
    if (!row) break;
    ++passed;
    if (before > 0) {
      --before;
    } else if (has_seen_header) {
      --after;
    } else if (!row->empty()) {
      for (const std::string_view field : fields_of(*row, dialect)) names.push_back(unquoted(field, dialect).value_or(std::string(field)));
      has_seen_header = true;
    }
  }
  return names;
}

/// Names that stand twice get others.
void make_unique(std::vector<std::string>& names) {
  std::set<std::string> taken(names.begin(), names.end()), seen;
  std::map<std::string, size_t> again;
  for (std::string& name : names) {
    if (seen.insert(name).second) continue;
    std::string other;
    do {
      other = fmt::format("{}_duplicated_{}", name, again[name]++);
    } while (!taken.insert(other).second);
    name = other;
    seen.insert(name);
  }
}

/// The columns of the first file, and what their values look like.
class Inference {
 public:
  Inference(const CsvOptions& options, const Dialect& dialect) : options_(options), dialect_(dialect) {}

  Result<Layout> run(RowStream& rows, const std::string& name) {
    uint64_t passed = 0;
    HR_TRY(names_, read_header(rows, options_, dialect_, passed));
    make_unique(names_);
    HR_CHECK(look_at(rows));
    if (names_.empty() && options_.raise_if_empty) {
      return fail(ErrorKind::InvalidData,
                  fmt::format("{}: there is no row in it; raise_if_empty=False gives a frame without columns.", name), name);
    }
    Layout layout{.options = options_, .dialect = dialect_, .file_names = names_, .columns = {}, .schema = {}};
    HR_CHECK(name_columns(layout));
    HR_CHECK(give_types(layout));
    HR_CHECK(order_columns(layout));
    return layout;
  }

 private:
  /// Whether the types are known without looking.
  bool is_typed() const { return options_.schema || options_.infer_schema_length == 0; }

  Result<void> look_at(RowStream& rows) {
    if (!options_.has_header && options_.schema) {
      for (const Field& field : *options_.schema) names_.push_back(field.name);
    }
    const bool needs_width = names_.empty() && !options_.has_header;
    if (is_typed() && !needs_width) return {};
    const uint64_t most = is_typed() ? 1 : options_.infer_schema_length.value_or(UINT64_MAX);
    for (uint64_t seen = 0; seen < most; ++seen) {
      HR_TRY(const auto row, rows.next());
      if (!row) break;
      const auto fields = fields_of(*row, dialect_);
      if (!options_.has_header) {
        while (names_.size() < fields.size()) names_.push_back(fmt::format("column_{}", names_.size()));
      }
      forms_.resize(names_.size());
      for (size_t i = 0; i < std::min(fields.size(), names_.size()); ++i) add_form(i, fields[i]);
    }
    return {};
  }

  void add_form(size_t column, std::string_view field) {
    if (field.empty() || is_typed()) return;
    const auto value = unquoted(field, dialect_);
    if (!value) {
      forms_[column].insert(Form::Text);
      return;
    }
    if (means_null(column, *value)) return;
    forms_[column].insert(form_of(*value, point(), options_.try_parse_dates));
  }

  char point() const { return options_.decimal_comma ? ',' : '.'; }

  bool means_null(size_t column, const std::string& value) const {
    const auto own = options_.null_value_of.find(names_[column]);
    if (own != options_.null_value_of.end() && own->second == value) return true;
    return std::ranges::find(options_.null_values, value) != options_.null_values.end();
  }

  Result<void> name_columns(Layout& layout) const {
    std::vector<std::string> names = names_;
    if (options_.new_columns) {
      if (options_.new_columns->size() != names.size()) {
        return fail(ErrorKind::InvalidArgument, fmt::format("new_columns has {} names, where the file has {} columns.",
                                                            options_.new_columns->size(), names.size()));
      }
      names = *options_.new_columns;
    }
    for (const auto& [name, value] : options_.null_value_of) {
      if (std::ranges::find(names, name) != names.end()) continue;
      return fail(ErrorKind::NotFound, fmt::format("null_values names the column {:?}; there are {}.", name, fmt::join(names, ", ")), name);
    }
    for (const std::string& name : names) {
      ColumnFormat column{.field = {name, TypeId::String}, .nulls = options_.null_values};
      const auto own = options_.null_value_of.find(name);
      if (own != options_.null_value_of.end()) column.nulls.push_back(own->second);
      layout.columns.push_back(std::move(column));
    }
    return {};
  }

  Result<void> give_types(Layout& layout) const {
    if (options_.types && options_.types->size() != layout.columns.size()) {
      return fail(ErrorKind::InvalidArgument, fmt::format("schema_overrides has {} types, where the file has {} columns.",
                                                          options_.types->size(), layout.columns.size()));
    }
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      Field& field = layout.columns[i].field;
      if (i < forms_.size()) field.type = type_of(forms_[i]);
      if (options_.schema) {
        const auto named = std::ranges::find(*options_.schema, field.name, &Field::name);
        if (named == options_.schema->end()) {
          return fail(ErrorKind::InvalidArgument, fmt::format("The file's column {:?} is not in the schema; name all of its columns: {}.",
                                                              field.name, fmt::join(names_, ", ")), field.name);
        }
        field.type = named->type;
      }
      const auto other = options_.schema_overrides.find(field.name);
      if (other != options_.schema_overrides.end()) field.type = other->second;
      if (options_.types) field.type = (*options_.types)[i];
      HR_CHECK(check_type(field));
    }
    return {};
  }

  Result<void> order_columns(Layout& layout) const {
    std::vector<Field> fields;
    if (options_.schema) {
      for (const Field& field : *options_.schema) {
        const auto found = std::ranges::find(layout.columns, field.name, [](const ColumnFormat& column) { return column.field.name; });
        if (found == layout.columns.end()) {
          return fail(ErrorKind::NotFound, fmt::format("The schema's column {:?} is not in the file; there are {}.", field.name,
                                                       fmt::join(names_, ", ")), field.name);
        }
        fields.push_back(found->field);
      }
    } else {
      for (const ColumnFormat& column : layout.columns) fields.push_back(column.field);
    }
    HR_TRY(layout.schema, Schema::make(std::move(fields)));
    return {};
  }

  const CsvOptions& options_;
  Dialect dialect_;
  std::vector<std::string> names_;
  std::vector<Forms> forms_;
};

}  // namespace

Reading Layout::reading() const {
  return {.point = options.decimal_comma ? ',' : '.',
          .empty_is_null = options.empty_string_is_null,
          .ignores_errors = options.ignore_errors,
          .is_lossy = options.is_lossy};
}

Result<Layout> layout_of(const Input& input, const CsvOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const Dialect dialect, dialect_of(options));
  HR_TRY(RowStream rows, RowStream::open(input, dialect, options.comment_prefix, budget));
  return Inference(options, dialect).run(rows, input.name());
}

Result<Start> start_of(const Input& input, const Layout& layout, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(RowStream rows, RowStream::open(input, layout.dialect, layout.options.comment_prefix, budget));
  Start start;
  HR_TRY(std::vector<std::string> names, read_header(rows, layout.options, layout.dialect, start.rows));
  make_unique(names);
  start.offset = rows.offset();
  if (!layout.options.has_header) names = layout.file_names;
  start.columns = names.size();
  for (const std::string& name : layout.file_names) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return fail(ErrorKind::InvalidData, fmt::format("{}: column {:?} is missing, which the scan has from its first file; there are {}.",
                                                      input.name(), name, fmt::join(names, ", ")), input.name());
    }
    start.places.push_back(static_cast<size_t>(found - names.begin()));
  }
  if (names.size() > layout.file_names.size()) {
    return fail(ErrorKind::InvalidData, fmt::format("{}: it has {} columns, where the scan's first file has {}.", input.name(),
                                                    names.size(), layout.file_names.size()), input.name());
  }
  return start;
}

Result<uint64_t> line_of(const Input& input, const Layout& layout, const Start& start, uint64_t row,
                         const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(RowStream rows, RowStream::open(input, layout.dialect, layout.options.comment_prefix, budget));
  for (uint64_t i = 0; i <= start.rows + row; ++i) {
    HR_TRY(const auto passed, rows.next());
    if (!passed) break;
  }
  return rows.line_of_row();
}

}  // namespace headrace::frame::csv
