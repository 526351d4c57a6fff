"""Writes a model of Llama 3.2 1B's dimensions with random weights, in the types of a Q4_K_M file.

Speed depends on shapes and types, not on what the weights say, so a comparison of speeds needs no
download. The scales are chosen so that weights have a mean of 0 and a deviation of 0.02: activations
and logits stay in the range of a trained model. The file is the same on every machine.
"""

from __future__ import annotations

import random
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LAYERS, HIDDEN, FEED_FORWARD = 16, 2048, 8192
HEADS, KV_HEADS, HEAD_DIM = 32, 8, 64
VOCABULARY, CONTROL_TOKENS = 128256, 256
CONTEXT, ROPE_BASE = 131072, 500000.0
ALIGNMENT = 32
PIECE_BLOCKS = 8192
WEIGHT_DEVIATION = 0.02


class TensorType(NamedTuple):
    code: int
    block_values: int
    block_bytes: int


F32 = TensorType(0, 1, 4)
Q4_K = TensorType(12, 256, 144)
Q6_K = TensorType(14, 256, 210)


class Tensor(NamedTuple):
    name: str
    shape: tuple[int, ...]  # innermost first, as in the file
    type: TensorType

    def blocks(self) -> int:
        values = 1
        for extent in self.shape:
            values *= extent
        return values // self.type.block_values

    def bytes(self) -> int:
        return self.blocks() * self.type.block_bytes


def _with_more_bits(layer: int) -> bool:
    """Q4_K_M: the first and last eighth of the layers and each third between have these tensors in Q6_K."""
    eighth = LAYERS // 8
    return layer < eighth or layer >= 7 * LAYERS // 8 or (layer - eighth) % 3 == 2


def tensors() -> list[Tensor]:
    found = [Tensor("token_embd.weight", (HIDDEN, VOCABULARY), Q6_K), Tensor("output_norm.weight", (HIDDEN,), F32)]
    for layer in range(LAYERS):
        mixed = Q6_K if _with_more_bits(layer) else Q4_K
        queries, keys = HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM
        parts: list[tuple[str, tuple[int, ...], TensorType]] = [
            ("attn_norm", (HIDDEN,), F32),
            ("attn_q", (HIDDEN, queries), Q4_K),
            ("attn_k", (HIDDEN, keys), Q4_K),
            ("attn_v", (HIDDEN, keys), mixed),
            ("attn_output", (queries, HIDDEN), Q4_K),
            ("ffn_norm", (HIDDEN,), F32),
            ("ffn_gate", (HIDDEN, FEED_FORWARD), Q4_K),
            ("ffn_up", (HIDDEN, FEED_FORWARD), Q4_K),
            ("ffn_down", (FEED_FORWARD, HIDDEN), mixed),
        ]
        found += [Tensor(f"blk.{layer}.{part}.weight", shape, kind) for part, shape, kind in parts]
    return found


# Vocabulary -----------------------------------------------------------------------


def _byte_letters() -> list[str]:
    """How byte-level vocabularies spell the 256 bytes: printable ones as themselves, the others from U+0100 on."""
    themselves = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in themselves else next(others)) for byte in range(256)]


def vocabulary() -> tuple[list[str], list[str]]:
    """Tokens and merges: the bytes, their pairs, triples until the size is reached, control tokens."""
    letters = _byte_letters()
    merges = [f"{left} {right}" for left in letters for right in letters]
    pairs = [merge.replace(" ", "") for merge in merges]
    missing = VOCABULARY - CONTROL_TOKENS - len(letters) - len(pairs)
    merges += [f"{pairs[i // 256]} {letters[i % 256]}" for i in range(missing)]
    tokens = letters + [merge.replace(" ", "") for merge in merges]
    return tokens + [f"<|dummy_{i}|>" for i in range(CONTROL_TOKENS)], merges


# File -----------------------------------------------------------------------------


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


# A value with its type before it: uint32 4, int32 5, float32 6, bool 7, string 8, array 9.
def _value(value: int | float | bool | str | list[str] | list[int]) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    if isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_string(str(item)) for item in value)
    return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


