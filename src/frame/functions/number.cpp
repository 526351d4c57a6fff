#include <algorithm>
#include <cmath>
#include <utility>

#include "frame/expressions/types.h"
#include "frame/functions/numbers.h"

namespace headrace::frame {
namespace {

std::unexpected<Error> no_number(const DataType& type) {
  return fail(ErrorKind::InvalidArgument, fmt::format("{} has none such", to_string(type)));
}

template <class T>
using Unsigned = std::conditional_t<std::is_same_v<T, Int128>, std::type_identity<UInt128>, std::make_unsigned<T>>::type;

/// The least number has no counterpart: it stays what it is.
template <class T>
T absolute(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::abs(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    return value;
  } else {
    using U = Unsigned<T>;
    return value < 0 ? static_cast<T>(static_cast<U>(-static_cast<U>(value))) : value;
  }
}

Result<BoundFunction> abs(FunctionInputs inputs, FunctionOptions) {
  const DataType type = inputs[0].type;
  if (!type.is_numeric() && type.id() != TypeId::Duration) return no_number(type);
  return BoundFunction{.inputs = {type}, .result = type, .evaluate = [type](const FunctionCall& call) {
    return with_memory_type(type, [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      return each_row<T>(type, call, [&](size_t row) { return absolute(values[row]); });
    });
  }};
}

Result<BoundFunction> sign(FunctionInputs inputs, FunctionOptions) {
  const DataType type = inputs[0].type;
  if (!type.is_numeric()) return no_number(type);
  const Int128 one = type.id() == TypeId::Decimal ? power_of_ten(type.scale()) : Int128{1};
  return BoundFunction{.inputs = {type}, .result = type, .evaluate = [type, one](const FunctionCall& call) {
    return with_memory_type(type, [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      const T unit = static_cast<T>(one);
      return each_row<T>(type, call, [&](size_t row) {
        const T value = values[row];
        return value > T{} ? unit : value < T{} ? static_cast<T>(T{} - unit) : value;
      });
    });
  }};
}

enum class Rounding : uint8_t { Floor, Ceil, HalfToEven, HalfAwayFromZero };

template <class T>
T rounded(T value, Rounding how) {
  switch (how) {
    case Rounding::Floor: return std::floor(value);
    case Rounding::Ceil: return std::ceil(value);
    case Rounding::HalfAwayFromZero: return std::round(value);
    case Rounding::HalfToEven: return std::nearbyint(value);
  }
  std::unreachable();
}

/// A whole number of units, as a number of `step` units at a time.
Int128 rounded_to(Int128 value, Int128 step, Rounding how) {
  Int128 quotient = value / step, rest = value % step;
  if (rest < 0) rest += step, --quotient;  // from below
  const Int128 twice = 2 * rest;
  const bool up = how == Rounding::Ceil               ? rest > 0
                  : how == Rounding::Floor            ? false
                  : how == Rounding::HalfAwayFromZero ? twice > step || (twice == step && value >= 0)
                                                      : twice > step || (twice == step && quotient % 2 != 0);
  return (quotient + up) * step;
}

Result<BoundFunction> round_decimal(const DataType& type, int places, Rounding how) {
  if (places >= type.scale()) {
    return BoundFunction{.inputs = {type}, .result = type, .evaluate = [](const FunctionCall& call) -> Result<Array> {
      if (!call.inputs[0].is_scalar()) return call.inputs[0].array();
      return repeat(call.inputs[0].scalar(), call.rows, call.budget);
    }};
  }
  // The nines before the point may need one more digit.
  HR_TRY(const DataType result, DataType::decimal(std::min(DataType::kGreatestPrecision, type.precision() + 1), type.scale()));
  const Int128 step = power_of_ten(type.scale() - places), limit = power_of_ten(result.precision());
  return BoundFunction{.inputs = {result}, .result = result, .evaluate = [=](const FunctionCall& call) {
    return with_memory_type(result, [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      return each_row_if_any<T>(result, call, [&](size_t row) -> Result<std::optional<T>> {
        const Int128 value = rounded_to(static_cast<Int128>(values[row]), step, how);
        if (value < limit && value > -limit) return static_cast<T>(value);
        return fail(ErrorKind::OutOfRange, fmt::format("a result has more digits than {}", to_string(result)));
      });
    });
  }};
}

template <class T>
T rounded_at(T value, int places, Rounding how) {
  if (places == 0) return rounded(value, how);
  const double power = std::pow(10.0, places);
  const double scaled = double{value} * power;
  // So great a number has no such places.
  if (!std::isfinite(scaled) || std::abs(scaled) >= 0x1p52) return value;
  return static_cast<T>(rounded(scaled, how) / power);
}

Result<BoundFunction> rounding(FunctionInputs inputs, int places, Rounding how) {
  const DataType type = inputs[0].type;
  if (!type.is_numeric()) return no_number(type);
  if (type.id() == TypeId::Decimal) return round_decimal(type, places, how);
  return BoundFunction{.inputs = {type}, .result = type, .evaluate = [=](const FunctionCall& call) {
    return with_memory_type(type, [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      return each_row<T>(type, call, [&](size_t row) {
        if constexpr (std::is_floating_point_v<T>) return rounded_at(values[row], places, how);
        return values[row];
      });
    });
  }};
}

Result<BoundFunction> floor(FunctionInputs inputs, FunctionOptions) { return rounding(inputs, 0, Rounding::Floor); }
Result<BoundFunction> ceil(FunctionInputs inputs, FunctionOptions) { return rounding(inputs, 0, Rounding::Ceil); }
Result<BoundFunction> round(FunctionInputs inputs, FunctionOptions options) {
  const std::string& mode = options[1].as_bytes();
  if (options[0].as_whole() < 0) return fail(ErrorKind::InvalidArgument, "a number is not rounded to fewer than no decimals");
  const int places = static_cast<int>(std::min<Int128>(options[0].as_whole(), 400));
  if (mode == "half_to_even") return rounding(inputs, places, Rounding::HalfToEven);
  if (mode == "half_away_from_zero") return rounding(inputs, places, Rounding::HalfAwayFromZero);
  return fail(ErrorKind::InvalidArgument, fmt::format("{:?} is no way to round; half_to_even and half_away_from_zero are", mode));
}

/// What floats are calculated as: Float32 stays, all else becomes Float64.
DataType float_of(const DataType& type) { return type.id() == TypeId::Float32 ? type : DataType(TypeId::Float64); }

template <double (*kOf)(double)>
Result<BoundFunction> of_float(FunctionInputs inputs, FunctionOptions) {
  const DataType& from = inputs[0].type;
  if (!from.is_numeric() && from.id() != TypeId::Bool) return no_number(from);
  const DataType type = float_of(from);
  return BoundFunction{.inputs = {type}, .result = type, .evaluate = [type](const FunctionCall& call) {
    const auto run = [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      return each_row<T>(type, call, [&](size_t row) { return static_cast<T>(kOf(double{values[row]})); });
    };
    return type.id() == TypeId::Float32 ? run(static_cast<float*>(nullptr)) : run(static_cast<double*>(nullptr));
  }};
}

/// To a base. What has a function of its own is exact where a quotient is not.
double logarithm(double value, double base) {
  if (base == 2) return std::log2(value);
  if (base == 10) return std::log10(value);
  if (base == std::exp(1.0)) return std::log(value);
  return std::log(value) / std::log(base);
}

Result<BoundFunction> log(FunctionInputs inputs, FunctionOptions) {
  if (!inputs[0].type.is_numeric() && inputs[0].type.id() != TypeId::Bool) return no_number(inputs[0].type);
  if (!inputs[1].type.is_numeric()) return no_number(inputs[1].type);
  const DataType type = float_of(inputs[0].type);
  return BoundFunction{.inputs = {type, TypeId::Float64}, .result = type, .evaluate = [type](const FunctionCall& call) {
    const Values<double> bases(call.inputs[1]);
    const auto run = [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      return each_row<T>(type, call, [&](size_t row) { return static_cast<T>(logarithm(double{values[row]}, bases[row])); });
    };
    return type.id() == TypeId::Float32 ? run(static_cast<float*>(nullptr)) : run(static_cast<double*>(nullptr));
  }};
}

/// Whole numbers wrap around, as in products.
template <class T>
T power(T base, uint64_t exponent) {
  using U = Unsigned<T>;
  // Narrow ones would be multiplied as int, and overflow it.
  uint64_t result = 1, square = static_cast<U>(base);
  for (; exponent > 0; exponent /= 2, square *= square) {
    if (exponent % 2 != 0) result *= square;
  }
  return static_cast<T>(result);
}

Result<BoundFunction> whole_power(const DataType& type) {
  return BoundFunction{.inputs = {type, TypeId::Int64}, .result = type, .evaluate = [type](const FunctionCall& call) {
    const Values<int64_t> exponents(call.inputs[1]);
    return with_memory_type(type, [&]<class T>(T*) {
      const Values<T> bases(call.inputs[0]);
      return each_row_if_any<T>(type, call, [&](size_t row) -> Result<std::optional<T>> {
        const int64_t exponent = exponents[row];
        if constexpr (std::is_integral_v<T>) {
          if (exponent >= 0) return power(bases[row], static_cast<uint64_t>(exponent));
        }
        return fail(ErrorKind::OutOfRange, fmt::format("a whole number has no power {}; cast to Float64", exponent));
      });
    });
  }};
}

Result<BoundFunction> pow(FunctionInputs inputs, FunctionOptions) {
  const DataType& base = inputs[0].type;
  const DataType& exponent = inputs[1].type;
  const auto fits = [](const DataType& type) { return type.is_integer() || (type.is_float() && type.id() != TypeId::Float16); };
  if (!fits(base)) return no_number(base);
  if (!fits(exponent)) return no_number(exponent);
  if (base.is_integer() && exponent.is_integer()) return whole_power(base);
  const DataType type = base.is_float() ? base : inputs[1].literal != nullptr ? DataType(TypeId::Float64) : exponent;
  return BoundFunction{.inputs = {type, type}, .result = type, .evaluate = [type](const FunctionCall& call) {
    const auto run = [&]<class T>(T*) {
      const Values<T> bases(call.inputs[0]), exponents(call.inputs[1]);
      return each_row<T>(type, call, [&](size_t row) { return std::pow(bases[row], exponents[row]); });
    };
    return type.id() == TypeId::Float32 ? run(static_cast<float*>(nullptr)) : run(static_cast<double*>(nullptr));
  }};
}

/// Options: which bounds there are. A bound that is null, or NaN, is none.
Result<BoundFunction> clip(FunctionInputs inputs, FunctionOptions options) {
  const DataType type = inputs[0].type;
  if (!type.is_numeric() && !type.is_temporal()) return no_number(type);
  const bool has_lower = options[0].as_bool(), has_upper = options[1].as_bool();
  return BoundFunction{.inputs = std::vector<DataType>(inputs.size(), type), .result = type, .evaluate = [=](const FunctionCall& call) {
    return with_memory_type(type, [&]<class T>(T*) {
      const Values<T> values(call.inputs[0]);
      std::optional<Values<T>> lower, upper;
      if (has_lower) lower.emplace(call.inputs[1]);
      if (has_upper) upper.emplace(call.inputs.back());
      return each_row_if_any<T>(type, call, [&](size_t row) -> Result<std::optional<T>> {
        const T value = values[row];
        if (lower && lower->has(row) && value < (*lower)[row]) return (*lower)[row];
        return upper && upper->has(row) && value > (*upper)[row] ? (*upper)[row] : value;
      });
    });
  }, .needed = 1};
}

double sqrt_of(double x) { return std::sqrt(x); }
double cbrt_of(double x) { return std::cbrt(x); }
double exp_of(double x) { return std::exp(x); }
double log1p_of(double x) { return std::log1p(x); }

}  // namespace

std::span<const FunctionEntry> number_functions() {
  static constexpr FunctionEntry kEntries[] = {
      {"abs", 1, 1, 0, abs},
      {"sign", 1, 1, 0, sign},
      {"floor", 1, 1, 0, floor},
      {"ceil", 1, 1, 0, ceil},
      {"round", 1, 1, 2, round},
      {"sqrt", 1, 1, 0, of_float<sqrt_of>},
      {"cbrt", 1, 1, 0, of_float<cbrt_of>},
      {"exp", 1, 1, 0, of_float<exp_of>},
      {"log1p", 1, 1, 0, of_float<log1p_of>},
      {"log", 2, 2, 0, log},
      {"pow", 2, 2, 0, pow},
      {"clip", 2, 3, 2, clip},
  };
  return kEntries;
}

}  // namespace headrace::frame
