"""GPT-2's tokenizer."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, Union

from .. import Tokenizer, decoders, pre_tokenizers, processors, trainers
from ..models import BPE
from ..normalizers import Lowercase, unicode_normalizer_from_str
from .base_tokenizer import BaseTokenizer, Token, as_list, in_sequence


class ByteLevelBPETokenizer(BaseTokenizer):
    """BPE over the bytes of a text, cut as GPT-2 does."""

    def __init__(
        self,
        vocab: Optional[Union[str, Dict[str, int]]] = None,
        merges: Optional[Union[str, List[Tuple[str, str]]]] = None,
        add_prefix_space: bool = False,
        lowercase: bool = False,
        dropout: Optional[float] = None,
        unicode_normalizer: Optional[str] = None,
        continuing_subword_prefix: Optional[str] = None,
        end_of_word_suffix: Optional[str] = None,
        trim_offsets: bool = False,
    ):
        model = BPE()
        if vocab is not None and merges is not None:
            model = BPE(
                vocab,
                merges,
                dropout=dropout,
                continuing_subword_prefix=continuing_subword_prefix or "",
                end_of_word_suffix=end_of_word_suffix or "",
            )
        tokenizer = Tokenizer(model)
        parts = [unicode_normalizer_from_str(unicode_normalizer)] if unicode_normalizer else []
        if lowercase:
            parts.append(Lowercase())
        tokenizer.normalizer = in_sequence(parts)
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
        super().__init__(
            tokenizer,
            {
                "model": "ByteLevelBPE",
                "add_prefix_space": add_prefix_space,
                "lowercase": lowercase,
                "dropout": dropout,
                "unicode_normalizer": unicode_normalizer,
                "continuing_subword_prefix": continuing_subword_prefix,
                "end_of_word_suffix": end_of_word_suffix,
                "trim_offsets": trim_offsets,
            },
        )

    @staticmethod
    def from_file(vocab_filename: str, merges_filename: str, **kwargs: Any) -> "ByteLevelBPETokenizer":
        return ByteLevelBPETokenizer(*BPE.read_file(vocab_filename, merges_filename), **kwargs)

    def train(
        self,
        files: Union[str, List[str]],
        vocab_size: int = 30000,
        min_frequency: int = 2,
        show_progress: bool = True,
        special_tokens: List[Token] = [],
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, show_progress, special_tokens)
        self._tokenizer.train(as_list(files), trainer=trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        vocab_size: int = 30000,
        min_frequency: int = 2,
        show_progress: bool = True,
        special_tokens: List[Token] = [],
        length: Optional[int] = None,
    ) -> None:
        trainer = _trainer(vocab_size, min_frequency, show_progress, special_tokens)
        self._tokenizer.train_from_iterator(iterator, trainer=trainer, length=length)


def _trainer(vocab_size: int, min_frequency: int, show_progress: bool, special_tokens: List[Token]) -> Any:
    return trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        show_progress=show_progress,
        special_tokens=special_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
