"""Our logits against a float32 forward pass in NumPy (tests/reference/forward.py).

HEADRACE_DRIVERS holds logits_driver; HEADRACE_TEST_MODEL is SmolLM2-135M-Instruct Q4_1 and
HEADRACE_TEST_MODEL_GEMMA3 is Gemma-3-270M Q4_K_M. The NumPy pass is itself checked against
figures that were computed elsewhere (tests/fixtures/smollm2_135m_reference.json)."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

TESTS = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(TESTS / "reference"))

DRIVERS = os.environ.get("HEADRACE_DRIVERS")
if not DRIVERS:
    pytest.skip("HEADRACE_DRIVERS is not set: no logits_driver to compare", allow_module_level=True)
forward = pytest.importorskip("forward")
gguf = pytest.importorskip("gguf")

CASES = json.loads((TESTS / "fixtures" / "smollm2_135m_reference.json").read_text())
TEXT = (TESTS / "fixtures" / "water_mills.txt").read_text()
GEMMA_TEXTS = [
    "The capital of France is Paris. It is a large city with many old houses, and the river Seine flows through it.",
    "def add(a, b):\n    return a + b\n\n\ndef multiply(a, b):\n    return",
    "Der alte Müller ging jeden Morgen zum Wehr, um nach dem Wasser zu sehen. An einem kalten Tag im Januar",
]


class Ours:
    """Our model, driven through logits_driver, with keys and values kept as `kv_type`."""

    def __init__(self, model, scratch, kv_type="f16"):
        self.command = [str(pathlib.Path(DRIVERS) / "logits_driver"), model]
        self.out = scratch / "logits.bin"
        self.kv_type = kv_type

    def encode(self, text):
        run = subprocess.run([*self.command, "encode"], input=text, capture_output=True, text=True, check=True)
        return [int(number) for number in run.stdout.split()]

    def logits(self, requests):
        """For (ids, first) each: the logits of the rows from `first` on."""
        lines = "".join(f"{first} {' '.join(map(str, ids))}\n" for ids, first in requests)
        run = subprocess.run([*self.command, "logits", self.out, self.kv_type], input=lines, capture_output=True, text=True, check=True)
        rows = np.fromfile(self.out, dtype=np.float32).reshape(-1, int(run.stdout))
        self.out.unlink()
        ends = np.cumsum([len(ids) - first for ids, first in requests])
        return np.split(rows, ends[:-1])


def model_or_skip(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} is not set: no model to compare")
    return path


def log_softmax(logits):
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=-1, keepdims=True)
    return wide - np.log(np.exp(wide).sum(axis=-1, keepdims=True))


def divergence(reference, ours):
    """KL(reference‖ours) of each row, in nats."""
    p, q = log_softmax(reference), log_softmax(ours)
    return (np.exp(p) * (p - q)).sum(axis=-1)


def bucketed_divergence(steps, ours):
    """The same over the figures' 20 tokens and one bucket for the rest."""
    rows = []
    for step, row in zip(steps, log_softmax(ours), strict=True):
        p = np.exp(np.array(step["top_logits"]) - step["logsumexp"])
        q = np.exp(row[step["top_ids"]])
        p, q = np.append(p, max(1 - p.sum(), 1e-12)), np.append(q, max(1 - q.sum(), 1e-12))
        rows.append((p * np.log(p / q)).sum())
    return np.array(rows)


def differing(reference, ours, gap):
    """Rows whose arg max differs although the reference's first two are further apart than `gap`."""
    second, first = np.sort(reference, axis=-1)[:, -2:].T
    return np.nonzero((first - second > gap) & (reference.argmax(axis=-1) != ours.argmax(axis=-1)))[0].tolist()


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    """By prompt: the figures, the reference's logits along `greedy`, and ours (with f16 keys and values, and with int8)."""
    model = model_or_skip("HEADRACE_TEST_MODEL")
    reference = forward.Reference(model)
    requests = [(case["ids"] + case["greedy"][:-1], len(case["ids"]) - 1) for case in CASES]
    scratch = tmp_path_factory.mktemp("logits")
    ours = Ours(model, scratch)
    int8 = Ours(model, scratch, "int8").logits(requests)
    theirs = [reference.logits(ids, first) for ids, first in requests]
    cases = list(zip(CASES, theirs, ours.logits(requests), strict=True))
    return {"cases": cases, "int8": int8, "reference": reference, "ours": ours}


