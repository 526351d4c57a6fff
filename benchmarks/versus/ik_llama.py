"""ik_llama.cpp as its PyPI wheel has it, in a virtual environment of its own.

The wheel has a library and ctypes bindings but no benchmark, so this file is also the program that
the environment's Python runs: one measurement a process, as with the other engines, printed as JSON.
Its loop does what llama-bench does: one `llama_decode` a step, tokens at random, no sampling. Between
two steps Python sets two integers, some microseconds. What limits the figures is the build: the
wheel is compiled for AVX2, without AVX-512 (`describe` shows what it says of itself). One stream
only: its flash attention aborts where a step has tokens of several sequences.

    benchmarks/.work/ik-venv/bin/python benchmarks/versus/ik_llama.py --model FILE --threads 2 decode 128 64
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
MOST_IN_BATCH = 2048  # the library's default


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
    """One way to run it, with flash attention (its default): weights as in the file, or laid out anew at the start."""

    def __init__(self, python: Path, model: str, threads: int, repack: bool) -> None:
        self.python = python
        self.common = ["--model", model, "--threads", str(threads), *(["--repack"] if repack else [])]

    def _speed(self, *arguments: object) -> float:
        return float(_run(self.python, [*self.common, *map(str, arguments)]))

    def prefill(self, tokens: int) -> float:
        return self._speed("prefill", tokens)

    def decode(self, streams: int, prompt: int, generate: int) -> float:
        assert streams == 1
        return self._speed("decode", prompt, generate)

    def decode_at(self, depth: int, generate: int) -> float:
        return self._speed("decode", depth, generate)

    def next_tokens(self, prompts: list[list[int]]) -> list[int]:
        """The most likely token after each prompt."""
        found = _run(self.python, [*self.common, "next"], json.dumps(prompts))
        return [int(token) for token in found]


# What follows runs inside the environment -----------------------------------------


class Session:
    """A loaded model and a context of it. `C` is the wheel's module of C functions."""

    def __init__(self, options: argparse.Namespace, context: int) -> None:
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
        parameters.n_ctx = context
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.flash_attn = True
        self.context = C.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("ik_llama.cpp makes no context")
        self.vocabulary = C.llama_vocab_n_tokens(C.llama_model_get_vocab(self.model))
        self.random = random.Random(1)

    def tokens(self, count: int) -> list[int]:
        return [self.random.randrange(self.vocabulary) for _ in range(count)]

    def batch(self, tokens: list[int], begin: int) -> Any:
        """A batch of tokens at consecutive positions that wants the logits of the last."""
        batch = self.C.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, begin + i, 1, 0
            batch.logits[i] = i == len(tokens) - 1
        return batch

    def decode(self, batch: Any) -> Any:
        """The logits after the batch's last token; asking for them waits for them."""
        if (code := self.C.llama_decode(self.context, batch)) != 0:
            raise RuntimeError(f"llama_decode answers {code}")
        return self.C.llama_get_logits_ith(self.context, batch.n_tokens - 1)

    def prompt(self, tokens: list[int]) -> Any:
        """The logits after a prompt, in batches of at most the size that the context takes."""
        logits = None
        for begin in range(0, len(tokens), MOST_IN_BATCH):
            logits = self.decode(self.batch(tokens[begin : begin + MOST_IN_BATCH], begin))
        return logits


def _prefill(options: argparse.Namespace) -> float:
    session = Session(options, options.tokens + 64)
    session.prompt(session.tokens(options.tokens))  # warms up, as llama-bench does
    session.C.llama_kv_cache_clear(session.context)
    tokens = session.tokens(options.tokens)
    begin = time.perf_counter()
    session.prompt(tokens)
    return float(options.tokens / (time.perf_counter() - begin))


def _decode(options: argparse.Namespace) -> float:
    session = Session(options, options.prompt + options.generate + 64)
    session.prompt(session.tokens(options.prompt))
    tokens = session.tokens(options.generate)
    batch = session.batch(tokens[:1], options.prompt)
    begin = time.perf_counter()
    for step, token in enumerate(tokens):
        batch.token[0], batch.pos[0] = token, options.prompt + step
        session.decode(batch)
    return float(options.generate / (time.perf_counter() - begin))


def _next(options: argparse.Namespace) -> list[int]:
    import numpy

    found = []
    prompts = json.loads(sys.stdin.read())
    session = Session(options, max(map(len, prompts)) + 64)
    for prompt in prompts:
        session.C.llama_kv_cache_clear(session.context)
        logits = session.prompt(prompt)
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
    parser.add_argument("--repack", action="store_true")
    actions = parser.add_subparsers(required=True)
    actions.add_parser("describe").set_defaults(run=_features)
    actions.add_parser("next", help="JSON lists of ids from standard input").set_defaults(run=_next)
    prefill = actions.add_parser("prefill")
    prefill.add_argument("tokens", type=int)
    prefill.set_defaults(run=_prefill)
    decode = actions.add_parser("decode")
    for name in ["prompt", "generate"]:
        decode.add_argument(name, type=int)
    decode.set_defaults(run=_decode)
    options = parser.parse_args()
    print(json.dumps(options.run(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
