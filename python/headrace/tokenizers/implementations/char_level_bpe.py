"""The tokenizer of the first GPT."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, Union

from .. import Tokenizer, decoders, pre_tokenizers, trainers
from ..models import BPE
from ..normalizers import BertNormalizer, Lowercase, unicode_normalizer_from_str
from .base_tokenizer import BaseTokenizer, Token, add_if_known, as_list, in_sequence


class CharBPETokenizer(BaseTokenizer):
    """BPE over the characters of words, with a suffix that ends a word."""

    def __init__(
        self,
        vocab: Optional[Union[str, Dict[str, int]]] = None,
        merges: Optional[Union[str, List[Tuple[str, str]]]] = None,
        unk_token: Token = "<unk>",
        suffix: str = "</w>",
        dropout: Optional[float] = None,
        lowercase: bool = False,
        unicode_normalizer: Optional[str] = None,
        bert_normalizer: bool = True,
        split_on_whitespace_only: bool = False,
    ):
        options: Dict[str, Any] = {"unk_token": str(unk_token), "dropout": dropout, "end_of_word_suffix": suffix}
        known = vocab is not None and merges is not None
        tokenizer = Tokenizer(BPE(vocab, merges, **options) if known else BPE(**options))
        add_if_known(tokenizer, (unk_token,))
        parts = [unicode_normalizer_from_str(unicode_normalizer)] if unicode_normalizer else []
        if bert_normalizer:
            parts.append(BertNormalizer(lowercase=False))
        if lowercase:
            parts.append(Lowercase())
        tokenizer.normalizer = in_sequence(parts)
        cut = pre_tokenizers.WhitespaceSplit if split_on_whitespace_only else pre_tokenizers.BertPreTokenizer
        tokenizer.pre_tokenizer = cut()
        tokenizer.decoder = decoders.BPEDecoder(suffix=suffix)
        super().__init__(
            tokenizer,
            {
                "model": "BPE",
                "unk_token": unk_token,
                "suffix": suffix,
                "dropout": dropout,
                "lowercase": lowercase,
                "unicode_normalizer": unicode_normalizer,
                "bert_normalizer": bert_normalizer,
                "split_on_whitespace_only": split_on_whitespace_only,
            },
        )

    @staticmethod
    def from_file(vocab_filename: str, merges_filename: str, **kwargs: Any) -> "CharBPETokenizer":
        return CharBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)

    def train(
        self,
        files: Union[str, List[str]],
        vocab_size: int = 30000,
        min_frequency: int = 2,
        special_tokens: List[Token] = ["<unk>"],
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        suffix: Optional[str] = "</w>",
        show_progress: bool = True,
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, special_tokens, limit_alphabet, initial_alphabet, suffix, show_progress)
        self._tokenizer.train(as_list(files), trainer=trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        vocab_size: int = 30000,
        min_frequency: int = 2,
        special_tokens: List[Token] = ["<unk>"],
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        suffix: Optional[str] = "</w>",
        show_progress: bool = True,
        length: Optional[int] = None,
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, special_tokens, limit_alphabet, initial_alphabet, suffix, show_progress)
        self._tokenizer.train_from_iterator(iterator, trainer=trainer, length=length)


def _trainer(
    vocab_size: int,
    min_frequency: int,
    special_tokens: List[Token],
    limit_alphabet: int,
    initial_alphabet: List[str],
    suffix: Optional[str],
    show_progress: bool,
) -> Any:
    return trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=special_tokens,
        limit_alphabet=limit_alphabet,
        initial_alphabet=initial_alphabet,
        end_of_word_suffix=suffix,
        show_progress=show_progress,
    )
