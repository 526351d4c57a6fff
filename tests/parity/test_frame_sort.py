"""Sorting against Polars: random frames, random keys; and the same answer of any number of threads."""
import datetime
import decimal
import hashlib
import math
import os
import random

import pytest

pl = pytest.importorskip("polars")
import headrace as hr
from frame_oracle import outputs_by_threads
from headrace import frame as hf

CASES = 300 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "7"))

LONG = "the long beginning that many strings share, of more than one word "
WORDS = ["", "a", "a\0", "a\0\0", "ab", "mill", "Mill", "é中😀", "1234567", "12345678", "123456789", LONG, LONG + "a", LONG + "b", LONG * 9, LONG * 9 + "\0", LONG * 9 + "z", LONG * 9 + "y"]
DAY = datetime.date(1970, 1, 1)


def whole(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return lambda r: r.choice([low, high, 0, 1, 2, r.randint(low, high)])


TYPES = {  # name: (Polars' type, a random value)
    "bool": (pl.Boolean, lambda r: r.random() < 0.5),
    "i8": (pl.Int8, whole(8, True)), "i16": (pl.Int16, whole(16, True)), "i32": (pl.Int32, whole(32, True)), "i64": (pl.Int64, whole(64, True)),
    "u8": (pl.UInt8, whole(8, False)), "u16": (pl.UInt16, whole(16, False)), "u32": (pl.UInt32, whole(32, False)), "u64": (pl.UInt64, whole(64, False)),
    "small": (pl.Int64, lambda r: r.randrange(-2, 3)),
    "f32": (pl.Float32, lambda r: r.choice([0.0, -0.0, math.nan, math.inf, -math.inf, 1.5, -2.25, 0.5])),
    "f64": (pl.Float64, lambda r: r.choice([0.0, -0.0, math.nan, math.inf, -math.inf, r.uniform(-9, 9), r.uniform(-1e300, 1e300)])),
    "str": (pl.String, lambda r: r.choice(WORDS)),
    "bin": (pl.Binary, lambda r: r.choice([b"", b"\0", b"\xff", b"\xff\0", b"\xffa", r.randbytes(r.randrange(20))])),
    "cat": (pl.Categorical, lambda r: r.choice(WORDS)),
    "date": (pl.Date, lambda r: DAY + datetime.timedelta(days=r.randrange(-30000, 30000))),
    "dt": (pl.Datetime("us"), lambda r: datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=r.randrange(-(10**15), 10**15))),
    "span": (pl.Duration("us"), lambda r: datetime.timedelta(seconds=r.randrange(-(10**6), 10**6))),
    "money": (pl.Decimal(15, 2), lambda r: decimal.Decimal(r.randrange(-300, 300)) / 100),
    "wide": (pl.Decimal(38, 2), lambda r: decimal.Decimal(r.choice([0, 1, -1, 10**30, 10**30 + 1, -(10**30), 2**64, -(2**64)])) / 100),
    "null": (pl.Null, lambda r: None),
}  # fmt: skip


def frames(random_, rows, nulls=0.2):
    """The same columns of every type, in chunks, as ours and Polars'; `row` numbers the rows."""
    values = {name: [None if random_.random() < nulls else make(random_) for _ in range(rows)] for name, (_, make) in TYPES.items()}
    theirs = pl.DataFrame({name: pl.Series(name, column, dtype=TYPES[name][0]) for name, column in values.items()}).with_columns(row=pl.int_range(rows))
    cut = random_.randrange(rows + 1)
    ours = hf.concat([hr.DataFrame(theirs[:cut]), hr.DataFrame(theirs[cut:])])
    return ours, theirs


def random_order(random_):
    keys = random_.sample(list(TYPES), random_.choice([1, 1, 2, 2, 3, 5]))
    return keys, [random_.random() < 0.5 for _ in keys], [random_.random() < 0.5 for _ in keys]


def test_random_frames_are_sorted_as_polars_sorts_them():
    random_ = random.Random(SEED)
    for case in range(CASES):
        rows = random_.choice([0, 1, 2, 7, 30, 100, 1000])
        ours, theirs = frames(random_, rows, random_.choice([0, 0.2, 0.9]))
        keys, down, last = random_order(random_)
        wanted = theirs.sort(keys, descending=down, nulls_last=last, maintain_order=True)
        got = ours.sort(keys, descending=down, nulls_last=last)
        where = f"case {case}, seed {SEED}: {keys} {down} {last}"
        assert got["row"].to_list() == wanted["row"].to_list(), where
        assert got.schema == ours.schema, where
        for name in keys:
            assert repr(got[name].to_list()) == repr(wanted[name].to_list()), where


