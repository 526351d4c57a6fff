"""What the tests of the Python package share."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

MODEL = os.environ.get("HEADRACE_TEST_MODEL", "")
INSTALLED = importlib.util.find_spec("headrace") is not None

needs_package = pytest.mark.skipif(not INSTALLED, reason="the Python package headrace is not installed: make test installs it")
needs_model = pytest.mark.skipif(not INSTALLED or not MODEL, reason="headrace is not installed or HEADRACE_TEST_MODEL is not set: make test does both")


def script(text: str, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process of its own; argv[1] is the model."""
    return subprocess.run([sys.executable, "-c", text, MODEL, *arguments], capture_output=True, text=True, timeout=seconds)
