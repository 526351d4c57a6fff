"""Jobs awaited in an event loop. The engine's thread writes to a descriptor that the
loop watches; no thread of ours ever needs the GIL."""

from __future__ import annotations

import asyncio
import itertools

from . import _native


class Bridge:
    """Wakes the coroutines of one event loop; watched only while somebody waits."""

    _of_loop: dict[asyncio.AbstractEventLoop, Bridge] = {}
    _keys = itertools.count(1)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.notifier = _native.Notifier()
        self._loop = loop
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._users = 0

    @classmethod
    def enter(cls) -> Bridge:
        """The running loop's bridge; give it back with leave()."""
        loop = asyncio.get_running_loop()
        bridge = cls._of_loop.get(loop)
        if bridge is None:
            bridge = cls._of_loop[loop] = Bridge(loop)
            loop.add_reader(bridge.notifier.fileno(), bridge._wake)
        bridge._users += 1
        return bridge

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            self._loop.remove_reader(self.notifier.fileno())
            del Bridge._of_loop[self._loop]

    def new_key(self) -> int:
        return next(Bridge._keys)

    def _wake(self) -> None:
        for key in self.notifier.take():
            future = self._waiting.pop(key, None)
            if future is not None and not future.done():
                future.set_result(None)

    async def news(self, key: int) -> None:
        """Waits until the job of this key has news. The caller has just found none, on this loop's thread."""
        future = self._loop.create_future()
        self._waiting[key] = future
        try:
            await future
        finally:
            self._waiting.pop(key, None)
