"""What is done to a text before it is cut."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.normalizers

BertNormalizer = _native.BertNormalizer
ByteLevel = _native.ByteLevel
Lowercase = _native.Lowercase
NFC = _native.NFC
NFD = _native.NFD
NFKC = _native.NFKC
NFKD = _native.NFKD
Nmt = _native.Nmt
Normalizer = _native.Normalizer
Precompiled = _native.Precompiled
Prepend = _native.Prepend
Replace = _native.Replace
Sequence = _native.Sequence
Strip = _native.Strip
StripAccents = _native.StripAccents

NORMALIZERS = {"nfc": NFC, "nfd": NFD, "nfkc": NFKC, "nfkd": NFKD}


def unicode_normalizer_from_str(normalizer: str) -> Normalizer:
    """Returns the normalizer of a Unicode form by its name in lower case."""
    if normalizer not in NORMALIZERS:
        raise ValueError(f"{normalizer} is not a known unicode normalizer. Available are {NORMALIZERS.keys()}")
    return NORMALIZERS[normalizer]()


_publish(_native, __name__)

__all__ = [
    "BertNormalizer",
    "ByteLevel",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Normalizer",
    "Precompiled",
    "Prepend",
    "Replace",
    "Sequence",
    "Strip",
    "StripAccents",
]
