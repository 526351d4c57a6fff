from collections.abc import Awaitable, Iterable, Sequence
from enum import Enum
from typing import Any, Literal, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from . import decoders as decoders
from . import models as models
from . import normalizers as normalizers
from . import pre_tokenizers as pre_tokenizers
from . import processors as processors
from . import trainers as trainers
from ._transformers import patch_transformers as patch_transformers
from .implementations import BertWordPieceTokenizer as BertWordPieceTokenizer
from .implementations import ByteLevelBPETokenizer as ByteLevelBPETokenizer
from .implementations import CharBPETokenizer as CharBPETokenizer
from .implementations import SentencePieceBPETokenizer as SentencePieceBPETokenizer
from .implementations import SentencePieceUnigramTokenizer as SentencePieceUnigramTokenizer

__version__: str

Offsets: TypeAlias = tuple[int, int]
TextInputSequence: TypeAlias = str
PreTokenizedInputSequence: TypeAlias = list[str] | tuple[str, ...]
TextEncodeInput: TypeAlias = str | tuple[str, str] | list[str]
PreTokenizedEncodeInput: TypeAlias = PreTokenizedInputSequence | tuple[PreTokenizedInputSequence, PreTokenizedInputSequence] | list[PreTokenizedInputSequence]
InputSequence: TypeAlias = TextInputSequence | PreTokenizedInputSequence
EncodeInput: TypeAlias = TextEncodeInput | PreTokenizedEncodeInput

class OffsetReferential(Enum):
    ORIGINAL = "original"
    NORMALIZED = "normalized"

class OffsetType(Enum):
    BYTE = "byte"
    CHAR = "char"

class SplitDelimiterBehavior(Enum):
    REMOVED = "removed"
    ISOLATED = "isolated"
    MERGED_WITH_PREVIOUS = "merged_with_previous"
    MERGED_WITH_NEXT = "merged_with_next"
    CONTIGUOUS = "contiguous"

# Arrow's PyCapsule interface.
class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Text: TypeAlias = str | Buffer
_Ids: TypeAlias = NDArray[np.uint32]
_Rows: TypeAlias = NDArray[np.int64]

class AddedToken:
    def __init__(
        self,
        content: str = "",
        single_word: bool = False,
        lstrip: bool = False,
        rstrip: bool = False,
        normalized: bool = True,
        special: bool = False,
    ) -> None: ...
    content: str
    special: bool
    @property
    def single_word(self) -> bool: ...
    @property
    def lstrip(self) -> bool: ...
    @property
    def rstrip(self) -> bool: ...
    @property
    def normalized(self) -> bool: ...

class Encoding:
    @property
    def ids(self) -> list[int]: ...
    @property
    def tokens(self) -> list[str]: ...
    @property
    def offsets(self) -> list[Offsets]: ...
    @property
    def type_ids(self) -> list[int]: ...
    @property
    def word_ids(self) -> list[int | None]: ...
    @property
    def sequence_ids(self) -> list[int | None]: ...
    @property
    def special_tokens_mask(self) -> list[int]: ...
    @property
    def attention_mask(self) -> list[int]: ...
    @property
    def overflowing(self) -> list[Encoding]: ...
    @property
    def n_sequences(self) -> int: ...
    def __len__(self) -> int: ...
    def __getattr__(self, name: str) -> Any: ...

class NormalizedString:
    def __init__(self, s: str) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class PreTokenizedString:
    def __init__(self, s: str) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class Regex:
    def __init__(self, s: str) -> None: ...

