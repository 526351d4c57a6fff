"""What the ready-made tokenizers share: a Tokenizer and the parameters it was made with."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Union

from .. import AddedToken, Tokenizer
from .. import normalizers as _normalizers

Token = Union[str, AddedToken]

#: Methods that are the inner tokenizer's as they are.
_DELEGATED = (
    "num_special_tokens_to_add",
    "get_vocab",
    "get_added_tokens_decoder",
    "get_vocab_size",
    "no_padding",
    "no_truncation",
    "add_tokens",
    "token_to_id",
    "id_to_token",
    "save",
    "to_str",
    "post_process",
)
_PARTS = ("model", "normalizer", "pre_tokenizer", "post_processor", "decoder")


class BaseTokenizer:
    """Wraps a Tokenizer; every call goes to it."""

    _tokenizer: Any

    def __init__(self, tokenizer: Tokenizer, parameters: Optional[Dict[str, Any]] = None):
        self._tokenizer = tokenizer
        self._parameters = {} if parameters is None else parameters

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self._parameters.items())
        return f"Tokenizer(vocabulary_size={self.get_vocab_size()}, {shown})"  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        if name in _DELEGATED or name in ("padding", "truncation"):
            return getattr(self._tokenizer, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def enable_padding(
        self,
        direction: Optional[str] = "right",
        pad_to_multiple_of: Optional[int] = None,
        pad_id: Optional[int] = 0,
        pad_type_id: Optional[int] = 0,
        pad_token: Optional[str] = "[PAD]",
        length: Optional[int] = None,
    ) -> None:
        self._tokenizer.enable_padding(
            direction=direction,
            pad_to_multiple_of=pad_to_multiple_of,
            pad_id=pad_id,
            pad_type_id=pad_type_id,
            pad_token=pad_token,
            length=length,
        )

    def enable_truncation(
        self, max_length: int, stride: Optional[int] = 0, strategy: Optional[str] = "longest_first"
    ) -> None:
        self._tokenizer.enable_truncation(max_length, stride=stride, strategy=strategy)

    def add_special_tokens(self, special_tokens: List[Token]) -> int:
        return int(self._tokenizer.add_special_tokens(special_tokens))

    def normalize(self, sequence: str) -> str:
        return str(self._tokenizer.normalizer.normalize_str(sequence))

    def encode(
        self, sequence: Any, pair: Any = None, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Any:
        _required(sequence, "encode: `sequence` can't be `None`")
        return self._tokenizer.encode(sequence, pair, is_pretokenized, add_special_tokens)

    def encode_batch(self, inputs: Any, is_pretokenized: bool = False, add_special_tokens: bool = True) -> Any:
        _required(inputs, "encode_batch: `inputs` can't be `None`")
        return self._tokenizer.encode_batch(inputs, is_pretokenized, add_special_tokens)

    async def async_encode_batch(
        self, inputs: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Any:
        _required(inputs, "async_encode_batch: `inputs` can't be `None`")
        return await self._tokenizer.async_encode_batch(inputs, is_pretokenized, add_special_tokens)

    async def async_encode_batch_fast(
        self, inputs: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Any:
        _required(inputs, "async_encode_batch_fast: `inputs` can't be `None`")
        return await self._tokenizer.async_encode_batch_fast(inputs, is_pretokenized, add_special_tokens)

    def decode(self, ids: Any, skip_special_tokens: Optional[bool] = True) -> str:
        _required(ids, "None input is not valid. Should be a list of integers.")
        return str(self._tokenizer.decode(ids, skip_special_tokens=skip_special_tokens))

    def decode_batch(self, sequences: Any, skip_special_tokens: Optional[bool] = True) -> Any:
        _required(sequences, "None input is not valid. Should be list of list of integers.")
        return self._tokenizer.decode_batch(sequences, skip_special_tokens=skip_special_tokens)

    async def async_decode_batch(self, sequences: Any, skip_special_tokens: bool = True) -> Any:
        _required(sequences, "async_decode_batch: `sequences` can't be `None`")
        return await self._tokenizer.async_decode_batch(sequences, skip_special_tokens)

    def save_model(self, directory: str, prefix: Optional[str] = None) -> Any:
        return self._tokenizer.model.save(directory, prefix=prefix)



def _part(name: str) -> property:
    def read(self: BaseTokenizer) -> Any:
        return getattr(self._tokenizer, name)

    def write(self: BaseTokenizer, value: Any) -> None:
        setattr(self._tokenizer, name, value)

    return property(read, write)


for _name in _PARTS:
    setattr(BaseTokenizer, _name, _part(_name))


def _required(value: Any, message: str) -> None:
    if value is None:
        raise ValueError(message)


def add_if_known(tokenizer: Any, tokens: Iterable[Token]) -> None:
    """Makes special those of the tokens that the vocabulary has."""
    for token in tokens:
        if tokenizer.token_to_id(str(token)) is not None:
            tokenizer.add_special_tokens([str(token)])


def in_sequence(parts: List[Any]) -> Any:
    """One normalizer of several: none, the only one, or a Sequence."""
    if len(parts) > 1:
        return _normalizers.Sequence(parts)
    return parts[0] if parts else None


def as_list(files: Union[str, List[str]]) -> List[str]:
    return [files] if isinstance(files, str) else files
