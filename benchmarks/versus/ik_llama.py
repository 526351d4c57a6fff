"""ik_llama.cpp as its PyPI wheel has it, in a virtual environment of its own.

The wheel has a library and ctypes bindings but no benchmark, so this file is also the program that
the environment's Python runs: one measurement a process, as with the other engines, printed as JSON.
Its loop does what llama-bench does: one `llama_decode` a step, tokens at random, no sampling. Between
two steps Python sets a few integers, some microseconds. What limits the figures is the build: the
wheel is compiled for AVX2, without AVX-512 (`describe` shows what it says of itself).

    benchmarks/.work/ik-venv/bin/python benchmarks/versus/ik_llama.py --model FILE decode 1 128 64
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

PACKAGE, VERSION = "ik-llama-cpp-python", "0.1.5"


class NotHere(RuntimeError):
    """The wheel cannot be installed or does not run on this machine."""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def install(work: Path) -> Path:
    """The Python that has the wheel; the environment is made on the first call."""
    folder = work / "ik-venv"
    python = folder / "bin/python"
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == VERSION:
        return python
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--only-binary=:all:", f"{PACKAGE}=={VERSION}"]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode != 0:
        version = ".".join(map(str, sys.version_info[:2]))
        raise NotHere(f"{PACKAGE} {VERSION} cannot be installed for Python {version}: {_last_line(finished.stderr)}")
    stamp.write_text(VERSION)
    return python


def _run(python: Path, arguments: list[str], given: str = "") -> Any:
    command = [str(python), str(Path(__file__).resolve()), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, input=given)
    if finished.returncode == -signal.SIGILL:
        raise NotHere(f"the wheel of {PACKAGE} {VERSION} has instructions that this CPU lacks")
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed ({finished.returncode}): {finished.stderr[-800:]}")
    return json.loads(finished.stdout.splitlines()[-1])


def describe(python: Path) -> str:
    """Version and instruction sets; raises NotHere where the library cannot be loaded."""
    try:
        features = str(_run(python, ["describe"]))
    except NotHere:
        raise
    except RuntimeError as error:
        raise NotHere(f"the wheel of {PACKAGE} {VERSION} does not load here: {_last_line(str(error))}") from None
    return f"wheel of {PACKAGE} {VERSION}; built for {features}"


class IkLlama:
    """One way to run it: with flash attention or without, weights as in the file or laid out anew at the start."""

    def __init__(self, python: Path, model: str, threads: int, flash_attention: bool, repack: bool) -> None:
        self.python = python
        self.common = ["--model", model, "--threads", str(threads)]
        self.common += [] if flash_attention else ["--no-flash-attention"]
        self.common += ["--repack"] if repack else []

    def _speed(self, *arguments: object) -> float:
        return float(_run(self.python, [*self.common, *map(str, arguments)]))

    def prefill(self, tokens: int) -> float:
        return self._speed("prefill", tokens)

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        """Tokens per second of all streams together."""
        return self._speed("decode", streams, prompt, generate)

    def decode_at(self, depth: int, generate: int) -> float:
        return self._speed("decode", 1, depth, generate)

    def next_tokens(self, prompts: list[list[int]]) -> list[int]:
        """The most likely token after each prompt."""
        found = _run(self.python, [*self.common, "next"], json.dumps(prompts))
        return [int(token) for token in found]


# What follows runs inside the environment -----------------------------------------


class Session:
    """A loaded model and a context of it. `C` is the wheel's module of C functions."""

    def __init__(self, options: argparse.Namespace, context: int, streams: int) -> None:
        from ik_llama_cpp import _ctypes_api as C  # type: ignore[import-not-found]

        self.C = C
        C.llama_backend_init()
        model_parameters = C.llama_model_default_params()
        model_parameters.repack_tensors = options.repack
        model_parameters.use_mmap = not options.repack
        self.model = C.llama_model_load_from_file(options.model.encode(), model_parameters)
        if not self.model:
            raise RuntimeError(f"ik_llama.cpp does not load {options.model}")
        parameters = C.llama_context_default_params()
        parameters.n_ctx, parameters.n_seq_max = context, streams
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.flash_attn = options.flash_attention
        self.context = C.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("ik_llama.cpp makes no context")
        self.vocabulary = C.llama_vocab_n_tokens(C.llama_model_get_vocab(self.model))
        self.random = random.Random(1)

    def tokens(self, count: int) -> list[int]:
        return [self.random.randrange(self.vocabulary) for _ in range(count)]

    def batch(self, tokens: list[int], positions: list[int], streams: list[int]) -> Any:
        """A batch that wants the logits of its last token, or of all where each is of another stream."""
        batch = self.C.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        side_by_side = len(set(streams)) == len(tokens)
        for i, (token, position, stream) in enumerate(zip(tokens, positions, streams)):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, position, 1, stream
            batch.logits[i] = side_by_side or i == len(tokens) - 1
        return batch

    def decode(self, batch: Any) -> None:
        if (code := self.C.llama_decode(self.context, batch)) != 0:
            raise RuntimeError(f"llama_decode answers {code}")
        # Asking for logits waits for them.
        self.C.llama_get_logits_ith(self.context, batch.n_tokens - 1)

    def prompt(self, tokens: list[int], stream: int = 0) -> None:
        batch = self.batch(tokens, list(range(len(tokens))), [stream] * len(tokens))
        self.decode(batch)
        self.C.llama_batch_free(batch)


