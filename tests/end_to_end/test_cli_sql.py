"""headrace sql: tables of files, ways to give a query, what is printed, errors."""
import json

import pytest
from command_line import needs_binary, run

pytestmark = needs_binary
pa = pytest.importorskip("pyarrow")
import pyarrow.parquet


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pa.table({"a": [1, 2, 3], "s": ["mill", None, "race"]}), path)
    return path


def rows(finished):
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_a_file_is_a_table(file):
    query = f"select s, a * 2 as b from '{file}' where a > 1 order by a"
    assert rows(run("sql", "--json", query)) == [{"s": None, "b": 4}, {"s": "race", "b": 6}]


def test_tables_have_names_and_queries_come_from_files_and_standard_input(file, tmp_path):
    (tmp_path / "q.sql").write_text("select count(*) as c from x")
    assert rows(run("sql", "--json", "--table", f"x={file}", "-f", str(tmp_path / "q.sql"))) == [{"c": 3}]
    assert rows(run("sql", "--json", "--table", f"x={file}", input="select count(s) as c from x")) == [{"c": 2}]


def test_a_table_is_printed(file):
    finished = run("sql", f"from '{file}'", "--threads", "1", "--memory", "64MiB")
    assert finished.returncode == 0 and "3 rows" in finished.stdout and "mill" in finished.stdout


def test_a_plan_is_shown(file):
    assert "SCAN PARQUET" in run("sql", "--explain", f"select a from '{file}'").stdout


def test_an_error_has_a_caret_under_its_place(file):
    finished = run("sql", f"select b from '{file}'")
    assert finished.returncode == 1 and "Line 1, column 8" in finished.stderr and finished.stderr.splitlines()[-1].strip() == "^"


def test_a_table_without_a_path_is_refused():
    finished = run("sql", "--table", "x", "select 1")
    assert finished.returncode == 1 and "name=path" in finished.stderr


def test_a_result_is_written_and_text_with_separators_is_a_table_too(file, tmp_path):
    for name in ("out.csv", "out.csv.gz", "out.tsv.zst", "out.parquet"):
        written = tmp_path / name
        finished = run("sql", "-o", str(written), f"select a, s, date '2024-02-29' as d from '{file}'")
        assert finished.returncode == 0 and finished.stdout == "", finished.stderr
        query = f"select s, a + 1 as b, extract(day from d) as day from '{written}' where a <> 2 order by a"
        assert rows(run("sql", "--json", query)) == [{"s": "mill", "b": 2, "day": 29}, {"s": "race", "b": 4, "day": 29}], name
    assert (tmp_path / "out.csv").read_text().splitlines()[:2] == ["a,s,d", "1,mill,2024-02-29"]


def test_a_file_of_no_known_kind_is_not_written(file, tmp_path):
    finished = run("sql", "-o", str(tmp_path / "out.txt"), f"from '{file}'")
    assert finished.returncode == 1 and ".parquet, .csv or .tsv" in finished.stderr and not (tmp_path / "out.txt").exists()
