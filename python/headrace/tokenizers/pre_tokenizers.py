"""What cuts a text into the pieces that a model sees."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.pre_tokenizers

BertPreTokenizer = _native.BertPreTokenizer
ByteLevel = _native.ByteLevel
CharDelimiterSplit = _native.CharDelimiterSplit
Digits = _native.Digits
FixedLength = _native.FixedLength
Metaspace = _native.Metaspace
PreTokenizer = _native.PreTokenizer
Punctuation = _native.Punctuation
Sequence = _native.Sequence
Split = _native.Split
UnicodeScripts = _native.UnicodeScripts
Whitespace = _native.Whitespace
WhitespaceSplit = _native.WhitespaceSplit

_publish(_native, __name__)

__all__ = [
    "BertPreTokenizer",
    "ByteLevel",
    "CharDelimiterSplit",
    "Digits",
    "FixedLength",
    "Metaspace",
    "PreTokenizer",
    "Punctuation",
    "Sequence",
    "Split",
    "UnicodeScripts",
    "Whitespace",
    "WhitespaceSplit",
]
