#include <fmt/format.h>

#include <utility>

#include "frame/functions/pattern.h"
#include "frame/functions/rows.h"

namespace headrace::frame {
namespace {

const std::vector<DataType> kTexts = {TypeId::String, TypeId::String};

/// The pattern of every row: one for all, made when the function is bound, or that of the row, made where it is another than before.
class Patterns {
 public:
  static Result<Patterns> bind(const FunctionInput& input, bool is_literal, bool strict = true) {
    HR_CHECK(check_text_or_null(input));
    Patterns patterns;
    patterns.is_literal_ = is_literal;
    patterns.strict_ = strict;
    patterns.is_one_ = input.literal != nullptr;
    if (!patterns.is_one_ || input.literal->is_null()) return patterns;
    auto one = Pattern::of(input.literal->as_bytes(), is_literal);
    if (one) {
      patterns.one_ = std::make_shared<const Pattern>(*std::move(one));
    } else if (strict) {
      return std::unexpected(std::move(one).error());
    }
    return patterns;
  }
  bool is_one() const { return is_one_; }

  /// The searches of one call.
  class Searches {
   public:
    Searches(const Patterns& patterns, const Operand& operand) : patterns_(patterns), texts_(operand), pattern_(patterns.one_) {
      if (pattern_) search_.emplace(*pattern_);
    }
    /// Nothing for a pattern that is wrong, if that is no error.
    Result<PatternSearch*> at(size_t row) {
      if (patterns_.is_one_) return search_ ? &*search_ : nullptr;
      if (search_ && texts_[row] == written_) return &*search_;
      written_ = texts_[row];
      auto own = Pattern::of(written_, patterns_.is_literal_);
      if (!own && !patterns_.strict_) return nullptr;
      HR_TRY(Pattern next, std::move(own));
      search_.reset();
      pattern_ = std::make_shared<const Pattern>(std::move(next));
      return &search_.emplace(*pattern_);
    }
    const Pattern& pattern() const { return *pattern_; }

   private:
    const Patterns& patterns_;
    Texts texts_;
    std::shared_ptr<const Pattern> pattern_;
    std::optional<PatternSearch> search_;
    std::string written_;
  };

 private:
  bool is_literal_ = false, strict_ = true, is_one_ = false;
  std::shared_ptr<const Pattern> one_;
};

Result<BoundFunction> contains(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], options[0].as_bool(), options[1].as_bool()));
  return BoundFunction{.inputs = kTexts, .result = TypeId::Bool, .evaluate = [patterns](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    return each_row_if_any<bool>(TypeId::Bool, call, [&](size_t row) -> Result<std::optional<bool>> {
      HR_TRY(PatternSearch* search, searches.at(row));
      if (search == nullptr) return std::nullopt;
      HR_TRY(const auto match, search->find(texts[row], 0));
      return match.has_value();
    });
  }};
}

/// Where the first match begins, in bytes.
Result<BoundFunction> find(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], options[0].as_bool(), options[1].as_bool()));
  return BoundFunction{.inputs = kTexts, .result = TypeId::UInt32, .evaluate = [patterns](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    return each_row_if_any<uint32_t>(TypeId::UInt32, call, [&](size_t row) -> Result<std::optional<uint32_t>> {
      HR_TRY(PatternSearch* search, searches.at(row));
      if (search == nullptr) return std::nullopt;
      HR_TRY(const auto match, search->find(texts[row], 0));
      return match ? std::optional(static_cast<uint32_t>(match->begin)) : std::nullopt;
    });
  }};
}

Result<BoundFunction> count_matches(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], options[0].as_bool()));
  return BoundFunction{.inputs = kTexts, .result = TypeId::UInt32, .evaluate = [patterns](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    return each_row_if_any<uint32_t>(TypeId::UInt32, call, [&](size_t row) -> Result<std::optional<uint32_t>> {
      HR_TRY(PatternSearch* search, searches.at(row));
      uint32_t count = 0;
      HR_CHECK(search->each(texts[row], [&](const auto&) { return ++count > 0; }));
      return count;
    });
  }};
}

