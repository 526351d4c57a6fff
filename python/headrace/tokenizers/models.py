"""What makes tokens of a piece of text."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.models

BPE = _native.BPE
Model = _native.Model
Unigram = _native.Unigram
WordLevel = _native.WordLevel
WordPiece = _native.WordPiece

_publish(_native, __name__)

__all__ = [
    "BPE",
    "Model",
    "Unigram",
    "WordLevel",
    "WordPiece",
]
