"""What joins tell the scans below them: the rows that are left are the same, fewer are read."""
import math
import os
import random
import time

import pytest

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq

import headrace as hr

CASES = 150 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "7"))


def columns(random_, rows, spread):
    def some(make):
        odds = random_.choice([0, 0, 0.1, 0.5])
        return [None if random_.random() < odds else make(row) for row in range(rows)]

    return pa.table({
        "i": pa.array(some(lambda row: random_.randrange(spread)), pa.int64()),
        "n": pa.array(some(lambda row: random_.randrange(-spread // 2, spread)), pa.int32()),
        "far": pa.array(some(lambda row: random_.randrange(spread) << 40), pa.int64()),
        "f": pa.array(some(lambda row: random_.choice([math.nan, -0.0, 0.0, float(random_.randrange(spread))])), pa.float64()),
        "s": pa.array(some(lambda row: f"the key of number {random_.randrange(spread)}"), pa.string()),
        "d": pa.array(some(lambda row: row // 7), pa.date32()),
        "row": pa.array(range(rows), pa.int64()),
    })  # fmt: skip


def test_joins_of_scans_give_the_rows_that_joins_of_frames_do(tmp_path):
    random_ = random.Random(SEED)
    for case in range(CASES):
        left, right = columns(random_, random_.choice([0, 50, 3000]), 400), columns(random_, random_.choice([0, 3, 40, 500]), 400)
        pq.write_table(left, tmp_path / "left.parquet", row_group_size=random_.choice([100, 1000]))
        pq.write_table(right, tmp_path / "right.parquet")
        keys = random_.sample(["i", "n", "far", "f", "s", "d"], random_.choice([1, 1, 1, 2]))
        how, nulls_equal = random_.choice(["inner", "inner", "semi", "left", "anti"]), random_.random() < 0.3
        least = random_.randrange(400)

        def plan(m, scan):
            left = scan(tmp_path / "left.parquet").filter(m.col("row") >= 10).with_columns(twice=m.col("row").cast(m.Float64) * 2)
            right = scan(tmp_path / "right.parquet").filter((m.col("i") < least) | m.col("i").is_null())
            return left.join(right, on=keys, how=how, nulls_equal=nulls_equal)

        lazy = plan(hr.frame, hr.scan_parquet)
        ours, plainly = lazy.collect(), lazy.collect(optimized=False)
        where = f"case {case}: {keys} {how} {nulls_equal}"
        assert repr(ours.to_dict(as_series=False)) == repr(plainly.to_dict(as_series=False)), where
        theirs = plan(pl, pl.scan_parquet).collect()
        assert ours.height == theirs.height, where
        assert sorted(map(repr, ours["row"].to_list())) == sorted(map(repr, theirs["row"].to_list())), where


def test_the_same_file_on_both_sides_is_filtered_on_the_left_alone(tmp_path):
    pq.write_table(pa.table({"k": range(1000), "v": [k % 10 for k in range(1000)]}), tmp_path / "t.parquet")
    scan = hr.scan_parquet(tmp_path / "t.parquet")
    joined = scan.join(scan.filter(hr.col("v") == 3), on="k").join(scan, on="k", suffix="_again")
    assert joined.collect()["k"].to_list() == [k for k in range(1000) if k % 10 == 3]


def test_the_scan_of_the_left_side_gives_few_rows_where_the_right_has_few_keys(tmp_path):
    pq.write_table(pa.table({"k": range(200_000), "v": range(200_000)}), tmp_path / "t.parquet", row_group_size=50_000)
    few = hr.LazyFrame({"k": [70_001, 99_999, 5_000_000]})
    result, steps = hr.scan_parquet(tmp_path / "t.parquet").with_columns(w=hr.col("v")).join(few, on="k").profile()
    assert result["v"].to_list() == [70_001, 99_999]
    rows = {step["step"].split()[0] + step["step"].split()[1]: step["rows"] for step in steps.to_dicts()}
    assert rows["SCANPARQUET"] == 2


def test_rows_are_numbered_before_a_join_leaves_some_out(tmp_path):
    pq.write_table(pa.table({"k": range(1000)}), tmp_path / "t.parquet")
    few = hr.LazyFrame({"k": [500, 900]})
    joined = hr.scan_parquet(tmp_path / "t.parquet").with_row_index("n").join(few, on="k")
    assert joined.collect().to_dicts() == [{"n": 500, "k": 500}, {"n": 900, "k": 900}]
    assert hr.scan_parquet(tmp_path / "t.parquet").head(600).join(few, on="k").collect()["k"].to_list() == [500]


def test_an_error_of_a_row_does_not_depend_on_a_join_above(tmp_path):
    pq.write_table(pa.table({"k": [1, 2, 3], "s": ["1", "x", "3"]}), tmp_path / "t.parquet")
    few = hr.LazyFrame({"k": [1]})
    number = hr.col("s").cast(hr.frame.Int64)
    with pytest.raises(hr.HeadraceError):
        hr.scan_parquet(tmp_path / "t.parquet").with_columns(number.alias("n")).join(few, on="k").collect()
    with pytest.raises(hr.HeadraceError):
        hr.scan_parquet(tmp_path / "t.parquet").filter(number > 0).join(few, on="k").collect()


def test_a_file_that_was_written_again_is_read_again(tmp_path):
    path = tmp_path / "t.parquet"
    for round_ in range(6):
        pq.write_table(pa.table({f"c{round_ % 2}": [round_] * (round_ + 1)}), path)
        if round_ % 2:
            time.sleep(0.12)
        for _ in range(3):
            assert hr.scan_parquet(path).collect().to_dict(as_series=False) == {f"c{round_ % 2}": [round_] * (round_ + 1)}
    os.remove(path)
    with pytest.raises(hr.HeadraceError):
        hr.scan_parquet(path).collect()
