#!/usr/bin/env python3
"""Fits the polynomials of src/kernels/math.cpp and cpu/vector_math.h.

Each is a minimax-like fit: interpolation at the Chebyshev nodes of the reduced
interval by mpmath at 60 digits, then rounding of each coefficient to the target
format. Prints C++ hexadecimal literals, lowest power first.
"""
import struct
from mpmath import atanh, chebyfit, cos, exp, log, mp, mpf, nint, pi, sin, sqrt, tanh

mp.dps = 60


def as_double(value):
    return float(value)


def as_float(value):
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def show(name, coefficients, target):
    print(f"// {name}")
    for index, value in enumerate(coefficients):
        rounded = target(value)
        suffix = "f" if target is as_float else ""
        print(f"  {rounded.hex()}{suffix},  // {index}")


def fit(name, function, low, high, terms, target):
    poly, error = chebyfit(function, [low, high], terms, error=True)
    print(f"// fit error {mp.nstr(error, 3)}")
    show(name, list(reversed(poly)), target)


ln2 = log(2)
h = ln2 / 2 * mpf("1.0001")
# e^r = 1 + r + r² E(r)
def e_rest(r):
    return mpf(1) / 2 + r / 6 if abs(r) < mpf("1e-25") else (exp(r) - 1 - r) / r**2
fit("exp double: E(r)", e_rest, -h, h, 11, as_double)
fit("exp float: E(r)", e_rest, -h, h, 5, as_float)

# 2 atanh(s) = 2 s + s³ L(s²), |s| <= 0.1716
def l_rest(z):
    if abs(z) < mpf("1e-15"):
        return mpf(2) / 3 + 2 * z / 5
    s = sqrt(z)
    return (2 * atanh(s) - 2 * s) / s**3
top = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.0001")
fit("log double: L(z)", l_rest, mpf("1e-40"), top, 8, as_double)

# sin r = r + r³ S(r²), cos r = 1 - r²/2 + r⁴ C(r²), |r| <= pi/4
q = (pi / 4 * mpf("1.0001")) ** 2
def s_rest(z):
    if abs(z) < mpf("1e-15"):
        return -mpf(1) / 6 + z / 120
    r = sqrt(z)
    return (sin(r) - r) / r**3
def c_rest(z):
    if abs(z) < mpf("1e-12"):
        return mpf(1) / 24 - z / 720
    return (cos(sqrt(z)) - 1 + z / 2) / z**2
fit("sin double: S(z)", s_rest, mpf("1e-40"), q, 7, as_double)
fit("cos double: C(z)", c_rest, mpf("1e-40"), q, 7, as_double)

# tanh x = x + x³ T(x²), |x| <= 0.625
def t_rest(z):
    if abs(z) < mpf("1e-15"):
        return -mpf(1) / 3 + 2 * z / 15
    x = sqrt(z)
    return (tanh(x) - x) / x**3
fit("tanh float: T(z)", t_rest, mpf("1e-40"), mpf("0.625") ** 2 * mpf("1.001"), 5, as_float)


def split(name, value, parts, target):
    """`value` as a sum of numbers of the target format, largest first."""
    shown = []
    for _ in range(parts):
        shown.append(target(value).hex())
        value -= mpf(target(value))
    print(f"// {name}: {' + '.join(shown)}")

split("log2(e) double", 1 / ln2, 1, as_double)
split("log2(e) float", 1 / ln2, 1, as_float)
split("ln 2 double", ln2, 2, as_double)
split("ln 2 float", ln2, 2, as_float)
split("pi / 2", pi / 2, 3, as_double)
split("2 / pi", 2 / pi, 1, as_double)
linear = 2 * sqrt(2 / pi)
split("gelu linear", linear, 2, as_float)
split("gelu cubic", linear * mpf("0.044715"), 2, as_float)
# An exact product of the head with an exponent of up to 11 bits.
head = nint(ln2 * 2**41) / mpf(2) ** 41
print(f"// ln 2 in 41 bits: {float(head).hex()} + {float(ln2 - head).hex()}")
