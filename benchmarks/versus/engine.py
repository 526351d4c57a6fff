"""What every engine of the comparison can be asked."""

from __future__ import annotations

from typing import Protocol

STREAM_PROMPT = 128  # tokens before a stream's first decoded one, as in `headrace bench`


class Engine(Protocol):
    """One way to run one model: each call loads it anew and gives tokens per second of wall clock."""

    def prefill(self, tokens: int) -> float: ...

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        """Of all streams together."""

    def decode_at(self, depth: int, generate: int) -> float: ...

    def next_tokens(self, prompts: list[list[int]]) -> list[int]:
        """The most likely token after each prompt."""
