"""A neighbour that takes all it can get of one CPU."""

from __future__ import annotations

import os
import subprocess
import sys

# It ends with its parent too, should that be killed before it can end the loop.
PROGRAM = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
parent = int(sys.argv[2])
print("ready", flush=True)
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


def default_cpu() -> int:
    """CPU 1 where this process may use it, else the last one that it may."""
    allowed = os.sched_getaffinity(0)
    return 1 if 1 in allowed else max(allowed)


class BusyLoop:
    """A process that spins on a CPU, while the context lasts."""

    def __init__(self, cpu: int) -> None:
        self.command = [sys.executable, "-c", PROGRAM, str(cpu), str(os.getpid())]

    def __enter__(self) -> BusyLoop:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert self.process.stdout is not None
            if not self.process.stdout.readline():
                raise RuntimeError("the busy loop did not start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