bool is_name(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Appends what stands for a match: $1, $name, ${name} are groups, empty if there are none such, and $$ a dollar.
void expand(std::string_view replacement, std::string_view text, const Pattern& pattern, const PatternSearch& search, std::string& out) {
  const auto append_group = [&](std::string_view name) {
    const auto index = pattern.group(name);
    const auto part = index ? search.group(*index) : std::nullopt;
    if (part) out += text.substr(part->begin, part->end - part->begin);
  };
  while (!replacement.empty()) {
    const size_t dollar = std::min(replacement.find('$'), replacement.size());
    out += replacement.substr(0, dollar);
    replacement.remove_prefix(dollar);
    if (replacement.empty()) return;
    const std::string_view rest = replacement.substr(1);
    size_t name = 0;
    while (name < rest.size() && is_name(rest[name])) ++name;
    const size_t brace = rest.starts_with('{') ? rest.find('}') : rest.npos;
    if (rest.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(2);
    } else if (brace != rest.npos) {
      append_group(rest.substr(1, brace - 1));
      replacement.remove_prefix(brace + 2);
    } else if (name > 0) {
      append_group(rest.substr(0, name));
      replacement.remove_prefix(name + 1);
    } else {
      out += '$';
      replacement.remove_prefix(1);
    }
  }
}

/// Nothing is replaced by a null. Options: whether the pattern and its replacement are literal, and how many matches are replaced at most
/// (below zero: all).
Result<BoundFunction> replace(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  const bool is_literal = options[0].as_bool();
  const auto most = static_cast<int64_t>(options[1].as_whole());
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], is_literal));
  HR_CHECK(check_text_or_null(inputs[2]));
  const DataType text = TypeId::String;
  return BoundFunction{.inputs = {text, text, text}, .result = text, .evaluate = [patterns, is_literal, most](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), replacements(call.inputs[2]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    std::string out;
    return each_row_if_any<std::string_view>(TypeId::String, call, [&](size_t row) -> Result<std::optional<std::string_view>> {
      const std::string_view input = texts[row];
      if (!replacements.has(row)) return input;
      const std::string_view replacement = replacements[row];
      HR_TRY(PatternSearch* search, searches.at(row));
      out.clear();
      size_t done = 0;
      int64_t left = most;
      if (left == 0) return input;
      HR_CHECK(search->each(input, [&](const PatternSearch::Match& match) {
        out += input.substr(done, match.begin - done);
        if (is_literal) {
          out += replacement;
        } else {
          expand(replacement, input, searches.pattern(), *search, out);
        }
        done = match.end;
        return --left != 0;
      }));
      out += input.substr(done);
      return out;
    });
  }, .needed = 2};
}

Result<BoundFunction> extract(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  const auto group = static_cast<size_t>(options[0].as_whole());
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], false));
  return BoundFunction{.inputs = kTexts, .result = TypeId::String, .evaluate = [patterns, group](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    return each_row_if_any<std::string_view>(TypeId::String, call, [&](size_t row) -> Result<std::optional<std::string_view>> {
      HR_TRY(PatternSearch* search, searches.at(row));
      HR_TRY(const auto match, search->find(texts[row], 0));
      const auto part = match ? search->group(group) : std::nullopt;
      return part ? std::optional(texts[row].substr(part->begin, part->end - part->begin)) : std::nullopt;
    });
  }};
}

/// A list of texts for each row in which all inputs have a value; append(row, items) makes its items.
template <class Append>
Result<Array> each_list(const FunctionCall& call, const Append& append) {
  ArrayBuilder builder(DataType::list(TypeId::String), call.budget);
  HR_TRY(const Bitmap valid, valid_rows(call));
  for (size_t row = 0; row < call.rows; ++row) {
    if (!valid[row]) {
      HR_CHECK(builder.append_null());
      continue;
    }
    HR_CHECK(append(row, builder.items()));
    HR_CHECK(builder.append_list());
  }
  return builder.finish();
}

Result<BoundFunction> extract_all(FunctionInputs inputs, FunctionOptions) {
  HR_CHECK(check_text(inputs[0]));
  HR_TRY(Patterns patterns, Patterns::bind(inputs[1], false));
  const DataType list = DataType::list(TypeId::String);
  return BoundFunction{.inputs = kTexts, .result = list, .evaluate = [patterns](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    Patterns::Searches searches(patterns, call.inputs[1]);
    return each_list(call, [&](size_t row, ArrayBuilder& items) -> Result<void> {
      HR_TRY(PatternSearch* search, searches.at(row));
      Result<void> appended;
      HR_CHECK(search->each(texts[row], [&](const PatternSearch::Match& match) {
        appended = items.append_bytes(texts[row].substr(match.begin, match.end - match.begin));
        return appended.has_value();
      }));
      return appended;
    });
  }};
}

/// Between nothing, text is split into its characters.
Result<void> split_characters(std::string_view text, ArrayBuilder& items) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
    HR_CHECK(items.append_bytes(text.substr(begin, end - begin)));
    begin = end;
  }
  return {};
}

/// Option: whether each part keeps what it ends with; then there is no empty one behind the last.
Result<BoundFunction> split(FunctionInputs inputs, FunctionOptions options) {
  HR_CHECK(check_text(inputs[0]));
  HR_CHECK(check_text_or_null(inputs[1]));
  const bool inclusive = options[0].as_bool();
  const DataType list = DataType::list(TypeId::String);
  return BoundFunction{.inputs = kTexts, .result = list, .evaluate = [inclusive](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), separators(call.inputs[1]);
    return each_list(call, [&](size_t row, ArrayBuilder& items) -> Result<void> {
      std::string_view rest = texts[row];
      const std::string_view by = separators[row];
      if (by.empty()) return split_characters(rest, items);
      for (size_t place; (place = rest.find(by)) != rest.npos; rest.remove_prefix(place + by.size())) {
        HR_CHECK(items.append_bytes(rest.substr(0, inclusive ? place + by.size() : place)));
      }
      return inclusive && rest.empty() ? Result<void>() : items.append_bytes(rest);
    });
  }};
}

}  // namespace

std::span<const FunctionEntry> text_pattern_functions() {
  static constexpr FunctionEntry kEntries[] = {
      {"str.contains", 2, 2, 2, contains}, {"str.find", 2, 2, 2, find},           {"str.count_matches", 2, 2, 1, count_matches},
      {"str.replace", 3, 3, 2, replace},   {"str.extract", 2, 2, 1, extract},     {"str.extract_all", 2, 2, 0, extract_all},
      {"str.split", 2, 2, 1, split},
  };
  return kEntries;
}

}  // namespace headrace::frame
