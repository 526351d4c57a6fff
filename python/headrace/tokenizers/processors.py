"""What is put around the tokens of a text."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.processors

BertProcessing = _native.BertProcessing
ByteLevel = _native.ByteLevel
PostProcessor = _native.PostProcessor
RobertaProcessing = _native.RobertaProcessing
Sequence = _native.Sequence
TemplateProcessing = _native.TemplateProcessing

_publish(_native, __name__)

__all__ = [
    "BertProcessing",
    "ByteLevel",
    "PostProcessor",
    "RobertaProcessing",
    "Sequence",
    "TemplateProcessing",
]
