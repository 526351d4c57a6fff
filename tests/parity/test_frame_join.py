"""Joins against Polars: random frames, kinds and keys; and the same answer of any number of threads."""
import datetime
import decimal
import hashlib
import math
import os
import random

import pytest

pl = pytest.importorskip("polars")
import headrace as hr
from frame_oracle import outputs_by_threads, same_frames
from headrace import frame as hf

CASES = 500 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "7"))
KINDS = ["inner", "left", "right", "full", "semi", "anti"]
DAY = datetime.date(1970, 1, 1)

KEYS = {  # name: (Polars' type, the values)
    "bool": (pl.Boolean, [True, False]),
    "i8": (pl.Int8, [-128, -1, 0, 1, 127]),
    "i32": (pl.Int32, [-(2**31), -1, 0, 1, 2, 2**31 - 1]),
    "few": (pl.Int64, [0, 1, 2, 3]),
    "far": (pl.Int64, [-(2**63), -(2**62), -1, 0, 1, 2**62, 2**63 - 1]),
    "u8": (pl.UInt8, [0, 1, 255]), "u64": (pl.UInt64, [0, 1, 2**63, 2**64 - 1]),
    "f32": (pl.Float32, [0.0, -0.0, math.nan, math.inf, 1.5]),
    "f64": (pl.Float64, [0.0, -0.0, math.nan, -math.inf, 1.5, 1e300]),
    "str": (pl.String, ["", "a", "b", "é中😀", "a string of more than twelve bytes", "a string of more than twelve letters"]),
    "bin": (pl.Binary, [b"", b"\0", b"\xff" * 20]),
    "cat": (pl.Categorical, ["x", "y", "z", ""]),
    "date": (pl.Date, [DAY, DAY + datetime.timedelta(days=9), DAY - datetime.timedelta(days=9000)]),
    "dt": (pl.Datetime("us"), [datetime.datetime(2020, 1, 1, 2, 3, 4), datetime.datetime(1900, 1, 1)]),
    "span": (pl.Duration("us"), [datetime.timedelta(seconds=s) for s in (0, -5, 7)]),
    "money": (pl.Decimal(15, 2), [decimal.Decimal(n) / 100 for n in (0, 105, -105)]),
    "wide": (pl.Decimal(38, 2), [decimal.Decimal(n) / 100 for n in (0, 10**30, -(10**30))]),
    "list": (pl.List(pl.Int64), [[], [1], [1, 2], [2, None]]),
}  # fmt: skip
OTHERS = {"few": ["i8", "i32"], "i8": ["few", "u8"], "i32": ["few"], "u8": ["i8", "u64"], "f32": ["f64"], "f64": ["f32"]}  # keys of other types that join with these


def side(random_, rows, tag, nulls, few_keys):
    """Columns of every key type, and one that numbers the rows, as Polars' frame."""
    data = {}
    for name, (type_, values) in KEYS.items():
        some = values[:1] if few_keys else values
        data[name] = pl.Series(name, [None if random_.random() < nulls else random_.choice(some) for _ in range(rows)], dtype=type_)
    return pl.DataFrame(data).with_columns(pl.int_range(rows).alias(tag), both=pl.int_range(rows) * 2)


def ours_of(random_, frame):
    cut = random_.randrange(frame.height + 1)
    return hf.concat([hr.DataFrame(frame[:cut]), hr.DataFrame(frame[cut:])])


def test_random_frames_are_joined_as_polars_joins_them():
    random_ = random.Random(SEED)
    for case in range(CASES):
        few_keys = random_.random() < 0.15
        sizes = [0, 1, 3, 20] if few_keys else [0, 1, 3, 20, 60, 200]
        left, right = (side(random_, random_.choice(sizes), tag, random_.choice([0, 0.2, 0.9]), few_keys) for tag in ("l", "r"))
        how = random_.choice(KINDS)
        left_on = random_.sample(list(KEYS), random_.choice([1, 1, 2, 3]))
        right_on = [random_.choice([key, *OTHERS.get(key, [])]) for key in left_on]
        if left_on != right_on and len(set(right_on)) < len(right_on):
            right_on = left_on
        options = {"nulls_equal": random_.random() < 0.5, "coalesce": random_.choice([None, None, True, False]), "suffix": random_.choice(["_right", "_r"])}
        keys = {"on": left_on} if left_on == right_on else {"left_on": left_on, "right_on": right_on}
        where = f"case {case}, seed {SEED}: {how} {keys} {options}"
        wanted = left.join(right, how=how, maintain_order="left_right", **keys, **options)
        got = ours_of(random_, left).join(ours_of(random_, right), how=how, **keys, **options)
        same_frames(got, wanted, where)


