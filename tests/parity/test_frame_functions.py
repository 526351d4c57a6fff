"""Functions of rows against Polars: each rule by itself, over random columns, and patterns of random texts."""
import datetime
import decimal
import math
import os
import random

import pytest

pl = pytest.importorskip("polars")
import headrace as hr
from headrace import frame as hf

SEED = int(os.environ.get("HEADRACE_TEST_SEED", "7"))
FRAMES = 6 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)

TEXTS = ["", "Abc déf", "a.b", "ǅ straße İI", "  x \n", "aaa", "😀x", "e\u0301x👨‍👩‍👧", "ΑΣ ΑΣΑ Σ", "ŉǰΐﬀᾳ", "$1 \\ {}", "\u00a0nbsp\u2003", "abababab", "the quick brown fox jumps",
         "-12", "+7", "0012", "ÀÉ\u0301", "日本語", "a\nb\r\nc", "\x0b\x1f", "A_b-C", "٣ digits ३", "special packages requests"]
LETTERS = ["", "a", "b", "x", "ß", " ", "ab", "é", "😀", ".", "aa", "\n", "Σ"]
TYPES = {
    "s": (pl.String, lambda r: r.choice(TEXTS) if r.random() < 0.8 else "".join(r.choice(LETTERS) for _ in range(r.randrange(9)))),
    "p": (pl.String, lambda r: r.choice(LETTERS)),
    "n": (pl.Int64, lambda r: r.choice([0, 1, 2, 3, 5, 100, -1, -2, -5, -100, 2**62, -(2**63)])),
    "k": (pl.Int64, lambda r: r.randrange(0, 12)),
    "i8": (pl.Int8, lambda r: r.choice([0, 1, 5, -1, -128, 127, r.randrange(-128, 128)])),
    "u8": (pl.UInt8, lambda r: r.choice([0, 1, 5, 255])),
    "i64": (pl.Int64, lambda r: r.choice([0, 1, -1, 2**63 - 1, -(2**63), r.randrange(-1000, 1000)])),
    "u64": (pl.UInt64, lambda r: r.choice([0, 1, 2**64 - 1, r.randrange(1000)])),
    "f": (pl.Float64, lambda r: r.choice([0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.25, math.nan, math.inf, -math.inf, r.uniform(-100, 100)])),
    "f32": (pl.Float32, lambda r: r.choice([0.0, -0.0, 0.5, 1.5, 2.5, -1.25, math.nan, math.inf, r.randrange(-64, 64) / 8])),
    "d": (pl.Decimal(10, 3), lambda r: decimal.Decimal(r.randrange(-20000, 20000)) / 1000),
    "b": (pl.Boolean, lambda r: r.random() < 0.5),
    "day": (pl.Date, lambda r: r.choice([datetime.date(2024, 2, 29), datetime.date(1969, 12, 31), datetime.date(1900, 3, 1), datetime.date(2, 1, 1), datetime.date(9998, 12, 31),
                                         datetime.date(1970, 1, 1) + datetime.timedelta(days=r.randrange(-80000, 80000))])),
    "t": (pl.Datetime("us"), lambda r: r.choice([datetime.datetime(2024, 2, 29, 23, 59, 59, 999999), datetime.datetime(1969, 12, 31, 23, 59, 59, 1),
                                                 datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=r.randrange(-(10**16), 10**16))])),
    "ms": (pl.Datetime("ms"), lambda r: datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=r.randrange(-(10**13), 10**13))),
    "ns": (pl.Datetime("ns"), lambda r: datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=r.randrange(-(10**15), 10**15))),
    "z": (pl.Datetime("us", "UTC"), lambda r: datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=r.randrange(-(10**15), 10**15))),
    "span": (pl.Duration("us"), lambda r: datetime.timedelta(microseconds=r.choice([0, 1, -1, r.randrange(-(10**15), 10**15)]))),
    "every": (pl.String, lambda r: r.choice(["1d", "1mo", "1y", "1h", "2w", "15m"])),
    "iso": (pl.String, lambda r: r.choice(["2024-02-29", "2023-02-29", "1969-12-31", "x", "", "2024-02-29 10:11:12", "2024-02-29T10:11:12.5", "2024-02-29 10:11", "2021-1-3", " 2021-01-03", "2021-01-03 "])),
}  # fmt: skip


