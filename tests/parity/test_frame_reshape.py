"""Frames put together and rearranged, against Polars."""
import datetime
import math
import os
import random

import pytest

pl = pytest.importorskip("polars")
import headrace as hr
from frame_oracle import same_frames
from headrace import frame as hf

CASES = 100 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "7"))

VALUES = {
    "i": (pl.Int64, [0, 1, -7, 2**62]), "i8": (pl.Int8, [-128, 3]), "f": (pl.Float64, [math.nan, 1.5, -0.0]), "s": (pl.String, ["", "é中😀", "a string of more than twelve bytes"]),
    "b": (pl.Boolean, [True, False]), "d": (pl.Date, [datetime.date(2020, 2, 29)]), "l": (pl.List(pl.Int64), [[], [1, None]]),
}  # fmt: skip


def frames(random_, rows, names=None):
    theirs = pl.DataFrame({
        name: pl.Series(name, [None if random_.random() < 0.4 else random_.choice(VALUES[name][1]) for _ in range(rows)], dtype=VALUES[name][0])
        for name in names or VALUES
    })
    cut = random_.randrange(rows + 1)
    return hf.concat([hr.DataFrame(theirs[:cut]), hr.DataFrame(theirs[cut:])]), theirs


def test_random_frames_are_rearranged_as_polars_does():
    random_ = random.Random(SEED)
    for case in range(CASES):
        ours, theirs = frames(random_, random_.choice([0, 1, 5, 70]))
        some = random_.sample(list(VALUES), random_.randrange(len(VALUES)))
        limit = random_.choice([None, 0, 1, 3])
        where = f"case {case}, seed {SEED}: {some} {limit}"
        same_frames(ours.reverse(), theirs.reverse(), where)
        same_frames(ours.drop(some), theirs.drop(some), where)
        same_frames(ours.drop_nulls(), theirs.drop_nulls(), where)
        same_frames(ours.drop_nulls(some), theirs.drop_nulls(some), where)
        same_frames(ours.with_row_index("n", offset=case), theirs.with_row_index("n", offset=case), where)
        same_frames(ours.rename({name: name + "2" for name in some}), theirs.rename({name: name + "2" for name in some}), where)
        same_frames(ours.rename(str.upper), theirs.rename(str.upper), where)
        for strategy in ("forward", "backward"):
            same_frames(ours.fill_null(strategy=strategy, limit=limit), theirs.fill_null(strategy=strategy, limit=limit), where)
        for value in (0, 7, 300, 1.5, "z", True, datetime.date(1999, 1, 1)):
            same_frames(ours.fill_null(value), theirs.fill_null(value), f"{where} {value!r}")
        same_frames(ours.fill_null(hf.col("i") + 1), theirs.select(pl.col("i", "i8", "f").fill_null(pl.col("i") + 1), pl.exclude("i", "i8", "f")).select(list(VALUES)), where)
        numbers = ["i", "i8", "f"]
        for strategy in ("zero", "one"):
            same_frames(ours[numbers].fill_null(strategy=strategy), theirs.select(numbers).fill_null(strategy=strategy), where)


def test_frames_are_put_together_as_polars_does():
    random_ = random.Random(SEED + 1)
    for case in range(CASES):
        pairs = [frames(random_, random_.choice([0, 1, 5]), random_.sample(list(VALUES), random_.randrange(1, 5))) for _ in range(random_.randrange(1, 4))]
        ours, theirs = [p[0] for p in pairs], [p[1] for p in pairs]
        for how in ("vertical", "vertical_relaxed", "horizontal", "diagonal", "diagonal_relaxed"):
            try:
                wanted = pl.concat(theirs, how=how)
            except pl.exceptions.PolarsError:
                with pytest.raises((hr.InvalidArgument, ValueError)):
                    hf.concat(ours, how=how)
            else:
                same_frames(hf.concat(ours, how=how), wanted, f"case {case}, seed {SEED}: {how}")


