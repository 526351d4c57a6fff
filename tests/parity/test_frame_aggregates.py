"""Aggregates, groups and unique rows of frames against Polars, and the same bits for any number of threads and any chunks."""
import datetime
import decimal
import math
import os
import random
import subprocess
import sys

import pytest

pl = pytest.importorskip("polars")
import headrace as hr
from headrace import frame as hf

CASES = 150 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "8"))
WORDS = ["", "mill", "Mill", "the head race", "é中😀", "a string of more than twelve bytes", "a string of more than twelve byteS"]
EPOCH = datetime.datetime(1970, 1, 1)


def whole(low, high):
    return lambda r: r.choice([0, 1, 2, 3, r.randint(low, high), r.randint(max(low, -9), 9)])


def money(r):
    return decimal.Decimal(r.randint(-(10**9), 10**9)) / 100


TYPES = {  # name: (Polars' type, a random value)
    "bool": (pl.Boolean, lambda r: r.random() < 0.5),
    "i8": (pl.Int8, whole(-128, 127)), "i16": (pl.Int16, whole(-(2**15), 2**15 - 1)), "i32": (pl.Int32, whole(-(2**20), 2**20)), "i64": (pl.Int64, whole(-(2**50), 2**50)),
    "u8": (pl.UInt8, whole(0, 255)), "u16": (pl.UInt16, whole(0, 2**16 - 1)), "u32": (pl.UInt32, whole(0, 2**20)), "u64": (pl.UInt64, whole(0, 2**50)),
    "f32": (pl.Float32, lambda r: r.choice([0.0, -0.0, math.nan, math.inf, 1.5, -2.25, 0.5, 7.0])),
    "f64": (pl.Float64, lambda r: r.choice([0.0, -0.0, 1.5, 1.5, r.uniform(-9, 9), r.uniform(-1e6, 1e6), math.nan if r.random() < 0.2 else 2.0])),
    "dec": (pl.Decimal(15, 2), money),
    "str": (pl.String, lambda r: r.choice(WORDS)),
    "bin": (pl.Binary, lambda r: r.choice(WORDS).encode()),
    "date": (pl.Date, lambda r: datetime.date(1970, 1, 1) + datetime.timedelta(days=r.randrange(-300, 300))),
    "dt": (pl.Datetime("us"), lambda r: EPOCH + datetime.timedelta(microseconds=r.randrange(-(10**12), 10**12))),
    "span": (pl.Duration("us"), lambda r: datetime.timedelta(seconds=r.randrange(-(10**6), 10**6))),
    "cat": (pl.Categorical, lambda r: r.choice(WORDS)),
    "list": (pl.List(pl.Int64), lambda r: r.choice([[], [1], [1, 2], [None, 1]])),
    "null": (pl.Null, lambda r: None),
}  # fmt: skip
AGGREGATES = {
    "sum": lambda e: e.sum(), "mean": lambda e: e.mean(), "min": lambda e: e.min(), "max": lambda e: e.max(), "count": lambda e: e.count(), "len": lambda e: e.len(),
    "null_count": lambda e: e.null_count(), "first": lambda e: e.first(), "last": lambda e: e.last(), "n_unique": lambda e: e.n_unique(), "median": lambda e: e.median(),
    "std": lambda e: e.std(), "var": lambda e: e.var(), "var0": lambda e: e.var(ddof=0), "var3": lambda e: e.var(ddof=3), "any": lambda e: e.any(), "all": lambda e: e.all(),
    "any_kleene": lambda e: e.any(ignore_nulls=False), "all_kleene": lambda e: e.all(ignore_nulls=False), "product": lambda e: e.product(),
    "implode": lambda e: e.implode(),
    **{f"{how}{q}": lambda e, q=q, how=how: e.quantile(q, how) for q in (0.0, 0.3, 0.5, 1.0)
       for how in ("nearest", "lower", "higher", "midpoint", "linear", "equiprobable")},
}  # fmt: skip


def values_of(random_, name, rows, nulls=0.2, few=None):
    make = TYPES[name][1]
    some = few and [make(random_) for _ in range(few)]
    return [None if random_.random() < nulls else random_.choice(some) if some else make(random_) for _ in range(rows)]