def test_the_reference_agrees_with_figures_computed_elsewhere(smollm2):
    for case, reference, _ in smollm2["cases"]:
        for step, row in zip(case["steps"], reference, strict=True):
            assert np.abs(row[step["top_ids"]] - step["top_logits"]).max() < 2e-3, case["name"]
            assert abs(np.logaddexp.reduce(row.astype(np.float64)) - step["logsumexp"]) < 2e-3


def test_our_logits_stay_near_the_reference(smollm2, record_property):
    divergences = {case["name"]: divergence(reference, ours) for case, reference, ours in smollm2["cases"]}
    mean = np.concatenate(list(divergences.values())).mean()
    buckets = np.concatenate([bucketed_divergence(case["steps"], ours) for case, _, ours in smollm2["cases"]]).mean()
    print(f"\nKL to float32: {mean:.5f} over the vocabulary, {buckets:.5f} over 20 tokens and the rest; by prompt:",
          {name: round(float(rows.mean()), 5) for name, rows in divergences.items()})
    record_property("kl", mean)
    assert mean <= 0.003
    assert buckets <= 0.0025


def test_int8_keys_and_values_take_us_no_further_from_the_reference(smollm2):
    pairs = [(divergence(reference, ours).sum(), divergence(reference, int8).sum(), len(ours))
             for (_, reference, ours), int8 in zip(smollm2["cases"], smollm2["int8"], strict=True)]
    f16, int8, rows = np.sum(pairs, axis=0)
    print(f"\nKL to float32: {f16 / rows:.5f} (f16), {int8 / rows:.5f} (int8 keys and values)")
    assert int8 / rows <= f16 / rows + 0.001


def test_the_most_likely_token_is_the_references_where_it_is_clear(smollm2):
    for case, reference, ours in smollm2["cases"]:
        assert differing(reference, ours, 0.5) == [], case["name"]


def test_the_perplexity_of_a_text_is_the_references(smollm2):
    ids = smollm2["ours"].encode(TEXT)[:2000]
    assert len(ids) == 2000

    def perplexity(logits):
        nats = [-log_softmax(logits[block : block + 100])[np.arange(len(logits[block : block + 100])), ids[block + 1 : block + 101]]
                for block in range(0, len(logits), 100)]
        return np.exp(np.concatenate(nats).mean())

    reference = perplexity(smollm2["reference"].logits(ids)[:-1])
    ours = perplexity(smollm2["ours"].logits([(ids, 0)])[0][:-1])
    print(f"\nperplexity: {reference:.4f} (float32), {ours:.4f} (ours)")
    assert abs(ours / reference - 1) < 0.005


def test_gemma_stays_near_the_reference(tmp_path_factory):
    model = model_or_skip("HEADRACE_TEST_MODEL_GEMMA3")
    ours = Ours(model, tmp_path_factory.mktemp("logits"))
    reference = forward.Reference(model)
    requests = [(ours.encode(text), 1) for text in GEMMA_TEXTS]
    rows = []
    for (ids, first), found in zip(requests, ours.logits(requests), strict=True):
        assert ids[0] == 2 and 2 not in ids[1:], "one BOS, at the beginning"
        expected = reference.logits(ids, first)
        rows.append(divergence(expected, found))
        assert differing(expected, found, 1.0) == []
    mean = np.concatenate(rows).mean()
    print(f"\nGemma 3: KL to float32 {mean:.5f}")
    assert mean <= 0.01


def write_as(kind, source, target):
    """Writes the model once more, its matrices in a type of weights as the `gguf` package rounds them."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            writer.add_key_value(key, field.contents(), *field.types[:2])
    for tensor in reader.tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        written = kind if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(tensor.name, gguf.quantize(values, written), raw_dtype=written)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize(("kind", "bound"), [("MXFP4", 0.01), ("F16", 2e-6), ("BF16", 2e-4)])
def test_a_model_of_another_type_stays_near_the_reference(kind, bound, tmp_path, record_property):
    model = str(tmp_path / f"{kind}.gguf")
    write_as(gguf.GGMLQuantizationType[kind], model_or_skip("HEADRACE_TEST_MODEL"), model)
    ours = Ours(model, tmp_path)
    ids = ours.encode(TEXT)[:200]
    mean = divergence(forward.Reference(model).logits(ids, 1), ours.logits([(ids, 1)])[0]).mean()
    print(f"\n{kind}: KL to float32 {mean:.7f}")
    record_property("kl", mean)
    assert mean <= bound
