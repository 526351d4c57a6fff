"""The least time that this machine allows for a step: its matrices, and its keys and values, at the roofs that
`headrace bench --kernels` probes. What it leaves out (norms, sampling, meetings) counts as time lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from headrace_binary import json_of

DECODE_DEPTH, PREFILL_ROWS, PREFILL_FIRST = 4096, 256, 256  # what bench --kernels measures attention with


@dataclass
class Roof:
    """Seconds by matrix shape and number of rows, and by attention."""

    matrices: Counter[tuple[str, str]]  # type and "inputs → outputs", but for the head
    head: tuple[str, str]
    layers: int
    seconds: dict[tuple[str, str, int], float]
    decode_attention: float  # one layer, one row at DECODE_DEPTH
    prefill_attention: float  # one layer, PREFILL_ROWS rows from PREFILL_FIRST on

    def _matrices(self, rows: int) -> float:
        return sum(count * self.seconds[(*shape, rows)] for shape, count in self.matrices.items())

    def decode_seconds(self, streams: int, depth: float) -> float:
        """Of a step that gives every stream a token, `depth` tokens into each context."""
        attention = self.layers * streams * self.decode_attention * depth / DECODE_DEPTH
        return self._matrices(streams) + self.seconds[(*self.head, streams)] + attention

    def prefill_seconds(self, tokens: int) -> float:
        """Of a prompt, by steps of PREFILL_ROWS rows; the head's one row left out."""
        seen = PREFILL_ROWS * (PREFILL_FIRST + (PREFILL_ROWS + 1) / 2)
        attention = self.layers * self.prefill_attention * tokens * (tokens + 1) / 2 / seen
        return self._matrices(PREFILL_ROWS) * tokens / PREFILL_ROWS + attention


def probe(binary: str, model: str, threads: int, isa: str, streams: list[int], kv_type: str = "int8") -> Roof:
    rows = sorted({1, PREFILL_ROWS, *streams})
    command = [binary, "bench", model, "--kernels", "--json", "--threads", str(threads), "--isa", isa, "--rows", ",".join(map(str, rows))]
    figures: list[dict[str, Any]] = json_of(command)["kernels"]
    tensors: list[dict[str, Any]] = json_of([binary, "inspect", model, "--json"])["tensors"]
    matrices = [tensor for tensor in tensors if len(tensor["shape"]) == 2]
    shapes = {tensor["name"]: (tensor["type"], f"{tensor['shape'][1]} → {tensor['shape'][0]}") for tensor in matrices}
    head = shapes.get("output.weight") or shapes["token_embd.weight"]
    in_layers = Counter(shape for name, shape in shapes.items() if name.startswith("blk."))
    seconds = {(f["type"], f["shape"], f["rows"]): f["roof_seconds"] for f in figures if f["kernel"] == "matmul"}
    attention = {f["kernel"]: f["roof_seconds"] for f in figures if f["type"] == kv_type}
    layers = len({name.split(".")[1] for name in shapes if name.startswith("blk.")})
    return Roof(in_layers, head, layers, seconds, attention["attention decode"], attention["attention prefill"])
