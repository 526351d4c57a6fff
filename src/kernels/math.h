#pragma once

namespace headrace::kernels {

// Elementary functions whose bits do not depend on a C library: only +, −, ×, ÷,
// fma, sqrt and rint, each correctly rounded, in one written order. Used between
// file and sampled token, where every machine must give the same answer.

/// e^x in double, within 2 ulp; 0 below −745, infinity above 709.
double exact_exp(double x);
/// Natural logarithm in double, within 2 ulp, for x > 0; −infinity at 0, NaN below.
double exact_log(double x);
/// base^exponent in double by exact_exp(exponent · exact_log(base)), for base > 0.
double exact_pow(double base, double exponent);
/// sin and cos in double, within 2 ulp, for |x| up to 2^31; NaN beyond.
void exact_sincos(double x, double* sine, double* cosine);
/// Hyperbolic tangent in double, within 2 ulp.
double exact_tanh(double x);

/// e^x in single: the polynomial that every tier's vector code also evaluates
/// (the constants and the order are in cpu/vector_math.h), within 2 ulp. 0 below −87.3, infinity above 88.7.
float exact_expf(float x);
float exact_tanhf(float x);
/// x / (1 + e^−x), within 3 ulp; −0 where e^−x overflows.
float exact_siluf(float x);
/// 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))
float exact_geluf(float x);

}  // namespace headrace::kernels
