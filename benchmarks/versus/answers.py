"""Engines are compared in speed only where they say the same."""

from __future__ import annotations

from collections.abc import Mapping

from engine import Engine

TEXT = "The quick brown fox jumps over the lazy dog. Monday, Tuesday, Wednesday, Thursday, Friday and Saturday are days of the"
SHORTEST = 4
IDS_FOR_RANDOM_WEIGHTS = [1000 + 37 * i for i in range(12)]
LEAST_ALIKE = 0.75  # their arithmetic differs slightly, so near ties may fall either way


def compare(ours: Engine, theirs: Mapping[str, Engine], ids: list[int], required: bool) -> dict[str, str]:
    """How often each engine holds the same token as ours for the most likely one after a text of these ids, cut
    after each of them. Where likeness is required: RuntimeError if it is seldom, or not after the whole text, which
    leaves no doubt. Random weights make many tokens nearly as likely, so there it is only told."""
    prompts = [ids[:length] for length in range(SHORTEST, len(ids) + 1)]
    expected = ours.next_tokens(prompts)
    found = {}
    for name, engine in theirs.items():
        tokens = engine.next_tokens(prompts)
        alike = sum(a == b for a, b in zip(expected, tokens, strict=True))
        if required and (tokens[-1] != expected[-1] or alike < LEAST_ALIKE * len(prompts)):
            raise RuntimeError(
                f"the answers differ: after {len(ids)} tokens headrace says {expected[-1]} and {name} {tokens[-1]}; "
                f"{alike} of {len(prompts)} next tokens are alike"
            )
        found[name] = f"{alike} of {len(prompts)} next tokens alike"
    return found
