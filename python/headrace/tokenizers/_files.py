"""Loading of every kind of tokenizer file."""

from __future__ import annotations

import os
from typing import Any

from .._native import tokenizers as _native


def load(path: str | os.PathLike[str], *, encoding: str = "") -> Any:
    """A `Tokenizer` from a file or a model's folder, recognised by its content.

    tokenizer.json, vocab.txt, vocab.json with merges.txt, a SentencePiece model, tiktoken
    ranks, tekken JSON. `encoding` names the pattern and special tokens that a rank file is
    to have ("cl100k_base", "qwen", …); without it the number of ranks tells.
    """
    return _native.load(os.fspath(path), encoding)