def _metadata() -> dict[str, int | float | bool | str | list[str] | list[int]]:
    tokens, merges = vocabulary()
    normal, control = 1, 3
    return {
        "general.architecture": "llama",
        "general.name": "random weights of Llama 3.2 1B's dimensions",
        "general.file_type": 15,
        "general.quantization_version": 2,
        "general.alignment": ALIGNMENT,
        "llama.block_count": LAYERS,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": HIDDEN,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KV_HEADS,
        "llama.attention.key_length": HEAD_DIM,
        "llama.attention.value_length": HEAD_DIM,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": HEAD_DIM,
        "llama.rope.freq_base": ROPE_BASE,
        "llama.vocab_size": VOCABULARY,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [normal] * (VOCABULARY - CONTROL_TOKENS) + [control] * CONTROL_TOKENS,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": VOCABULARY - CONTROL_TOKENS,
        "tokenizer.ggml.eos_token_id": VOCABULARY - CONTROL_TOKENS + 1,
        "tokenizer.ggml.add_bos_token": True,
    }


def _padding(size: int) -> bytes:
    return bytes(-size % ALIGNMENT)


def _header(listed: list[Tensor]) -> bytes:
    metadata = _metadata()
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(listed), len(metadata))]
    parts += [_string(key) + _value(value) for key, value in metadata.items()]
    offset = 0
    for tensor in listed:
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        parts.append(_string(tensor.name) + shape + struct.pack("<IQ", tensor.type.code, offset))
        offset += tensor.bytes() + len(_padding(tensor.bytes()))
    header = b"".join(parts)
    return header + _padding(len(header))


def _set_in_each_block(blocks: bytearray, width: int, at: int, value: float) -> None:
    for index, byte in enumerate(struct.pack("<e", value)):
        blocks[at + index :: width] = bytes([byte]) * (len(blocks) // width)


def _random_blocks(kind: TensorType, count: int, source: random.Random) -> bytes:
    """Blocks of random bits but for their scales."""
    blocks = bytearray(source.randbytes(count * kind.block_bytes))
    if kind is Q4_K:
        # A weight is d · s · q − dmin · m with s and m of 0…63, q of 0…15: a mean of 0 with dmin = 7.5 d,
        # and a deviation of 258 d.
        scale = WEIGHT_DEVIATION / 258
        _set_in_each_block(blocks, kind.block_bytes, 0, scale)
        _set_in_each_block(blocks, kind.block_bytes, 2, 7.5 * scale)
    else:
        # A weight is d · s · (q − 32) with s of −128…127, q of 0…63: a deviation of 1366 d.
        _set_in_each_block(blocks, kind.block_bytes, 208, WEIGHT_DEVIATION / 1366)
    return bytes(blocks)


def _data(tensor: Tensor) -> Iterator[bytes]:
    if tensor.type is F32:  # the norms
        yield struct.pack("<f", 1.0) * tensor.blocks()
    else:
        source = random.Random(tensor.name)
        for done in range(0, tensor.blocks(), PIECE_BLOCKS):
            yield _random_blocks(tensor.type, min(PIECE_BLOCKS, tensor.blocks() - done), source)
    yield _padding(tensor.bytes())


def _is_there(path: Path, header: bytes, size: int) -> bool:
    if not path.exists() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return file.read(len(header)) == header


def write(path: Path) -> None:
    """Makes the file unless it is there already, whole or not at all."""
    listed = tensors()
    header = _header(listed)
    size = len(header) + sum(tensor.bytes() + len(_padding(tensor.bytes())) for tensor in listed)
    if _is_there(path, header, size):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free
    if free < size + (64 << 20):
        raise RuntimeError(f"{path} takes {size / 1e6:.0f} MB, but {path.parent} has {free / 1e6:.0f} MB free; free some space")
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            file.write(header)
            for tensor in listed:
                for piece in _data(tensor):
                    file.write(piece)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