def in_chunks(random_, theirs):
    """The frame as ours, cut at random places; some parts are slices of longer ones."""
    cuts = sorted(random_.randrange(len(theirs) + 1) for _ in range(random_.randrange(4)))
    parts = [theirs[a:b] for a, b in zip([0, *cuts], [*cuts, len(theirs)])]
    return hf.concat([hr.DataFrame(part) for part in parts])


def frames(random_, rows, names=tuple(TYPES), few=None):
    columns = {name: pl.Series(name, values_of(random_, name, rows, few=few), dtype=TYPES[name][0], strict=False) for name in names}
    theirs = pl.DataFrame(columns)
    return in_chunks(random_, theirs), theirs


def same(ours, theirs, rel=1e-12):
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(a, b, rel) for a, b in zip(ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float):
        return ours == theirs or (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=rel, abs_tol=rel)
    if isinstance(ours, (datetime.datetime, datetime.timedelta)) and type(ours) is type(theirs):
        return abs(ours - theirs) <= datetime.timedelta(microseconds=1)  # of means, that are floats there
    return type(ours) is type(theirs) and ours == theirs


def outcome(calculate):
    try:
        return calculate(), None
    except BaseException as error:  # pyo3's panics are no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return None, error


def plain(series):
    return [value.to_list() if isinstance(value, pl.Series) else value for value in series.to_list()]


RULED = {  # what Polars gives and we do not: docs/design/0018
    ("product", "dec"): "Polars rounds",
}


@pytest.mark.parametrize("rows", [0, 1, 2, 60])
@pytest.mark.parametrize("name", list(TYPES))
@pytest.mark.parametrize("aggregate", list(AGGREGATES))
def test_every_aggregate_of_every_type(aggregate, name, rows):
    random_ = random.Random(f"{aggregate} {name} {rows}")
    make = AGGREGATES[aggregate]
    for nulls in (0.0, 0.3, 1.0):
        theirs = pl.DataFrame({"x": pl.Series("x", values_of(random_, name, rows, nulls), dtype=TYPES[name][0]), "k": [i % 3 for i in range(rows)]}, schema_overrides={"k": pl.Int64})
        if aggregate == "product":
            theirs = theirs.with_columns(x=pl.Series("x", values_of(random_, name, min(rows, 1), nulls) + [None] * max(0, rows - 1), dtype=TYPES[name][0]))
        ours = in_chunks(random_, theirs)
        for context in ("select", "group_by"):
            if context == "select":
                wanted, refused = outcome(lambda: theirs.select(make(pl.col("x")))["x"])
                nowhere = refused
                got, error = outcome(lambda: ours.select(make(hf.col("x")))["x"])
            else:
                wanted, refused = outcome(lambda: theirs.group_by("k", maintain_order=True).agg(make(pl.col("x")))["x"])
                got, error = outcome(lambda: ours.group_by("k").agg(make(hf.col("x")))["x"])
            where = f"{context} {aggregate} of {name}, {rows} rows, nulls {nulls}: {error} {refused}"
            refused = refused or nowhere  # of groups, Polars lets pass what it then gives no sense
            if (aggregate, name) in RULED:
                assert isinstance(error, hr.InvalidArgument)
                continue
            if refused is not None:
                if name == "bin" and aggregate.startswith(("any", "all")) or name == "null" or "Panic" in type(refused).__name__:
                    continue
                assert isinstance(error, (hr.InvalidArgument, hr.Unsupported)), where
                continue
            if error is not None and name in ("str", "bin") and aggregate.startswith(("any", "all")):
                continue  # Polars casts text without a value
            assert got is not None, where
            assert got.dtype == hr.Series("x", wanted).dtype, f"{where} {got.dtype} {wanted.dtype}"
            rel = 1e-5 if name == "f32" else 1e-12
            assert same(got.to_list(), plain(wanted), rel), f"{where} {got.to_list()[:9]} {plain(wanted)[:9]} of {theirs['x'].to_list()[:9]}"


KEYS = ["bool", "i8", "i16", "i32", "i64", "u8", "u32", "u64", "f32", "f64", "dec", "str", "bin", "date", "dt", "span", "cat"]


