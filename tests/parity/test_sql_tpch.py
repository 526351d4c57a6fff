"""The 22 queries of TPC-H as published, with answers that DuckDB calculates from the same files."""
import functools
import pathlib

import pytest

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
import sql_oracle

import headrace as hr

QUERIES = sorted((pathlib.Path(__file__).parents[1] / "spec" / "sql" / "tpch").glob("q*.sql"))



@functools.cache
def tables(scale):
    try:
        return sql_oracle.tpch_tables(scale)
    except RuntimeError as error:
        return str(error)


def tables_or_skip(scale):
    found = tables(scale)
    if isinstance(found, str):
        pytest.skip(f"the tables of TPC-H are not here and could not be made: {found}")
    return found


@functools.cache
def oracle(scale):
    connection = duckdb.connect()
    for name, path in tables(scale).items():
        connection.sql(f"create view {name} as from '{path}'")
    return connection


@pytest.mark.parametrize("scale", ["0.01", "0.1"])
@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_of_tpch_has_the_answer_of_duckdb(path, scale):
    files = tables_or_skip(scale)
    query = path.read_text()
    # DuckDB's parser does not take the digits of an interval's unit.
    theirs = sql_oracle.duckdb_table(oracle(scale), query.replace("day (3)", "day"))
    ours = hr.sql(query, files).collect()
    sql_oracle.assert_same(ours, theirs, in_order=True)
    assert ours.height > 0 or theirs.num_rows == 0


def test_q15_with_a_common_table_is_q15_with_a_view():
    files = tables_or_skip("0.01")
    view = (QUERIES[14]).read_text()
    head, rest = view.split(";", 1)
    body = head.split("as\n", 1)[1]
    common = f"with revenue0 (supplier_no, total_revenue) as ({body}) {rest.split('drop view')[0]}"
    assert hr.sql(common, files).collect().to_dicts() == hr.sql(view, files).collect().to_dicts()


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_of_tpch_has_one_answer_for_any_number_of_threads(path):
    files = tables_or_skip("0.01")
    plan = hr.sql(path.read_text(), files)
    assert plan.collect(threads=1).to_dicts() == plan.collect().to_dicts()


def test_a_sum_over_all_of_lineitem_is_exact():
    files = tables_or_skip("0.1")
    query = "select sum(l_extendedprice * l_discount) from lineitem"
    theirs = oracle("0.1").sql(query).fetchall()[0][0]
    assert hr.sql(query, files).collect().to_dicts()[0] == {"sum((l_extendedprice * l_discount))": theirs}
