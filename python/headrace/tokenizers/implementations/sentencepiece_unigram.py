"""A tokenizer of SentencePiece's Unigram kind."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple, Union

from .. import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from ..models import Unigram
from .base_tokenizer import BaseTokenizer, Token, as_list


class SentencePieceUnigramTokenizer(BaseTokenizer):
    """Unigram over text with spaces written as a letter."""

    def __init__(
        self,
        vocab: Optional[List[Tuple[str, float]]] = None,
        replacement: str = "▁",
        add_prefix_space: bool = True,
    ):
        tokenizer = Tokenizer(Unigram(vocab))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        scheme = "always" if add_prefix_space else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=replacement, prepend_scheme=scheme)
        tokenizer.decoder = decoders.Metaspace(replacement=replacement, prepend_scheme=scheme)
        parameters = {
            "model": "SentencePieceUnigram",
            "replacement": replacement,
            "add_prefix_space": add_prefix_space,
        }
        super().__init__(tokenizer, parameters)

    def train(
        self,
        files: Union[str, List[str]],
        vocab_size: int = 8000,
        show_progress: bool = True,
        special_tokens: Optional[List[Token]] = None,
        initial_alphabet: Optional[List[str]] = None,
        unk_token: Optional[str] = None,
    ) -> None:
        trainer = _trainer(vocab_size, show_progress, special_tokens, initial_alphabet, unk_token)
        self._tokenizer.train(as_list(files), trainer=trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        vocab_size: int = 8000,
        show_progress: bool = True,
        special_tokens: Optional[List[Token]] = None,
        initial_alphabet: Optional[List[str]] = None,
        unk_token: Optional[str] = None,
        length: Optional[int] = None,
    ) -> None:
        trainer = _trainer(vocab_size, show_progress, special_tokens, initial_alphabet, unk_token)
        self._tokenizer.train_from_iterator(iterator, trainer=trainer, length=length)


def _trainer(
    vocab_size: int,
    show_progress: bool,
    special_tokens: Optional[List[Token]],
    initial_alphabet: Optional[List[str]],
    unk_token: Optional[str],
) -> Any:
    return trainers.UnigramTrainer(
        vocab_size=vocab_size,
        special_tokens=special_tokens or [],
        show_progress=show_progress,
        initial_alphabet=initial_alphabet or [],
        unk_token=unk_token,
    )
