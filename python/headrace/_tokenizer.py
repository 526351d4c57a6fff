"""Text to token ids and back."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

from . import _native
from ._catalog import resolve


class Encoding:
    """Token ids and where in the text each of them comes from, in characters: [begin, end)."""

    __slots__ = ("ids", "offsets")

    def __init__(self, ids: list[int], offsets: list[tuple[int, int]]) -> None:
        self.ids = ids
        self.offsets = offsets

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Encoding(ids={self.ids}, offsets={self.offsets})"


class Tokenizer:
    """The tokenizer of a model; immutable, shared by threads.

    >>> tokenizer = Tokenizer("smollm2")
    >>> tokenizer.decode(tokenizer.encode("Hello world"))
    'Hello world'
    """

    __slots__ = ("_native",)

    def __init__(self, model: str | PathLike[str]) -> None:
        """Reads the tokenizer of a model (a name, a .gguf file, or a folder that holds one) without its weights."""
        self._native = _native.Tokenizer.from_file(resolve(model))

    @classmethod
    def _of(cls, native: _native.Tokenizer) -> Tokenizer:
        tokenizer = cls.__new__(cls)
        tokenizer._native = native
        return tokenizer

    def encode(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> list[int]:
        """Text to ids. ``add_special`` adds what the model asks for around a text (never a second BOS);
        ``parse_special`` recognises control tokens written in the text."""
        return self._native.encode(text, add_special=add_special, parse_special=parse_special)

    def encode_batch(self, texts: Sequence[str], *, add_special: bool = True, parse_special: bool = True) -> list[list[int]]:
        """Each text to ids, without the GIL."""
        return self._native.encode_batch(list(texts), add_special=add_special, parse_special=parse_special)

    def encode_with_offsets(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> Encoding:
        """Text to ids, and the part of the text that each comes from."""
        return Encoding(*self._native.encode_with_offsets(text, add_special=add_special, parse_special=parse_special))

    def decode(self, ids: Iterable[int], *, skip_special: bool = False) -> str:
        """Ids to text. Bytes that are no UTF-8 become U+FFFD."""
        return self._native.decode(list(ids), skip_special=skip_special)

    def stream_decoder(self, *, skip_special: bool = False) -> _native.StreamDecoder:
        """Decodes id by id: ``push(id)`` returns the text that it completes, ``finish()`` what is held back."""
        return self._native.stream_decoder(skip_special=skip_special)

    def token(self, token_id: int) -> str:
        """The entry as spelled in the vocabulary."""
        return self._native.token(token_id)

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes that a token stands for."""
        return self._native.token_bytes(token_id)

    def token_text(self, token_id: int) -> str:
        """The text that a token stands for; U+FFFD for a part of a character."""
        return self._native.token_bytes(token_id).decode("utf-8", "replace")

    def token_id(self, token: str) -> int | None:
        """The id of an entry spelled so in the vocabulary."""
        return self._native.id(token)

    def ends_generation(self, token_id: int) -> bool:
        """Whether an answer ends at this id."""
        return self._native.ends_generation(token_id)

    @property
    def vocabulary_size(self) -> int:
        return self._native.vocabulary_size

    @property
    def bos_id(self) -> int | None:
        return self._native.bos_id

    @property
    def eos_id(self) -> int | None:
        return self._native.eos_id

    def __len__(self) -> int:
        return self._native.vocabulary_size

    def __repr__(self) -> str:
        return repr(self._native)
