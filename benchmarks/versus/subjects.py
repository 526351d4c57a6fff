"""The models of the comparison, and what is measured with each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import llama_cpp
import random_llama
from headrace_binary import find_model

SPEED_TESTS = ["prefill", "streams", "depth", "contention"]
OWN_TESTS = ["http", "gaps", "memory", "start"]  # Headrace alone
TESTS = SPEED_TESTS + OWN_TESTS


@dataclass(frozen=True)
class Subject:
    name: str
    tests: tuple[str, ...]
    streams: tuple[int, ...] = (1, 8, 16, 64)
    depths: tuple[int, ...] = (4096,)
    random_weights: bool = False


SUBJECTS = [
    Subject("smollm2", tuple(TESTS), (1, 16, 64)),
    Subject("smollm2-q4_0", ("prefill", "streams"), (1, 16, 64)),
    Subject("gemma3", ("prefill", "streams", "memory", "start"), (1, 16)),
    Subject("llama-1b", ("prefill", "streams", "memory", "start"), (1, 16), random_weights=True),
]


def choose(names: list[str]) -> list[Subject]:
    """The subjects of these names, or all of them; a name that is none of theirs is a file or a folder."""
    known = {subject.name: subject for subject in SUBJECTS}
    return [known.get(name) or Subject(name, tuple(TESTS)) for name in names or known]


def prepare(subject: Subject, binary: str, llama_binaries: Path, work: Path) -> Path:
    """The subject's file: fetched, requantised or written the first time."""
    if subject.name == "smollm2-q4_0":
        target = work / "smollm2-q4_0.gguf"
        llama_cpp.requantize(llama_binaries, find_model(binary, "smollm2"), "Q4_0", target)
        return target
    if subject.name == "llama-1b":
        target = work / "llama-1b-q4_k_m.gguf"
        random_llama.write(target)
        return target
    return find_model(binary, subject.name)
