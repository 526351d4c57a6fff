#!/usr/bin/env python3
"""Headrace beside llama.cpp: the same file, threads and lengths, run in turns; medians.

llama.cpp is built from the PyPI source package llama-cpp-python (or taken from
--llama-bin) and counts at its better one of flash attention on and off.

    python3 benchmarks/versus/llm.py --model smollm2 --repeat 5
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from headrace_server import Server, clients, gaps_beside_prompts
from llama_cpp import LlamaCpp, build, describe

ROOT = Path(__file__).parents[2]
STREAM_PROMPT = 128


class Headrace:
    def __init__(self, binary: str, model: str, threads: int, kv_type: str) -> None:
        self.binary, self.model, self.threads, self.kv_type = binary, model, threads, kv_type

    def bench(self, *arguments: str) -> dict[str, object]:
        settings = ["--threads", str(self.threads), "--kv-type", self.kv_type, "--repeat", "1"]
        command = [self.binary, "bench", self.model, "--json", *settings, *arguments]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def _last(self, *arguments: str) -> float:
        return float(self.bench(*arguments)["results"][-1]["tokens_per_s"])  # type: ignore[index]

    def prefill(self, tokens: int) -> float:
        return self._last("--prompt", str(tokens), "--generate", "0")

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        assert prompt == STREAM_PROMPT
        return self._last("--prompt", "0", "--generate", str(generate), "--streams", str(streams))

    def decode_at(self, depth: int, generate: int) -> float:
        return self._last("--prompt", "0", "--generate", str(generate), "--depth", str(depth))

    def first_token_seconds(self) -> float:
        """Process start to exit of a `generate` of one token from an eight-token prompt."""
        command = [self.binary, "generate", self.model, "--ids", "504,2365,6354,16438,27003,690,260,23790", "--max-tokens", "1", "--greedy"]
        begin = time.perf_counter()
        subprocess.run([*command, "--threads", str(self.threads)], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin


def measure_in_turns(runners: dict[str, Callable[[], float]], repeat: int) -> dict[str, float]:
    """Each runner once a round, so that what else happens on the machine hits all of them; medians."""
    values: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(repeat):
        for name, runner in runners.items():
            values[name].append(runner())
    return {name: statistics.median(series) for name, series in values.items()}


def speeds(headrace: Headrace, rivals: dict[str, LlamaCpp], options: argparse.Namespace) -> list[dict[str, object]]:
    """One row a test: ours, llama.cpp's better setting, the ratio."""
    n = options.generate
    tests: list[tuple[str, Callable[[object], float]]] = [(f"prefill {options.prompt}", lambda it: it.prefill(options.prompt))]  # type: ignore[attr-defined]
    for streams in options.streams:
        label = "decode, 1 stream" if streams == 1 else f"decode, {streams} streams"
        tests.append((label, lambda it, streams=streams: it.decode(streams, STREAM_PROMPT, n)))  # type: ignore[misc]
    for depth in options.depth:
        if depth != 0:
            tests.append((f"decode at depth {depth}", lambda it, depth=depth: it.decode_at(depth, n)))  # type: ignore[misc]
    rows = []
    for label, test in tests:
        runners = {"headrace": lambda test=test: test(headrace)}
        runners |= {name: lambda test=test, rival=rival: test(rival) for name, rival in rivals.items()}
        medians = measure_in_turns(runners, options.repeat)
        best = max(rivals, key=lambda name: medians[name])
        rows.append({"test": label, "headrace": medians["headrace"], "llama.cpp": medians[best], "setting": best,
                     "ratio": medians["headrace"] / medians[best]})
        print(f"  {label}: {medians['headrace']:.1f} and {medians[best]:.1f} tokens/s ({best}): {rows[-1]['ratio']:.2f}×", file=sys.stderr)
    return rows


