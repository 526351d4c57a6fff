"""What can go wrong. Each is also the builtin exception that a caller would expect."""

from __future__ import annotations


class HeadraceError(Exception):
    """The base of every error that Headrace raises by itself."""


class InvalidArgument(HeadraceError, ValueError):
    """A value that cannot be accepted."""


class InvalidData(HeadraceError, ValueError):
    """A file that does not follow its format."""


class NotFound(HeadraceError, FileNotFoundError):
    """A file or a model that does not exist."""


class Unsupported(HeadraceError, NotImplementedError):
    """Well-formed, but not something that this build does."""


class OutOfMemory(HeadraceError, MemoryError):
    """A memory limit would be exceeded."""


class OutOfRange(HeadraceError, ValueError):
    """Too long, too many or too deep: a prompt that does not fit the context."""


class Busy(HeadraceError):
    """A queue is full; try again later."""


class Cancelled(HeadraceError):
    """Stopped before it was done: the LLM was closed."""


class SystemFailure(HeadraceError, OSError):
    """The operating system refused."""


class InternalError(HeadraceError, RuntimeError):
    """A bug in Headrace."""
