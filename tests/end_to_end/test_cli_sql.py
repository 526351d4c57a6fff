"""headrace sql: tables of files, ways to give a query, what is printed, errors."""
import json

import pytest
from command_line import run

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pa.table({"a": [1, 2, 3], "s": ["mill", None, "race"]}), path)
    return path