def own_figures(headrace: Headrace, options: argparse.Namespace) -> list[tuple[str, str]]:
    """The goals that have no rival: HTTP, gaps, memory, start."""
    figures = []
    with Server(headrace.binary, headrace.model, headrace.threads, headrace.kv_type) as server:
        pairs = []
        for round_ in range(options.repeat):
            over_http = clients(server, 16, STREAM_PROMPT, options.generate, round_ + 1)
            pairs.append((over_http, headrace.decode(16, STREAM_PROMPT, options.generate)))
        # The share within a pair, whose halves ran one after the other: a neighbour's load changes both.
        over_http, share = statistics.median(pair[0] for pair in pairs), statistics.median(ours / bench for ours, bench in pairs)
        figures.append(("16 clients over HTTP, streamed", f"{over_http:.1f} tokens/s, {100 * share:.0f} % of bench"))
        p50, p99 = gaps_beside_prompts(server, 4, 6, 99)
        figures.append(("gap between tokens while 2,000-token prompts arrive", f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms: {p99 / p50:.1f}×"))
    bench = headrace.bench("--prompt", str(options.prompt), "--generate", "32", "--streams", "1")
    beyond = int(bench["rss_bytes"]) - int(bench["tensor_bytes"]) - int(bench["kv_bytes"])  # type: ignore[call-overload]
    figures.append(("memory beyond weights and KV", f"{beyond / 1e6:.0f} MB"))
    start = statistics.median(headrace.first_token_seconds() for _ in range(max(5, options.repeat)))
    figures.append(("generate of 1 token, start to exit", f"{start:.3f} s"))
    return figures


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown CPU"


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="a name, a .gguf file, or a folder that holds one [smollm2]")
    parser.add_argument("--binary", default=str(ROOT / "build/release/bin/headrace"), help="the headrace to measure [build/release]")
    parser.add_argument("--llama-bin", type=Path, help="a folder with llama-bench and llama-batched-bench, in place of building them")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--kv-type", default="f16", help="of our keys and values; llama.cpp's are f16 [f16]")
    parser.add_argument("--repeat", type=int, default=5, help="rounds; medians count [5]")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--streams", type=numbers, default=[1, 8, 16, 64])
    parser.add_argument("--depth", type=numbers, default=[4096])
    parser.add_argument("--only-speeds", action="store_true", help="leave out HTTP, gaps, memory and start")
    parser.add_argument("--save", type=Path, help="also write the figures as JSON to this file")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse(sys.argv[1:])
    inspected = subprocess.run([options.binary, "inspect", options.model, "--json"], stdout=subprocess.PIPE)
    if inspected.returncode != 0:
        return 1
    path = json.loads(inspected.stdout)["path"]
    binaries = options.llama_bin or build(ROOT / "benchmarks/.work", len(os.sched_getaffinity(0)))
    headrace = Headrace(options.binary, path, options.threads, options.kv_type)
    rivals = {f"flash attention {'on' if on else 'off'}": LlamaCpp(binaries, path, options.threads, on) for on in (True, False)}
    version = json.loads(subprocess.run([options.binary, "version", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    about = {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "threads": options.threads, "model": Path(path).name, "keys and values": options.kv_type,
             "headrace": f"{version['version']}, {version['isa']} kernels, GCC {version['compiler']}", "llama.cpp": describe(binaries),
             "rounds": options.repeat, "load before": os.getloadavg()[0]}
    rows = speeds(headrace, rivals, options)
    figures = [] if options.only_speeds else own_figures(headrace, options)
    for name, value in about.items():
        print(f"{name}: {value}")
    print("\n| test | headrace, tokens/s | llama.cpp, tokens/s | its setting | ratio |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['test']} | {row['headrace']:.1f} | {row['llama.cpp']:.1f} | {row['setting']} | {row['ratio']:.2f}× |")
    if figures:
        print("\n| Headrace alone | |\n|---|---|")
        for name, value in figures:
            print(f"| {name} | {value} |")
    if options.save:
        options.save.write_text(json.dumps({"about": about, "speeds": rows, "alone": dict(figures)}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
