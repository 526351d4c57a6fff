"""What the comparisons of SQL with DuckDB share."""
import math
import pathlib
import subprocess
import sys

import pyarrow as pa

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tpch_tables(scale):
    """Paths of the tables by name; a RuntimeError says why there are none."""
    ran = subprocess.run([sys.executable, ROOT / "tools" / "make_tpch.py", scale], capture_output=True, text=True)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "make_tpch.py failed")
    folder = pathlib.Path(ran.stdout.strip())
    return {path.stem: str(path) for path in sorted(folder.glob("*.parquet"))}


def duckdb_table(connection, query):
    """The answer of the last SELECT of a script, as an Arrow table."""
    answer = None
    for statement in connection.extract_statements(query):
        relation = connection.sql(statement)
        if "SELECT" in str(statement.type):
            answer = relation.to_arrow_table()
    return answer


def type_name(type_):
    """Strings are one type, however they lie in memory, and a decimal's digits before the point are no matter of answers."""
    if pa.types.is_decimal(type_):
        return f"decimal with {type_.scale} places"
    return str(type_).replace("string_view", "string").replace("large_", "")


def same_value(ours, theirs):
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9) or (math.isnan(ours) and math.isnan(theirs))
    return type(ours) is type(theirs) and ours == theirs


def assert_same(ours, theirs, in_order, types=True, names=True):
    ours = pa.table(ours)
    if names:
        assert ours.column_names == theirs.column_names
    if types:
        assert [type_name(field.type) for field in ours.schema] == [type_name(field.type) for field in theirs.schema]
    rows = [[tuple(column) for column in zip(*(column.to_pylist() for column in table.columns))] for table in (ours, theirs)]
    if not in_order:
        rows = [sorted(each, key=lambda row: [(value is None, str(type(value)), str(value)) for value in row]) for each in rows]
    assert len(rows[0]) == len(rows[1])
    for number, (one, other) in enumerate(zip(*rows)):
        assert all(same_value(a, b) for a, b in zip(one, other)), f"row {number}: {one} instead of {other}"
