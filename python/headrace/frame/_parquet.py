"""Parquet files of plans and frames: sink_parquet and write_parquet."""

from .._native import frame as _native


def sink_parquet(
    self,
    path,
    *,
    compression="zstd",
    compression_level=None,
    statistics=True,
    row_group_size=None,
    data_page_size=None,
    memory=None,
    threads=None,
):
    target = path.write if hasattr(path, "write") else path
    _native.write_parquet(
        self, target, compression, compression_level, bool(statistics), row_group_size, data_page_size, memory, threads
    )


def write_parquet(self, file, **options):
    sink_parquet(self.lazy(), file, **options)