def test_columns_of_several_types_get_the_one_that_they_have_in_common():
    parts = [pl.DataFrame({"a": [1, None]}), pl.DataFrame({"a": [2.5]}), pl.DataFrame({"a": pl.Series([3], dtype=pl.Int8)})]
    same_frames(hf.concat([hr.DataFrame(p) for p in parts], how="vertical_relaxed"), pl.concat(parts, how="vertical_relaxed"))
    with pytest.raises(hr.InvalidArgument, match='Column "a" is of type Int64 and of Float64; cast one'):
        hf.concat([hr.DataFrame(p) for p in parts], how="diagonal")


def test_frames_side_by_side_and_below():
    frame = hr.DataFrame({"a": [1, 2]})
    assert frame.hstack([hr.Series("b", ["x", "y"])]).to_dict(as_series=False) == {"a": [1, 2], "b": ["x", "y"]}
    assert frame.hstack(hr.DataFrame({"b": [3, 4]})).columns == ["a", "b"]
    assert frame.vstack(frame)["a"].to_list() == [1, 2, 1, 2]
    with pytest.raises(hr.InvalidArgument, match='"b" has 1 rows, where the frame has 2'):
        frame.hstack([hr.Series("b", [1])])
    with pytest.raises(hr.InvalidArgument, match='Two columns are named "a"'):
        frame.hstack(frame)


@pytest.mark.parametrize("with_replacement", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_sample_is_of_the_frame_s_rows_and_its_seed_s_alone(with_replacement, shuffle):
    frame = hr.DataFrame({"a": list(range(1000))})
    taken = frame.sample(300, with_replacement=with_replacement, shuffle=shuffle, seed=5)["a"].to_list()
    assert taken == frame.sample(fraction=0.3, with_replacement=with_replacement, shuffle=shuffle, seed=5)["a"].to_list()
    assert taken != frame.sample(300, with_replacement=with_replacement, shuffle=shuffle, seed=6)["a"].to_list()
    assert len(taken) == 300 and set(taken) <= set(range(1000))
    assert (len(set(taken)) == 300) != with_replacement
    assert (taken == sorted(taken)) != shuffle


def test_every_row_is_as_likely_to_be_taken():
    frame = hr.DataFrame({"a": list(range(10))})
    counts = [0] * 10
    for seed in range(2000):
        for value in frame.sample(3, seed=seed)["a"].to_list():
            counts[value] += 1
    assert all(500 < count < 700 for count in counts), counts  # 600 each


def test_what_goes_wrong_is_said():
    frame = hr.DataFrame({"a": [1], "b": ["x"]})
    for call, error, message in [
        (lambda: frame.drop("q"), hr.NotFound, 'There is no column "q"'),
        (lambda: frame.rename({"q": "z"}), hr.NotFound, 'There is no column "q"'),
        (lambda: frame.rename({"a": "b"}), hr.InvalidArgument, 'Two columns are named "b"'),
        (lambda: frame.with_row_index("a"), hr.InvalidArgument, 'Two columns are named "a"'),
        (lambda: frame.with_row_index(offset=2**32), hr.OutOfRange, "have no numbers of 32 bits"),
        (lambda: frame.with_row_index(offset=-1), ValueError, "from 0 or more"),
        (lambda: frame.drop_nulls("q"), hr.NotFound, 'There is no column "q"'),
        (lambda: frame.fill_null(), ValueError, "either a value or a strategy"),
        (lambda: frame.fill_null(0, strategy="zero"), ValueError, "either a value or a strategy"),
        (lambda: frame.fill_null(strategy="median"), ValueError, 'not "median"'),
        (lambda: frame.fill_null(0, limit=1), ValueError, "a limit goes with"),
        (lambda: frame.sample(2), hr.InvalidArgument, "2 rows cannot be taken out of 1 but with replacement"),
        (lambda: frame.sample(1, fraction=0.5), ValueError, "either n or a fraction"),
        (lambda: hf.concat([]), ValueError, "needs a frame"),
        (lambda: hf.concat([frame], how="align"), ValueError, 'not "align"'),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert message in str(caught.value)
    assert frame.drop("q", strict=False).columns == ["a", "b"]
    assert frame.rename({"q": "z"}, strict=False).columns == ["a", "b"]
