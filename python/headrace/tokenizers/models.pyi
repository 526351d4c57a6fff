from collections.abc import Mapping, Sequence
from typing import Any

from . import Token
from .trainers import Trainer

class Model:
    def __getstate__(self) -> bytes: ...
    def tokenize(self, sequence: str) -> list[Token]: ...
    def token_to_id(self, token: str) -> int | None: ...
    def id_to_token(self, id: int) -> str | None: ...
    def get_trainer(self) -> Trainer: ...
    def save(self, folder: str, prefix: str | None = None) -> list[str]: ...

class BPE(Model):
    def __init__(
        self,
        vocab: Mapping[str, int] | str | None = None,
        merges: Sequence[tuple[str, str]] | str | None = None,
        *,
        cache_capacity: int | None = None,
        dropout: float | None = None,
        unk_token: str | None = None,
        continuing_subword_prefix: str | None = None,
        end_of_word_suffix: str | None = None,
        fuse_unk: bool = False,
        byte_fallback: bool = False,
        ignore_merges: bool = False,
        seed: int | None = None,
    ) -> None: ...
    seed: int | None
    dropout: float | None
    unk_token: str | None
    continuing_subword_prefix: str | None
    end_of_word_suffix: str | None
    fuse_unk: bool
    byte_fallback: bool
    ignore_merges: bool
    @staticmethod
    def read_file(vocab: str, merges: str) -> tuple[dict[str, int], list[tuple[str, str]]]: ...
    @classmethod
    def from_file(cls, vocab: str, merges: str, **kwargs: Any) -> BPE: ...
    def _clear_cache(self) -> None: ...
    def _resize_cache(self, capacity: int) -> None: ...

class Unigram(Model):
    def __init__(
        self,
        vocab: Sequence[tuple[str, float]] | None = None,
        unk_id: int | None = None,
        byte_fallback: bool | None = None,
        alpha: float | None = None,
        nbest_size: int | None = None,
    ) -> None: ...
    alpha: float | None
    nbest_size: int | None
    seed: int | None
    def nbest(self, sequence: str, size: int = 10) -> list[tuple[list[Token], float]]: ...
    def _clear_cache(self) -> None: ...
    def _resize_cache(self, capacity: int) -> None: ...

class WordLevel(Model):
    def __init__(self, vocab: Mapping[str, int] | str | None = None, unk_token: str | None = None) -> None: ...
    unk_token: str
    @staticmethod
    def read_file(vocab: str) -> dict[str, int]: ...
    @classmethod
    def from_file(cls, vocab: str, unk_token: str | None = None) -> WordLevel: ...

class WordPiece(Model):
    def __init__(
        self,
        vocab: Mapping[str, int] | str | None = None,
        *,
        unk_token: str = "[UNK]",
        max_input_chars_per_word: int = 100,
        continuing_subword_prefix: str = "##",
    ) -> None: ...
    unk_token: str
    max_input_chars_per_word: int
    continuing_subword_prefix: str
    @staticmethod
    def read_file(vocab: str) -> dict[str, int]: ...
    @classmethod
    def from_file(cls, vocab: str, **kwargs: Any) -> WordPiece: ...
