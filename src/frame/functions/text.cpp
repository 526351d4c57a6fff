#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/unicode_tables.h"
#include "frame/functions/letter_case.h"
#include "frame/functions/like.h"
#include "frame/functions/parts.h"
#include "text/utf8.h"

namespace headrace::frame {

namespace utf8 = headrace::text::utf8;

Result<void> check_text(const FunctionInput& input) {
  if (input.type.id() == TypeId::String) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("{} is no String", to_string(input.type)));
}

Result<void> check_text_or_null(const FunctionInput& input) {
  if (input.type.id() == TypeId::Null) return {};
  return check_text(input);
}

namespace {

const DataType kText = TypeId::String;

/// Of texts, the first input; of the others, types that are asked for.
Result<BoundFunction> of_text(FunctionInputs inputs, std::vector<DataType> others, DataType result,
                              std::function<Result<Array>(const FunctionCall&)> evaluate, size_t needed = SIZE_MAX) {
  HR_CHECK(check_text(inputs[0]));
  for (size_t i = 0; i < others.size(); ++i) {
    if (others[i] != kText) continue;
    HR_CHECK(check_text_or_null(inputs[i + 1]));
  }
  others.insert(others.begin(), kText);
  return BoundFunction{.inputs = std::move(others), .result = std::move(result), .evaluate = std::move(evaluate), .needed = needed};
}

size_t length_of(std::string_view text) {
  size_t length = 0;
  for (const char byte : text) length += !utf8::is_continuation(byte);
  return length;
}

Result<BoundFunction> len_bytes(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {}, TypeId::UInt32, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    return each_row<uint32_t>(TypeId::UInt32, call, [&](size_t row) { return static_cast<uint32_t>(texts[row].size()); });
  });
}

Result<BoundFunction> len_chars(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {}, TypeId::UInt32, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    return each_row<uint32_t>(TypeId::UInt32, call, [&](size_t row) { return static_cast<uint32_t>(length_of(texts[row])); });
  });
}

template <bool kAtEnd>
Result<BoundFunction> has_at_edge(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {kText}, TypeId::Bool, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), parts(call.inputs[1]);
    return each_row<bool>(TypeId::Bool, call, [&](size_t row) {
      return kAtEnd ? texts[row].ends_with(parts[row]) : texts[row].starts_with(parts[row]);
    });
  });
}

Result<BoundFunction> like(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {kText}, TypeId::Bool, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), patterns(call.inputs[1]);
    if (call.inputs[1].is_scalar()) {
      const Like one(patterns[0]);
      return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return one.matches(texts[row]); });
    }
    return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return Like(patterns[row]).matches(texts[row]); });
  });
}

/// Where character `index` begins; the end of the text beyond the last.
size_t place_of(std::string_view text, uint64_t index) {
  size_t place = 0;
  for (; index > 0 && place < text.size(); --index) place += utf8::length_by_lead(text[place]);
  return place;
}

/// Characters [begin, end) of a text; both are cut to it.
std::string_view characters(std::string_view text, int64_t begin, int64_t end) {
  if (end <= begin || end <= 0) return text.substr(0, 0);
  const size_t from = begin <= 0 ? 0 : place_of(text, static_cast<uint64_t>(begin));
  const std::string_view rest = text.substr(from);
  return rest.substr(0, place_of(rest, static_cast<uint64_t>(end) - static_cast<uint64_t>(std::max<int64_t>(begin, 0))));
}

int64_t sum_or_limit(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

/// From character `offset`, counted from the end if below zero, so many; all that are left without a length, or where it is null.
Result<BoundFunction> slice(FunctionInputs inputs, FunctionOptions) {
  std::vector<DataType> others(inputs.size() - 1, TypeId::Int64);
  return of_text(inputs, others, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    const Values<int64_t> offsets(call.inputs[1]);
    std::optional<Values<int64_t>> lengths;
    if (call.inputs.size() > 2) lengths.emplace(call.inputs[2]);
    return each_part(call, [&](size_t row) {
      const int64_t offset = offsets[row];
      const int64_t begin = offset < 0 ? sum_or_limit(static_cast<int64_t>(length_of(texts[row])), offset) : offset;
      return characters(texts[row], begin, lengths && lengths->has(row) ? sum_or_limit(begin, (*lengths)[row]) : INT64_MAX);
    });
  }, 2);
}

