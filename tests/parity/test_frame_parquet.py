"""Parquet files of pyarrow's writer against its values: every type, codec, encoding and generation of pages; broken files."""
import datetime
import decimal
import random

import pytest

pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")
import pyarrow.parquet as pq

import headrace as hr
from headrace import frame as hf

from test_frame_arrow import COLUMNS, WORDS, moment, some

WRITES = {  # how pyarrow writes
    "plain": dict(use_dictionary=False, compression="none"),
    "dictionary": dict(use_dictionary=True, compression="snappy"),
    "v2": dict(use_dictionary=False, compression="zstd", data_page_version="2.0"),
    "v2_dictionary": dict(use_dictionary=True, compression="gzip", data_page_version="2.0", write_page_checksum=True),
    "small_pages": dict(use_dictionary=True, compression="lz4", data_page_size=200, write_batch_size=7, dictionary_pagesize_limit=400),
    "no_compliant_lists": dict(use_compliant_nested_type=False, compression="brotli", store_schema=False),
}


def plain_values(values, convert):
    values = [convert(v) if convert and v is not None else v for v in values]
    # Times in zones by what they are in UTC: that is what the file says.
    return [v.astimezone(datetime.timezone.utc) if isinstance(v, datetime.datetime) and v.tzinfo else v for v in values]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", [name for name in COLUMNS if not name.startswith("duration")])
def test_a_file_of_every_type_is_read(name, write, tmp_path):
    type_, value, convert = COLUMNS[name]
    random_ = random.Random(f"{name} {write}")
    array = pa.array(some(random_, value, 500), type=type_)
    try:
        pq.write_table(pa.table({"c": array, "n": range(500)}), tmp_path / "f.parquet", row_group_size=190, **WRITES[write])
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        pytest.skip(str(error))
    wanted = pq.read_table(tmp_path / "f.parquet")["c"].to_pylist()
    frame = hr.read_parquet(tmp_path / "f.parquet")
    assert plain_values(frame["c"].to_list(), convert) == plain_values(wanted, convert)
    assert hr.read_parquet(tmp_path / "f.parquet", columns=["n", "c"], n_rows=200).shape == (200, 2)
    assert hr.read_parquet(tmp_path / "f.parquet", columns=["c"], n_rows=197)["c"].to_list() == frame["c"].to_list()[:197]


ENCODINGS = {
    "DELTA_BINARY_PACKED": ["int32", "int64", "uint32", "date32", "timestamp_us"],
    "DELTA_LENGTH_BYTE_ARRAY": ["utf8", "binary"],
    "DELTA_BYTE_ARRAY": ["utf8", "binary", "fixed_binary"],
    "BYTE_STREAM_SPLIT": ["float32", "float64", "int32", "int64", "fixed_binary", "float16", "decimal128", "long_decimal128"],
    "RLE": ["bool"],
}


@pytest.mark.parametrize("encoding, name", [(encoding, name) for encoding, names in ENCODINGS.items() for name in names])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_encoding_is_read(encoding, name, version, tmp_path):
    type_, value, convert = COLUMNS[name]
    random_ = random.Random(f"{encoding} {name}")
    array = pa.array(some(random_, value, 3000), type=type_)
    options = dict(column_encoding={"c": encoding}, use_dictionary=False, data_page_version=version, data_page_size=1000, write_batch_size=100)
    pq.write_table(pa.table({"c": array}), tmp_path / "f.parquet", **options)
    written = pq.read_metadata(tmp_path / "f.parquet").row_group(0).column(0).encodings
    assert encoding in written
    assert hr.read_parquet(tmp_path / "f.parquet")["c"].to_list() == plain_values(array.to_pylist(), convert)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_codec_is_read(codec, version, tmp_path):
    table = pa.table({"s": WORDS * 1000, "n": range(6000), "none": pa.nulls(6000, pa.int64())})
    pq.write_table(table, tmp_path / "f.parquet", compression=codec, data_page_version=version)
    assert hr.read_parquet(tmp_path / "f.parquet").to_dict(as_series=False) == table.to_pydict()


def test_int96_times_are_read(tmp_path):
    times = [datetime.datetime(2024, 2, 29, 12, 30, 1, 5), None, datetime.datetime(1960, 1, 1), datetime.datetime(1970, 1, 1)]
    pq.write_table(pa.table({"t": times}), tmp_path / "f.parquet", use_deprecated_int96_timestamps=True)
    frame = hr.read_parquet(tmp_path / "f.parquet")
    assert frame.dtypes == [hf.Datetime("ns")] and frame["t"].to_list() == times


