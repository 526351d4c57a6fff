"""A model in memory."""

from __future__ import annotations

import atexit
import os
import time
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Any, TypeVar

    import numpy
    from numpy.typing import NDArray

    from ._raw import RawItem, RawPiece

    Value = TypeVar("Value")
    Prompt = str | Sequence[int]
    Message = Mapping[str, Any]

from . import _native
from ._catalog import resolve
from ._errors import InvalidArgument
from ._output import Output, Piece, output_of, piece_of
from ._sampling import Sampling
from ._tokenizer import Tokenizer

_living: weakref.WeakSet[LLM] = weakref.WeakSet()
_waiting: set[object] = set()  # one entry for each thread that is inside a native wait


def _wait(call: Callable[[], Value]) -> Value:
    """Calls something that waits without the GIL; the end of the process waits for it."""
    entry = object()
    _waiting.add(entry)
    try:
        return call()
    finally:
        _waiting.discard(entry)


class ModelInfo:
    """What a loaded model says of itself."""

    name: str
    architecture: str
    path: Path
    weight_types: str
    quantize: str | None
    parameters: int
    tensor_bytes: int
    weight_bytes: int
    layers: int
    hidden: int
    vocabulary: int
    context_length: int
    isa: str
    kv_format: str
    threads: int
    load_seconds: float

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __repr__(self) -> str:
        return (
            f"ModelInfo(name={self.name!r}, architecture={self.architecture!r}, parameters={self.parameters}, "
            f"weight_types={self.weight_types!r}, context_length={self.context_length})"
        )