class Token:
    def __init__(self, id: int, value: str, offsets: Offsets) -> None: ...
    @property
    def id(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def offsets(self) -> Offsets: ...

class StreamDecoder:
    """Decodes ids one at a time; never takes back what it gave out."""

    def push(self, id: int) -> str: ...
    def finish(self) -> str: ...

class Tokenizer:
    def __init__(self, model: Any) -> None: ...
    @staticmethod
    def from_str(json: str) -> Tokenizer: ...
    @staticmethod
    def from_file(path: str) -> Tokenizer: ...
    @staticmethod
    def from_buffer(buffer: bytes) -> Tokenizer: ...
    @staticmethod
    def from_pretrained(identifier: str, revision: str = "main", token: str | None = None) -> Tokenizer: ...
    def to_str(self, pretty: bool = False) -> str: ...
    def save(self, path: str, pretty: bool = True) -> None: ...
    def save_compiled(self, path: str) -> None: ...
    normalizer: Any
    pre_tokenizer: Any
    model: Any
    post_processor: Any
    decoder: Any
    encode_special_tokens: bool
    @property
    def truncation(self) -> dict[str, Any] | None: ...
    @property
    def padding(self) -> dict[str, Any] | None: ...
    def enable_truncation(self, max_length: int, stride: int = 0, strategy: str = "longest_first", direction: str = "right") -> None: ...
    def no_truncation(self) -> None: ...
    def enable_padding(
        self,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None: ...
    def no_padding(self) -> None: ...
    def token_to_id(self, token: str) -> int | None: ...
    def id_to_token(self, id: int) -> str | None: ...
    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]: ...
    def get_vocab_size(self, with_added_tokens: bool = True) -> int: ...
    def get_added_tokens_decoder(self) -> dict[int, AddedToken]: ...
    def add_tokens(self, tokens: Sequence[str | AddedToken]) -> int: ...
    def add_special_tokens(self, tokens: Sequence[str | AddedToken]) -> int: ...
    def num_special_tokens_to_add(self, is_pair: bool) -> int: ...
    def train(self, files: Sequence[str], trainer: Any = None) -> None: ...
    def train_from_iterator(self, iterator: Iterable[str] | Iterable[Sequence[str]], trainer: Any = None, length: int | None = None) -> None: ...
    def encode(
        self, sequence: InputSequence, pair: InputSequence | None = None, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Encoding: ...
    def encode_batch(self, input: Sequence[EncodeInput], is_pretokenized: bool = False, add_special_tokens: bool = True) -> list[Encoding]: ...
    def encode_batch_fast(self, input: Sequence[EncodeInput], is_pretokenized: bool = False, add_special_tokens: bool = True) -> list[Encoding]: ...
    def async_encode(
        self, sequence: InputSequence, pair: InputSequence | None = None, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Awaitable[Encoding]: ...
    def async_encode_batch(
        self, input: Sequence[EncodeInput], is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Awaitable[list[Encoding]]: ...
    def async_encode_batch_fast(
        self, input: Sequence[EncodeInput], is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Awaitable[list[Encoding]]: ...
    def async_decode_batch(self, sequences: Sequence[Sequence[int]], skip_special_tokens: bool = True) -> Awaitable[list[str]]: ...
    def post_process(self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True) -> Encoding: ...
    def decode(self, ids: Iterable[int], skip_special_tokens: bool = True) -> str: ...
    def decode_batch(self, sequences: Iterable[Iterable[int]], skip_special_tokens: bool = True) -> list[str]: ...
    @overload
    def encode_array(
        self,
        text: _Text,
        add_special_tokens: bool = True,
        offsets: Literal[False] = False,
        *,
        truncation: bool = True,
        padding: bool = True,
        encode_special_tokens: bool | None = None,
    ) -> _Ids: ...
    @overload
    def encode_array(
        self,
        text: _Text,
        add_special_tokens: bool = True,
        *,
        offsets: Literal[True],
        truncation: bool = True,
        padding: bool = True,
        encode_special_tokens: bool | None = None,
    ) -> tuple[_Ids, _Ids]: ...
    @overload
    def encode_batch_array(
        self,
        texts: Iterable[_Text] | _ArrowArray | _ArrowStream,
        add_special_tokens: bool = True,
        offsets: Literal[False] = False,
        *,
        truncation: bool = True,
        padding: bool = True,
        encode_special_tokens: bool | None = None,
    ) -> tuple[_Ids, _Rows]: ...
    @overload
    def encode_batch_array(
        self,
        texts: Iterable[_Text] | _ArrowArray | _ArrowStream,
        add_special_tokens: bool = True,
        *,
        offsets: Literal[True],
        truncation: bool = True,
        padding: bool = True,
        encode_special_tokens: bool | None = None,
    ) -> tuple[_Ids, _Rows, _Ids]: ...
    def count(
        self, text: _Text, add_special_tokens: bool = True, *, truncation: bool = True, padding: bool = True, encode_special_tokens: bool | None = None
    ) -> int: ...
    @overload
    def encode_segments(
        self,
        segments: Iterable[tuple[_Text, bool]],
        add_special_tokens: bool = True,
        offsets: Literal[False] = False,
        *,
        truncation: bool = True,
        padding: bool = True,
    ) -> _Ids: ...
    @overload
    def encode_segments(
        self,
        segments: Iterable[tuple[_Text, bool]],
        add_special_tokens: bool = True,
        *,
        offsets: Literal[True],
        truncation: bool = True,
        padding: bool = True,
    ) -> tuple[_Ids, _Ids]: ...
    def stream_decoder(self, skip_special_tokens: bool = True) -> StreamDecoder: ...
