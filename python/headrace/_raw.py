"""The shapes in which the native side hands over what it gathered; for type checkers."""

from __future__ import annotations

from typing import Optional

RawUsage = tuple[int, int, int]  # prompt, completion, cached
RawToken = tuple[int, Optional[float], list[tuple[int, float]]]  # id, logprob, top
RawChoice = tuple[str, list[RawToken], Optional[str], str]  # text, tokens, finish reason, stop text
RawItem = tuple[list[RawChoice], list[RawToken], RawUsage]  # choices, prompt, usage
RawPiece = tuple[int, str, list[RawToken], Optional[str], list[RawToken], bool, RawUsage]  # choice, text, tokens, finish, prompt, done, usage
