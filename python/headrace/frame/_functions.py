"""Functions of several columns, given as expressions or as names of columns."""

from .._native import frame as _native


def _expressions(given):
    """The expressions that a call names, in lists too."""
    flat = [each for one in given for each in (one if isinstance(one, (list, tuple)) else [one])]
    return [_native.col(each) if isinstance(each, str) else each for each in flat]


def coalesce(*exprs):
    *before, last = _expressions(exprs)
    value = last if isinstance(last, _native.Expr) else _native.lit(last)
    for expression in reversed(before):
        expression = expression if isinstance(expression, _native.Expr) else _native.lit(expression)
        value = expression.fill_null(value)
    return value


def concat_str(*exprs, separator="", ignore_nulls=False):
    return _native.function("concat_str", _expressions(exprs), [separator, ignore_nulls])


def int_range(start=0, end=None, step=1, *, dtype=_native.Int64):
    """Whole numbers, one for each row: up to len(), from `start` on if `end` is len() + start."""
    start, end = (0, start) if end is None else (start, end)
    if not isinstance(end, _native.Expr) or repr(end) not in ("len()", f"(len() + {start})"):
        raise ValueError("int_range() numbers rows: its end is len(), or len() + start")
    return _native.row_numbers(dtype, start, step)


def max_horizontal(*exprs):
    return _native.function("max_horizontal", _expressions(exprs), [])


def min_horizontal(*exprs):
    return _native.function("min_horizontal", _expressions(exprs), [])


def sum_horizontal(*exprs, ignore_nulls=True):
    return _native.function("sum_horizontal", _expressions(exprs), [ignore_nulls])
