"""Loading of every kind of tokenizer file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._native import tokenizers as _native

if TYPE_CHECKING:
    from . import Tokenizer


def load(path: str | os.PathLike[str], *, encoding: str = "") -> Tokenizer:
    """A `Tokenizer` from a file or a model's folder, recognised by its content.

    tokenizer.json, vocab.txt, vocab.json with merges.txt, a SentencePiece model, tiktoken
    ranks, tekken JSON. `encoding` names the pattern and special tokens that a rank file is
    to have ("cl100k_base", "qwen", …); without it the number of ranks tells.
    """
    tokenizer: Tokenizer = _native.load(os.fspath(path), encoding)
    return tokenizer
