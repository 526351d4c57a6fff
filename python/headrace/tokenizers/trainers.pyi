from collections.abc import Iterable, Sequence
from typing import Any

from . import AddedToken, Tokenizer

class Trainer:
    def __getstate__(self) -> bytes: ...

class BpeTrainer(Trainer):
    def __init__(
        self,
        *,
        vocab_size: int = 30000,
        min_frequency: int = 0,
        show_progress: bool = True,
        progress_format: str = "indicatif",
        special_tokens: Sequence[str | AddedToken] = ...,
        limit_alphabet: int | None = None,
        initial_alphabet: Sequence[str] = ...,
        continuing_subword_prefix: str | None = None,
        end_of_word_suffix: str | None = None,
        max_token_length: int | None = None,
    ) -> None: ...
    vocab_size: int
    min_frequency: int
    show_progress: bool
    progress_format: str
    special_tokens: list[AddedToken]
    limit_alphabet: int | None
    initial_alphabet: list[str]
    continuing_subword_prefix: str | None
    end_of_word_suffix: str | None
    max_token_length: int | None
    def get_word_count(self) -> int: ...

class WordPieceTrainer(Trainer):
    def __init__(
        self,
        *,
        vocab_size: int = 30000,
        min_frequency: int = 0,
        show_progress: bool = True,
        special_tokens: Sequence[str | AddedToken] = ...,
        limit_alphabet: int | None = None,
        initial_alphabet: Sequence[str] = ...,
        continuing_subword_prefix: str | None = "##",
        end_of_word_suffix: str | None = None,
    ) -> None: ...
    vocab_size: int
    min_frequency: int
    show_progress: bool
    special_tokens: list[AddedToken]
    limit_alphabet: int | None
    initial_alphabet: list[str]
    continuing_subword_prefix: str | None
    end_of_word_suffix: str | None

class WordLevelTrainer(Trainer):
    def __init__(
        self,
        *,
        vocab_size: int = 30000,
        min_frequency: int = 0,
        show_progress: bool = True,
        special_tokens: Sequence[str | AddedToken] = ...,
    ) -> None: ...
    vocab_size: int
    min_frequency: int
    show_progress: bool
    special_tokens: list[AddedToken]

class UnigramTrainer(Trainer):
    def __init__(
        self,
        *,
        vocab_size: int = 8000,
        show_progress: bool = True,
        special_tokens: Sequence[str | AddedToken] = ...,
        initial_alphabet: Sequence[str] = ...,
        shrinking_factor: float = 0.75,
        unk_token: str | None = None,
        max_piece_length: int = 16,
        n_sub_iterations: int = 2,
    ) -> None: ...
    vocab_size: int
    show_progress: bool
    special_tokens: list[AddedToken]
    initial_alphabet: list[str]

class ParityBpeTrainer:
    def __init__(
        self,
        num_merges: int = 32000,
        variant: str = "base",
        min_frequency: int = 0,
        ratio: Sequence[float] | None = None,
        global_merges: int = 0,
        window_size: int = 100,
        alpha: float = 2.0,
        total_symbols: bool = False,
        special_tokens: list[str | AddedToken] | None = None,
        show_progress: bool = True,
        limit_alphabet: int | None = None,
        initial_alphabet: Sequence[str] | None = None,
        continuing_subword_prefix: str | None = None,
        end_of_word_suffix: str | None = None,
        max_token_length: int | None = None,
    ) -> None: ...
    num_merges: int
    @property
    def variant(self) -> str: ...
    min_frequency: int
    global_merges: int
    window_size: int
    alpha: float
    total_symbols: bool
    special_tokens: list[AddedToken]
    show_progress: bool
    limit_alphabet: int | None
    initial_alphabet: list[str]
    continuing_subword_prefix: str | None
    end_of_word_suffix: str | None
    max_token_length: int | None
    def train_from_iterator(
        self,
        tokenizer: Tokenizer,
        train_iterators: Sequence[Iterable[str | Iterable[str]]],
        dev_iterators: Sequence[Iterable[str | Iterable[str]]] | None = None,
        ratio: Sequence[float] | None = None,
    ) -> None: ...
    def __getstate__(self) -> dict[str, Any]: ...
    def __setstate__(self, state: dict[str, Any]) -> None: ...
