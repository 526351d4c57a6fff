"""Builds llama.cpp from the PyPI source package llama-cpp-python and runs its own benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "0.3.36"
TARGETS = ["llama-bench", "llama-batched-bench", "llama-server", "llama-quantize"]
SERVER_START_SECONDS = 120


def compiler() -> tuple[str, str] | None:
    """clang of the system, newest first; None leaves the choice to CMake."""
    for suffix in ["", "-22", "-21", "-20", "-19", "-18", "-17", "-16", "-15", "-14"]:
        if shutil.which(f"clang{suffix}") and shutil.which(f"clang++{suffix}"):
            return f"clang{suffix}", f"clang++{suffix}"
    return None


def build(work: Path, jobs: int) -> Path:
    """The folder of the binaries; made on the first call."""
    binaries = work / "llama-build/bin"
    if all((binaries / target).exists() for target in TARGETS):
        return binaries
    work.mkdir(parents=True, exist_ok=True)
    archive = work / f"llama_cpp_python-{VERSION}.tar.gz"
    if not archive.exists():
        requirement = f"llama-cpp-python=={VERSION}"
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary=:all:", "-d", str(work), requirement], check=True
        )
    source = work / f"llama_cpp_python-{VERSION}/vendor/llama.cpp"
    if not source.exists():
        with tarfile.open(archive) as files:
            files.extractall(work, filter="data")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_BUILD_TESTS=OFF"]
    options += ["-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_APP=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_OPENSSL=OFF"]
    if found := compiler():
        options += [f"-DCMAKE_C_COMPILER={found[0]}", f"-DCMAKE_CXX_COMPILER={found[1]}"]
    if shutil.which("ninja"):
        options += ["-G", "Ninja"]
    # Its build would name the commit of the repository around it, which is ours.
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(work.resolve())}
    subprocess.run(["cmake", "-S", str(source), "-B", str(work / "llama-build"), *options], check=True, env=alone)
    subprocess.run(["cmake", "--build", str(work / "llama-build"), "-j", str(jobs), "--target", *TARGETS], check=True, env=alone)
    return binaries


def requantize(binaries: Path, source: Path, kind: str, target: Path) -> None:
    """Makes `target`, a file of another quantisation, unless it is there already."""
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return
    program = binaries / "llama-quantize"
    if not program.exists():
        raise RuntimeError(f"{program} is missing, and {target.name} is made by it; build it too, or leave that model out with --model")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    try:
        command = [str(program), "--allow-requantize", str(source), str(partial), kind]
        finished = subprocess.run(command, capture_output=True, text=True)
        if finished.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {finished.stderr[-800:]}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def describe(binaries: Path) -> str:
    """Version and compiler, as the build says them."""
    text = subprocess.run([str(binaries / "llama-server"), "--version"], capture_output=True, text=True)
    lines = [line.strip() for line in (text.stdout + text.stderr).splitlines()]
    kept = [line for line in lines if line.startswith(("version", "built"))]
    return f"llama.cpp of llama-cpp-python {VERSION}; " + "; ".join(kept)


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


class _Server:
    """llama-server on a free port, while the context lasts."""

    def __init__(self, command: list[str]) -> None:
        self.address = f"http://127.0.0.1:{(port := _free_port())}"
        self.command = [*command, "--host", "127.0.0.1", "--port", str(port)]

    def __enter__(self) -> _Server:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + SERVER_START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.returncode}")
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"{' '.join(self.command)} was not ready within {SERVER_START_SECONDS} s")

    def next_token(self, prompt: list[int]) -> int:
        body = {"prompt": prompt, "n_predict": 1, "temperature": 0, "return_tokens": True, "cache_prompt": False}
        request = urllib.request.Request(f"{self.address}/completion", json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as response:
            return int(json.load(response)["tokens"][0])


def _json_lines(text: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


class LlamaCpp:
    """One way to run llama.cpp: with flash attention or without; keys and values as f16, or as q8_0."""

    def __init__(self, binaries: Path, model: str, threads: int, flash_attention: bool, kv_type: str = "f16") -> None:
        self.binaries = binaries
        self.common = ["-m", model, "-t", str(threads), "-fa", "on" if flash_attention else "off"]
        if kv_type != "f16":
            self.common += ["-ctk", kv_type, "-ctv", kv_type]

    def next_tokens(self, prompts: list[list[int]]) -> list[int]:
        """The most likely token after each prompt."""
        command = [str(self.binaries / "llama-server"), *self.common, "-c", "512", "--parallel", "1"]
        with _Server(command) as server:
            return [server.next_token(prompt) for prompt in prompts]

    def _run(self, program: str, arguments: list[str]) -> str:
        command = [str(self.binaries / program), *self.common, *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if finished.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {finished.stderr[-800:]}")
        return finished.stdout

    def prefill(self, tokens: int) -> float:
        output = self._run("llama-bench", ["-p", str(tokens), "-n", "0", "-r", "1", "-o", "json"])
        return float(json.loads(output)[0]["avg_ts"])

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        """Tokens per second of all streams together."""
        context = streams * (prompt + generate) + 64
        sizes = ["-npp", str(prompt), "-ntg", str(generate), "-npl", str(streams), "-c", str(context)]
        return float(_json_lines(self._run("llama-batched-bench", [*sizes, "--output-format", "jsonl"]))[-1]["speed_tg"])

    def decode_at(self, depth: int, generate: int) -> float:
        arguments = ["-p", "0", "-n", str(generate), "-d", str(depth), "-r", "1", "-o", "json"]
        return float(json.loads(self._run("llama-bench", arguments))[0]["avg_ts"])