def compare(got, wanted, where, rel=1e-9):
    assert got.columns == wanted.columns, where
    assert got.height == wanted.height, f"{where}: {got.height} {wanted.height}"
    for name in wanted.columns:
        assert got[name].dtype == hr.Series("x", wanted[name]).dtype, f"{where}: {name} {got[name].dtype} {wanted[name].dtype}"
        mine, other = got[name].to_list(), plain(wanted[name])
        assert same(mine, other, rel), f"{where}: {name}: {[(i, a, b) for i, (a, b) in enumerate(zip(mine, other)) if not same(a, b, rel)][:5]}"


def test_random_groups_are_those_of_polars():
    random_ = random.Random(SEED)
    for case in range(CASES):
        ours, theirs = frames(random_, random_.choice([0, 1, 7, 64, 300]), few=random_.choice([None, 2, 5]))
        keys = random_.sample(KEYS, random_.choice([1, 1, 2, 3]))
        inputs = [name for name in TYPES if name not in keys]
        chosen = []
        for _ in range(random_.randrange(1, 5)):
            aggregate, name = random_.choice(list(AGGREGATES)), random_.choice(inputs)
            if aggregate.startswith(("product", "any", "all")) or (aggregate, name) in RULED:
                continue
            if outcome(lambda: theirs.select(AGGREGATES[aggregate](pl.col(name))))[1] is None:
                chosen.append((f"{aggregate} {name}", aggregate, name))
        chosen = list({label: each for label, *each in chosen}.items())
        wanted = theirs.group_by(keys, maintain_order=True).agg(*[AGGREGATES[a](pl.col(n)).alias(label) for label, (a, n) in chosen], pl.len())
        got = ours.group_by(keys).agg(*[AGGREGATES[a](hf.col(n)).alias(label) for label, (a, n) in chosen], hf.len())
        compare(got, wanted, f"case {case}, seed {SEED}: {keys} {chosen}", rel=1e-5)


def test_unique_rows_are_those_of_polars():
    random_ = random.Random(SEED + 1)
    for case in range(CASES):
        names = random_.sample(KEYS, random_.choice([1, 2, 4]))
        ours, theirs = frames(random_, random_.choice([0, 1, 7, 64, 300]), names=names, few=random_.choice([2, 5]))
        subset = random_.choice([None, names[0], names[:2]])
        for keep in ("first", "last", "none"):
            where = f"case {case}, seed {SEED}: {subset} of {names}, {keep}"
            compare(ours.unique(subset, keep=keep), theirs.unique(subset, keep=keep, maintain_order=True), where)
        assert ours.n_unique(subset) == theirs.n_unique(subset), f"case {case}, seed {SEED}: {subset} of {names}"


EXPRESSIONS = {
    "ratio": lambda m: (m.col("i32").sum() / m.col("i16").sum() + 1).alias("r"),
    "of a product": lambda m: (m.col("f64") * m.col("i8")).sum(),
    "a condition": lambda m: (m.col("i32") > 3).sum(),
    "of when": lambda m: m.when(m.col("str") == "mill").then(m.col("f64")).otherwise(0).mean(),
    "two": lambda m: m.col("date").max() - m.col("date").min(),
    "lists": lambda m: m.col("i64") + 1,
    "literal": lambda m: m.lit(5),
    "compared": lambda m: m.col("u8").max() > m.col("u8").min(),
}


@pytest.mark.parametrize("name", list(EXPRESSIONS))
def test_expressions_around_and_in_aggregates(name):
    random_ = random.Random(name)
    make = EXPRESSIONS[name]
    for rows in (0, 1, 50, 300):
        ours, theirs = frames(random_, rows, few=4)
        compare(ours.group_by("cat").agg(make(hf)), theirs.group_by("cat", maintain_order=True).agg(make(pl)), f"{name} {rows}")
        compare(ours.select(make(hf)), theirs.select(make(pl)), f"{name} {rows}")


