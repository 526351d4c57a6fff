"""A tokenizer of SentencePiece's BPE kind."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, Union

from .. import Tokenizer, decoders, pre_tokenizers, trainers
from ..models import BPE
from ..normalizers import NFKC
from .base_tokenizer import BaseTokenizer, Token, add_if_known, as_list


class SentencePieceBPETokenizer(BaseTokenizer):
    """BPE over characters, with spaces written as a letter."""

    def __init__(
        self,
        vocab: Optional[Union[str, Dict[str, int]]] = None,
        merges: Optional[Union[str, List[Tuple[str, str]]]] = None,
        unk_token: Token = "<unk>",
        replacement: str = "▁",
        add_prefix_space: bool = True,
        dropout: Optional[float] = None,
        fuse_unk: Optional[bool] = False,
    ):
        options: Dict[str, Any] = {"dropout": dropout, "unk_token": str(unk_token), "fuse_unk": fuse_unk}
        known = vocab is not None and merges is not None
        tokenizer = Tokenizer(BPE(vocab, merges, **options) if known else BPE(**options))
        add_if_known(tokenizer, (unk_token,))
        scheme = "always" if add_prefix_space else "never"
        tokenizer.normalizer = NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=replacement, prepend_scheme=scheme)
        tokenizer.decoder = decoders.Metaspace(replacement=replacement, prepend_scheme=scheme)
        super().__init__(
            tokenizer,
            {
                "model": "SentencePieceBPE",
                "unk_token": unk_token,
                "replacement": replacement,
                "add_prefix_space": add_prefix_space,
                "dropout": dropout,
            },
        )

    @staticmethod
    def from_file(vocab_filename: str, merges_filename: str, **kwargs: Any) -> "SentencePieceBPETokenizer":
        return SentencePieceBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)

    def train(
        self,
        files: Union[str, List[str]],
        vocab_size: int = 30000,
        min_frequency: int = 2,
        special_tokens: List[Token] = ["<unk>"],
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        show_progress: bool = True,
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, special_tokens, limit_alphabet, initial_alphabet, show_progress)
        self._tokenizer.train(as_list(files), trainer=trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        vocab_size: int = 30000,
        min_frequency: int = 2,
        special_tokens: List[Token] = ["<unk>"],
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        show_progress: bool = True,
        length: Optional[int] = None,
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, special_tokens, limit_alphabet, initial_alphabet, show_progress)
        self._tokenizer.train_from_iterator(iterator, trainer=trainer, length=length)


def _trainer(
    vocab_size: int,
    min_frequency: int,
    special_tokens: List[Token],
    limit_alphabet: int,
    initial_alphabet: List[str],
    show_progress: bool,
) -> Any:
    return trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=special_tokens,
        limit_alphabet=limit_alphabet,
        initial_alphabet=initial_alphabet,
        show_progress=show_progress,
    )