def test_decimals_are_read_in_all_four_forms(tmp_path):
    for precision, integer in [(7, True), (15, True), (7, False), (15, False), (30, False)]:
        values = [decimal.Decimal(f"{n}e-2") for n in (0, 1, -1, 10**precision - 1, -(10**precision) + 1)] + [None]
        table = pa.table({"d": pa.array(values, type=pa.decimal128(precision, 2))})
        pq.write_table(table, tmp_path / "f.parquet", store_decimal_as_integer=integer)
        frame = hr.read_parquet(tmp_path / "f.parquet")
        assert frame.dtypes == [hf.Decimal(precision, 2)] and frame["d"].to_list() == values


def test_types_are_those_of_the_file(tmp_path):
    table = pa.table({"a": pa.array([1], pa.uint16()), "b": pa.array([moment(random.Random(1))], pa.timestamp("ms", "UTC")), "c": pa.array([[1]], pa.list_(pa.float32()))})
    pq.write_table(table, tmp_path / "f.parquet", store_schema=False)
    assert hf.read_parquet_schema(tmp_path / "f.parquet") == {"a": hf.UInt16, "b": hf.Datetime("ms", "UTC"), "c": hf.List(hf.Float32)}


def test_an_empty_file_and_one_without_columns_are_read(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "f.parquet")
    assert hr.read_parquet(tmp_path / "f.parquet").shape == (0, 1)
    pq.write_table(pa.table({}), tmp_path / "g.parquet")
    assert hr.read_parquet(tmp_path / "g.parquet").shape == (0, 0)


def test_what_cannot_be_read_is_refused_by_name_and_the_rest_is_read(tmp_path):
    table = pa.table({"n": [1, 2], "s": [{"a": 1, "b": "x"}, None], "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), "t": pa.array([1, 2], pa.time64("us")), "z": ["x", "y"]})
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(hr.Unsupported, match='f.parquet: column "s" is a struct'):
        hr.read_parquet(tmp_path / "f.parquet")
    with pytest.raises(hr.Unsupported, match='column "m" is a map'):
        hr.read_parquet(tmp_path / "f.parquet", columns=["m"])
    with pytest.raises(hr.NotFound, match='no column "q"; there are n, z'):
        hr.read_parquet(tmp_path / "f.parquet", columns=["q"])
    assert hr.read_parquet(tmp_path / "f.parquet", columns=["z", "n"]).to_dict(as_series=False) == {"z": ["x", "y"], "n": [1, 2]}


@pytest.fixture
def odd_file(tmp_path):
    random_ = random.Random(5)
    table = pa.table({"s": some(random_, lambda r: r.choice(WORDS), 300), "n": some(random_, lambda r: r.randrange(10**9), 300), "l": some(random_, lambda r: [1, 2], 300)})
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=100, write_page_checksum=True)
    return tmp_path / "f.parquet"


def test_a_file_cut_off_anywhere_is_an_error_that_names_it(odd_file):
    content = odd_file.read_bytes()
    for percent in range(100):
        odd_file.write_bytes(content[: len(content) * percent // 100])
        with pytest.raises((hr.InvalidData, hr.SystemFailure), match="f.parquet"):
            hr.read_parquet(odd_file)


def test_a_broken_page_is_an_error_with_column_and_row_group(odd_file):
    content = bytearray(odd_file.read_bytes())
    column = pq.read_metadata(odd_file).row_group(1).column(1)
    content[(column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size - 3] ^= 0xFF
    odd_file.write_bytes(content)
    with pytest.raises(hr.InvalidData, match='f.parquet: column "n", row group 1: '):
        hr.read_parquet(odd_file)


def test_bytes_changed_at_random_never_crash(odd_file):
    content = odd_file.read_bytes()
    random_ = random.Random(7)
    for _ in range(1500):
        changed = bytearray(content)
        for _ in range(random_.choice([1, 1, 3, 10])):
            changed[random_.randrange(len(changed))] = random_.randrange(256)
        odd_file.write_bytes(changed)
        try:
            hr.read_parquet(odd_file)
        except hr.HeadraceError:
            pass


def test_no_parquet_file_is_said_to_be_none(tmp_path):
    for content in [b"", b"PAR1", b"id,name\n1,x\n" * 10]:
        (tmp_path / "f.csv").write_bytes(content)
        with pytest.raises(hr.InvalidData, match="it is no Parquet file"):
            hr.read_parquet(tmp_path / "f.csv")
    with pytest.raises(hr.NotFound):
        hr.read_parquet(tmp_path / "missing.parquet")