def frames(random_, rows):
    values = {name: [None if random_.random() < 0.2 else make(random_) for _ in range(rows)] for name, (_, make) in TYPES.items()}
    theirs = pl.DataFrame({name: pl.Series(name, column, dtype=TYPES[name][0]) for name, column in values.items()})
    cut = random_.randrange(rows + 1)
    return hf.concat([hr.DataFrame(theirs[:cut]), hr.DataFrame(theirs[cut:])]), theirs


def same(ours, theirs, tolerance):
    if isinstance(ours, float) and isinstance(theirs, float):
        return ours == theirs or (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=tolerance)
    return ours == theirs and type(ours) is type(theirs)


def outcome(calculate):
    try:
        return calculate(), None
    except (hr.HeadraceError, pl.exceptions.PolarsError, ValueError, TypeError, OverflowError) as error:
        return None, error


def written(rule, module):
    types = {name: getattr(module, name) for name in ("Date", "Datetime", "Int8", "Int64", "UInt8", "String", "Categorical", "Float32")}
    return eval(rule, {"m": module, "c": module.col, "lit": module.lit, "D": datetime, "nan": math.nan, **types})


# What both are asked; the columns are those of TYPES.
TEXT = [
    *(f"c('s').str.contains({p})" for p in ["'b'", "'.b'", "'^a'", "'x$'", "'(?i)ABC'", r"'\\w+\\b'", r"'\\bde'", r"'\\d'", r"'\\s'", r"'[^\\s\\w]'", r"'\\p{Greek}'", "'[a-c]{2,3}'", "'(ab)+?$'",
        "'a|x'", "''", "c('p'),literal=True", "'.',literal=True", "'(',strict=False", "None", "'a*+'", "'[]a]'", "'(?m)^b'", "'(?s)a.b'", "'a.b'", r"'\\x61'", r"'\\u{1F600}'", "'['", "'(?=a)'", r"'\\1'", r"'\\q'", "'a{'"]),
    *(f"c('s').str.find({p})" for p in ["'a'", "'.b'", "'.',literal=True", "''", "c('p'),literal=True", "'$'"]),
    *(f"c('s').str.count_matches({p})" for p in ["'a'", "'a*'", "''", "'.',literal=True", r"'\\w'"]),
    *(f"c('s').str.{f}(c('p'))" for f in ["starts_with", "ends_with", "strip_prefix", "strip_suffix", "strip_chars", "strip_chars_start", "strip_chars_end", "split"]),
    *(f"c('s').str.{f}('a')" for f in ["starts_with", "ends_with", "strip_prefix", "strip_suffix", "strip_chars", "strip_chars_start", "strip_chars_end", "split"]),
    *(f"c('s').str.{f}()" for f in ["strip_chars", "strip_chars_start", "strip_chars_end", "to_lowercase", "to_uppercase", "reverse", "len_bytes", "len_chars"]),
    *(f"c('i8').str.{f}()" for f in ["strip_chars", "to_lowercase", "len_bytes"]),
    *(f"c('s').str.slice({a})" for a in ["1,2", "-2", "-2,1", "-20,19", "3", "0,100", "c('n'),1", "1,c('k')", "c('n')", "2,0", "None"]),
    *(f"c('s').str.{f}({a})" for f in ["head", "tail"] for a in ["2", "-2", "0", "100", "-100", "c('n')"]),
    *(f"c('s').str.replace({a})" for a in ["'a','[$0]'", "'(a)(b)?','<$2$1>'", "'a','$x$1a${1}$$'", "'a','$0',literal=True", "'.','!',literal=True", "'a','z',n=2", "'a','z',n=0",
        "'(?P<x>a)(b)','${x}_$x_$2'", "'a',c('p')", "'^','q'", "'','-'"]),
    *(f"c('s').str.replace_all({a})" for a in ["'','-'", "'','-',literal=True", "'a*','-'", "'a',c('p')", r"'\\s+',' '", r"'(\\w)(\\w)','$2$1'", "'a','',literal=True", "'aa','a'"]),
    *(f"c('s').str.extract({a})" for a in ["'(a)(b)?'", "'(a)(b)?',2", "'(a)',0", "'(a)',3", r"'(\\w+)\\s(\\w+)',2", "'b',1"]),
    *(f"c('s').str.extract_all({a})" for a in ["'a'", "'a*'", r"'\\w+'", "''"]),
    *(f"c('s').str.split({a})" for a in ["'a'", "''", "' '", "'a',inclusive=True", "'ab',inclusive=True"]),
    *(f"c('s').str.{f}({a})" for f in ["pad_start", "pad_end"] for a in ["4", "4,'é'", "0", "c('k'),'*'", "4,'ab'"]),
    "c('s').str.zfill(5)", "c('s').str.zfill(c('k'))", "c('s').str.zfill(0)",
    *(f"c('s').str.to_integer({a})" for a in ["strict=False", "base=16,strict=False", "dtype=Int8,strict=False", "dtype=UInt8,strict=False", "base=36,strict=False", ""]),
    "m.concat_str(c('s'),c('p'),c('k'))", "m.concat_str('s','p',separator='-')", "m.concat_str(['s','p'],separator='-',ignore_nulls=True)",
    "m.concat_str(c('d'),c('b'),c('day'),separator='|',ignore_nulls=True)", "m.concat_str(c('s'),lit('q'))", "c('s')+c('p')", "c('s')+'!'",
    "lit('a').str.to_uppercase()", "lit('a-b').str.split('-')", "c('s').cast(Categorical).str.len_bytes()",
]  # fmt: skip
TIMES = [
    *(f"c('{of}').dt.{f}()" for of in ["day", "t", "ms", "ns", "z", "span", "i64"] for f in ["year", "iso_year", "month", "day", "quarter", "week", "weekday", "ordinal_day", "is_leap_year",
        "days_in_month", "date", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond", "timestamp", "epoch", "to_string"] if not (of == "span" and f == "to_string")
        and (of, f) not in [("i64", f) for f in ("to_string", "date", "timestamp", "epoch")]),
    *(f"c('{of}').dt.truncate('{every}')" for of in ["day", "t", "ms", "z"] for every in ["1mo", "1w", "2w", "2mo", "1q", "3d", "1d", "1h", "7m", "15m", "1y", "5y", "1h30m", "1us", "0h", "x", "-1h", "1mo1d"]
        if (of, every) != ("day", "7m")),
    *(f"c('{of}').dt.offset_by('{by}')" for of in ["day", "t", "ms", "z"] for by in ["1mo", "-1mo", "1h", "25h", "-1h", "1mo2d3h", "-1y", "1q", "1w", "1ns", "x"]),
    "c('ns').dt.truncate('7ns')", "c('t').dt.truncate(c('every'))", "c('t').dt.offset_by(c('every'))", "c('day').dt.offset_by(c('every'))", "c('t').dt.truncate(D.timedelta(hours=1))",
    "c('span').dt.truncate('1h')", "c('span').dt.offset_by('1h')",
    *(f"c('span').dt.total_{f}({a})" for f in ["days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] for a in ["", "fractional=True"]),
    "c('t').dt.total_days()",
    *(f"c('{of}').dt.epoch('{u}')" for of in ["day", "t", "ms", "ns"] for u in ["s", "d", "ms", "us"]),
    *(f"c('t').dt.timestamp('{u}')" for u in ["ms", "us", "s"]), "c('ms').dt.timestamp('us')",
    *(f"c('{of}').dt.strftime('{f}')" for of in ["day", "t", "z"] for f in ["%Y-%m-%d", "%d.%m.%y", "%j", "%a %A", "%b %B %h", "%e", "%U %W %V %G", "%u %w", "%F %D", "%p %I", "%H:%M:%S", "%T%.3f", "%.f", "%f",
        "%6f", "%R", "%s", "%%", "%Q", "%P %k %l", "%C", "%z", "%:z"]),
    *(f"c('iso').str.to_date({a})" for a in ["strict=False", "'%Y-%m-%d',strict=False", "'%F %T',strict=False", "'%Y-%m-%d'"]),
    *(f"c('iso').str.to_datetime({a})" for a in ["'%Y-%m-%d %H:%M:%S',strict=False", "'%Y-%m-%dT%H:%M:%S%.f',strict=False", "'%F',time_unit='ms',strict=False", "'%F %H:%M',strict=False", "'%F %T',time_zone='UTC',strict=False"]),
    *(f"lit('{text}').str.to_datetime('{f}')" for text, f in [("10:11 PM 2024-02-29", "%I:%M %p %F"), ("1700000000", "%s"), ("-1", "%s"), ("2024-02-29T10:11:12+01:00", "%Y-%m-%dT%H:%M:%S%z"),
        ("2024-02-29 23:59:60", "%F %T"), ("Feb 3, 2021 1:02", "%b %e, %Y %H:%M"), ("2024-02-29 10:11:12.123", "%F %T%.3f"), ("2024-02-29 1", "%F %H"), ("24-2-9 1:1", "%y-%m-%d %H:%M")] if f != "%F %T%.3f"),
    *(f"lit('{text}').str.to_date('{f}')" for text, f in [("29.2.2024", "%d.%m.%Y"), ("february 3 2021", "%B %d %Y"), ("69-02-03", "%y-%m-%d"), ("70-02-03", "%y-%m-%d"), ("2021-034", "%Y-%j"), ("2021-366", "%Y-%j"),
        ("2024-02", "%Y-%m"), ("2021-13-01", "%F"), ("0001-03-15", "%F")]),
    "lit('2021/02/03').str.to_date()", "lit('03/02/2021').str.to_date()", "lit('03-02-2021').str.to_date()", "lit('2024-02-29 10:11').str.to_datetime()", "c('k').str.to_date()",
    "lit('2024-02-29').str.strptime(Date,'%F')", "lit('2024-02-29').str.strptime(Datetime('ms'),'%F')",
]  # fmt: skip
NUMBERS = [
    *(f"c('{of}').{f}()" for of in ["i8", "u8", "i64", "u64", "f", "f32", "d", "b", "s", "span"] for f in ["abs", "sign", "floor", "ceil", "round", "sqrt", "cbrt", "exp", "log", "log10", "log1p"]
        if not (of in ("s", "span") and f in ("sqrt", "cbrt", "exp", "log", "log10", "log1p"))),
    *(f"c('{of}').round({a})" for of in ["f", "f32", "d", "i8"] for a in ["1", "2", "2,mode='half_away_from_zero'", "0,mode='half_away_from_zero'", "5", "-1"]),
    "c('i8').log(2)", "c('f').log(c('f32'))",
    *(f"c('{of}').pow({e})" for of in ["i8", "u8", "i64", "f", "f32", "d", "b"] for e in ["2", "3", "0", "0.5", "-1", "c('u8')", "c('f')", "c('f32')"] if (of, e) != ("f", "0.5")),
    "c('f').abs().pow(0.5)",
    "2**c('f')", "c('f')**c('f')", "lit(2).pow(c('u8'))",
    *(f"c('{of}').clip({a})" for of in ["i8", "f", "f32", "d", "i64", "day", "s", "b"] for a in ["0,1", "lower_bound=0", "upper_bound=c('u8')", "5,1", "nan,1"] if of != "day"
        and not (of in ("i8", "i64", "d") and a == "nan,1")),
    "c('day').clip(D.date(1950,1,1),D.date(2000,1,1))", "c('i8').clip(c('k'),5)", "c('i8').clip(0,1000)",
    *(f"c('{of}').fill_null({v})" for of in ["i8", "f", "f32", "i64", "u8"] for v in ["0", "1000", "1.5", "c('k')", "c('f')"]),
    "c('s').fill_null('x')", "c('day').fill_null(D.date(2000,1,1))", "c('b').fill_null(False)", "c('s').fill_null(c('p'))", "c('t').fill_null(c('ms'))",
    *(f"c('{of}').fill_nan({v})" for of in ["f", "f32", "i8", "s"] for v in ["0", "None", "0.5", "c('i8')"]),
    *(f"c('{of}').is_in({v})" for of, v in [("i8", "[1,5]"), ("i8", "[1,None]"), ("i8", "[1,None],nulls_equal=True"), ("i8", "[]"), ("i8", "[300]"), ("i8", "['x']"), ("f", "[nan,1.5]"), ("f", "[0.0]"),
        ("f32", "[0.5]"), ("s", "['aaa','',None]"), ("s", "{'aaa'}"), ("b", "[True]"), ("d", "[1]"), ("u64", "[0,1]"), ("day", "[D.date(2024,2,29)]"), ("t", "[D.datetime(2024,2,29,23,59,59,999999)]"), ("b", "[None]")]),
    *(f"c('i8').is_between({a})" for a in ["0,5", "0,5,closed='none'", "0,5,closed='left'", "0,5,closed='right'", "c('k'),5", "0.5,5"]),
    "c('s').is_between('a','b')", "c('f').is_between(0,nan)", "c('day').is_between(D.date(1950,1,1),D.date(2000,1,1))",
    "m.coalesce(c('i8'),c('n'))", "m.coalesce('i8','n',0)", "m.coalesce(c('i8'),1.5)", "m.coalesce(c('i8'))", "m.coalesce(None,c('i8'))", "m.coalesce(['s','p'])",
    *(f"m.{f}_horizontal({a})" for f in ["min", "max", "sum"] for a in ["'i8','n'", "'i8','f'", "'f','f32'", "'i8',5", "'i8'", "'b','b'", "'s','p'", "'i8','u8'", "'f32','f32'", "'i8',1.5", "'f','i8','u8'"]
        if not (f == "sum" and a in ("'i8','n'",))),
    "m.sum_horizontal('i8','k',ignore_nulls=False)", "m.sum_horizontal('d','i8')", "m.max_horizontal('day','day')",
]  # fmt: skip


def check(rule, seed, rows_choice=(0, 1, 40, 65)):
    random_ = random.Random(f"{seed} {rule}")
    answered = refused = 0
    for _ in range(FRAMES):
        ours, theirs = frames(random_, random_.choice(rows_choice))
        wanted, error = outcome(lambda: theirs.select(r=written(rule, pl))["r"])
        got, complaint = outcome(lambda: ours.select(r=written(rule, hf))["r"])
        if wanted is None or (got is None and wanted.null_count() == len(wanted)):  # Polars refuses some only where there are values
            refused += 1
            continue
        assert got is not None, f"{rule}, seed {seed}: {complaint}"
        assert got.dtype == hr.Series("r", wanted).dtype, f"{rule}: {got.dtype} {wanted.dtype}"
        mine, other = outcome(got.to_list)[0], outcome(wanted.to_list)[0]
        if other is None:
            assert mine is None  # a date that Python has none of
            answered += 1
            continue
        assert len(mine) == len(other)
        for row, (a, b) in enumerate(zip(mine, other)):
            assert same(a, b, 1e-6 if got.dtype == hf.Float32 else 1e-13), f"{rule}, seed {seed}, row {row}: {a!r} {b!r} of {theirs.row(row) if theirs.height > row else ''}"
        answered += 1
    return answered, refused




@pytest.mark.parametrize("rule", TEXT + TIMES + NUMBERS)
def test_rule_gives_what_polars_gives(rule):
    answered, refused = check(rule, SEED)
    assert answered + refused == FRAMES


PATTERN_PARTS = ["a", "b", "é", ".", r"\w", r"\d", r"\s", "[a-c]", "[^a]", "(a|b)", "(?:ab)", "a?", "b*", "x+", "a{1,2}", "^", "$", r"\b", r"\B", "|", "(?i)A", "😀", r"\W", r"\S", r"[\w.]", "ß"]


def test_random_patterns_find_what_polars_finds():
    random_ = random.Random(SEED)
    for case in range(60 * FRAMES):
        pattern = "".join(random_.choice(PATTERN_PARTS) for _ in range(random_.randrange(1, 6)))
        texts = [TYPES["s"][1](random_) for _ in range(30)]
        theirs = pl.DataFrame({"s": texts})
        for rule in ["c('s').str.contains(P)", "c('s').str.find(P)", "c('s').str.extract_all(P)", "c('s').str.replace_all(P,'<$0>')", "c('s').str.extract(P,1)"]:
            source = rule.replace("P", repr(pattern))
            wanted, refused = outcome(lambda: theirs.select(r=written(source, pl))["r"].to_list())
            if wanted is None:
                continue
            got, error = outcome(lambda: hr.DataFrame(theirs).select(r=written(source, hf))["r"].to_list())
            assert got == wanted, f"case {case}, seed {SEED}: {source}: {error} {[(t, a, b) for t, a, b in zip(texts, got or [], wanted) if a != b][:3]}"


def test_like_gives_what_duckdb_gives():
    duckdb = pytest.importorskip("duckdb")
    random_ = random.Random(SEED)
    connection = duckdb.connect()
    for case in range(30 * FRAMES):
        pattern = "".join(random_.choice(["%", "_", "a", "b", "é", "ab", "\\%", "\\_", "%%", "."]) for _ in range(random_.randrange(0, 6)))
        texts = ["".join(random_.choice(["a", "b", "é", "%", "_", "😀", "."]) for _ in range(random_.randrange(0, 7))) for _ in range(40)]
        wanted = [row[0] for row in connection.execute("SELECT t LIKE $1 ESCAPE '\\' FROM (SELECT unnest($2) AS t)", [pattern, texts]).fetchall()]
        got = hr.DataFrame({"s": texts}).select(hf.col("s").str.like(pattern))["s"].to_list()
        assert got == wanted, f"case {case}, seed {SEED}: {pattern!r} {[(t, a, b) for t, a, b in zip(texts, got, wanted) if a != b][:3]}"


def test_wrong_pattern_is_said_with_its_part():
    frame = hr.DataFrame({"s": ["a"]})
    with pytest.raises(hr.HeadraceError, match=r"str\.contains.*look around"):
        frame.select(hf.col("s").str.contains("(?<=a)b"))
    with pytest.raises(hr.HeadraceError, match="within another"):
        frame.select(hf.col("s").str.contains("[[a]b]"))


def test_pattern_that_goes_back_and_forth_without_end_is_an_error():
    frame = hr.DataFrame({"s": ["a" * 40 + "!"]})
    with pytest.raises(hr.HeadraceError, match="too many steps"):
        frame.select(hf.col("s").str.contains("(a|a?)+$"))


def test_clock_of_a_named_zone_is_refused():
    frame = hr.DataFrame({"t": [datetime.datetime(2024, 1, 1)]}).select(hf.col("t"))
    named = hr.DataFrame(pl.DataFrame({"t": [datetime.datetime(2024, 1, 1)]}).with_columns(pl.col("t").dt.replace_time_zone("Europe/Berlin")))
    assert frame.select(hf.col("t").dt.hour())["t"].to_list() == [0]
    with pytest.raises(hr.HeadraceError, match="only UTC's"):
        named.select(hf.col("t").dt.hour())


def test_parts_of_texts_share_the_memory():
    text = "a string that is much longer than twelve bytes " * 1000
    frame = hr.DataFrame({"s": [text] * 3})
    assert frame.select(hf.col("s").str.slice(2))["s"].to_list() == [text[2:]] * 3
    assert frame.select(hf.col("s").str.strip_suffix(" ").str.tail(5))["s"].to_list() == [text[:-1][-5:]] * 3
