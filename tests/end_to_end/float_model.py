"""Writes a small model of floats, for the tests of --quantize: no model that the tests fetch has any."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

HIDDEN, FEED_FORWARD, HEADS, LAYERS = 64, 128, 4, 2

# How often each type occurs in the file.
TYPES = {"F16": 15, "F32": 5}


def letters() -> list[str]:
    """The letters that stand for bytes in a byte-level vocabulary."""
    itself = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in itself else chr(next(others)) for byte in range(256)]


def matrices(random: np.random.Generator, vocabulary: int) -> dict[str, np.ndarray]:
    shapes = {"token_embd": (vocabulary, HIDDEN)}
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}"] = (HIDDEN, HIDDEN)
        for name in ("ffn_gate", "ffn_up"):
            shapes[f"blk.{layer}.{name}"] = (FEED_FORWARD, HIDDEN)
        shapes[f"blk.{layer}.ffn_down"] = (HIDDEN, FEED_FORWARD)
    return {name: random.normal(0, 0.7 * shape[1] ** -0.5, shape).astype(np.float16) for name, shape in shapes.items()}


def write_float_model(path: Path) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("floats")
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    tokens = [*letters(), "<|endoftext|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL])
    writer.add_token_merges([])
    writer.add_eos_token_id(256)
    for name, values in matrices(np.random.default_rng(1), len(tokens)).items():
        writer.add_tensor(f"{name}.weight", values)
    for name in ["output_norm", *(f"blk.{layer}.{part}" for layer in range(LAYERS) for part in ("attn_norm", "ffn_norm"))]:
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