class LLM:
    """A language model in memory, with the engine that runs its requests together.

    model: a name (``"smollm2"``, ``"gemma3"``; fetched the first time), a .gguf file,
        or a folder that holds one.
    threads: to compute with; None: all that this process may use.
    memory: limit in bytes or as ``"2GB"`` for weights, keys and values, and scratch.
    context: longest sequence in tokens; None: the model's own.
    isa: kernels to use: ``"portable"``, ``"avx2"``, ``"avx2-vnni"``, ``"avx512"``, ``"amx"``; None: the best there is.
    fast: use quicker sums where this CPU has some of its own (AMX for BF16 weights): other CPUs may
        then answer otherwise; the batch and the number of threads still change nothing.
    kv_type: how keys and values are kept: ``"int8"``, or ``"f16"`` (twice the memory).
    quantize: keep the float weights of a file in 8 or 4 bits: ``"q8"``, ``"q4"``; None: as
        the file has them.
    kv_memory: room for keys and values, as ``memory``.
    prefix_cache: reuse the work of earlier prompts that begin alike.

    Methods may be called from any thread, and release the GIL while they wait. Ctrl-C
    interrupts each of them. After a fork the child makes an LLM of its own.

    >>> llm = LLM("smollm2", threads=2)
    >>> [out.text for out in llm.generate(["2, 4, 6,", "a, b, c,"], Sampling(max_tokens=2, temperature=0))]
    [' 8', ' d,']
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "smollm2",
        threads: int | None = None,
        memory: int | str | None = None,
        context: int | None = None,
        isa: str | None = None,
        *,
        fast: bool = False,
        kv_type: str = "int8",
        quantize: str | None = None,
        kv_memory: int | str | None = None,
        prefix_cache: bool = True,
        progress: bool = True,
    ) -> None:
        if threads is not None and threads < 1:
            raise InvalidArgument(f"threads must be at least 1, or None for all, not {threads}")
        if context is not None and context < 1:
            raise InvalidArgument(f"context must be at least 1, or None for the model's own, not {context}")
        self._name = os.fspath(model)
        self._engine = _native.Engine(
            resolve(model, progress),
            threads=threads or 0,
            isa=isa,
            fast=fast,
            kv_type=kv_type,
            quantize=quantize,
            memory=memory,
            kv_memory=kv_memory,
            context=context or 0,
            prefix_cache=prefix_cache,
        )
        self._tokenizer = Tokenizer._of(self._engine.tokenizer)
        self._info = ModelInfo(self._engine.info)
        _living.add(self)

    # What it is ------------------------------------------------------------------

    @property
    def tokenizer(self) -> Tokenizer:
        return self._tokenizer

    @property
    def info(self) -> ModelInfo:
        """Name, architecture, sizes, kernels."""
        return self._info

    @property
    def context(self) -> int:
        """The longest sequence, in tokens."""
        return self._engine.context

    @property
    def stats(self) -> dict[str, int]:
        """Counters of the engine: requests running and waiting, pages, cache hits."""
        return self._engine.stats

    def __repr__(self) -> str:
        if self._engine.state != "open":
            return f"LLM({self._name!r}, {self._engine.state})"
        return f"LLM({self._name!r}, isa={self.info.isa!r}, threads={self.info.threads}, context={self.context})"

    # Generating ------------------------------------------------------------------

    def generate(self, prompts: Prompt | Sequence[Prompt], sampling: Sampling | None = None) -> list[Output]:
        """Continues each prompt (a text or a list of ids); all of them together in the engine.

        Returns one Output for each prompt, in order; a single prompt gives a list of one.

        >>> llm = LLM("smollm2")
        >>> out = llm.generate(["1, 2, 3, 4,"], Sampling(max_tokens=5, temperature=0.0, logprobs=2))
        >>> out[0].text, out[0].finish_reason, out[0].usage.completion_tokens
        (' 5, 6', 'length', 5)
        """
        sampling = sampling or Sampling()
        encoded = self._encoded(prompts)
        if not encoded:
            return []
        job = self._engine.submit(encoded, sampling, streams=False, notifier=None, key=0)
        return self._outputs(_wait(job.results), encoded, sampling)

    def stream(self, prompt: Prompt, sampling: Sampling | None = None) -> Iterator[Piece]:
        """Continues a prompt and yields its text as it is made; each piece is a str.

        >>> llm = LLM("smollm2")
        >>> "".join(llm.stream("1, 2, 3, 4,", Sampling(max_tokens=5, temperature=0.0)))
        ' 5, 6'
        """
        sampling = sampling or Sampling()
        encoded = self._encoded_one(prompt)
        job = self._engine.submit([encoded], sampling, streams=True, notifier=None, key=0)
        return self._pieces(job, encoded, sampling)

    def chat(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Output:
        """Answers a conversation: messages with "role" and "content", by the model's chat template.

        >>> llm = LLM("smollm2")
        >>> llm.chat([{"role": "user", "content": "Name the capital of Italy."}], Sampling(temperature=0.0)).text
        'The capital of Italy is Rome.'
        """
        return self.generate(self.chat_prompt(messages, tools=tools, variables=variables), sampling)[0]

    def chat_stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        """chat() as a stream of pieces."""
        return self.stream(self.chat_prompt(messages, tools=tools, variables=variables), sampling)

    def chat_prompt(
        self,
        messages: Sequence[Message],
        *,
        add_generation_prompt: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> str:
        """The text that a conversation becomes: the prompt of chat(). ``variables`` are further arguments of the template."""
        import json

        document: dict[str, Any] = {**(variables or {}), "messages": list(messages)}
        if tools is not None:
            document["tools"] = list(tools)
        return self._engine.render(json.dumps(document), add_generation_prompt=add_generation_prompt)

    def logits(self, ids: Sequence[int]) -> NDArray[numpy.float32]:
        """The raw logits after each of ``ids``: float32 [len(ids), vocabulary].

        A NumPy array where NumPy is installed, otherwise a headrace.Tensor (buffer
        protocol); no copy either way.
        """
        row_ids = [int(token_id) for token_id in ids]
        if not row_ids:
            raise InvalidArgument("logits need at least one token id")
        tensor = _wait(lambda: self._engine.logits(row_ids))
        try:
            import numpy
        except ImportError:
            return tensor  # type: ignore[return-value]
        return numpy.asarray(tensor)

    # In an event loop ------------------------------------------------------------

    async def agenerate(self, prompts: Prompt | Sequence[Prompt], sampling: Sampling | None = None) -> list[Output]:
        """generate() for asyncio; cancelling the task cancels the requests."""
        from ._async import Bridge

        sampling = sampling or Sampling()
        encoded = self._encoded(prompts)
        if not encoded:
            return []
        bridge = Bridge.enter()
        try:
            key = bridge.new_key()
            job = self._engine.submit(encoded, sampling, streams=False, notifier=bridge.notifier, key=key)
            try:
                while not job.finished:
                    await bridge.news(key)
                return self._outputs(job.results(), encoded, sampling)
            finally:
                job.cancel()
        finally:
            bridge.leave()

    async def astream(self, prompt: Prompt, sampling: Sampling | None = None) -> AsyncIterator[Piece]:
        """stream() for asyncio; closing the iterator cancels the request."""
        from ._async import Bridge

        sampling = sampling or Sampling()
        encoded = self._encoded_one(prompt)
        bridge = Bridge.enter()
        try:
            key = bridge.new_key()
            job = self._engine.submit([encoded], sampling, streams=True, notifier=bridge.notifier, key=key)
            try:
                while True:
                    raw = job.take_piece()
                    if raw is not None:
                        yield self._piece(raw, encoded, sampling)
                    elif job.finished:
                        return
                    else:
                        await bridge.news(key)
            finally:
                job.cancel()
        finally:
            bridge.leave()

    async def achat(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Output:
        """chat() for asyncio."""
        return (await self.agenerate(self.chat_prompt(messages, tools=tools, variables=variables), sampling))[0]

    def achat_stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Piece]:
        """chat_stream() for asyncio."""
        return self.astream(self.chat_prompt(messages, tools=tools, variables=variables), sampling)

    # Ending ----------------------------------------------------------------------

    def close(self) -> None:
        """Cancels what runs and gives the memory back; may be called twice."""
        self._engine.close()

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ----------------------------------------------------------------------------

    def _encoded_one(self, prompt: Prompt) -> list[int]:
        ids = self.tokenizer.encode(prompt) if isinstance(prompt, str) else [int(token_id) for token_id in prompt]
        if not ids:
            raise InvalidArgument("a prompt has no tokens; give it at least one")
        return ids

    def _encoded(self, prompts: Prompt | Sequence[Prompt]) -> list[list[int]]:
        if isinstance(prompts, str):
            return [self._encoded_one(prompts)]
        items = list(prompts)
        if items and not isinstance(items[0], str) and hasattr(items[0], "__index__"):
            return [self._encoded_one(items)]  # type: ignore[arg-type]
        return [self._encoded_one(item) for item in items]  # type: ignore[arg-type]

    def _outputs(self, raw: list[RawItem], prompts: list[list[int]], sampling: Sampling) -> list[Output]:
        with_logprobs = sampling.logprobs is not None
        return [
            output_of(item, prompt, self.tokenizer, with_logprobs, sampling.echo, sampling.skip_special_tokens)
            for item, prompt in zip(raw, prompts)
        ]

    def _piece(self, raw: RawPiece, prompt: list[int], sampling: Sampling) -> Piece:
        with_logprobs = sampling.logprobs is not None
        return piece_of(raw, self.tokenizer, with_logprobs, sampling.echo, prompt, sampling.skip_special_tokens)

    def _pieces(self, job: _native.Job, prompt: list[int], sampling: Sampling) -> Iterator[Piece]:
        try:
            while (raw := _wait(job.next_piece)) is not None:
                yield self._piece(raw, prompt, sampling)
        finally:
            job.cancel()


@atexit.register
def _close_all() -> None:
    # Before the interpreter and the C++ statics go: no engine's thread may outlive them,
    # and no thread of the user's may come back from a wait to an interpreter that is gone.
    for llm in list(_living):
        llm.close()
    end = time.monotonic() + 2.0
    while _waiting and time.monotonic() < end:
        time.sleep(0.002)
