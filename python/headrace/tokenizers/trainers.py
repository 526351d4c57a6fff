"""What makes a model of texts."""

from __future__ import annotations

from .._native import tokenizers as _tokenizers
from ._names import publish as _publish

_native = _tokenizers.trainers

BpeTrainer = _native.BpeTrainer
ParityBpeTrainer = _native.ParityBpeTrainer
Trainer = _native.Trainer
UnigramTrainer = _native.UnigramTrainer
WordLevelTrainer = _native.WordLevelTrainer
WordPieceTrainer = _native.WordPieceTrainer

_publish(_native, __name__)

__all__ = [
    "BpeTrainer",
    "ParityBpeTrainer",
    "Trainer",
    "UnigramTrainer",
    "WordLevelTrainer",
    "WordPieceTrainer",
]
