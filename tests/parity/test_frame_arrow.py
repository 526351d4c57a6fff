"""Frames against pyarrow: what goes in comes out, from any slice and in every form that Arrow has."""
import datetime
import decimal
import random

import pytest

pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")
import headrace as hr
from headrace import frame as hf

WORDS = ["", "mill", "the head race", "é中😀", "a string of more than twelve bytes", "x" * 300]


def some(random_, value, rows=200):
    return [None if random_.random() < 0.15 else value(random_) for _ in range(rows)]


def day(r):
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=r.randrange(-100_000, 100_000))


def moment(r):
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=r.randrange(-(10**15), 10**15))


def whole(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return lambda r: r.choice([low, high, 0, r.randint(low, high)])


# name: (Arrow's type, a random value, what its Python values become)
COLUMNS = {
    "null": (pa.null(), lambda r: None, None),
    "bool": (pa.bool_(), lambda r: r.random() < 0.5, None),
    **{f"int{bits}": (getattr(pa, f"int{bits}")(), whole(bits, True), None) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (getattr(pa, f"uint{bits}")(), whole(bits, False), None) for bits in (8, 16, 32, 64)},
    "float16": (pa.float16(), lambda r: np.float16(r.uniform(-70000, 70000)), float),
    "float32": (pa.float32(), lambda r: float(np.float32(r.uniform(-1, 1))), None),
    "float64": (pa.float64(), lambda r: r.uniform(-1e300, 1e300), None),
    "utf8": (pa.string(), lambda r: r.choice(WORDS), None),
    "large_utf8": (pa.large_string(), lambda r: r.choice(WORDS), None),
    "utf8_view": (pa.string_view(), lambda r: r.choice(WORDS), None),
    "binary": (pa.binary(), lambda r: r.randbytes(r.randrange(40)), None),
    "large_binary": (pa.large_binary(), lambda r: r.randbytes(r.randrange(40)), None),
    "binary_view": (pa.binary_view(), lambda r: r.randbytes(r.randrange(40)), None),
    "fixed_binary": (pa.binary(16), lambda r: r.randbytes(16), None),
    "date32": (pa.date32(), day, None),
    "date64": (pa.date64(), day, None),
    **{f"timestamp_{unit}": (pa.timestamp(unit), lambda r: moment(r).replace(microsecond=0), None) for unit in ("s", "ms", "us", "ns")},
    "timestamp_utc": (pa.timestamp("us", "UTC"), lambda r: moment(r).replace(tzinfo=datetime.timezone.utc), None),
    "timestamp_zone": (pa.timestamp("ms", "Europe/Vienna"), lambda r: moment(r).replace(microsecond=0, tzinfo=datetime.timezone.utc), None),
    **{f"duration_{unit}": (pa.duration(unit), lambda r: datetime.timedelta(seconds=r.randrange(-(10**8), 10**8)), None) for unit in ("s", "ms", "us")},
    "decimal32": (pa.decimal32(9, 2), lambda r: decimal.Decimal(r.randrange(-(10**9) + 1, 10**9)).scaleb(-2), None),
    "decimal64": (pa.decimal64(18, 4), lambda r: decimal.Decimal(r.randrange(-(10**18) + 1, 10**18)).scaleb(-4), None),
    "decimal128": (pa.decimal128(15, 2), lambda r: decimal.Decimal(r.randrange(-(10**15) + 1, 10**15)).scaleb(-2), None),
    "long_decimal128": (pa.decimal128(37, 5), lambda r: decimal.Decimal(r.randrange(-(10**27), 10**27)).scaleb(-5), None),
    "decimal256": (pa.decimal256(38, 3), lambda r: decimal.Decimal(r.randrange(-(10**27), 10**27)).scaleb(-3), None),
    "list": (pa.list_(pa.int64()), lambda r: some(r, whole(64, True), r.randrange(6)), None),
    "large_list": (pa.large_list(pa.string()), lambda r: some(r, lambda r: r.choice(WORDS), r.randrange(6)), None),
    "list_of_lists": (pa.list_(pa.list_(pa.uint8())), lambda r: [some(r, whole(8, False), r.randrange(3)) for _ in range(r.randrange(4))], None),
    "fixed_list": (pa.list_(pa.float64(), 3), lambda r: [r.random() for _ in range(3)], None),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), lambda r: r.choice(WORDS), None),
    "dictionary_uint32": (pa.dictionary(pa.uint32(), pa.large_string()), lambda r: r.choice(WORDS), None),
    "dictionary_of_numbers": (pa.dictionary(pa.int16(), pa.int64()), lambda r: r.randrange(5), None),
}


def values_of(column):
    return [value.as_py() for value in column]



@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("seed", range(3))
def test_a_column_of_every_arrow_type_comes_in_and_goes_out(name, seed):
    type_, value, convert = COLUMNS[name]
    random_ = random.Random(f"{name} {seed}")
    chunks = [pa.array(some(random_, value, random_.choice([0, 1, 63, 64, 200])), type=type_) for _ in range(3)]
    chunks = [chunk.slice(random_.randrange(len(chunk) + 1)) for chunk in chunks]
    table = pa.table({"c": pa.chunked_array(chunks, type=type_)})
    wanted = [convert(v) if convert and v is not None else v for v in values_of(table["c"])]
    frame = hr.DataFrame(table)
    assert frame["c"].to_list() == wanted
    assert frame["c"].null_count() == sum(v is None for v in wanted)
    back = pa.table(frame)
    back.validate(full=True)
    assert [convert(v) if convert and v is not None else v for v in values_of(back["c"])] == wanted
    begin = random_.randrange(len(wanted) + 1)
    length = random_.randrange(len(wanted) + 1 - begin)
    part = pa.table(frame.slice(begin, length))
    part.validate(full=True)
    assert [convert(v) if convert and v is not None else v for v in values_of(part["c"])] == wanted[begin : begin + length]


