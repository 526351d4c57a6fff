"""Headrace: language models on the CPU, native and small.

>>> import headrace as hr
>>> llm = hr.LLM("smollm2")
>>> out = llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=5, temperature=0.0))
>>> out[0].text
' 5, 6'
"""

from __future__ import annotations

from ._catalog import CatalogModel, catalog, pull
from ._errors import (
    Busy,
    Cancelled,
    HeadraceError,
    InternalError,
    InvalidArgument,
    InvalidData,
    NotFound,
    OutOfMemory,
    OutOfRange,
    SystemFailure,
    Unsupported,
)
from ._llm import LLM, ModelInfo
from ._native import Tensor
from ._output import Choice, Output, Piece, TokenLogprob, Usage
from ._sampling import Sampling
from ._tokenizer import Encoding, Tokenizer
from .frame import DataFrame, LazyFrame, Series, col, lit, read_csv, read_parquet, scan_csv, scan_parquet, sql, when
from ._versions import show_versions, versions
from ._native import version as __version__

__all__ = [
    "LLM",
    "Busy",
    "Cancelled",
    "CatalogModel",
    "Choice",
    "DataFrame",
    "Encoding",
    "HeadraceError",
    "InternalError",
    "InvalidArgument",
    "InvalidData",
    "LazyFrame",
    "ModelInfo",
    "NotFound",
    "OutOfMemory",
    "OutOfRange",
    "Output",
    "Piece",
    "Sampling",
    "Series",
    "SystemFailure",
    "Tensor",
    "TokenLogprob",
    "Tokenizer",
    "Unsupported",
    "Usage",
    "__version__",
    "catalog",
    "col",
    "lit",
    "pull",
    "read_csv",
    "read_parquet",
    "scan_csv",
    "scan_parquet",
    "show_versions",
    "sql",
    "versions",
    "when",
]
