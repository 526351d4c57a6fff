"""Writes tests/fixtures/kernels/dequantize.txt: random blocks of every weight type with what the
`gguf` package's dequantize makes of them, as hexadecimal bytes. One case a line: type, block, f32 values.

The package has no Q8_K, whose values are its f32 scale times its bytes: that is computed here."""

import sys

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

CASES = {"F32": 2, "F16": 4, "BF16": 4, "Q4_0": 6, "Q4_1": 6, "Q5_0": 6, "Q5_1": 6, "Q8_0": 6, "Q4_K": 4, "Q5_K": 4, "Q6_K": 4,
         "Q2_K": 4, "Q3_K": 4, "Q8_K": 4, "IQ4_NL": 6, "IQ4_XS": 4, "MXFP4": 7, "TQ1_0": 4, "TQ2_0": 4}
# Where the f16 scales (and minimums) of a block stand.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
          "Q2_K": [80, 82], "Q3_K": [108], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64]}
# Scales of the other types: the largest, the smallest, and ordinary ones.
EXPONENTS = [0, 1, 2, 254, 255, 118, 127]  # MXFP4
SCALES = [1e-45, 1e-39, -3e30, 0.0123]  # Q8_K


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
                elif name == "MXFP4":
                    block = rng.integers(0, 256, size, dtype=np.uint8)
                    block[0] = EXPONENTS[case]
                elif name == "Q8_K":
                    block = rng.integers(0, 256, size, dtype=np.uint8)
                    block[:4] = np.frombuffer(np.float32(SCALES[case]).tobytes(), dtype=np.uint8)
                else:
                    values = rng.normal(size=32).astype(np.float32)
                    if name == "F32":
                        block = np.frombuffer(values.tobytes(), dtype=np.uint8)
                    elif name == "F16":
                        block = np.frombuffer(values.astype(np.float16).tobytes(), dtype=np.uint8)
                    else:
                        block = np.frombuffer((values.view(np.uint32) >> 16).astype(np.uint16).tobytes(), dtype=np.uint8)
                if name == "Q8_K":
                    expected = block[:4].view(np.float32) * block[4:260].view(np.int8).astype(np.float32)
                else:
                    expected = dequantize(block.reshape(1, -1), kind).astype(np.float32)
                out.write(f"{name} {block.tobytes().hex()} {expected.tobytes().hex()}\n")


if __name__ == "__main__":
    main(sys.argv[1])
