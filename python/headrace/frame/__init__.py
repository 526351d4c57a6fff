"""Columns and frames: Arrow's memory, NumPy and Arrow in and out without copies.

>>> import headrace as hr
>>> frame = hr.DataFrame({"name": ["mill", "race", None], "year": [1785, 1802, 1790]})
>>> frame["year"].to_list()
[1785, 1802, 1790]
>>> frame.schema
{'name': String, 'year': Int64}
"""

from .._native import frame as _native
from ._aggregates import count, first, implode, last, len, max, mean, median, min, n_unique, quantile, std, sum, var
from ._csv import read_csv, scan_csv, sink_csv, write_csv
from ._dt import TimeFunctions
from ._functions import coalesce, concat_str, int_range, max_horizontal, min_horizontal, sum_horizontal
from ._parquet import sink_parquet, write_parquet
from ._series import SeriesFunctions
from ._str import StringFunctions
from ._when import Then, When

DataFrame = _native.DataFrame
DataFrame.write_csv = write_csv
DataFrame.write_parquet = write_parquet
DataType = _native.DataType
Expr = _native.Expr
Expr.str = property(StringFunctions)
Expr.dt = property(TimeFunctions)
GroupBy = _native.GroupBy
LazyFrame = _native.LazyFrame
LazyFrame.sink_csv = sink_csv
LazyFrame.sink_parquet = sink_parquet
LazyGroupBy = _native.LazyGroupBy
Series = _native.Series
Series.str = property(lambda series: SeriesFunctions(series, StringFunctions))
Series.dt = property(lambda series: SeriesFunctions(series, TimeFunctions))
col = _native.col
concat = _native.concat
lit = _native.lit
read_parquet = _native.read_parquet
read_parquet_schema = _native.read_parquet_schema
scan_parquet = _native.scan_parquet
sql = _native.sql

Binary = _native.Binary
Boolean = _native.Boolean
Categorical = _native.Categorical
Date = _native.Date
Datetime = _native.Datetime
Decimal = _native.Decimal
Duration = _native.Duration
Float16 = _native.Float16
Float32 = _native.Float32
Float64 = _native.Float64
Int8 = _native.Int8
Int16 = _native.Int16
Int32 = _native.Int32
Int64 = _native.Int64
List = _native.List
Null = _native.Null
String = _native.String
UInt8 = _native.UInt8
UInt16 = _native.UInt16
UInt32 = _native.UInt32
UInt64 = _native.UInt64



def when(condition):
    """Begins `when(condition).then(value).otherwise(value)`."""
    return When(condition, [])


__all__ = [
    "Binary",
    "Boolean",
    "Categorical",
    "DataFrame",
    "DataType",
    "Date",
    "Datetime",
    "Decimal",
    "Duration",
    "Expr",
    "Float16",
    "Float32",
    "Float64",
    "GroupBy",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "LazyFrame",
    "LazyGroupBy",
    "List",
    "Null",
    "Series",
    "SeriesFunctions",
    "String",
    "StringFunctions",
    "Then",
    "TimeFunctions",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "When",
    "coalesce",
    "col",
    "concat",
    "concat_str",
    "count",
    "first",
    "implode",
    "int_range",
    "last",
    "len",
    "lit",
    "max",
    "max_horizontal",
    "mean",
    "median",
    "min",
    "min_horizontal",
    "n_unique",
    "quantile",
    "read_csv",
    "read_parquet",
    "read_parquet_schema",
    "scan_csv",
    "scan_parquet",
    "sql",
    "std",
    "sum",
    "sum_horizontal",
    "var",
    "when",
]
