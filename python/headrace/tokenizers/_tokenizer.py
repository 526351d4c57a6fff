"""The parts of Tokenizer that are Python: the Hub, and awaitable calls."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Sequence


def from_pretrained(identifier: str, revision: str = "main", token: str | None = None) -> Any:
    """Loads `tokenizer.json` of a model on the Hub; needs the huggingface_hub package."""
    from . import Tokenizer

    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise ImportError(
            "Tokenizer.from_pretrained needs the package huggingface_hub (pip install huggingface_hub); "
            "a file on disk needs only Tokenizer.from_file"
        ) from error
    return Tokenizer.from_file(hf_hub_download(identifier, "tokenizer.json", revision=revision, token=token))


async def _in_thread(call: Callable[[], Any]) -> Any:
    import asyncio  # slow to import, and here already where a loop runs

    return await asyncio.get_running_loop().run_in_executor(None, call)


def async_encode(
    self: Any, sequence: Any, pair: Any = None, is_pretokenized: bool = False, add_special_tokens: bool = True
) -> Any:
    """`encode`, awaitable: the event loop goes on while a thread works."""
    return _in_thread(partial(self.encode, sequence, pair, is_pretokenized, add_special_tokens))


def async_encode_batch(
    self: Any, input: Sequence[Any], is_pretokenized: bool = False, add_special_tokens: bool = True
) -> Any:
    """`encode_batch`, awaitable."""
    return _in_thread(partial(self.encode_batch, input, is_pretokenized, add_special_tokens))


def async_encode_batch_fast(
    self: Any, input: Sequence[Any], is_pretokenized: bool = False, add_special_tokens: bool = True
) -> Any:
    """`encode_batch_fast`, awaitable."""
    return _in_thread(partial(self.encode_batch_fast, input, is_pretokenized, add_special_tokens))


def async_decode_batch(self: Any, sequences: Sequence[Sequence[int]], skip_special_tokens: bool = True) -> Any:
    """`decode_batch`, awaitable."""
    return _in_thread(partial(self.decode_batch, sequences, skip_special_tokens))


def train(self: Any, files: Sequence[str], trainer: Any = None) -> None:
    """Trains the model on the lines of text files."""
    if isinstance(files, str):
        raise TypeError("argument 'files': Can't extract `str` to `Vec`")
    self._train_files([str(file) for file in files], trainer)


def train_from_iterator(self: Any, iterator: Any, trainer: Any = None, length: int | None = None) -> None:
    """Trains the model on texts, or on lists of texts, that an iterator gives."""
    self._train_texts(iterator, trainer)


def complete(tokenizer: Any) -> None:
    """Adds these to the native class."""
    tokenizer.from_pretrained = staticmethod(from_pretrained)
    for method in (async_encode, async_encode_batch, async_encode_batch_fast, async_decode_batch, train, train_from_iterator):
        setattr(tokenizer, method.__name__, method)
