"""Parquet files of our writer, read by pyarrow, Polars, DuckDB and ourselves."""
import datetime
import io
import os
import random
import subprocess
import sys

import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq

pl = pytest.importorskip("polars")
duckdb = pytest.importorskip("duckdb")

import headrace as hr
from headrace import frame as hf

from frame_oracle import same_frames
from test_frame_arrow import COLUMNS, some

CODECS = ["zstd", "snappy", "lz4", "gzip", "uncompressed"]


def values_of(table):
    def in_utc(value):
        return value.astimezone(datetime.timezone.utc) if isinstance(value, datetime.datetime) and value.tzinfo else value

    return [repr(in_utc(value)) for value in table["c"].to_pylist()]


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("name", [name for name in COLUMNS if not name.startswith("duration")])
def test_every_type_is_read_back_by_others_and_by_us(name, nulls, tmp_path):
    type_, value, _ = COLUMNS[name]
    random_ = random.Random(f"{name} {nulls}")
    values = some(random_, value, 700)
    values = values if nulls else [v for v in values if v is not None]
    frame = hr.DataFrame(pa.table({"c": pa.array(values, type=type_), "n": range(len(values))}))
    path = tmp_path / "f.parquet"
    try:
        frame.write_parquet(path, row_group_size=300, data_page_size=1000, compression=random_.choice(CODECS))
    except hr.Unsupported as error:
        assert "clocks" in str(error)
        return
    again = hr.read_parquet(path)
    wanted = frame.to_arrow()
    if frame["c"].dtype == hf.Categorical:
        wanted = wanted.set_column(0, "c", pa.chunked_array([pa.array(frame["c"].to_list(), pa.string())]))
    assert values_of(again.to_arrow()) == values_of(wanted)
    assert frame["c"].dtype in (again["c"].dtype, hf.Categorical)
    read = pq.read_table(path)
    assert read["n"].to_pylist() == list(range(len(values)))
    assert values_of(read) == values_of(wanted)
    assert values_of(pl.read_parquet(path).to_arrow()) == values_of(wanted)
    counted = duckdb.sql(f"select count(c), count(*), coalesce(sum(n), 0) from '{path}'").fetchall()[0]
    assert counted == (len(values) - wanted["c"].null_count, len(values), sum(range(len(values))))


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_is_written(codec, tmp_path):
    random_ = random.Random(codec)
    table = pa.table({"few": [random_.choice("abc") for _ in range(50_000)], "many": [f"value {i} of a column" for i in range(50_000)],
                      "x": [random_.random() for _ in range(50_000)], "l": [[i] * (i % 4) if i % 7 else None for i in range(50_000)]})
    path = tmp_path / "f.parquet"
    hr.DataFrame(table).write_parquet(path, compression=codec, row_group_size=20_000)
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [20_000, 20_000, 10_000]
    name = {"lz4": "LZ4"}.get(codec, codec.upper())
    assert metadata.row_group(0).column(0).compression == name
    assert "RLE_DICTIONARY" in metadata.row_group(0).column(0).encodings
    assert "RLE_DICTIONARY" not in metadata.row_group(0).column(1).encodings
    assert pq.read_table(path).equals(table)
    assert duckdb.sql(f"select few, many, x, l from '{path}'").fetchall() == [tuple(row.values()) for row in table.to_pylist()]
    same_frames(hr.read_parquet(path), pl.read_parquet(path))


def test_statistics_are_those_of_the_values(tmp_path):
    frame = pl.DataFrame({
        "i": [3, None, -1], "f": [0.0, float("nan"), -1.5], "z": [0.0, 0.0, 0.0], "s": ["b", "a", None],
        "u": pl.Series([2**64 - 1, 1, 2], dtype=pl.UInt64), "b": [True, False, None], "long": ["x" * 1000, "y", None],
        "d": [datetime.date(2020, 1, 1), None, datetime.date(1969, 1, 1)],
    })
    path = tmp_path / "f.parquet"
    hr.DataFrame(frame).write_parquet(path)
    group = pq.read_metadata(path).row_group(0)
    seen = {group.column(i).path_in_schema: group.column(i).statistics for i in range(group.num_columns)}
    assert (seen["i"].min, seen["i"].max, seen["i"].null_count) == (-1, 3, 1)
    assert (seen["f"].min, seen["f"].max) == (-1.5, 0.0)
    assert repr(seen["z"].min) == "-0.0" and repr(seen["z"].max) == "0.0"
    assert (seen["s"].min, seen["s"].max) == ("a", "b") and (seen["u"].min, seen["u"].max) == (1, 2**64 - 1)
    assert (seen["d"].min, seen["d"].max) == (datetime.date(1969, 1, 1), datetime.date(2020, 1, 1))
    assert (seen["b"].min, seen["b"].max) == (False, True)
    assert not seen["long"].has_min_max and seen["long"].null_count == 1
    hr.DataFrame(frame).write_parquet(path, statistics=False)
    assert not (pq.read_metadata(path).row_group(0).column(0).statistics or seen["long"]).has_min_max


