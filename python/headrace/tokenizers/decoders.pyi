from collections.abc import Sequence as _Sequence
from typing import Any

from . import Regex, Tokenizer

class Decoder:
    def __getstate__(self) -> bytes: ...
    @staticmethod
    def custom(decoder: Any) -> Decoder: ...
    def decode(self, tokens: _Sequence[str]) -> str: ...

class BPEDecoder(Decoder):
    def __init__(self, suffix: str = "</w>") -> None: ...
    suffix: str

class ByteFallback(Decoder):
    def __init__(self) -> None: ...

class ByteLevel(Decoder):
    def __init__(self) -> None: ...

class Fuse(Decoder):
    def __init__(self) -> None: ...

class CTC(Decoder):
    def __init__(self, pad_token: str = "<pad>", word_delimiter_token: str = "|", cleanup: bool = True) -> None: ...
    pad_token: str
    word_delimiter_token: str
    cleanup: bool

class Metaspace(Decoder):
    def __init__(self, replacement: str = "▁", prepend_scheme: str = "always", split: bool = True) -> None: ...
    replacement: str
    prepend_scheme: str
    split: bool

class Replace(Decoder):
    def __init__(self, pattern: str | Regex, content: str) -> None: ...

class Sequence(Decoder):
    def __init__(self, decoders: _Sequence[Decoder]) -> None: ...

class Strip(Decoder):
    def __init__(self, content: str = " ", left: int = 0, right: int = 0) -> None: ...
    content: str
    start: int
    stop: int

class WordPiece(Decoder):
    def __init__(self, prefix: str = "##", cleanup: bool = True) -> None: ...
    prefix: str
    cleanup: bool

class DecodeStream:
    def __init__(self, ids: _Sequence[int] | None = None, skip_special_tokens: bool | None = False) -> None: ...
    def step(self, tokenizer: Tokenizer, id: int | _Sequence[int]) -> str | None: ...
    def __copy__(self) -> DecodeStream: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> DecodeStream: ...