def test_keys_may_be_calculated_and_then_columns_stay_apart():
    random_ = random.Random(SEED + 1)
    for how in KINDS:
        for nulls_equal in (False, True):
            left, right = side(random_, 50, "l", 0.2, False), side(random_, 40, "r", 0.2, False)
            wanted = left.join(right, left_on=pl.col("few") + 1, right_on=pl.col("few") * 1, how=how, nulls_equal=nulls_equal, maintain_order="left_right")
            got = hr.DataFrame(left).join(hr.DataFrame(right), left_on=hf.col("few") + 1, right_on=hf.col("few") * 1, how=how, nulls_equal=nulls_equal)
            same_frames(got, wanted, f"{how} {nulls_equal}")


def test_every_row_with_every_row():
    random_ = random.Random(SEED + 2)
    for sizes in [(0, 0), (0, 5), (5, 0), (7, 11), (300, 100)]:
        left, right = (side(random_, rows, tag, 0.2, False) for rows, tag in zip(sizes, ("l", "r")))
        same_frames(hr.DataFrame(left).join(hr.DataFrame(right), how="cross"), left.join(right, how="cross", maintain_order="left_right"), sizes)


def brute(left, right, holds, how):
    """The pairs of row numbers that a join by a condition gives, tried one by one."""
    pairs, found = [], set()
    for l in left.iter_rows(named=True):
        mine = [(l["l"], r["r"]) for r in right.iter_rows(named=True) if holds(l, r)]
        found |= {r for _, r in mine}
        if how == "semi" and mine or how == "anti" and not mine:
            pairs.append((l["l"],))
        elif how not in ("semi", "anti"):
            pairs += mine or ([(l["l"], None)] if how in ("left", "full") else [])
    if how in ("right", "full"):
        pairs += [(None, r) for r in range(right.height) if r not in found]
    return pairs


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (40, 30), (300, 200)])
def test_conditions_beside_keys_and_without(how, sizes):
    random_ = random.Random(f"{how} {sizes} {SEED}")
    left, right = (side(random_, rows, tag, 0.2, False) for rows, tag in zip(sizes, ("l", "r")))
    ours, others = hr.DataFrame(left), hr.DataFrame(right)
    col = hf.col
    some = lambda *values: None not in values
    for predicates, holds in [
        ([col("few") == col("few_right"), col("l") > col("r")], lambda l, r: some(l["few"], r["few"]) and l["few"] == r["few"] and l["l"] > r["r"]),
        ([col("r") * 2 < col("l"), col("str_right") == col("str")], lambda l, r: some(l["str"], r["str"]) and l["str"] == r["str"] and r["r"] * 2 < l["l"]),
        ([col("l") < col("r")], lambda l, r: l["l"] < r["r"]),
        ([(col("i8") == col("i8_right")) | (col("l") == col("r"))], lambda l, r: some(l["i8"], r["i8"]) and l["i8"] == r["i8"] or l["l"] == r["r"]),
        ([hf.lit(False)], lambda l, r: False),
    ]:
        answer = ours.join_where(others, *predicates, how=how)
        tags = ["l"] if how in ("semi", "anti") else ["l", "r"]
        assert list(zip(*(answer[tag].to_list() for tag in tags))) == brute(left, right, holds, how), repr(predicates)
        assert answer.columns == (left.columns if how in ("semi", "anti") else left.join(right, how="cross").columns)


@pytest.mark.parametrize("how", ["inner", "left", "full"])
@pytest.mark.parametrize("validate", ["m:1", "1:m", "1:1"])
@pytest.mark.parametrize("nulls_equal", [False, True])
def test_validation_finds_what_polars_finds(how, validate, nulls_equal):
    frames = {"once": [1, 2, None], "twice": [1, 1, 2], "nulls": [1, None, None], "other": [7, 8, 9]}
    for one, left in frames.items():
        for other, right in frames.items():
            if how == "full" and not nulls_equal and "nulls" in (one, other):
                continue  # Polars counts nulls that join nothing in full joins alone
            a, b = pl.DataFrame({"k": left}), pl.DataFrame({"k": right})
            try:
                wanted = a.join(b, on="k", how=how, validate=validate, nulls_equal=nulls_equal, maintain_order="left_right")
            except pl.exceptions.ComputeError:
                with pytest.raises(hr.InvalidArgument, match="A key stands in several rows"):
                    hr.DataFrame(a).join(hr.DataFrame(b), on="k", how=how, validate=validate, nulls_equal=nulls_equal)
            else:
                same_frames(hr.DataFrame(a).join(hr.DataFrame(b), on="k", how=how, validate=validate, nulls_equal=nulls_equal), wanted, f"{one} {other}")


def test_types_that_hold_the_values_of_both_are_compared():
    dates = hr.DataFrame({"k": [DAY, DAY + datetime.timedelta(days=1)], "a": [1, 2]})
    times = hr.DataFrame({"k": [datetime.datetime(1970, 1, 2), datetime.datetime(1970, 1, 1, 5)], "b": [1, 2]})
    assert dates.join(times, on="k").to_dict(as_series=False) == {"k": [DAY + datetime.timedelta(days=1)], "a": [2], "b": [1]}
    cents = hr.DataFrame({"k": [100, 150], "a": [1, 2]}).select("a", hf.col("k").cast(hf.Decimal(10, 2)))
    assert cents.join(hr.DataFrame({"k": [150, 7]}), on="k")["a"].to_list() == [2]
    categories = hr.DataFrame({"k": hr.Series("k", ["x", "y"], hf.Categorical), "a": [1, 2]})
    assert categories.join(hr.DataFrame({"k": ["y", "q"]}), on="k")["a"].to_list() == [2]


