"""BERT's tokenizer."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from .. import Tokenizer, decoders, trainers
from ..models import WordPiece
from ..normalizers import BertNormalizer
from ..pre_tokenizers import BertPreTokenizer
from ..processors import BertProcessing
from .base_tokenizer import BaseTokenizer, Token, add_if_known, as_list

_SPECIAL: List[Token] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


class BertWordPieceTokenizer(BaseTokenizer):
    """WordPiece over words and punctuation, cleaned and in lower case."""

    def __init__(
        self,
        vocab: Optional[Union[str, Dict[str, int]]] = None,
        unk_token: Token = "[UNK]",
        sep_token: Token = "[SEP]",
        cls_token: Token = "[CLS]",
        pad_token: Token = "[PAD]",
        mask_token: Token = "[MASK]",
        clean_text: bool = True,
        handle_chinese_chars: bool = True,
        strip_accents: Optional[bool] = None,
        lowercase: bool = True,
        wordpieces_prefix: str = "##",
    ):
        tokenizer = Tokenizer(WordPiece(vocab, unk_token=str(unk_token)))
        add_if_known(tokenizer, (unk_token, sep_token, cls_token, pad_token, mask_token))
        tokenizer.normalizer = BertNormalizer(
            clean_text=clean_text,
            handle_chinese_chars=handle_chinese_chars,
            strip_accents=strip_accents,
            lowercase=lowercase,
        )
        tokenizer.pre_tokenizer = BertPreTokenizer()
        if vocab is not None:
            tokenizer.post_processor = BertProcessing(
                _known(tokenizer, sep_token, "sep_token"), _known(tokenizer, cls_token, "cls_token")
            )
        tokenizer.decoder = decoders.WordPiece(prefix=wordpieces_prefix)
        super().__init__(
            tokenizer,
            {
                "model": "BertWordPiece",
                "unk_token": unk_token,
                "sep_token": sep_token,
                "cls_token": cls_token,
                "pad_token": pad_token,
                "mask_token": mask_token,
                "clean_text": clean_text,
                "handle_chinese_chars": handle_chinese_chars,
                "strip_accents": strip_accents,
                "lowercase": lowercase,
                "wordpieces_prefix": wordpieces_prefix,
            },
        )

    @staticmethod
    def from_file(vocab: str, **kwargs: Any) -> "BertWordPieceTokenizer":
        return BertWordPieceTokenizer(WordPiece.read_file(vocab), **kwargs)

    def train(
        self,
        files: Union[str, List[str]],
        vocab_size: int = 30000,
        min_frequency: int = 2,
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        special_tokens: List[Token] = _SPECIAL,
        show_progress: bool = True,
        wordpieces_prefix: str = "##",
    ) -> None:
        trainer = _trainer(
            vocab_size, min_frequency, limit_alphabet, initial_alphabet, special_tokens, show_progress, wordpieces_prefix
        )
        self._tokenizer.train(as_list(files), trainer=trainer)

    def train_from_iterator(
        self,
        iterator: Any,
        vocab_size: int = 30000,
        min_frequency: int = 2,
        limit_alphabet: int = 1000,
        initial_alphabet: List[str] = [],
        special_tokens: List[Token] = _SPECIAL,
        show_progress: bool = True,
        wordpieces_prefix: str = "##",
        length: Optional[int] = None,
    ) -> None:
        trainer = _trainer(
            vocab_size, min_frequency, limit_alphabet, initial_alphabet, special_tokens, show_progress, wordpieces_prefix
        )
        self._tokenizer.train_from_iterator(iterator, trainer=trainer, length=length)


def _known(tokenizer: Any, token: Token, name: str) -> Any:
    found = tokenizer.token_to_id(str(token))
    if found is None:
        raise TypeError(f"{name} not found in the vocabulary")
    return str(token), found


def _trainer(
    vocab_size: int,
    min_frequency: int,
    limit_alphabet: int,
    initial_alphabet: List[str],
    special_tokens: List[Token],
    show_progress: bool,
    prefix: str,
) -> Any:
    return trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        limit_alphabet=limit_alphabet,
        initial_alphabet=initial_alphabet,
        special_tokens=special_tokens,
        show_progress=show_progress,
        continuing_subword_prefix=prefix,
    )
