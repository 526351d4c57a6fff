"""Compiled tokenizers against the tokenizer.json that they are made of, both in one pipeline_driver: ids, offsets,
decoded text, the vocabulary and the JSON are the same, and so are the bytes when it is compiled again.

HEADRACE_DRIVERS holds the driver; the vocabularies come from tools/fetch_vocabularies.py. HEADRACE_TEST_LONG makes
all ten times as long. test_pipeline.py compares the JSON's side with the `tokenizers` package."""
import json
import os

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pipeline_driver to compare", allow_module_level=True)
pytest.importorskip("tokenizers")
import pipeline_oracle as oracle  # noqa: E402
from pipeline_oracle import VOCABULARIES, driver  # noqa: E402, F401
from random_pipelines import PipelineMaker  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

TIMES = 10 if os.environ.get("HEADRACE_TEST_LONG") else 1
TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "3000")) * TIMES
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261128"))


def compile_and_compare(driver, folder, texts):
    first, second = folder / "a.hrt", folder / "b.hrt"
    assert driver.ask(op="compile", name="json", file=str(first)) == {"ok": True}
    assert driver.load("compiled", file=first) == {"ok": True}
    both = ("json", "compiled")
    for options in ({"special": True}, {"special": False, "bytes": True}, {"fast": True}):
        for i in range(0, len(texts), 500):
            batch = [[text, None] for text in texts[i : i + 500]]
            theirs, ours = (driver.ask(op="encode", name=name, texts=batch, **options) for name in both)
            for (text, _), wanted, got in zip(batch, theirs, ours):
                assert got == wanted, f"{options}: {text[:400]!r}"
            ids = [encoding["ids"] for encoding in theirs if "ids" in encoding]
            for skip in (False, True):
                assert len({str(driver.ask(op="decode", name=name, ids=ids, skip=skip)) for name in both}) == 1
    for pretty in (False, True):
        theirs, ours = (driver.ask(op="save", name=name, pretty=pretty) for name in both)
        assert ours == theirs
    theirs, ours = (driver.ask(op="tokens", name=name, tokens=[], ids=[], vocabulary=True) for name in both)
    assert ours == theirs
    assert driver.ask(op="compile", name="compiled", file=str(second)) == {"ok": True}
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", VOCABULARIES)
def test_published_tokenizers_are_the_same_compiled(name, driver, tmp_path):
    files, reason = oracle.fetched([name])
    if name not in files:
        pytest.skip(f"the vocabulary {name} is not here and could not be fetched: {reason}")
    assert driver.load("json", file=files[name]) == {"ok": True}
    maker = oracle.TextMaker(Tokenizer.from_file(files[name]), SEED)
    texts = [maker.text() for _ in range(TEXTS)]
    texts += ["".join(maker.text() for _ in range(120)) for _ in range(20)]  # longer than a chunk
    texts += [shape * 3000 for shape in ["a", " ", "\n", "^", "1", "中", "é", " a", "▁", "😀", "\r\n"]]
    compile_and_compare(driver, tmp_path, texts)


def test_random_tokenizers_are_the_same_compiled(driver, tmp_path):
    compiled = 0
    for seed in range(SEED, SEED + 60 * TIMES):
        text = json.dumps(PipelineMaker(seed).pipeline(), ensure_ascii=False)
        if driver.load("json", text=text) != {"ok": True}:
            continue
        maker = oracle.TextMaker(Tokenizer.from_str(text), seed)
        compile_and_compare(driver, tmp_path, [maker.text() for _ in range(30)])
        compiled += 1
    assert compiled > 30 * TIMES
