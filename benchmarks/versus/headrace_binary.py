"""Runs the headrace binary's own benchmark and its generate."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from engine import STREAM_PROMPT


def json_of(command: list[str]) -> Any:
    """What a command prints as JSON; its own words about an error go to standard error."""
    finished = subprocess.run(command, stdout=subprocess.PIPE)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    return json.loads(finished.stdout)


def find_model(binary: str, name: str) -> Path:
    """The file of a named model (fetched if need be), a file or a folder."""
    return Path(json_of([binary, "inspect", name, "--json"])["path"])


def describe(binary: str) -> str:
    version = json_of([binary, "version", "--json"])
    return f"{version['version']}, {version['isa']} kernels, GCC {version['compiler']}"


def tokenize(binary: str, model: str, text: str) -> list[int]:
    command = [binary, "tokenize", model, "--text", text]
    return [int(part) for part in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()]


class Headrace:
    def __init__(self, binary: str, model: str, threads: int) -> None:
        self.binary, self.model, self.threads = binary, model, threads

    def isa(self) -> str:
        return str(json_of([self.binary, "version", "--json"])["isa"])

    def bench(self, *arguments: str) -> dict[str, Any]:
        command = [self.binary, "bench", self.model, "--json", "--threads", str(self.threads), "--repeat", "1", *arguments]
        found: dict[str, Any] = json_of(command)
        return found

    def _last(self, *arguments: str) -> float:
        return float(self.bench(*arguments)["results"][-1]["tokens_per_s"])

    def prefill(self, tokens: int) -> float:
        return self._last("--prompt", str(tokens), "--generate", "0")

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        assert prompt == STREAM_PROMPT
        return self._last("--prompt", "0", "--generate", str(generate), "--streams", str(streams))

    def decode_at(self, depth: int, generate: int) -> float:
        return self._last("--prompt", "0", "--generate", str(generate), "--depth", str(depth))

    def _generate_one(self, ids: list[int]) -> list[str]:
        listed = ",".join(map(str, ids))
        return [self.binary, "generate", self.model, "--ids", listed, "--max-tokens", "1", "--greedy", "--threads", str(self.threads)]

    def next_tokens(self, prompts: list[list[int]]) -> list[int]:
        answers = [json_of([*self._generate_one(ids), "--ignore-eos", "--json"]) for ids in prompts]
        return [int(answer["choices"][0]["token_ids"][0]) for answer in answers]

    def first_token_seconds(self) -> float:
        """Process start to exit of a `generate` of one token from an eight-token prompt."""
        command = self._generate_one([504, 2365, 6354, 16438, 27003, 690, 260, 23790])
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin

    def bytes_beyond_weights_and_kv(self, prompt: int) -> int:
        bench = self.bench("--prompt", str(prompt), "--generate", "32", "--streams", "1")
        return int(bench["rss_bytes"]) - int(bench["tensor_bytes"]) - int(bench["kv_bytes"])
