"""Statements of tests/spec/sql/statements.sql against DuckDB: names, types, values, and order where one is asked for."""
import datetime
import decimal
import pathlib
import re

import pytest

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
import pyarrow.parquet
import sql_oracle

import headrace as hr

FILE = pathlib.Path(__file__).parents[1] / "spec" / "sql" / "statements.sql"
STATEMENTS = [line for line in FILE.read_text().splitlines() if line and not line.startswith("--")]


def tables():
    money = pa.decimal128(15, 2)
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=each) for each in range(8)]
    return {
        "t": pa.table({
            "id": pa.array(range(1, 9), pa.int32()),
            "n": pa.array([1, 3, None, 5, 3, 2, 9, None], pa.int64()),
            "s": pa.array(["mill", "race", None, "mill", "a longer text than twelve bytes", "mill", "race", ""]),
            "d": pa.array(
                [each and decimal.Decimal(each) for each in ["1.50", "2.50", None, "0.05", "-3.25", "100.00", "9.99", "7.00"]], money
            ),
            "f": pa.array([1.5, 0.25, None, -2.0, 1e10, 3.0, 5.0, 1.0]),
            "b": pa.array([True, False, None, True, False, True, None, False]),
            "day": pa.array([*days[:6], None, days[7]], pa.date32()),
        }),
        "u": pa.table({
            "k": pa.array([1, 3, 3, 7, None, 5], pa.int64()),
            "v": pa.array([1, 2, 3, 4, 5, 1], pa.int32()),
            "name": pa.array(["one", "three", "drei", "seven", "none", "five"]),
        }),
        "w": pa.table({"k": pa.array([1, 3, 4, 7], pa.int64()), "w": pa.array(["p", "q", "r", "s"])}),
        "w2": pa.table({"k": pa.array([1, 3, 5], pa.int64()), "name": pa.array(["x", "y", "z"])}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The tables in memory and in files, and DuckDB with them."""
    folder = tmp_path_factory.mktemp("tables")
    connection = duckdb.connect()
    files = {}
    for name, table in tables().items():
        files[name] = folder / f"{name}.parquet"
        pyarrow.parquet.write_table(table, files[name], row_group_size=3)
        connection.register(name, table)
    return connection, {name: hr.DataFrame(table) for name, table in tables().items()}, files


def test_there_are_enough_statements():
    assert len(STATEMENTS) > 200 and len(set(STATEMENTS)) == len(STATEMENTS)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_has_the_answer_of_duckdb(statement, sources):
    connection, frames, files = sources
    theirs = sql_oracle.duckdb_table(connection, re.sub(r"create (or replace )?view", "create or replace temp view", statement))
    in_order = re.search(r"order by (?!.*\))", statement) is not None
    for given in (frames, files):
        ours = hr.sql(statement, given).collect()
        sql_oracle.assert_same(ours, theirs, in_order, names=False)
    assert hr.sql(statement, frames).collect(threads=1).to_dicts() == hr.sql(statement, frames).collect().to_dicts()
