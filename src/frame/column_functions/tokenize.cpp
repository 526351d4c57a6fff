#include "frame/tokenize.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

namespace headrace::frame {
namespace {

/// A vector as memory of a column, which its bytes are reserved for.
template <class T>
Result<Buffer> buffer_of(std::vector<T> values, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Reservation reserved, Reservation::take(budget, values.size() * sizeof(T)));
  if (values.empty()) return Buffer::allocate(sizeof(T), budget);
  struct Owner {
    std::vector<T> values;
    Reservation reserved;
  };
  auto owner = std::make_shared<Owner>(std::move(values), std::move(reserved));
  auto* const data = reinterpret_cast<std::byte*>(owner->values.data());
  return Buffer::foreign(data, owner->values.size() * sizeof(T), [held = owner]() mutable { held.reset(); });
}

class Tokenize final : public ColumnFunction {
 public:
  Tokenize(std::shared_ptr<const text::Pipeline> tokenizer, bool add_special_tokens)
      : tokenizer_(std::move(tokenizer)),
        options_{.add_special_tokens = add_special_tokens, .ids_only = true, .pad = false} {}

  std::string name() const override { return "tokenize"; }
  Traits traits() const override { return {.cost = 10000, .preferred_rows = size_t{16} << 10}; }

  Result<DataType> bind(std::span<const DataType> inputs) const override {
    const bool fits = inputs.size() == 1 && (inputs[0].id() == TypeId::String || inputs[0].id() == TypeId::Categorical);
    if (!fits) return fail(ErrorKind::InvalidArgument, "a tokenizer takes a column of text");
    return DataType::list(TypeId::UInt32);
  }

  Result<Array> call(std::span<const Array> inputs, size_t rows,
                     const std::shared_ptr<MemoryBudget>& budget) const override {
    const Array& input = inputs[0];
    std::vector<std::string_view> texts;
    texts.reserve(rows);
    for (size_t row = 0; row < rows; ++row) {
      if (input.is_valid(row)) texts.push_back(input.bytes(row));
    }
    HR_TRY(text::IdRows ids, tokenizer_->encode_batch_ids(texts, options_, false));
    std::vector<int64_t> starts = std::move(ids.row_starts);
    if (texts.size() < rows) starts = with_nulls(input, starts);
    HR_TRY(Buffer offsets, buffer_of(std::move(starts), budget));
    const size_t count = ids.ids.size();
    HR_TRY(Buffer values, buffer_of(std::move(ids.ids), budget));
    HR_TRY(Array items, Array::make({.type = TypeId::UInt32, .size = count, .values = std::move(values), .nulls = 0}));
    return Array::make({.type = DataType::list(TypeId::UInt32),
                        .size = rows,
                        .validity = input.validity(),
                        .values = std::move(offsets),
                        .child = std::make_shared<const Array>(std::move(items))});
  }

 private:
  /// Where each row's ids begin, where rows without a text have none.
  static std::vector<int64_t> with_nulls(const Array& input, const std::vector<int64_t>& starts) {
    std::vector<int64_t> all{0};
    size_t next = 0;
    for (size_t row = 0; row < input.size(); ++row) {
      next += input.is_valid(row);
      all.push_back(starts[next]);
    }
    return all;
  }

  std::shared_ptr<const text::Pipeline> tokenizer_;
  text::PipelineOptions options_;
};

}  // namespace

std::shared_ptr<const ColumnFunction> tokenizing(std::shared_ptr<const text::Pipeline> tokenizer,
                                                 bool add_special_tokens) {
  return std::make_shared<const Tokenize>(std::move(tokenizer), add_special_tokens);
}

}  // namespace headrace::frame