def test_list_views_are_gathered():
    views = pa.ListViewArray.from_arrays([4, 0, 2], [2, 1, 3], pa.array([1, 2, 3, 4, 5, 6]))
    assert hr.Series("l", views).to_list() == [[5, 6], [1], [3, 4, 5]]


def test_numbers_and_views_keep_their_memory_and_give_it_back():
    values = pa.array(range(1000), type=pa.int64())
    series = hr.Series("n", values)
    out = series.to_numpy()
    assert out.ctypes.data == values.buffers()[1].address and not out.flags.writeable
    before = pa.total_allocated_bytes()
    del values, series, out
    assert pa.total_allocated_bytes() < before


def test_numpy_arrays_come_in_without_a_copy():
    array = np.arange(1000.0)
    assert hr.Series("x", array).to_numpy().ctypes.data == array.ctypes.data
    assert np.from_dlpack(hr.Series("x", array)).ctypes.data == array.ctypes.data


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_a_receiver_gets_the_strings_that_it_asks_for(text):
    frame = hr.DataFrame({"s": WORDS, "n": [1, 2, 3, 4, 5, 6]})
    table = pa.RecordBatchReader.from_stream(frame, schema=pa.schema([("s", text), ("n", pa.int64())])).read_all()
    table.validate(full=True)
    assert table.schema.field("s").type == text and table["s"].to_pylist() == WORDS


@pytest.mark.parametrize("type_", [pa.time64("us"), pa.struct([("a", pa.int64())]), pa.month_day_nano_interval(), pa.decimal256(60, 2), pa.map_(pa.string(), pa.int64())], ids=str)
def test_types_that_have_none_here_are_refused_by_the_columns_name(type_):
    with pytest.raises(hr.Unsupported, match='Column "odd"'):
        hr.DataFrame(pa.table({"odd": pa.array([None], type=type_)}))


def test_python_values_come_back_as_they_were():
    vienna = datetime.timezone.utc
    data = {
        "n": [1, None, -(2**63)], "f": [1, 2.5, None], "s": ["", None, "中"], "y": [b"\xff", None, b""], "b": [True, None, False],
        "d": [datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)], "t": [datetime.datetime(1, 1, 1), None, datetime.datetime(2024, 2, 29, 23, 59, 59, 999999)],
        "z": [datetime.datetime(2024, 1, 1, tzinfo=vienna), None, None], "e": [datetime.timedelta(days=-1, microseconds=1), None, datetime.timedelta(0)],
        "l": [[1, None], None, []], "m": [decimal.Decimal("-0.05"), None, decimal.Decimal("12")],
    }  # fmt: skip
    frame = hr.DataFrame(data)
    assert frame.to_dict(as_series=False) == data
    assert frame.to_dicts()[0] == {name: values[0] for name, values in data.items()}
    assert hr.DataFrame(frame.to_dicts()).to_dict(as_series=False) == data


def test_rows_may_lack_keys():
    assert hr.DataFrame([{"a": 1}, {"b": "x"}, {"a": 3, "b": "y"}]).to_dict(as_series=False) == {"a": [1, None, 3], "b": [None, "x", "y"]}


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: hr.DataFrame({"a": [1, "x"]}), TypeError, "column \"a\": value 'x' at row 1 does not fit type Int64"),
        (lambda: hr.DataFrame({"a": [1], "b": [1, 2]}), hr.InvalidArgument, 'Column "b" has 2 rows'),
        (lambda: hr.Series("a", [300], hf.Int8), TypeError, "value 300 at row 0 does not fit type Int8"),
        (lambda: hr.Series("a", [2**64]), TypeError, "does not fit type Int64"),
        (lambda: hr.Series("a", [object()]), TypeError, "of no type that a column can have"),
        (lambda: hr.Series("a", "abc"), TypeError, "a text is not a list of values"),
        (lambda: hr.Series("a", [decimal.Decimal("0.001")], hf.Decimal(5, 2)), TypeError, "does not fit type Decimal"),
        (lambda: hr.Series("a", np.zeros((2, 2))), ValueError, "one dimension"),
        (lambda: hr.DataFrame(5), TypeError, "a DataFrame is made of"),
        (lambda: hr.DataFrame({"a": [1]})["b"], hr.NotFound, 'There is no column "b"; there are a.'),
        (lambda: hr.Series("a", [1])[1], IndexError, "there is no row 1 of 1"),
        (lambda: hf.Decimal(39, 2), hr.InvalidArgument, "1 to 38 digits"),
        (lambda: hf.Datetime("h"), hr.InvalidArgument, "ms, us and ns are"),
        (lambda: hr.Series("a", ["\ud800"]), UnicodeEncodeError, "surrogates"),
    ],
)
def test_wrong_values_are_refused_with_their_place(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_types_are_equal_by_what_they_say():
    assert hf.Decimal(15, 2) == hf.Decimal(15, 2) != hf.Decimal(15, 3)
    assert hf.List(hf.UInt32) == hf.List(hf.UInt32) and hf.List(hf.UInt32).inner == hf.UInt32
    assert len({hf.Int64, hf.Int64, hf.Datetime("us"), hf.Datetime("us", "UTC")}) == 3
    assert repr(hf.Datetime("ms", "UTC")) == "Datetime('ms', 'UTC')"


def test_a_stream_that_fails_says_why():
    def batches():
        yield pa.record_batch({"a": [1]})
        raise OSError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches())
    with pytest.raises(hr.SystemFailure, match="the disk is gone"):
        hr.DataFrame(reader)
