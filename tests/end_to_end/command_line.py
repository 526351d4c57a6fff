"""Runs the headrace binary for the tests of the command line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

BINARY = os.environ.get("HEADRACE_BIN", "")
MODEL = os.environ.get("HEADRACE_TEST_MODEL", "")

# What a sanitized build may take longer by; 1 for the build that users run.
SLOWER = float(os.environ.get("HEADRACE_TEST_SLOWER", "1"))

needs_binary = pytest.mark.skipif(not BINARY, reason="HEADRACE_BIN is not set: make test sets it")
needs_model = pytest.mark.skipif(not BINARY or not MODEL, reason="HEADRACE_BIN and HEADRACE_TEST_MODEL are not set: make test sets them")


def run(*arguments: str, input: str | bytes = b"", environment: dict[str, str] | None = None, seconds: float = 120):
    """The finished process; its output as text."""
    data = input.encode() if isinstance(input, str) else input
    finished = subprocess.run(
        [BINARY, *arguments], input=data, capture_output=True, timeout=seconds, env={**os.environ, **(environment or {})}
    )
    finished.stdout = finished.stdout.decode("utf-8")
    finished.stderr = finished.stderr.decode("utf-8")
    return finished


def run_json(*arguments: str, **options):
    """What a command prints with --json; it must succeed and print nothing else."""
    finished = run(*arguments, "--json", **options)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert finished.stdout.count("\n") == 1
    return json.loads(finished.stdout)


def text_file(folder: Path, text: str) -> str:
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)
