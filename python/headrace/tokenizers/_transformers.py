"""Makes `transformers` run on this package."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from types import ModuleType
from typing import Any, Dict, Iterable, List, Optional

_SUBMODULES = ("decoders", "implementations", "models", "normalizers", "pre_tokenizers", "processors", "trainers")
_SUBMODULES_OF_IMPLEMENTATIONS = (
    "base_tokenizer",
    "bert_wordpiece",
    "byte_level_bpe",
    "char_level_bpe",
    "sentencepiece_bpe",
    "sentencepiece_unigram",
)


class _Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata.version("tokenizers")` finds where that package is not installed."""

    def __init__(self, version: str):
        self._version = version

    def read_text(self, filename: str) -> Optional[str]:
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: tokenizers\nVersion: {self._version}\n"
        return None

    def locate_file(self, path: Any) -> Any:
        return path


class _Finder(importlib.metadata.DistributionFinder):
    def __init__(self, version: str):
        self._version = version

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        return None

    def find_distributions(self, context: Any = importlib.metadata.DistributionFinder.Context()) -> Iterable[Any]:
        return [_Distribution(self._version)] if context.name in (None, "tokenizers") else []


def patch_transformers() -> None:
    """Makes `transformers` use this package in place of `tokenizers`.

    May be called before or after `import transformers`, whether or not `tokenizers` is
    installed. Tokenizers that exist already keep what they were made of; calling it again
    changes nothing. From then on `import tokenizers` gives this package too.
    """
    here = importlib.import_module(__package__)
    ours = _our_modules(here)
    replaced = {name: module for name, module in sys.modules.items() if _is_rival(name) and module not in ours.values()}
    sys.modules.update(ours)
    _provide_metadata(here.__version__)
    if replaced:
        _replace_in_users(replaced, ours)


def _is_rival(name: str) -> bool:
    return name == "tokenizers" or name.startswith("tokenizers.")


def _our_modules(here: ModuleType) -> Dict[str, ModuleType]:
    modules = {"tokenizers": here}
    for name in _SUBMODULES:
        modules[f"tokenizers.{name}"] = importlib.import_module(f"{__package__}.{name}")
    for name in _SUBMODULES_OF_IMPLEMENTATIONS:
        modules[f"tokenizers.implementations.{name}"] = importlib.import_module(f"{__package__}.implementations.{name}")
    return modules


def _provide_metadata(version: str) -> None:
    try:
        importlib.metadata.version("tokenizers")
    except importlib.metadata.PackageNotFoundError:
        sys.meta_path.append(_Finder(version))  # type: ignore[arg-type]


def _replace_in_users(replaced: Dict[str, ModuleType], ours: Dict[str, ModuleType]) -> None:
    """Exchanges, in the modules of `transformers`, what they have imported by name."""
    exchange: Dict[int, Any] = {}
    for name, module in replaced.items():
        new = ours.get(name)
        if new is None:
            continue
        exchange[id(module)] = new
        for key, value in vars(module).items():
            if hasattr(new, key) and not key.startswith("__") and isinstance(value, (type, ModuleType)):
                exchange[id(value)] = getattr(new, key)
    for user in _users():
        for key, value in list(vars(user).items()):
            if id(value) in exchange:
                setattr(user, key, exchange[id(value)])
            elif isinstance(value, dict):
                _replace_in_table(value, exchange)


def _replace_in_table(table: Dict[Any, Any], exchange: Dict[int, Any]) -> None:
    for key, value in list(table.items()):
        if id(value) in exchange:
            table[key] = exchange[id(value)]


def _users() -> List[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType) and (name == "transformers" or name.startswith("transformers."))
    ]