def test_top_and_bottom_rows_are_those_of_polars():
    random_ = random.Random(SEED + 1)
    for case in range(CASES):
        ours, theirs = frames(random_, random_.choice([0, 1, 7, 100, 1000]))
        keys, reverse, _ = random_order(random_)
        keys, reverse = keys + ["row"], reverse + [False]  # which of equal rows Polars takes is open
        k = random_.choice([0, 1, 3, 50, 5000])
        for call in ("top_k", "bottom_k"):
            wanted = getattr(theirs, call)(k, by=keys, reverse=reverse)
            got = getattr(ours, call)(k, by=keys, reverse=reverse)
            assert got["row"].to_list() == wanted["row"].to_list(), f"case {case}, seed {SEED}: {call}({k}) {keys} {reverse}"


@pytest.mark.parametrize("name", list(TYPES))
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("nulls_last", [False, True])
def test_a_series_is_sorted_as_polars_sorts_it(name, descending, nulls_last):
    ours, theirs = frames(random.Random(f"{name} {SEED}"), 200)
    wanted = theirs.sort(name, descending=descending, nulls_last=nulls_last, maintain_order=True)
    assert repr(ours[name].sort(descending=descending, nulls_last=nulls_last).to_list()) == repr(wanted[name].to_list())
    places = ours[name].arg_sort(descending=descending, nulls_last=nulls_last)
    assert places.dtype == hf.UInt32 and places.to_list() == wanted["row"].to_list()


def test_keys_are_expressions_and_literals_tell_nothing_apart():
    frame = hr.DataFrame({"a": [3, 1, 2], "b": [1, 1, 9]})
    assert frame.sort(hf.col("a") + hf.col("b"))["a"].to_list() == [1, 3, 2]
    assert frame.sort(hf.col("b"), -hf.col("a"))["a"].to_list() == [3, 1, 2]
    assert frame.sort(hf.lit(1))["a"].to_list() == [3, 1, 2]
    assert frame.sort([])["a"].to_list() == [3, 1, 2]


def test_what_goes_wrong_is_said():
    frame = hr.DataFrame({"a": [1, 2], "l": [[1], [2]]})
    with pytest.raises(hr.NotFound, match='There is no column "q"; there are a, l'):
        frame.sort("q")
    with pytest.raises(ValueError, match=r"length of `descending` \(2\) does not match the length of `by` \(1\)"):
        frame.sort("a", descending=[True, False])
    with pytest.raises(hr.Unsupported, match="has no order"):
        frame.sort("l")


def large():
    """Frames of so many rows that several threads sort them, and the digest of each answer."""
    rows = 600_000
    r = random.Random(3)
    frame = hr.DataFrame(pl.DataFrame({
        "many": [r.getrandbits(63) for _ in range(rows)],
        "few": [r.randrange(5) for _ in range(rows)],
        "one": [1] * rows,
        "float": [r.choice([0.0, -0.0, math.nan, r.random()]) for _ in range(rows)],
        "str": [r.choice([None, LONG, LONG + str(r.randrange(9)), str(r.randrange(10**6))]) for _ in range(rows)],
        "skew": [0 if r.random() < 0.99 else r.getrandbits(40) for _ in range(rows)],
    }).with_columns(row=pl.int_range(rows)))  # fmt: skip
    for keys in (["many"], ["few", "many"], ["one", "few", "many"], ["float", "few"], ["str", "float"], ["skew", "str"], ["few"]):
        down = [i % 2 == 1 for i in range(len(keys))]
        yield keys, down, frame, frame.sort(keys, descending=down)


def digest():
    sum_ = hashlib.sha256()
    for *_, answer in large():
        sum_.update(answer["row"].to_numpy().tobytes())
    return sum_.hexdigest()


def test_any_number_of_threads_gives_the_same():
    assert len(outputs_by_threads(__file__)) == 1


def test_many_rows_are_sorted_as_polars_sorts_them():
    for keys, down, frame, answer in large():
        wanted = pl.DataFrame(frame.to_arrow()).sort(keys, descending=down, maintain_order=True)
        assert answer["row"].to_list() == wanted["row"].to_list(), keys
        first = frame.bottom_k(1000, by=[*keys, "row"])
        assert first["row"].to_list() == pl.DataFrame(frame.to_arrow()).sort([*keys, "row"], nulls_last=True)["row"].to_list()[:1000], keys


if __name__ == "__main__":
    print(digest())
