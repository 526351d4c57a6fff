"""What makes text of tokens again."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.decoders

BPEDecoder = _native.BPEDecoder
ByteFallback = _native.ByteFallback
ByteLevel = _native.ByteLevel
CTC = _native.CTC
DecodeStream = _native.DecodeStream
Decoder = _native.Decoder
Fuse = _native.Fuse
Metaspace = _native.Metaspace
Replace = _native.Replace
Sequence = _native.Sequence
Strip = _native.Strip
WordPiece = _native.WordPiece

_publish(_native, __name__)

__all__ = [
    "BPEDecoder",
    "ByteFallback",
    "ByteLevel",
    "CTC",
    "DecodeStream",
    "Decoder",
    "Fuse",
    "Metaspace",
    "Replace",
    "Sequence",
    "Strip",
    "WordPiece",
]