def _prefill(options: argparse.Namespace) -> float:
    session = Session(options, options.tokens + 64, 1)
    session.prompt(session.tokens(options.tokens))  # warms up, as llama-bench does
    session.C.llama_kv_cache_clear(session.context)
    tokens = session.tokens(options.tokens)
    begin = time.perf_counter()
    session.prompt(tokens)
    return float(options.tokens / (time.perf_counter() - begin))


def _decode(options: argparse.Namespace) -> float:
    streams = options.streams
    session = Session(options, streams * (options.prompt + options.generate) + 64, streams)
    for stream in range(streams):
        session.prompt(session.tokens(options.prompt), stream)
    batch = session.batch(session.tokens(streams), [options.prompt] * streams, list(range(streams)))
    steps = [session.tokens(streams) for _ in range(options.generate)]
    begin = time.perf_counter()
    for step, tokens in enumerate(steps):
        for stream, token in enumerate(tokens):
            batch.token[stream], batch.pos[stream] = token, options.prompt + step
        session.decode(batch)
    return float(streams * options.generate / (time.perf_counter() - begin))


def _next(options: argparse.Namespace) -> list[int]:
    import numpy

    found = []
    prompts = json.loads(sys.stdin.read())
    session = Session(options, max(map(len, prompts)) + 64, 1)
    for prompt in prompts:
        session.C.llama_kv_cache_clear(session.context)
        session.prompt(prompt)
        logits = session.C.llama_get_logits_ith(session.context, len(prompt) - 1)
        found.append(int(numpy.ctypeslib.as_array(logits, (session.vocabulary,)).argmax()))
    return found


def _features(_: argparse.Namespace) -> str:
    import ctypes

    from ik_llama_cpp import _ctypes_api as C

    C._lib.llama_print_system_info.restype = ctypes.c_char_p
    parts = C._lib.llama_print_system_info().decode().split("|")
    pairs = [part.split("=") for part in parts if "=" in part]
    return ", ".join(name.strip() for name, value in pairs if value.strip() == "1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-flash-attention", dest="flash_attention", action="store_false")
    parser.add_argument("--repack", action="store_true")
    actions = parser.add_subparsers(required=True)
    actions.add_parser("describe").set_defaults(run=_features)
    actions.add_parser("next", help="JSON lists of ids from standard input").set_defaults(run=_next)
    prefill = actions.add_parser("prefill")
    prefill.add_argument("tokens", type=int)
    prefill.set_defaults(run=_prefill)
    decode = actions.add_parser("decode")
    for name in ["streams", "prompt", "generate"]:
        decode.add_argument(name, type=int)
    decode.set_defaults(run=_decode)
    options = parser.parse_args()
    print(json.dumps(options.run(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