@pytest.mark.parametrize("rows", [0, 1, 5, 100])
def test_aggregates_beside_rows_stand_in_every_row(rows):
    ours, theirs = frames(random.Random(rows), rows)
    for make in (
        lambda m: [m.col("i64"), m.col("i64").sum().alias("s")],
        lambda m: [m.col("i64") - m.col("i64").mean()],
        lambda m: [(m.col("i64") - m.col("i64").mean()).max().alias("far")],
        lambda m: [m.col("i64").max().min().alias("a"), m.lit(3).sum().alias("b"), m.len()],
        lambda m: [m.col("str").max().alias("most"), m.lit(1).alias("one")],
    ):
        compare(ours.select(*make(hf)), theirs.select(*make(pl)), repr(make(hf)))
        compare(ours.with_columns(*make(hf)), theirs.with_columns(*make(pl)), repr(make(hf)))
    compare(ours.filter(hf.col("i64") > hf.col("i64").mean()), theirs.filter(pl.col("i64") > pl.col("i64").mean()), "filter")


def test_sums_of_whole_numbers_never_wrap():
    for dtype, values in [(hf.Int64, [2**63 - 1, 1]), (hf.Int64, [-(2**63), -1]), (hf.UInt64, [2**64 - 1, 1]), (hf.Int32, [2**31 - 1, 1]), (hf.UInt32, [2**32 - 1, 1])]:
        frame = hr.DataFrame([hr.Series("n", values, dtype)])
        with pytest.raises(hr.OutOfRange, match=r'col\("n"\).sum\(\): a sum does not fit U?Int..; cast to a wider type'):
            frame.select(hf.col("n").sum())
        assert frame.select(hf.col("n").mean())["n"].to_list() == [sum(values) / 2]
    # What passes the bounds on its way and comes back is no error.
    assert hr.Series("n", [2**63 - 1, 2**63 - 1, -(2**63 - 1)], hf.Int64).sum() == 2**63 - 1
    assert hr.Series("n", [2**62, 4, 0], hf.Int64).product() == 0
    with pytest.raises(hr.OutOfRange, match="a product does not fit Int64"):
        hr.Series("n", [2**62, 4], hf.Int64).product()


def test_sums_of_decimals_keep_all_digits():
    cents = hr.DataFrame({"m": ["0.01", "99999999999999.99", "-0.02"]}).select(hf.col("m").cast(hf.Decimal(16, 2)))
    total = cents.select(hf.col("m").sum())["m"]
    assert total.dtype == hf.Decimal(38, 2)
    assert [str(v) for v in total.to_list()] == ["99999999999999.98"]
    wide = hr.DataFrame({"m": ["9" * 38, "9" * 38, "-" + "9" * 38, "1"]}).select(hf.col("m").cast(hf.Decimal(38, 0)))
    assert [str(v) for v in wide[:3].select(hf.col("m").sum())["m"].to_list()] == ["9" * 38]
    with pytest.raises(hr.OutOfRange, match="does not fit Decimal"):
        wide[:2].select(hf.col("m").sum())


def test_what_is_wrong_is_said_with_its_part():
    frame = hr.DataFrame({"a": [1, 2], "s": ["x", "y"]})
    for calculate, error, message in [
        (lambda: frame.select(hf.col("s").sum()), hr.InvalidArgument, 'col("s").sum(): String has no sum; cast it.'),
        (lambda: frame.select(hf.col("q").sum()), hr.NotFound, 'There is no column "q"; there are a, s.'),
        (lambda: frame.select(hf.col("a").quantile(1.5)), hr.InvalidArgument, "a quantile is between 0 and 1, not 1.5"),
        (lambda: frame.select(hf.col("a").quantile(0.5, "middle")), hr.InvalidArgument, '"middle" is no interpolation; nearest, lower'),
        (lambda: frame.group_by(hf.col("a").sum()).agg(hf.len()), hr.InvalidArgument, "an aggregate cannot stand here"),
        (lambda: frame.group_by().agg(hf.len()), hr.InvalidArgument, "group_by needs a key at least"),
        (lambda: frame.group_by("s").agg(hf.col("a").alias("s")), hr.InvalidArgument, 'Two columns are named "s"'),
        (lambda: frame.unique("q"), hr.NotFound, 'There is no column "q"'),
        (lambda: frame.unique(keep="most"), hr.InvalidArgument, '"most" says not which row is kept'),
    ]:
        with pytest.raises(error) as caught:
            calculate()
        assert message in str(caught.value)


