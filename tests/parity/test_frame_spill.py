"""Queries that have too little memory for what they gather: the same rows in the same order, by way of a disk."""
import os
import random
import subprocess
import sys
import textwrap

import pytest

import headrace as hr
from headrace import frame as hf

from frame_oracle import outputs_by_threads

ROWS = 300_000


@pytest.fixture(scope="module")
def rows():
    random_ = random.Random(7)
    return hr.DataFrame({
        "row": range(ROWS),
        "k": [random_.randrange(1000) for _ in range(ROWS)],
        "f": [random_.choice([None, float("nan"), -0.0, random_.random()]) for _ in range(ROWS)],
        "s": [f"the text of row {random_.randrange(ROWS)}" if row % 5 else None for row in range(ROWS)],
    })  # fmt: skip


def spilled_by(steps):
    return sum(steps["spilled"].to_list())


def checksum(frame, rows):
    """Small enough for any memory: every row counts with its place."""
    return frame.with_row_index("place").select(
        (hf.col("place").cast(hf.Int64) * hf.col("row")).sum(), hf.col("row").first().alias("first"), hf.len()
    )


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("memory", ["16MiB", "48MiB"])
@pytest.mark.parametrize("by", [["k"], ["f", "s"], ["s"], ["row"]])
def test_a_sort_that_spills_gives_the_order_of_one_in_memory(rows, by, memory, threads):
    descending = [name == "f" for name in by]
    lazy = rows.lazy().sort(by, descending=descending, nulls_last=True)
    checked = checksum(lazy, ROWS).collect()
    # A slice would make it a sort of the first rows alone.
    some = lazy.with_row_index("place").filter(hf.col("place").is_between(1000, 2999))
    result, steps = some.profile(memory=memory, threads=threads)
    assert spilled_by(steps) > 0
    assert repr(result.to_dict(as_series=False)) == repr(some.collect().to_dict(as_series=False))
    assert checksum(lazy, ROWS).collect(memory="64MiB", threads=threads).to_dicts() == checked.to_dicts()


def test_a_sorted_result_larger_than_the_memory_comes_in_batches(rows):
    lazy = rows.lazy().sort("s", "row")
    wanted = lazy.collect()["row"].to_list()
    got = [row for batch in lazy.collect_batches(chunk_size=10_000, memory="16MiB") for row in batch["row"].to_list()]
    assert got == wanted
    with pytest.raises(hr.OutOfMemory, match="collect_batches"):
        lazy.collect(memory="16MiB")


GROUPS = {
    "sums": lambda lazy: lazy.group_by("g").agg(hf.col("row").sum(), hf.col("f").sum().alias("fs"), hf.len()),
    "strings": lambda lazy: lazy.group_by("s").agg(hf.col("row").min(), hf.col("s").max().alias("most"), hf.col("g").first()),
    "pairs": lambda lazy: lazy.group_by("f", "s").agg(hf.col("row").max()),
    "medians": lambda lazy: lazy.group_by("k").agg(hf.col("row").median(), hf.col("g").n_unique(), hf.col("s").last()),
}


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("name, memory", [("sums", "16MiB"), ("medians", "16MiB"), ("strings", "64MiB"), ("pairs", "64MiB")])
def test_groups_that_spill_are_those_of_groups_in_memory(rows, name, memory, threads):
    groups = GROUPS[name](rows.lazy().with_columns(g=hf.col("row") * 7919 % 100_003))
    some = groups.with_row_index("place").filter(hf.col("place") % 53 == 0)
    result, steps = some.profile(memory=memory, threads=threads)
    assert spilled_by(steps) > 0
    assert repr(result.to_dict(as_series=False)) == repr(some.collect().to_dict(as_series=False))


def test_the_number_of_threads_makes_no_difference_to_what_was_spilled(tmp_path):
    script = tmp_path / "spilling.py"
    script.write_text(textwrap.dedent("""
        import headrace as hr
        rows = hr.LazyFrame({"k": [i * 7919 % 100003 for i in range(400000)], "f": [i / 7 for i in range(400000)]})
        groups = rows.group_by("k").agg(hr.col("f").sum()).with_row_index().filter(hr.col("index") % 1000 == 0)
        order = rows.sort("k").with_row_index().filter(hr.col("index") % 1000 == 0)
        for lazy in (groups, order):
            result, steps = lazy.profile(memory="24MiB")
            assert sum(steps["spilled"].to_list()) > 0
            print(result.to_dict(as_series=False))
    """))  # fmt: skip
    assert len(outputs_by_threads(script)) == 1


def test_nothing_is_spilled_where_memory_has_no_limit_or_enough(rows):
    for memory in (None, "1GiB"):
        assert spilled_by(rows.lazy().sort("k").profile(memory=memory)[1]) == 0


def run_with(environment, script):
    code = textwrap.dedent("""
        import headrace as hr
        rows = hr.LazyFrame({"k": [i * 7919 % 100003 for i in range(300000)]}).sort("k").with_row_index().filter(hr.col("index") < 3)
    """) + textwrap.dedent(script)  # fmt: skip
    return subprocess.run([sys.executable, "-c", code], env=dict(os.environ, **environment), capture_output=True, text=True)


def test_a_folder_that_does_not_do_is_an_error_that_names_it(tmp_path):
    script = """
        try:
            rows.collect(memory="8MiB")
        except hr.HeadraceError as error:
            print(error)
    """
    ran = run_with({"HEADRACE_SPILL_DIR": str(tmp_path / "none")}, script)
    assert ran.returncode == 0 and str(tmp_path / "none") in ran.stdout and "HEADRACE_SPILL_DIR" in ran.stdout, ran.stdout + ran.stderr
    if os.path.isdir("/dev/shm"):
        assert "/dev/shm" in run_with({"HEADRACE_SPILL_DIR": "/dev/shm"}, script).stdout


def test_the_folder_is_empty_while_a_query_spills_and_afterwards(tmp_path):
    if "tmpfs" in subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True).stdout:
        pytest.skip("the tests' folder is in memory")
    script = """
        import os
        batches = rows.collect_batches(memory="8MiB")
        print(next(batches)["k"].to_list(), os.listdir(os.environ["HEADRACE_SPILL_DIR"]))
    """
    ran = run_with({"HEADRACE_SPILL_DIR": str(tmp_path)}, script)
    assert ran.stdout.endswith("[]\n"), ran.stdout + ran.stderr
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_an_error_that_says_so(tmp_path):
    script = """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            rows.collect(memory="8MiB")
        except hr.HeadraceError as error:
            print(type(error).__name__, error)
    """
    ran = run_with({"HEADRACE_SPILL_DIR": "/var/tmp"}, script)
    assert ran.returncode == 0 and "cannot be written" in ran.stdout and "/var/tmp" in ran.stdout, ran.stdout + ran.stderr
