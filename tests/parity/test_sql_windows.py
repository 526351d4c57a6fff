"""Random windows in SQL against DuckDB, over rows with equal keys and nulls."""
import random

import pytest

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
import sql_oracle

import headrace as hr

FUNCTIONS = ["rank()", "dense_rank()", "percent_rank()", "cume_dist()"]
OF_ONE_ORDER = ["row_number()", "ntile(3)", "lag(n)", "lead(n, 2)", "lag(n, 1, 7)"]
AGGREGATES = ["sum(n)", "count(n)", "count(*)", "min(n)", "max(f)", "avg(f)", "sum(f)", "min(s)"]
ORDERED_AGGREGATES = ["first_value(n)", "last_value(s)"]
BOUNDS = ["unbounded preceding", "2 preceding", "1 preceding", "current row", "1 following", "3 following", "unbounded following"]


def table(chance):
    rows = chance.choice([0, 1, 5, 60, 300])
    pick = lambda values: [chance.choice(values) for _ in range(rows)]  # noqa: E731
    return pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "g": pa.array(pick([1, 2, 3, None]), pa.int32()),
        "n": pa.array(pick([*range(-5, 6), None]), pa.int64()),
        "f": pa.array(pick([0.5, -1.25, 3.0, 1e6, None]), pa.float64()),
        "s": pa.array(pick(["a", "b", "", None, "ein längerer Text"])),
    })  # fmt: skip


def frame(chance, unit):
    first = chance.randrange(len(BOUNDS) - 1)
    last = chance.randrange(first, len(BOUNDS))
    return f" {unit} between {BOUNDS[first]} and {BOUNDS[max(last, 1)]}"


def order(chance, key):
    return key + chance.choice(["", " desc", " nulls first", " desc nulls last"])


def call(chance):
    part = chance.choice(["", "partition by g ", "partition by g, s "])
    kind = chance.randrange(4)
    if kind == 0:
        return f"{chance.choice(FUNCTIONS)} over ({part}order by {order(chance, chance.choice(['n', 's', 'f']))})"
    one_order = f"order by {order(chance, chance.choice(['n', 's', 'f']))}, id"
    if kind == 1:
        return f"{chance.choice(OF_ONE_ORDER)} over ({part}{one_order})"
    if kind == 2:
        rows = frame(chance, "rows") if chance.random() < 0.8 else ""
        return f"{chance.choice(AGGREGATES + ORDERED_AGGREGATES)} over ({part}{one_order}{rows})"
    if chance.random() < 0.3:
        return f"{chance.choice(AGGREGATES)} over ({part})"
    return f"{chance.choice(AGGREGATES)} over ({part}order by {order(chance, 'n')}{frame(chance, 'range')})"


@pytest.mark.parametrize("seed", range(60))
def test_random_windows_are_duckdbs(seed):
    chance = random.Random(seed)
    connection = duckdb.connect()
    t = table(chance)
    connection.register("t", t)
    columns = ", ".join(f"{call(chance)} as c{i}" for i in range(6))
    query = f"select id, {columns} from t order by id"
    ours = hr.sql(query, {"t": hr.DataFrame(t)}).collect().to_arrow()
    try:
        sql_oracle.assert_same(ours, sql_oracle.duckdb_table(connection, query), True)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {query}: {error}") from error