/// The first n characters; all but the last -n if n is below zero.
Result<BoundFunction> head(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {TypeId::Int64}, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    const Values<int64_t> counts(call.inputs[1]);
    return each_part(call, [&](size_t row) {
      const int64_t n = counts[row];
      return characters(texts[row], 0, n < 0 ? sum_or_limit(static_cast<int64_t>(length_of(texts[row])), n) : n);
    });
  });
}

/// The last n characters; all but the first -n if n is below zero.
Result<BoundFunction> tail(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {TypeId::Int64}, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    const Values<int64_t> counts(call.inputs[1]);
    return each_part(call, [&](size_t row) {
      const int64_t n = counts[row];
      const int64_t begin = n >= 0 ? static_cast<int64_t>(length_of(texts[row])) - n : n == INT64_MIN ? INT64_MAX : -n;
      return characters(texts[row], begin, INT64_MAX);
    });
  });
}

bool is_among(std::string_view character, std::string_view set) { return set.find(character) != set.npos; }
bool is_white(std::string_view character) {
  uint32_t length = 0;
  return (unicode::class_of(utf8::decode(character.data(), length)) & unicode::kWhiteSpace) != 0;
}

/// Without the characters at its edges that is_stripped() names.
template <bool kStart, bool kEnd, class IsStripped>
std::string_view stripped(std::string_view text, const IsStripped& is_stripped) {
  while (kStart && !text.empty()) {
    const std::string_view first = text.substr(0, utf8::length_by_lead(text.front()));
    if (!is_stripped(first)) break;
    text.remove_prefix(first.size());
  }
  while (kEnd && !text.empty()) {
    size_t begin = text.size() - 1;
    while (utf8::is_continuation(text[begin])) --begin;
    if (!is_stripped(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

/// Of white space, or with a second input of its characters where that is not null.
template <bool kStart, bool kEnd>
Result<BoundFunction> strip(FunctionInputs inputs, FunctionOptions) {
  if (inputs.size() == 1) {
    return of_text(inputs, {}, kText, [](const FunctionCall& call) {
      const Texts texts(call.inputs[0]);
      return each_part(call, [&](size_t row) { return stripped<kStart, kEnd>(texts[row], is_white); });
    });
  }
  return of_text(inputs, {kText}, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), sets(call.inputs[1]);
    return each_part(call, [&](size_t row) {
      if (!sets.has(row)) return stripped<kStart, kEnd>(texts[row], is_white);
      const std::string_view set = sets[row];
      return stripped<kStart, kEnd>(texts[row], [set](std::string_view character) { return is_among(character, set); });
    });
  }, 1);
}

template <bool kAtEnd>
Result<BoundFunction> strip_part(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {kText}, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]), parts(call.inputs[1]);
    return each_part(call, [&](size_t row) {
      const std::string_view text = texts[row], part = parts[row];
      if (kAtEnd) return text.ends_with(part) ? text.substr(0, text.size() - part.size()) : text;
      return text.starts_with(part) ? text.substr(part.size()) : text;
    });
  });
}

template <void (*kAppend)(std::string_view, std::string&)>
Result<BoundFunction> rewritten(FunctionInputs inputs, FunctionOptions) {
  return of_text(inputs, {}, kText, [](const FunctionCall& call) {
    const Texts texts(call.inputs[0]);
    return each_text(call, [&](size_t row, std::string& out) { kAppend(texts[row], out); });
  });
}

/// Longest text that is made by filling up.
constexpr int64_t kLongestPadded = int64_t{1} << 30;

