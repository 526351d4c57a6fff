"""Where the native classes live, as pickles and reprs say it."""

from __future__ import annotations

from types import ModuleType


def publish(native: ModuleType, name: str) -> None:
    """Gives the classes of a native module the name of the module that shows them."""
    for value in vars(native).values():
        if isinstance(value, type):
            value.__module__ = name
