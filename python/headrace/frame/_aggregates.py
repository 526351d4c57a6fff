"""Aggregates of columns by name: sum("a") is col("a").sum()."""

from .._native import frame as _native

col = _native.col
len = _native.len


def _of(names, make):
    """One expression, or a list of them for several names: select() and agg() take both."""
    made = [make(col(name)) for name in names]
    return made[0] if made[1:] == [] else made


def count(*columns):
    return _of(columns, lambda column: column.count())


def first(*columns):
    return _of(columns, lambda column: column.first())


def implode(*columns):
    return _of(columns, lambda column: column.implode())


def last(*columns):
    return _of(columns, lambda column: column.last())


def max(*names):
    return _of(names, lambda column: column.max())


def mean(*columns):
    return _of(columns, lambda column: column.mean())


def median(*columns):
    return _of(columns, lambda column: column.median())


def min(*names):
    return _of(names, lambda column: column.min())


def n_unique(*columns):
    return _of(columns, lambda column: column.n_unique())


def quantile(column, quantile, interpolation="nearest"):
    return col(column).quantile(quantile, interpolation)


def std(column, ddof=1):
    return col(column).std(ddof)


def sum(*names):
    return _of(names, lambda column: column.sum())


def var(column, ddof=1):
    return col(column).var(ddof)
