"""What is wrong with a query is said with its place."""
import pytest

pytest.importorskip("pyarrow")
import headrace as hr

TABLES = {"t": hr.DataFrame({"id": [1, 2], "s": ["a", "b"]}), "u": hr.DataFrame({"id": [1], "v": [2.5]})}


def error_of(query, kind=hr.HeadraceError):
    with pytest.raises(kind) as caught:
        hr.sql(query, TABLES).collect()
    return str(caught.value)


def test_an_error_shows_line_column_and_a_caret():
    assert error_of("select id\nfrom t\nwhere idd > 1", hr.NotFound) == (
        'Line 3, column 7: There is no column "idd" here; there are id, s.\n  where idd > 1\n        ^'
    )


def test_the_caret_stands_under_the_character_also_behind_wide_ones():
    lines = error_of("select 'é😀', x from t").splitlines()
    assert lines[0].startswith("Line 1, column 14:") and lines[2].index("^") == 2 + 13


@pytest.mark.parametrize("query, kind, said", [
    ("", hr.InvalidArgument, "A query is expected where the query ends"),
    ("selec 1", hr.InvalidArgument, 'A query is expected where "selec" stands'),
    ("select", hr.InvalidArgument, "An expression is expected where the query ends"),
    ("select 1 +", hr.InvalidArgument, "An expression is expected"),
    ("select (1", hr.InvalidArgument, ") is expected"),
    ("select 'a", hr.InvalidArgument, "This has no end"),
    ("select 1 /* x", hr.InvalidArgument, "This comment has no end"),
    ("select 1 from", hr.InvalidArgument, "a table is expected"),
    ("select # from t", hr.InvalidArgument, "no such character"),
    ("select 1x", hr.InvalidArgument, "neither a number nor a name"),
    ("select id from t limit -1", hr.InvalidArgument, "at least 0"),
    ("select id from nowhere", hr.NotFound, 'There is no table "nowhere"; tables are t, u'),
    ("select id from 'nowhere.parquet'", hr.HeadraceError, "nowhere.parquet"),
    ("select x.id from t", hr.NotFound, 'There is no column "x.id"'),
    ("select id from t, u", hr.InvalidArgument, '"id" is a column of t and of u'),
    ("select 1 from t, t", hr.InvalidArgument, 'Two tables are called "t"'),
    ("select id + s from t", hr.InvalidArgument, "Int64 + String means nothing"),
    ("select s, count(*) from t", hr.InvalidArgument, '"s" is neither in GROUP BY nor in an aggregate'),
    ("select sum(sum(id)) from t", hr.InvalidArgument, "An aggregate cannot stand in another"),
    ("select id from t where sum(id) > 1", hr.InvalidArgument, "HAVING takes it"),
    ("select sum(s) from t", hr.InvalidArgument, "sum() is of numbers"),
    ("select nosuch(id) from t", hr.NotFound, 'There is no function "nosuch"'),
    ("select length() from t", hr.InvalidArgument, "length() takes 1 arguments and not 0"),
    ("select cast(id as nosuch) from t", hr.InvalidArgument, 'There is no type "nosuch"'),
    ("select cast('x' as integer)", hr.InvalidArgument, "is no Int32"),
    ("select date 'tomorrow'", hr.HeadraceError, "tomorrow"),
    ("select 1 order by 2", hr.InvalidArgument, "There is no column 2 in SELECT"),
    ("select 1 union select 1, 2", hr.InvalidArgument, "1 and 2 columns"),
    ("select 1 union select date '2024-01-01'", hr.InvalidArgument, "cast one of them"),
    ("select id from t where id in (select id, v from u)", hr.InvalidArgument, "must have one column"),
    ("select id from t where row_number() over (order by id) = 1", hr.InvalidArgument, "in SELECT, ORDER BY and QUALIFY it can"),
    ("select sum(rank() over (order by id)) over () from t", hr.InvalidArgument, "rank() OVER … cannot stand here"),
    ("select rank(id) over (order by id) from t", hr.InvalidArgument, "rank() takes 0 arguments and not 1"),
    ("select upper(s) over () from t", hr.NotFound, "There is no function upper() of windows"),
    ("select sum(id) over w from t", hr.NotFound, 'There is no window "w"'),
    ("select sum(id) over (order by id rows between 1 following and 1 preceding) from t", hr.InvalidArgument, "ends before it begins"),
    ("select sum(id) over (order by id rows between x preceding and current row) from t", hr.InvalidArgument, "A number, UNBOUNDED"),
    ("select sum(id) over (range between 1 preceding and current row) from t", hr.InvalidArgument, "needs one key in ORDER BY"),
    ("select sum(id) over (order by id groups current row) from t", hr.Unsupported, "GROUPS"),
    ("select id from t qualify id = 1", hr.InvalidArgument, "WHERE takes others"),
    ("select ntile(0) over (order by id) from t", hr.InvalidArgument, "ntile needs one part at least"),
    ("with recursive x as (select 1) select * from x", hr.Unsupported, "Recursive"),
    ("select id from t group by rollup(id)", hr.Unsupported, "Grouping sets"),
    ("values (1), (2, 3)", hr.InvalidArgument, "This row has 2 values, the first one 1"),
    ("select 1; select 2", hr.InvalidArgument, "The end of the query is expected"),
    ("select interval '1' day", hr.Unsupported, "An interval can only be added"),
    ("select date '2024-01-01' + interval '1' fortnight", hr.InvalidArgument, "fortnight"),
    ("select x.* from t", hr.NotFound, 'There is no table "x"'),
    ("select id from t where s", hr.Unsupported, "compare it instead"),
    ("select id from t join u using (v)", hr.NotFound, "not a column of both"),
])  # fmt: skip
def test_what_is_wrong_is_named(query, kind, said):
    assert said in error_of(query, kind)


@pytest.mark.parametrize("query", [
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select " + "- " * 5000 + "1",
    "select " + "not " * 5000 + "true",
    "select " + " + ".join(["1"] * 5000),
    "select * from " + "(select * from " * 1000 + "t" + ")" * 1000,
    "select 1" + " union all select 1" * 5000,
    "select case " + "when true then 1 " * 5000 + "end",
    "select 1 from " + ", ".join(f"t t{n}" for n in range(1000)),
    "select " + "cast(" * 3000 + "1" + " as int)" * 3000,
])  # fmt: skip
def test_what_is_nested_too_deep_is_refused(query):
    assert "too" in error_of(query, hr.OutOfRange).lower()


def test_a_scalar_subquery_of_two_rows_is_an_error():
    error_of("select (select id from t)")
    error_of("select id from u where id = (select id from t)")
