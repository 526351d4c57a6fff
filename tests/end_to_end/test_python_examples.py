"""The examples, and the code in docs/python.md and in docstrings, do what they say."""

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from python_package import MODEL, needs_model

pytestmark = needs_model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A home in which smollm2 is the model of the tests."""
    folder = tmp_path_factory.mktemp("home") / "models" / "smollm2"
    folder.mkdir(parents=True)
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(MODEL)
    return {**os.environ, "HEADRACE_HOME": str(folder.parents[1])}


def run(code: list[str], environment) -> str:
    finished = subprocess.run([sys.executable, *code], env=environment, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_example(example, environment):
    assert run([str(ROOT / "examples" / example)], environment)


def test_the_code_in_docs_python_md(environment):
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    run(["-c", "\n".join(blocks)], environment)


def test_the_code_in_docs_frames_md(environment):
    pytest.importorskip("pyarrow")
    page = (ROOT / "docs/frames.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 6
    shown = re.search(r"```\n(name .*?)\n```", page, re.DOTALL).group(1)
    assert shown in run(["-c", "\n".join(blocks)], environment)


@pytest.mark.parametrize("module", ["headrace", "headrace.frame", "headrace._llm", "headrace._sampling", "headrace._tokenizer", "headrace._catalog"])
def test_docstrings(module, environment, monkeypatch):
    monkeypatch.setenv("HEADRACE_HOME", environment["HEADRACE_HOME"])
    found = importlib.import_module(module)
    tests = doctest.DocTestFinder(exclude_empty=True).find(found, globs=dict(vars(importlib.import_module("headrace"))) | dict(vars(found)))
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    assert runner.tries > 0 and runner.failures == 0
