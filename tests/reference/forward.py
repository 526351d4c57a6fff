"""A float32 forward pass in NumPy over dequantised weights: the truth for logits.

Written to be read, not to be fast: one pass over a whole text, no cache of keys and
values, each formula in the order in which the papers write it. It reads a GGUF file with
the `gguf` package, so it shares no code with what it judges.

    python tests/reference/forward.py MODEL.gguf 6403 29 254     # the five most likely after each id
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property

import gguf
import numpy as np

Array = np.ndarray
FLOAT = np.float32


class Weights:
    """The tensors and metadata of one file; matrices are dequantised when asked for."""

    def __init__(self, path: str) -> None:
        self._reader = gguf.GGUFReader(path)
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        self._kept: dict[str, Array] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> Array:
        """[outputs, inputs] for a matrix; kept, so that later passes are quick."""
        if name not in self._kept:
            tensor = self._tensors[name]
            values = gguf.dequantize(tensor.data, tensor.tensor_type)
            self._kept[name] = np.ascontiguousarray(values, dtype=FLOAT)
        return self._kept[name]

    def value(self, key: str, otherwise: object = None) -> object:
        field = self._reader.get_field(key)
        return otherwise if field is None else field.contents()


@dataclass
class Shape:
    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    epsilon: float


def read_shape(weights: Weights) -> Shape:
    name = str(weights.value("general.architecture"))
    heads = int(weights.value(f"{name}.attention.head_count"))
    hidden = int(weights.value(f"{name}.embedding_length"))
    return Shape(
        architecture=name,
        layers=int(weights.value(f"{name}.block_count")),
        hidden=hidden,
        heads=heads,
        kv_heads=int(weights.value(f"{name}.attention.head_count_kv", heads)),
        head_dim=int(weights.value(f"{name}.attention.key_length", hidden // heads)),
        epsilon=float(weights.value(f"{name}.attention.layer_norm_rms_epsilon", 1e-5)),
    )


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + FLOAT(epsilon)) * weight


def silu(x: Array) -> Array:
    return x / (FLOAT(1) + np.exp(-x))


def gelu(x: Array) -> Array:
    inner = FLOAT(np.sqrt(2 / np.pi)) * (x + FLOAT(0.044715) * x * x * x)
    return FLOAT(0.5) * x * (FLOAT(1) + np.tanh(inner))


def rotate(x: Array, frequencies: Array, neighbours: bool) -> Array:
    """Turns [tokens, heads, head_dim] by position · frequency."""
    angles = np.arange(len(x), dtype=np.float64)[:, None] * frequencies[None, :]
    cosine = np.cos(angles).astype(FLOAT)[:, None, :]
    sine = np.sin(angles).astype(FLOAT)[:, None, :]
    out = np.empty_like(x)
    half = x.shape[-1] // 2
    first, second = (np.s_[..., 0::2], np.s_[..., 1::2]) if neighbours else (np.s_[..., :half], np.s_[..., half:])
    out[first] = x[first] * cosine - x[second] * sine
    out[second] = x[first] * sine + x[second] * cosine
    return out


def attend(q: Array, k: Array, v: Array, scale: float, window: int) -> Array:
    """Causal attention of [tokens, heads, head_dim]; a token sees `window` positions (0: all)."""
    tokens, heads, _ = q.shape
    group = heads // k.shape[1]
    position = np.arange(tokens)
    hidden = position[None, :] > position[:, None]
    if window:
        hidden |= position[None, :] <= position[:, None] - window
    out = np.empty_like(q)
    for head in range(heads):
        scores = (q[:, head] @ k[:, head // group].T) * FLOAT(scale)
        scores[hidden] = -np.inf
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        out[:, head] = (scores / scores.sum(axis=-1, keepdims=True)) @ v[:, head // group]
    return out


class Reference:
    """Computes logits of every position of a text."""

    def __init__(self, path: str) -> None:
        self.weights = Weights(path)
        self.shape = read_shape(self.weights)
        if self.shape.architecture not in ("llama", "gemma3"):
            raise ValueError(f"no reference for the architecture {self.shape.architecture}")

    @property
    def is_gemma(self) -> bool:
        return self.shape.architecture == "gemma3"

    @cached_property
    def frequencies(self) -> Array:
        return self._frequencies(float(self.weights.value(f"{self.shape.architecture}.rope.freq_base", 10000.0)))

    @cached_property
    def local_frequencies(self) -> Array:
        return self._frequencies(10000.0)

    def _frequencies(self, base: float) -> Array:
        pairs = np.arange(self.shape.head_dim // 2, dtype=np.float64)
        frequencies = base ** (-2 * pairs / self.shape.head_dim)
        if not self.is_gemma and "rope_freqs.weight" in self.weights:
            frequencies = frequencies / self.weights["rope_freqs.weight"].astype(np.float64)
        return frequencies

    def window(self, layer: int) -> int:
        """Gemma 3: five layers with a window, then one that sees everything."""
        if self.is_gemma and (layer + 1) % 6 != 0:
            return int(self.weights.value("gemma3.attention.sliding_window", 1024))
        return int(self.weights.value("llama.attention.sliding_window", 0))

    def attention(self, x: Array, layer: int) -> Array:
        shape, weights = self.shape, self.weights
        name = f"blk.{layer}."

        def project(part: str, heads: int) -> Array:
            out = x @ weights[name + part + ".weight"].T
            if name + part + ".bias" in weights:
                out = out + weights[name + part + ".bias"]
            return out.reshape(len(x), heads, shape.head_dim)

        q = project("attn_q", shape.heads)
        k = project("attn_k", shape.kv_heads)
        v = project("attn_v", shape.kv_heads)
        if name + "attn_q_norm.weight" in weights:
            q = rms_norm(q, weights[name + "attn_q_norm.weight"], shape.epsilon)
            k = rms_norm(k, weights[name + "attn_k_norm.weight"], shape.epsilon)
        window = self.window(layer)
        frequencies = self.local_frequencies if self.is_gemma and window else self.frequencies
        q = rotate(q, frequencies, neighbours=not self.is_gemma)
        k = rotate(k, frequencies, neighbours=not self.is_gemma)
        out = attend(q, k, v, 1 / np.sqrt(shape.head_dim), window)
        return out.reshape(len(x), -1) @ weights[name + "attn_output.weight"].T

    def feed_forward(self, x: Array, layer: int) -> Array:
        name = f"blk.{layer}."
        gate = x @ self.weights[name + "ffn_gate.weight"].T
        up = x @ self.weights[name + "ffn_up.weight"].T
        active = (gelu(gate) if self.is_gemma else silu(gate)) * up
        return active @ self.weights[name + "ffn_down.weight"].T

    def after(self, part: Array, layer: int, norm: str) -> Array:
        name = f"blk.{layer}.{norm}.weight"
        return rms_norm(part, self.weights[name], self.shape.epsilon) if name in self.weights else part

    def logits(self, ids: list[int], first: int = 0) -> Array:
        """float32 [len(ids) − first, vocabulary]: the logits after each of ids[first:]."""
        shape, weights = self.shape, self.weights
        x = weights["token_embd.weight"][np.asarray(ids)]
        if self.is_gemma:
            x = x * FLOAT(np.sqrt(FLOAT(shape.hidden)))
        for layer in range(shape.layers):
            name = f"blk.{layer}."
            normed = rms_norm(x, weights[name + "attn_norm.weight"], shape.epsilon)
            x = x + self.after(self.attention(normed, layer), layer, "post_attention_norm")
            normed = rms_norm(x, weights[name + "ffn_norm.weight"], shape.epsilon)
            x = x + self.after(self.feed_forward(normed, layer), layer, "post_ffw_norm")
        x = rms_norm(x[first:], weights["output_norm.weight"], shape.epsilon)
        head = "output.weight" if "output.weight" in weights else "token_embd.weight"
        return x @ weights[head].T


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        raise SystemExit(__doc__)
    ids = [int(argument) for argument in arguments[1:]]
    for token, row in zip(ids, Reference(arguments[0]).logits(ids), strict=True):
        best = np.argsort(-row, kind="stable")[:5]
        print(token, [(int(i), round(float(row[i]), 4)) for i in best])


if __name__ == "__main__":
    main(sys.argv[1:])
