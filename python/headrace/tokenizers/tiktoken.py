"""Encodings with the names, arguments and results of the tiktoken package.

>>> from headrace.tokenizers import tiktoken
>>> enc = tiktoken.get_encoding("cl100k_base")   # doctest: +SKIP
>>> enc.decode(enc.encode("hello world"))        # doctest: +SKIP
'hello world'

`get_encoding` takes rank files from where tiktoken keeps them (TIKTOKEN_CACHE_DIR,
DATA_GYM_CACHE_DIR, or data-gym-cache in the folder for temporary files) and from
~/.cache/headrace/tiktoken; it fetches one only if `allow_download(True)` has been called.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import AbstractSet, Any, Collection, Iterable, Literal, NoReturn, Sequence

from .._native import tokenizers as _native

__all__ = [
    "Encoding",
    "allow_download",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
]

_Special = Literal["all"] | AbstractSet[str]


class Encoding:
    """A split pattern, tokens that are bytes and merge by rank, and special tokens."""

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: dict[bytes, int],
        special_tokens: dict[str, int],
        explicit_n_vocab: int | None = None,
    ):
        self.name = name
        self._pat_str = pat_str
        self._mergeable_ranks = mergeable_ranks
        self._special_tokens = special_tokens
        self.max_token_value = max(max(mergeable_ranks.values()), max(special_tokens.values(), default=0))
        if explicit_n_vocab:
            assert len(mergeable_ranks) + len(special_tokens) == explicit_n_vocab
            assert self.max_token_value == explicit_n_vocab - 1
        self._special_token_values = set(special_tokens.values())
        self._ranks = _native.RankEncoding.make(pat_str, mergeable_ranks, special_tokens)

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    # Encoding

    def _call(self, function: Any, text: str, allowed: AbstractSet[str] | None) -> Any:
        try:
            return function(text, allowed)
        except UnicodeEncodeError:
            # Pairs of surrogates become the character that they mean, lone ones U+FFFD.
            return function(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), allowed)

    def _allowed(self, text: str, allowed: _Special, disallowed: Literal["all"] | Collection[str]) -> AbstractSet[str]:
        if allowed == "all":
            allowed = self.special_tokens_set
        if disallowed == "all":
            disallowed = self.special_tokens_set - allowed
        if disallowed:
            if not isinstance(disallowed, frozenset):
                disallowed = frozenset(disallowed)
            if match := _special_token_regex(disallowed).search(text):
                raise_disallowed_special_token(match.group())
        return allowed  # type: ignore[return-value]

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of a text; special tokens in it are ordinary text."""
        return self._call(self._ranks.encode, text, None)

    def encode(
        self,
        text: str,
        *,
        allowed_special: _Special = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[int]:
        """The tokens of a text. A special token in it is one if `allowed_special` has it ("all": each), a
        ValueError if `disallowed_special` has it ("all", the default: each other one), else ordinary text."""
        return self._call(self._ranks.encode, text, self._allowed(text, allowed_special, disallowed_special))

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: _Special = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> Any:
        """`encode` into an array of uint32, without a list."""
        import numpy as np

        allowed = self._allowed(text, allowed_special, disallowed_special)
        return np.frombuffer(self._call(self._ranks.encode_to_buffer, text, allowed), dtype=np.uint32)

    def encode_ordinary_batch(self, text: list[str], *, num_threads: int = 8) -> list[list[int]]:
        """`encode_ordinary` of each text, on threads."""
        with ThreadPoolExecutor(num_threads) as executor:
            return list(executor.map(self.encode_ordinary, text))

    def encode_batch(
        self,
        text: list[str],
        *,
        num_threads: int = 8,
        allowed_special: _Special = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[list[int]]:
        """`encode` of each text, on threads."""
        call = functools.partial(self.encode, allowed_special=allowed_special, disallowed_special=disallowed_special)
        with ThreadPoolExecutor(num_threads) as executor:
            return list(executor.map(call, text))

    def encode_with_unstable(
        self,
        text: str,
        *,
        allowed_special: _Special = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> tuple[list[int], list[list[int]]]:
        """The tokens that no further text can change, and the sequences that may follow them."""
        allowed = self._allowed(text, allowed_special, disallowed_special)
        return self._ranks.encode_with_unstable(text, allowed)

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """The token, special ones too, that these bytes are; KeyError if they are none."""
        if isinstance(text_or_bytes, str):
            text_or_bytes = text_or_bytes.encode("utf-8")
        return self._ranks.encode_single_token(text_or_bytes)

    # Decoding

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """The bytes that the tokens stand for."""
        return self._ranks.decode_bytes(tokens)

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """The text of the tokens; `errors` as in `bytes.decode`."""
        return self._ranks.decode_bytes(tokens).decode("utf-8", errors=errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of one token; KeyError if there is none with this value."""
        return self._ranks.decode_single_token_bytes(token)

    def decode_tokens_bytes(self, tokens: Sequence[int]) -> list[bytes]:
        """The bytes of each token."""
        return [self.decode_single_token_bytes(token) for token in tokens]

    def decode_with_offsets(self, tokens: Sequence[int]) -> tuple[str, list[int]]:
        """The text, and for each token the character that it begins in. Raises for bytes that are no text."""
        pieces = self.decode_tokens_bytes(tokens)
        offsets = []
        characters = 0
        for piece in pieces:
            begins_inside = 0x80 <= piece[0] < 0xC0
            offsets.append(max(0, characters - begins_inside))
            characters += sum(not 0x80 <= byte < 0xC0 for byte in piece)
        return b"".join(pieces).decode("utf-8", errors="strict"), offsets

    def decode_batch(self, batch: Sequence[Sequence[int]], *, errors: str = "replace", num_threads: int = 8) -> list[str]:
        """`decode` of each sequence, on threads."""
        with ThreadPoolExecutor(num_threads) as executor:
            return list(executor.map(functools.partial(self.decode, errors=errors), batch))

    def decode_bytes_batch(self, batch: Sequence[Sequence[int]], *, num_threads: int = 8) -> list[bytes]:
        """`decode_bytes` of each sequence, on threads."""
        with ThreadPoolExecutor(num_threads) as executor:
            return list(executor.map(self.decode_bytes, batch))

    # What it is

    def token_byte_values(self) -> list[bytes]:
        """The bytes of all tokens but the special ones, in order of the bytes."""
        return self._ranks.token_byte_values()

    @property
    def eot_token(self) -> int:
        return self._special_tokens["<|endoftext|>"]

    @functools.cached_property
    def special_tokens_set(self) -> set[str]:
        return set(self._special_tokens)

    def is_special_token(self, token: int) -> bool:
        assert isinstance(token, int)
        return token in self._special_token_values

    @property
    def n_vocab(self) -> int:
        """max_token_value + 1."""
        return self.max_token_value + 1

    def _encode_single_piece(self, text_or_bytes: str | bytes) -> list[int]:
        if isinstance(text_or_bytes, str):
            text_or_bytes = text_or_bytes.encode("utf-8")
        return self._ranks.encode_piece(text_or_bytes)

    def __getstate__(self) -> object:
        # One that get_encoding gave is pickled by name.
        if self is _encodings.get(self.name):
            return self.name
        return {
            "name": self.name,
            "pat_str": self._pat_str,
            "mergeable_ranks": self._mergeable_ranks,
            "special_tokens": self._special_tokens,
        }

    def __setstate__(self, value: Any) -> None:
        if isinstance(value, str):
            self.__dict__ = get_encoding(value).__dict__
        else:
            self.__init__(**value)  # type: ignore[misc]


@functools.lru_cache(maxsize=128)
def _special_token_regex(tokens: frozenset[str]) -> re.Pattern[str]:
    return re.compile("(" + "|".join(re.escape(token) for token in tokens) + ")")


def raise_disallowed_special_token(token: str) -> NoReturn:
    # Programs match on these words.
    raise ValueError(
        f"Encountered text corresponding to disallowed special token {token!r}.\n"
        "If you want this text to be encoded as a special token, "
        f"pass it to `allowed_special`, e.g. `allowed_special={{{token!r}, ...}}`.\n"
        f"If you want this text to be encoded as normal text, disable the check for this token "
        f"by passing `disallowed_special=(enc.special_tokens_set - {{{token!r}}})`.\n"
        "To disable this check for all special tokens, pass `disallowed_special=()`.\n"
    )


# ---- Named encodings ----

_PUBLISHED = "https://openaipublic.blob.core.windows.net/"
#: Encoding → its rank file, with its SHA-256.
_RANK_FILES = {
    "r50k_base": ("encodings/r50k_base.tiktoken", "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"),
    "p50k_base": ("encodings/p50k_base.tiktoken", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"),
    "cl100k_base": ("encodings/cl100k_base.tiktoken", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
    "o200k_base": ("encodings/o200k_base.tiktoken", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
}
_RANK_FILES["p50k_edit"] = _RANK_FILES["p50k_base"]
_RANK_FILES["o200k_harmony"] = _RANK_FILES["o200k_base"]
_RANK_FILES["gpt2"] = _RANK_FILES["r50k_base"]  # the same ranks, published in another form as well
_N_VOCAB = {"gpt2": 50257, "r50k_base": 50257, "p50k_base": 50281}

_lock = threading.RLock()
_encodings: dict[str, Encoding] = {}
_download = False


def allow_download(allowed: bool = True) -> None:
    """Whether `get_encoding` may fetch a rank file that no cache has."""
    global _download
    _download = allowed


def _cache_folders() -> Iterable[Path]:
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            if os.environ[variable]:
                yield Path(os.environ[variable])
            break
    else:
        yield Path(tempfile.gettempdir()) / "data-gym-cache"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace" / "tiktoken"


def _rank_file(name: str) -> bytes:
    path, expected = _RANK_FILES[name]
    url = _PUBLISHED + path
    key = hashlib.sha1(url.encode()).hexdigest()
    folders = list(_cache_folders())
    for folder in folders:
        for file in (folder / key, folder / path.rsplit("/", 1)[1]):
            if file.is_file() and hashlib.sha256(content := file.read_bytes()).hexdigest() == expected:
                return content
    if not _download:
        raise FileNotFoundError(
            f"The rank file of {name} is in none of {', '.join(map(str, folders))}. Put {path.rsplit('/', 1)[1]} into one of "
            "them, or call headrace.tokenizers.tiktoken.allow_download() to have it fetched."
        )
    import urllib.request

    with urllib.request.urlopen(url) as response:  # noqa: S310  a constant https address
        content = response.read()
    if hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(f"What {url} gave is not the rank file of {name} (SHA-256 {expected}); try again.")
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f"{key}.{os.getpid()}.{threading.get_ident()}.tmp"
            temporary.write_bytes(content)
            temporary.replace(folder / key)
            break
        except OSError:
            continue  # a cache that cannot be written is no cache
    return content


def _parse_ranks(content: bytes, name: str) -> dict[bytes, int]:
    ranks = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line:
            continue
        try:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
        except ValueError as error:
            raise ValueError(f"{name}: line {number} is not a token in base64 and its rank: {line!r}") from error
    return ranks


def load_tiktoken_bpe(tiktoken_bpe_file: str | os.PathLike[str]) -> dict[bytes, int]:
    """The ranks in a file."""
    return _parse_ranks(Path(tiktoken_bpe_file).read_bytes(), str(tiktoken_bpe_file))


def list_encoding_names() -> list[str]:
    """The encodings that `get_encoding` knows."""
    return ["gpt2", "r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"]


def get_encoding(encoding_name: str) -> Encoding:
    """The encoding of this name; the same object each time."""
    if not isinstance(encoding_name, str):
        raise ValueError(f"Expected a string in get_encoding, got {type(encoding_name)}")
    with _lock:
        if encoding_name in _encodings:
            return _encodings[encoding_name]
        if encoding_name not in list_encoding_names():
            raise ValueError(f"Unknown encoding {encoding_name}.\nKnown encodings: {', '.join(list_encoding_names())}")
        pattern, special_tokens, _ = _native.rank_encoding_facts(encoding_name)
        encoding = Encoding(
            encoding_name,
            pat_str=pattern,
            mergeable_ranks=_parse_ranks(_rank_file(encoding_name), encoding_name),
            special_tokens=special_tokens,
            explicit_n_vocab=_N_VOCAB.get(encoding_name),
        )
        _encodings[encoding_name] = encoding
        return encoding


_MODELS: dict[str, Sequence[str]] = {
    "o200k_base": ("o1", "o3", "o4-mini", "gpt-5", "gpt-4.1", "gpt-4o"),
    "cl100k_base": (
        "gpt-4", "gpt-3.5-turbo", "gpt-3.5", "gpt-35-turbo", "davinci-002", "babbage-002",
        "text-embedding-ada-002", "text-embedding-3-small", "text-embedding-3-large",
    ),
    "p50k_base": (
        "text-davinci-003", "text-davinci-002", "code-davinci-002", "code-davinci-001", "code-cushman-002",
        "code-cushman-001", "davinci-codex", "cushman-codex",
    ),
    "p50k_edit": ("text-davinci-edit-001", "code-davinci-edit-001"),
    "r50k_base": (
        "text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001", "davinci", "curie", "babbage", "ada",
        "text-similarity-davinci-001", "text-similarity-curie-001", "text-similarity-babbage-001",
        "text-similarity-ada-001", "text-search-davinci-doc-001", "text-search-curie-doc-001",
        "text-search-babbage-doc-001", "text-search-ada-doc-001", "code-search-babbage-code-001",
        "code-search-ada-code-001",
    ),
    "gpt2": ("gpt2", "gpt-2"),
}  # fmt: skip
#: How the names of a family begin; tried in this order.
_PREFIXES = (
    ("o1-", "o200k_base"), ("o3-", "o200k_base"), ("o4-mini-", "o200k_base"), ("gpt-5", "o200k_base"),
    ("gpt-4.5-", "o200k_base"), ("gpt-4.1-", "o200k_base"), ("chatgpt-4o-", "o200k_base"), ("gpt-4o-", "o200k_base"),
    ("gpt-4-", "cl100k_base"), ("gpt-3.5-turbo-", "cl100k_base"), ("gpt-35-turbo-", "cl100k_base"),
    ("gpt-oss-", "o200k_harmony"), ("ft:gpt-4o", "o200k_base"), ("ft:gpt-4", "cl100k_base"),
    ("ft:gpt-3.5-turbo", "cl100k_base"), ("ft:davinci-002", "cl100k_base"), ("ft:babbage-002", "cl100k_base"),
)  # fmt: skip


def encoding_name_for_model(model_name: str) -> str:
    """The name of the encoding that a model uses; KeyError for an unknown one."""
    for encoding, models in _MODELS.items():
        if model_name in models:
            return encoding
    for prefix, encoding in _PREFIXES:
        if model_name.startswith(prefix):
            return encoding
    raise KeyError(
        f"Could not automatically map {model_name} to a tokeniser. "
        "Please use `tiktoken.get_encoding` to explicitly get the tokeniser you expect."
    )


def encoding_for_model(model_name: str) -> Encoding:
    """The encoding that a model uses."""
    return get_encoding(encoding_name_for_model(model_name))
