"""Writes tests/fixtures/kernels/dequantize.txt: random blocks of every weight type with what the
`gguf` package's dequantize makes of them, as hexadecimal bytes. One case a line: type, block, f32 values."""

import sys

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

CASES = {"F32": 2, "F16": 4, "BF16": 4, "Q4_0": 6, "Q4_1": 6, "Q5_0": 6, "Q5_1": 6, "Q8_0": 6, "Q4_K": 4, "Q5_K": 4, "Q6_K": 4}
# Where the f16 scales (and minimums) of a block stand.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def main(path):
    rng = np.random.default_rng(20261124)
    with open(path, "w") as out:
        for name, count in CASES.items():
            kind = GGMLQuantizationType[name]
            width, size = GGML_QUANT_SIZES[kind]
            for case in range(count):
                if name in HALVES:
                    block = rng.integers(0, 256, size, dtype=np.uint8)
                    for at in HALVES[name]:
                        # One block with subnormal scales, one with the largest, the others ordinary.
                        scale = {0: 3e-7, 1: 65504.0}.get(case, float(rng.normal() * 0.02))
                        block[at : at + 2] = np.frombuffer(np.float16(scale).tobytes(), dtype=np.uint8)
                else:
                    values = rng.normal(size=32).astype(np.float32)
                    if name == "F32":
                        block = np.frombuffer(values.tobytes(), dtype=np.uint8)
                    elif name == "F16":
                        block = np.frombuffer(values.astype(np.float16).tobytes(), dtype=np.uint8)
                    else:
                        block = np.frombuffer((values.view(np.uint32) >> 16).astype(np.uint16).tobytes(), dtype=np.uint8)
                expected = dequantize(block.reshape(1, -1), kind).astype(np.float32)
                out.write(f"{name} {block.tobytes().hex()} {expected.tobytes().hex()}\n")


if __name__ == "__main__":
    main(sys.argv[1])
