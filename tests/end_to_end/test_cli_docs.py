"""The commands in docs/cli.md print what the page says."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from command_line import BINARY, MODEL, needs_model

pytestmark = needs_model

PAGE = Path(__file__).parents[2] / "docs/cli.md"


def examples() -> list[tuple[str, str]]:
    """Every `$ command` of the page with the output that follows it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A shell in which `headrace` is the binary of the tests and smollm2 their model."""
    folder = tmp_path_factory.mktemp("shell")
    (folder / "bin").mkdir()
    (folder / "bin/headrace").symlink_to(BINARY)
    (folder / "home/models/smollm2").mkdir(parents=True)
    (folder / "home/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(MODEL)
    (folder / "work").mkdir()
    return {**os.environ, "WORK": str(folder / "work"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HEADRACE_HOME": str(folder / "home")}


@pytest.mark.parametrize(("command", "output"), examples())
def test_docs_cli_md(command, output, environment):
    finished = subprocess.run(["sh", "-c", command], env=environment, cwd=environment["WORK"], capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.rstrip("\n") == output.rstrip("\n")