def test_a_plan_is_written_in_order_within_its_memory(tmp_path):
    (tmp_path / "in.csv").write_text("n,s\n" + "".join(f"{i},some text number {i}\n" for i in range(500_000)))
    lazy = hr.scan_csv(tmp_path / "in.csv").filter(hr.col("n") % 2 == 1)
    lazy.sink_parquet(tmp_path / "out.parquet", row_group_size=50_000, memory="32MiB")
    assert pq.read_metadata(tmp_path / "out.parquet").num_row_groups == 5
    assert hr.read_parquet(tmp_path / "out.parquet")["n"].to_list() == list(range(1, 500_000, 2))
    bytes_ = io.BytesIO()
    lazy.head(3).sink_parquet(bytes_)
    assert pq.read_table(io.BytesIO(bytes_.getvalue()))["n"].to_pylist() == [1, 3, 5]
    hr.scan_parquet(tmp_path / "out.parquet").sort("n", descending=True).head(1).sink_parquet(tmp_path / "out.parquet")
    assert hr.read_parquet(tmp_path / "out.parquet").to_dicts() == [{"n": 499_999, "s": "some text number 499999"}]


def test_frames_without_rows_are_written_and_without_columns_are_not(tmp_path):
    hr.DataFrame({"a": [], "b": []}, schema={"a": hf.Int8, "b": hf.String}).write_parquet(tmp_path / "f.parquet")
    assert hr.read_parquet(tmp_path / "f.parquet").schema == {"a": hf.Int8, "b": hf.String}
    assert pq.read_table(tmp_path / "f.parquet").num_rows == 0
    with pytest.raises(hr.Unsupported, match="without columns"):
        hr.DataFrame({}).write_parquet(tmp_path / "g.parquet")


def test_what_fails_leaves_no_file_behind(tmp_path):
    (tmp_path / "in.csv").write_text("n\n" + "1\n" * 100_000 + "x\n")
    with pytest.raises(hr.InvalidData, match="line 100002"):
        hr.scan_csv(tmp_path / "in.csv").sink_parquet(tmp_path / "out.parquet")
    with pytest.raises(hr.InvalidArgument, match="compression=.lzo."):
        hr.DataFrame({"a": [1]}).write_parquet(tmp_path / "out.parquet", compression="lzo")
    with pytest.raises(hr.InvalidArgument, match="compression_level=99"):
        hr.DataFrame({"a": [1]}).write_parquet(tmp_path / "out.parquet", compression_level=99)
    with pytest.raises(hr.Unsupported, match="Duration"):
        hr.DataFrame({"a": [datetime.timedelta(1)]}).write_parquet(tmp_path / "out.parquet")
    assert os.listdir(tmp_path) == ["in.csv"]


def test_ctrl_c_leaves_no_file_behind(tmp_path):
    (tmp_path / "in.csv").write_text("n,s\n" + "".join(f"{i},some text number {i}\n" for i in range(800_000)))
    # What is started in the background may inherit that SIGINT is ignored.
    script = ("import headrace as hr, _thread, signal, threading\n"
              "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
              "threading.Timer(0.15, _thread.interrupt_main).start()\n"
              "lazy = hr.frame.concat([hr.scan_csv('in.csv')] * 50)\n"
              "try:\n"
              "    lazy.sink_parquet('out.parquet')\n"
              "    print('finished')\n"
              "except KeyboardInterrupt:\n"
              "    print('interrupted')\n")
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout == "interrupted\n", ran.stderr
    assert os.listdir(tmp_path) == ["in.csv"]