def test_what_goes_wrong_is_said():
    left, right = hr.DataFrame({"k": [1], "s": ["x"], "v": [1]}), hr.DataFrame({"k": [1.5], "s": ["x"], "v": [1], "v_right": [1]})
    for call, error, message in [
        (lambda: left.join(right, on="k"), hr.InvalidArgument, 'The keys col("k") and col("k") of the join: Int64 and Float64 have no type in common that holds'),
        (lambda: left.join(right, on="q"), hr.NotFound, 'There is no column "q"; there are k, s, v'),
        (lambda: left.join(right, on="s"), hr.InvalidArgument, 'Two columns of the join are named "v_right"; rename one, or give another suffix.'),
        (lambda: left.join(right), hr.InvalidArgument, "needs keys"),
        (lambda: left.join(right, on="s", how="cross"), hr.InvalidArgument, "A cross join has no keys"),
        (lambda: left.join(right, left_on=["s", "k"], right_on="s"), hr.InvalidArgument, "there are 2 and 1"),
        (lambda: left.join(right, on="s", how="outer"), ValueError, 'not "outer"'),
        (lambda: left.join(right, on="s", left_on="s"), ValueError, "not by both"),
        (lambda: left.join_where(right), hr.InvalidArgument, "join_where needs a condition"),
        (lambda: left.join_where(right, hf.col("q") > 1, suffix="_r"), hr.NotFound, 'There is no column "q"'),
        (lambda: left.join_where(right, hf.col("v") + 1, suffix="_r"), hr.InvalidArgument, "a condition must be Boolean and is Int64"),
        (lambda: left.join(right, on="s", how="semi", validate="1:1"), hr.InvalidArgument, "A join (semi) cannot be validated (1:1)"),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert message in str(caught.value)


def large():
    """Frames of so many rows that several threads build and look up, and their joins."""
    r = random.Random(5)
    rows, others = 200_000, 150_000

    def columns(n, tag):
        return pl.DataFrame({
            "near": [r.randrange(100_000) for _ in range(n)],
            "far": [r.randrange(100_000) * 2**40 for _ in range(n)],
            "str": [f"the key of number {r.randrange(90_000)}" for _ in range(n)],
            "skew": [0 if r.random() < 0.01 else i for i in range(n)],
            "few": [r.choice([None, 1.0, -0.0]) if i < 600 else i + (0.25 if tag == "l" else 0.5) for i in range(n)],
        }).with_columns(pl.int_range(n).alias(tag))  # fmt: skip

    left, right = columns(rows, "l"), columns(others, "r")
    for keys in (["near"], ["far"], ["str"], ["skew"], ["near", "str"], ["few"], ["few", "far"]):
        for how in ("inner", "full", "anti", "right"):
            yield keys, how, left, right, hr.DataFrame(left).join(hr.DataFrame(right), on=keys, how=how)


def test_any_number_of_threads_gives_the_same():
    assert len(outputs_by_threads(__file__)) == 1


def test_many_rows_are_joined_as_polars_joins_them():
    for keys, how, left, right, answer in large():
        wanted = left.join(right, on=keys, how=how, maintain_order="left_right")
        assert pl.DataFrame(answer.to_arrow()).equals(wanted), (keys, how)


@pytest.mark.parametrize("nulls_equal", [False, True])
def test_a_left_side_that_is_much_smaller_keeps_its_order_too(nulls_equal):
    r = random.Random(SEED + 3)

    def columns(n, tag):
        near = [r.choice([None, *range(300)]) for _ in range(n)]
        words = [None if v is None else f"the key of number {v}" for v in near]
        return pl.DataFrame({"near": near, "str": words}, schema={"near": pl.Int64, "str": pl.String}).with_columns(pl.int_range(n).alias(tag))

    right = columns(300_000, "r")
    for rows in (0, 1, 700):
        left = columns(rows, "l")
        for keys in (["near"], ["str"], ["near", "str"]):
            for coalesce in (None, False):
                options = {"nulls_equal": nulls_equal, "coalesce": coalesce, "on": keys}
                wanted = left.join(right, maintain_order="left_right", **options)
                answer = ours_of(r, left).join(ours_of(r, right), **options)
                assert pl.DataFrame(answer.to_arrow()).equals(wanted), (rows, options)


def digest():
    sum_ = hashlib.sha256()
    for *_, answer in large():
        for name in sorted({"l", "r"} & set(answer.columns)):
            sum_.update(answer[name].to_numpy().tobytes())
    return sum_.hexdigest()


if __name__ == "__main__":
    print(digest())
