#include "frame/plan/hive.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "frame/csv/dialect.h"
#include "frame/csv/field_values.h"
#include "frame/expressions/bound_expression.h"

namespace headrace::frame {
namespace {

/// name=value, the value without %XX; none for what stands for null.
struct Key {
  std::string name;
  std::optional<std::string> value;
};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_coded = text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0;
    out += is_coded ? static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2])) : text[i];
    if (is_coded) i += 2;
  }
  return out;
}

std::vector<Key> keys_of(const ScannedFile& file) {
  std::vector<Key> keys;
  const auto below = file.root.empty() ? file.path : file.path.lexically_relative(file.root);
  for (const auto& folder : below.parent_path()) {
    const std::string name = folder.string();
    const size_t equal = name.find('=');
    if (equal == name.npos || equal == 0) continue;
    const std::string value = name.substr(equal + 1);
    const bool is_null = value == "__HIVE_DEFAULT_PARTITION__";
    keys.push_back({decoded(name.substr(0, equal)), is_null ? std::nullopt : std::optional(decoded(value))});
  }
  return keys;
}

DataType type_of(const std::set<csv::Form>& forms) {
  using enum csv::Form;
  const auto only = [&](const std::set<csv::Form>& some) { return !forms.empty() && std::ranges::includes(some, forms); };
  if (only({Whole})) return TypeId::Int64;
  if (only({Whole, Float})) return TypeId::Float64;
  if (only({Bool})) return TypeId::Bool;
  if (only({Date})) return TypeId::Date;
  if (only({Moment})) return DataType::datetime(TimeUnit::Microsecond);
  return TypeId::String;
}

std::optional<Scalar> value_of(const std::optional<std::string>& text, const DataType& type) {
  if (!text) return Scalar::null(type);
  // Readers of digits look at bytes behind the text.
  const std::string padded = *text + std::string(csv::kPadding, '\0');
  const std::string_view value = std::string_view(padded).substr(0, text->size());
  int32_t days = 0;
  int64_t moment = 0;
  bool truth = false, has_zone = false;
  switch (type.id()) {
    case TypeId::Date: return csv::read_date(value, days) ? std::optional(Scalar::of(type, Int128{days})) : std::nullopt;
    case TypeId::Datetime:
      return csv::read_moment(value, type.unit(), moment, has_zone) ? std::optional(Scalar::of(type, Int128{moment})) : std::nullopt;
    case TypeId::Bool: return csv::read_bool(value, truth) ? std::optional(Scalar::of(truth)) : std::nullopt;
    default: break;
  }
  const auto bound = BoundExpression::bind(Expression::cast(Expression::literal(Scalar::of(*text)), type, true), Schema());
  if (!bound) return std::nullopt;
  const auto array = bound->evaluate({.columns = {}, .rows = 1}, process_budget());
  const auto scalar = array ? Scalar::at(*array, 0) : Result<Scalar>(std::unexpect);
  return scalar ? std::optional(*scalar) : std::nullopt;
}

/// The type of the folders' column `place`.
DataType type_of_column(const std::vector<std::vector<Key>>& keys, size_t place, const Plan::ParquetOptions& options,
                        const Schema& of_files) {
  const std::string& name = keys.front()[place].name;
  if (const auto given = options.hive_schema.find(name); given != options.hive_schema.end()) return given->second;
  if (const auto index = of_files.index_of(name)) return of_files[*index].type;
  std::set<csv::Form> forms;
  for (const auto& one : keys) {
    if (!one[place].value) continue;
    const std::string padded = *one[place].value + std::string(csv::kPadding, '\0');
    forms.insert(csv::form_of(std::string_view(padded).substr(0, one[place].value->size()), '.', options.try_parse_hive_dates));
  }
  return type_of(forms);
}

}  // namespace

Result<PlanNode::ScanParquet::FileColumns> columns_of_paths(const std::vector<ScannedFile>& files, bool has_partitions,
                                                            const Plan::ParquetOptions& options, const Schema& of_files) {
  PlanNode::ScanParquet::FileColumns out;
  std::vector<std::vector<Key>> keys(files.size());
  const auto names_of = [](const std::vector<Key>& some) {
    std::vector<std::string> names;
    for (const Key& key : some) names.push_back(key.name);
    return names;
  };
  for (size_t i = 0; i < files.size() && has_partitions; ++i) {
    keys[i] = keys_of(files[i]);
    if (names_of(keys[i]) == names_of(keys.front())) continue;
    const std::string path = files[i].path.string();
    return fail(ErrorKind::InvalidData,
                fmt::format("{}: its folders are not those name=value of {}; hive_partitioning=False makes no columns of folders.", path,
                            files.front().path.string()), path);
  }
  std::vector<Field> fields;
  for (size_t place = 0; place < keys.front().size(); ++place) {
    fields.push_back({keys.front()[place].name, type_of_column(keys, place, options, of_files)});
  }
  for (size_t i = 0; i < files.size(); ++i) {
    std::vector<Scalar> values;
    for (size_t place = 0; place < fields.size(); ++place) {
      auto value = value_of(keys[i][place].value, fields[place].type);
      if (!value) {
        const std::string path = files[i].path.string();
        return fail(ErrorKind::InvalidData, fmt::format("{}: {:?}, the value of {:?} in its folders, is no {}; name another type in "
                                                        "hive_schema.", path, *keys[i][place].value, fields[place].name,
                                                        to_string(fields[place].type)), path);
      }
      values.push_back(*std::move(value));
    }
    if (options.include_file_paths) values.push_back(Scalar::of(files[i].path.string()));
    out.values.push_back(std::move(values));
  }
  if (options.include_file_paths) fields.push_back({*options.include_file_paths, TypeId::String});
  HR_TRY(out.schema, Schema::make(std::move(fields)));
  return out;
}

}  // namespace headrace::frame
