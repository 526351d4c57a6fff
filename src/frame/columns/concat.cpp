#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/expressions/types.h"
#include "frame/reshape.h"

namespace headrace::frame {
namespace {

/// The names of all frames, each with the type of its first column, or that of all.
Result<std::vector<Field>> fields_of(std::span<const DataFrame> frames, bool relaxed) {
  std::vector<Field> fields;
  for (const DataFrame& frame : frames) {
    for (const Field& field : frame.schema().fields()) {
      const auto known = std::ranges::find(fields, field.name, &Field::name);
      if (known == fields.end()) {
        fields.push_back(field);
      } else if (known->type != field.type && relaxed) {
        auto both = common_type(known->type, field.type);
        if (!both) return fail(both.error().kind, fmt::format("Column {:?}: {}.", field.name, both.error().message), field.name);
        known->type = *both;
      }
    }
  }
  return fields;
}

/// The frame's columns cast to these types; null for those that it lacks.
Result<DataFrame> with_fields(const DataFrame& frame, const std::vector<Field>& fields, bool relaxed,
                              const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Column> columns;
  for (const Field& field : fields) {
    const auto index = frame.schema().index_of(field.name);
    if (!index) {
      HR_TRY(Array nulls, Array::all_null(field.type, frame.height(), budget));
      columns.emplace_back(std::move(nulls));
      continue;
    }
    if (frame.schema()[*index].type == field.type) {
      columns.push_back(frame.columns()[*index]);
      continue;
    }
    if (!relaxed) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Column {:?} is of type {} and of {}; cast one, or let concat find the type that they have in common.",
                              field.name, to_string(field.type), to_string(frame.schema()[*index].type)),
                  field.name);
    }
    const Expression cast[] = {Expression::cast(Expression::column(field.name), field.type, true)};
    HR_TRY(const DataFrame one, select(frame, cast, budget));
    columns.push_back(one.columns()[0]);
  }
  HR_TRY(Schema schema, Schema::make(fields));
  return DataFrame::make(std::move(schema), std::move(columns), frame.height());
}

Result<DataFrame> diagonal(std::span<const DataFrame> frames, bool relaxed, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const std::vector<Field> fields, fields_of(frames, relaxed));
  std::vector<DataFrame> alike;
  for (const DataFrame& frame : frames) {
    HR_TRY(DataFrame one, with_fields(frame, fields, relaxed, budget));
    alike.push_back(std::move(one));
  }
  return concat(alike);
}

Result<DataFrame> vertical_relaxed(std::span<const DataFrame> frames, const std::shared_ptr<MemoryBudget>& budget) {
  for (size_t n = 1; n < frames.size(); ++n) {
    if (!std::ranges::equal(frames[n].schema().fields(), frames[0].schema().fields(), {}, &Field::name, &Field::name)) {
      return fail(ErrorKind::InvalidArgument, fmt::format("The columns of frame {} are not named as those of the first.", n));
    }
  }
  return diagonal(frames, true, budget);
}

Result<DataFrame> horizontal(std::span<const DataFrame> frames) {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const DataFrame& frame : frames) {
    std::ranges::copy(frame.schema().fields(), std::back_inserter(fields));
    std::ranges::copy(frame.columns(), std::back_inserter(columns));
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), std::move(columns));
}

}  // namespace

Result<DataFrame> concat(std::span<const DataFrame> frames, ConcatKind kind, const std::shared_ptr<MemoryBudget>& budget) {
  switch (kind) {
    case ConcatKind::Vertical: return concat(frames);
    case ConcatKind::VerticalRelaxed: return vertical_relaxed(frames, budget);
    case ConcatKind::Horizontal: return horizontal(frames);
    case ConcatKind::Diagonal: return diagonal(frames, false, budget);
    case ConcatKind::DiagonalRelaxed: return diagonal(frames, true, budget);
  }
  std::unreachable();
}

}  // namespace headrace::frame
