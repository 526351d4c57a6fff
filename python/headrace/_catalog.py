"""Models that have names, and where their files are."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

from . import _native


class CatalogModel:
    """A model that can be named instead of its file."""

    __slots__ = ("bytes", "description", "name", "path")

    def __init__(self, name: str, description: str, size: int, path: Path) -> None:
        self.name = name
        self.description = description
        self.bytes = size
        self.path = path  # where the file is, or will be

    @property
    def cached(self) -> bool:
        return self.path.exists()

    def __repr__(self) -> str:
        return f"CatalogModel({self.name!r}, {self.description!r}, cached={self.cached})"


class _Progress:
    """Shows on standard error how far a pull is: one line that is redrawn in a terminal, else a line every tenth."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = ("", -1)

    def __call__(self, stage: str, done: int, total: int) -> None:
        percent = 100 * done // total if total > 1 else 0
        step = percent if self._terminal else percent // 10 * 10
        if sys.stderr is None or self._shown == (stage, step):
            return
        self._shown = (stage, step)
        line = f"headrace: {stage} {step}% of {total / 1e6:.1f} MB" if total > 1 else f"headrace: {stage}"
        print(f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)

    def finish(self) -> None:
        if self._terminal and self._shown[0]:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def resolve(model: str | os.PathLike[str], progress: bool = True) -> Path:
    """The file behind a model's name, file or folder; fetches a named one that is not in the cache."""
    shown = _Progress() if progress else None
    try:
        return _native.resolve(os.fspath(model), [sys.executable] if sys.executable else [], shown)
    finally:
        if shown is not None:
            shown.finish()


def pull(name: str, *, progress: bool = True) -> Path:
    """Fetches a named model into the cache (unless it is there) and returns its file.

    >>> pull("smollm2").name
    'SmolLM2-135M-Instruct.Q4_1.gguf'
    """
    return resolve(name, progress)


def catalog() -> list[CatalogModel]:
    """The models that can be named.

    >>> [model.name for model in catalog()]
    ['smollm2', 'gemma3']
    """
    return [CatalogModel(*entry) for entry in _native.catalog()]