def test_what_is_no_file_is_written_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    hr.DataFrame({"a": [1, 2]}).write_csv(pipe)
    assert reader.communicate()[0] == "a\n1\n2\n" and os.listdir(tmp_path) == ["pipe"] and not pipe.is_file()
    with pytest.raises(hr.SystemFailure, match="directory"):
        hr.DataFrame({"a": [1]}).write_csv(tmp_path)
    with pytest.raises(hr.SystemFailure, match="No such file"):
        hr.DataFrame({"a": [1]}).write_csv(tmp_path / "missing" / "a.csv")


def test_a_file_is_replaced_when_all_is_there(tmp_path):
    (tmp_path / "a.csv").write_text("before")
    hr.DataFrame({"a": [1]}).write_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "a\n1\n" and os.listdir(tmp_path) == ["a.csv"]


def hive(tmp_path):
    for year in ("2020", "2021", "__HIVE_DEFAULT_PARTITION__"):
        for mill in ("Masson", "Quarry%20Bank"):
            folder = tmp_path / f"y={year}" / f"m={mill}"
            folder.mkdir(parents=True)
            pl.DataFrame({"v": [len(year), len(mill)]}).write_parquet(folder / "f.parquet")
    return tmp_path


def test_folders_called_name_and_value_are_columns_as_in_polars(tmp_path):
    root = hive(tmp_path)
    same_frames(hr.scan_parquet(root).collect(), pl.scan_parquet(root).collect())
    pattern = root / "**" / "*.parquet"
    for options in ({}, {"hive_partitioning": True}, {"include_file_paths": "path"}):
        same_frames(hr.scan_parquet(pattern, **options).collect(), pl.scan_parquet(pattern, **options).collect(), str(options))
    same_frames(hr.scan_parquet(root, hive_partitioning=False).collect(), pl.scan_parquet(root, hive_partitioning=False).collect())
    same_frames(hr.scan_parquet(root / "y=2020").collect(), pl.scan_parquet(root / "y=2020").collect())
    typed = hr.scan_parquet(root, hive_schema={"y": hf.Int32, "m": hf.String}).collect()
    same_frames(typed, pl.scan_parquet(root, hive_schema={"y": pl.Int32, "m": pl.String}).collect())


@pytest.mark.parametrize("folders", [["d=2020-01-01", "d=2020-01-31"], ["f=1.5", "f=2"], ["b=true", "b=false"], ["t=2020-01-01 10:00:00"],
                                     ["s=007", "s=x"], ["v=1", "v=2"]], ids=str)
def test_types_of_folders_are_found_as_in_polars(folders, tmp_path):
    for folder in folders:
        (tmp_path / folder).mkdir()
        pl.DataFrame({"v": [1.0], "w": [2]}).write_parquet(tmp_path / folder / "f.parquet")
    same_frames(hr.scan_parquet(tmp_path).collect(), pl.scan_parquet(tmp_path).collect())
    options = {"try_parse_hive_dates": False}
    same_frames(hr.scan_parquet(tmp_path, **options).collect(), pl.scan_parquet(tmp_path, **options).collect())


def test_conditions_on_folders_leave_files_out(tmp_path):
    root = hive(tmp_path)
    ours = hr.scan_parquet(root).filter(hr.col("y") == 2020, hr.col("m") != "Masson").select("v")
    assert ours.collect()["v"].to_list() == [4, 13]
    assert hr.scan_parquet(root).filter(hr.col("y").is_null() | (hr.col("v") > 100)).select("m", "v").collect().height == 4
    assert hr.scan_parquet(root).group_by("y").agg(hr.col("v").sum()).collect().to_dicts() == pl.scan_parquet(root).group_by(
        "y", maintain_order=True).agg(pl.col("v").sum()).collect().to_dicts()
    same_frames(hr.scan_parquet(root).slice(3, 4).with_row_index().collect(), pl.scan_parquet(root).slice(3, 4).with_row_index().collect())


def test_files_of_other_folders_or_columns_are_refused(tmp_path):
    root = hive(tmp_path)
    (root / "m=x").mkdir()
    pl.DataFrame({"v": [1]}).write_parquet(root / "m=x" / "f.parquet")
    with pytest.raises(hr.InvalidData, match="its folders are not those name=value of .*hive_partitioning=False"):
        hr.scan_parquet(root)
    with pytest.raises(hr.InvalidData, match='"Masson", the value of "m" in its folders, is no Int64; name another type in hive_schema'):
        hr.scan_parquet(root / "y=2020", hive_schema={"m": hf.Int64})
    with pytest.raises(hr.InvalidArgument, match="include_file_paths"):
        hr.scan_parquet(root / "y=2020", include_file_paths="v")