def test_frames_and_series_have_the_aggregates_of_their_columns():
    random_ = random.Random(SEED)
    ours, theirs = frames(random_, 40, names=("i32", "f64", "bool", "u8"))
    for name in ("sum", "mean", "min", "max", "median", "std", "var", "count", "null_count"):
        compare(getattr(ours, name)(), getattr(theirs, name)(), name)
    compare(ours.quantile(0.3, "linear").select("i32", "f64", "u8"), theirs.select("i32", "f64", "u8").quantile(0.3, "linear"), "quantile")
    for name in ("sum", "mean", "min", "max", "median", "std", "var", "count", "n_unique", "first", "last"):
        for column in ours.columns:
            assert same(getattr(ours[column], name)(), getattr(theirs[column], name)()), f"{name} {column}"
    assert ours["bool"].any() == theirs["bool"].any() and ours["bool"].all() == theirs["bool"].all()
    assert ours["u8"].unique().to_list() == theirs["u8"].unique(maintain_order=True).to_list()
    groups, others = ours.group_by("bool"), theirs.group_by("bool", maintain_order=True)
    for name in ("sum", "mean", "min", "max", "first", "last", "median", "n_unique", "len"):
        compare(getattr(groups, name)(), getattr(others, name)(), name)
    compare(ours.select(hf.sum("i32", "u8"), hf.mean("f64")), theirs.select(pl.sum("i32", "u8"), pl.mean("f64")), "functions")


MANY = """
import hashlib, random, struct, sys
import headrace as hr
from headrace import frame as hf
random_ = random.Random(5)
rows = 300_000
keys = [random_.choice([None, random_.randrange(90), random_.randrange(10**6)]) for _ in range(rows)]
frame = hr.DataFrame({
    "k": keys,
    "s": [None if k is None else f"the key {k}" for k in keys],
    "x": [random_.choice([1e300, -1e300, 1e-300, random_.gauss(0, 1), random_.uniform(-1e9, 1e9)]) for _ in range(rows)],
    "y": [random_.gauss(1e9, 1) for _ in range(rows)],
})
cuts = sorted(random.Random(int(sys.argv[1])).randrange(rows) for _ in range(int(sys.argv[1])))
frame = hf.concat([frame[a:b] for a, b in zip([0, *cuts], [*cuts, rows])])
x, y = hf.col("x"), hf.col("y")
made = [x.sum().alias("a"), y.mean().alias("b"), y.var().alias("c"), x.min().alias("d"), y.last().alias("e"), y.median().alias("f"), x.n_unique().alias("g"), hf.len()]
digest = hashlib.sha256()
for result in (frame.group_by("k").agg(*made), frame.group_by("s").agg(*made[:5], hf.col("s").max().alias("m")), frame.group_by("s", "k").agg(*made[:5]),
               frame.select(*made), frame.unique("k", keep="last")):
    for series in result.get_columns():
        for value in series.to_list():
            digest.update(struct.pack("d", value) if isinstance(value, float) else repr(value).encode())
print(digest.hexdigest())
"""


def test_the_bits_are_the_same_for_any_number_of_threads_and_any_chunks():
    digests = set()
    for threads, cuts in [(1, 0), (2, 0), (7, 0), (1, 40), (2, 9), (7, 40)]:
        environment = {**os.environ, "HEADRACE_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
        ran = subprocess.run([sys.executable, "-c", MANY, str(cuts)], env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr[-2000:]
        digests.add(ran.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize("groups", [1, 100, 40_000, 400_000])
@pytest.mark.parametrize("kind", ["int", "string", "two"])
def test_many_rows_of_few_and_many_groups(kind, groups):
    random_ = random.Random(groups)
    rows = 400_000
    keys = [random_.randrange(groups) for _ in range(rows)]
    theirs = pl.DataFrame({"k": keys, "v": [random_.randrange(1000) for _ in range(rows)]})
    if kind == "string":
        theirs = theirs.with_columns(k=pl.format("the key {}", "k"))
    theirs = theirs.with_columns(j=pl.col("k") * 3) if kind == "two" else theirs
    by = ["k", "j"] if kind == "two" else ["k"]
    ours = in_chunks(random_, theirs)
    make = lambda m: [m.col("v").sum().alias("s"), m.col("v").max().alias("m"), m.col("v").first().alias("f"), m.col("v").mean().alias("a"), m.len()]
    compare(ours.group_by(*by).agg(*make(hf)), theirs.group_by(by, maintain_order=True).agg(*make(pl)), f"{kind} {groups}")
