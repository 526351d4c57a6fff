"""Tokenizers with the names, arguments and results of Hugging Face's package.

>>> import headrace.tokenizers as tokenizers
>>> tok = tokenizers.Tokenizer.from_file("tokenizer.json")   # doctest: +SKIP
>>> tok.encode("Hello there").ids                            # doctest: +SKIP

`patch_transformers()` makes the fast tokenizers of `transformers` run on this package.
"""

from __future__ import annotations

from enum import Enum
from typing import List, Tuple, Union

from .._native import tokenizers as _native

Offsets = Tuple[int, int]
TextInputSequence = str
PreTokenizedInputSequence = Union[List[str], Tuple[str]]
TextEncodeInput = Union[TextInputSequence, Tuple[TextInputSequence, TextInputSequence], List[TextInputSequence]]
PreTokenizedEncodeInput = Union[
    PreTokenizedInputSequence,
    Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence],
    List[PreTokenizedInputSequence],
]
InputSequence = Union[TextInputSequence, PreTokenizedInputSequence]
EncodeInput = Union[TextEncodeInput, PreTokenizedEncodeInput]


class OffsetReferential(Enum):
    ORIGINAL = "original"
    NORMALIZED = "normalized"


class OffsetType(Enum):
    BYTE = "byte"
    CHAR = "char"


class SplitDelimiterBehavior(Enum):
    REMOVED = "removed"
    ISOLATED = "isolated"
    MERGED_WITH_PREVIOUS = "merged_with_previous"
    MERGED_WITH_NEXT = "merged_with_next"
    CONTIGUOUS = "contiguous"


def patch_transformers() -> None:
    """Makes `transformers` use this package in place of `tokenizers`, before or after it is imported."""
    from ._transformers import patch_transformers as patch  # what it needs takes longer to import than all the rest

    patch()


AddedToken = _native.AddedToken
Encoding = _native.Encoding
NormalizedString = _native.NormalizedString
PreTokenizedString = _native.PreTokenizedString
Regex = _native.Regex
StreamDecoder = _native.StreamDecoder
Token = _native.Token
Tokenizer = _native.Tokenizer
cache_bytes_in_use = _native.cache_bytes_in_use
limits = _native.limits
set_limits = _native.set_limits

#: The release of Hugging Face's package whose behaviour this module has.
__version__ = "0.23.3"

from . import decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402
from ._tokenizer import complete as _complete  # noqa: E402

_complete(Tokenizer)
for _class in (AddedToken, Encoding, NormalizedString, PreTokenizedString, Regex, StreamDecoder, Token, Tokenizer):
    _class.__module__ = __name__

from ._files import load  # noqa: E402
from .implementations import (  # noqa: E402
    BertWordPieceTokenizer,
    ByteLevelBPETokenizer,
    CharBPETokenizer,
    SentencePieceBPETokenizer,
    SentencePieceUnigramTokenizer,
)

__all__ = [
    "AddedToken",
    "BertWordPieceTokenizer",
    "ByteLevelBPETokenizer",
    "CharBPETokenizer",
    "EncodeInput",
    "Encoding",
    "InputSequence",
    "NormalizedString",
    "OffsetReferential",
    "OffsetType",
    "Offsets",
    "PreTokenizedEncodeInput",
    "PreTokenizedInputSequence",
    "PreTokenizedString",
    "Regex",
    "SentencePieceBPETokenizer",
    "SentencePieceUnigramTokenizer",
    "SplitDelimiterBehavior",
    "StreamDecoder",
    "TextEncodeInput",
    "TextInputSequence",
    "Token",
    "Tokenizer",
    "cache_bytes_in_use",
    "decoders",
    "limits",
    "load",
    "models",
    "normalizers",
    "patch_transformers",
    "pre_tokenizers",
    "processors",
    "set_limits",
    "trainers",
]