Result<BoundFunction> padded(FunctionInputs inputs, std::string fill, bool at_end, bool keeps_sign) {
  return of_text(inputs, {TypeId::Int64}, kText, [=](const FunctionCall& call) -> Result<Array> {
    const Texts texts(call.inputs[0]);
    const Values<int64_t> lengths(call.inputs[1]);
    std::string out;
    return each_row_if_any<std::string_view>(kText, call, [&](size_t row) -> Result<std::optional<std::string_view>> {
      const int64_t wanted = lengths[row];
      if (wanted < 0 || wanted > kLongestPadded) {
        return fail(ErrorKind::OutOfRange, fmt::format("{} is no length that a text can be filled up to", wanted));
      }
      std::string_view text = texts[row];
      out.clear();
      const int64_t missing = wanted - static_cast<int64_t>(length_of(text));
      if (keeps_sign && (text.starts_with('-') || text.starts_with('+'))) {
        out += text.front();
        text.remove_prefix(1);
      }
      if (at_end) out += text;
      for (int64_t i = 0; i < missing; ++i) out += fill;
      if (!at_end) out += text;
      return out;
    });
  });
}

template <bool kAtEnd>
Result<BoundFunction> pad(FunctionInputs inputs, FunctionOptions options) {
  const std::string& fill = options[0].as_bytes();
  if (length_of(fill) != 1) return fail(ErrorKind::InvalidArgument, fmt::format("{:?} is not one character to fill up with", fill));
  return padded(inputs, fill, kAtEnd, false);
}

Result<BoundFunction> zfill(FunctionInputs inputs, FunctionOptions) { return padded(inputs, "0", false, true); }

/// Options: what stands between the texts, and whether a null is left out; else it makes the row null.
Result<BoundFunction> concat_str(FunctionInputs inputs, FunctionOptions options) {
  const std::string separator = options[0].as_bytes();
  const bool ignores = options[1].as_bool();
  return BoundFunction{.inputs = std::vector<DataType>(inputs.size(), kText), .result = kText, .evaluate = [=](const FunctionCall& call) {
    std::vector<Texts> texts;
    for (const Operand& input : call.inputs) texts.emplace_back(input);
    return each_text(call, [&](size_t row, std::string& out) {
      bool is_first = true;
      for (const Texts& text : texts) {
        if (!text.has(row)) continue;
        if (!std::exchange(is_first, false)) out += separator;
        out += text[row];
      }
    });
  }, .needed = ignores ? 0 : SIZE_MAX};
}

}  // namespace

std::span<const FunctionEntry> text_functions() {
  static constexpr FunctionEntry kEntries[] = {
      {"str.len_bytes", 1, 1, 0, len_bytes},
      {"str.len_chars", 1, 1, 0, len_chars},
      {"str.starts_with", 2, 2, 0, has_at_edge<false>},
      {"str.ends_with", 2, 2, 0, has_at_edge<true>},
      {"str.like", 2, 2, 0, like},
      {"str.slice", 2, 3, 0, slice},
      {"str.head", 2, 2, 0, head},
      {"str.tail", 2, 2, 0, tail},
      {"str.strip_chars", 1, 2, 0, strip<true, true>},
      {"str.strip_chars_start", 1, 2, 0, strip<true, false>},
      {"str.strip_chars_end", 1, 2, 0, strip<false, true>},
      {"str.strip_prefix", 2, 2, 0, strip_part<false>},
      {"str.strip_suffix", 2, 2, 0, strip_part<true>},
      {"str.to_lowercase", 1, 1, 0, rewritten<append_lowercase>},
      {"str.to_uppercase", 1, 1, 0, rewritten<append_uppercase>},
      {"str.reverse", 1, 1, 0, rewritten<append_reversed>},
      {"str.pad_start", 2, 2, 1, pad<false>},
      {"str.pad_end", 2, 2, 1, pad<true>},
      {"str.zfill", 2, 2, 0, zfill},
      {"concat_str", 1, SIZE_MAX, 2, concat_str},
  };
  return kEntries;
}

}  // namespace headrace::frame
