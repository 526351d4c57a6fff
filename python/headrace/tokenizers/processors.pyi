from collections.abc import Sequence as _Sequence
from typing import Any, TypeAlias

from . import Encoding

_Token: TypeAlias = tuple[str, int]
_Template: TypeAlias = str | _Sequence[str]

class PostProcessor:
    def __getstate__(self) -> bytes: ...
    def num_special_tokens_to_add(self, is_pair: bool) -> int: ...
    def process(self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True) -> Encoding: ...

class BertProcessing(PostProcessor):
    def __init__(self, sep: _Token, cls: _Token) -> None: ...
    sep: _Token
    cls: _Token

class RobertaProcessing(PostProcessor):
    def __init__(self, sep: _Token, cls: _Token, trim_offsets: bool = True, add_prefix_space: bool = True) -> None: ...
    sep: _Token
    cls: _Token
    trim_offsets: bool
    add_prefix_space: bool

class ByteLevel(PostProcessor):
    def __init__(self, add_prefix_space: bool | None = None, trim_offsets: bool | None = None, use_regex: bool | None = None) -> None: ...
    add_prefix_space: bool
    trim_offsets: bool
    use_regex: bool

class Sequence(PostProcessor):
    def __init__(self, processors: _Sequence[PostProcessor]) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> PostProcessor: ...
    def __setitem__(self, index: int, value: PostProcessor) -> None: ...

class TemplateProcessing(PostProcessor):
    def __init__(
        self,
        single: _Template | None = None,
        pair: _Template | None = None,
        special_tokens: _Sequence[_Token | tuple[int, str] | dict[str, Any]] | None = None,
    ) -> None: ...
    @property
    def single(self) -> Any: ...
    @single.setter
    def single(self, single: _Template) -> None: ...
