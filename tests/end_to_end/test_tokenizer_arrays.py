"""What headrace.tokenizers has beyond Hugging Face's package."""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from python_package import needs_package

pytestmark = needs_package

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def tok():
    from headrace.tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(
        ["the sea and the ship", "Grüße aus Köln", "日本語"] * 5,
        trainers.BpeTrainer(vocab_size=300, show_progress=False, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )
    return tok


TEXTS = ["the sea", "", "Grüße <s> 日本語", "ship"]


def test_encode_array_has_the_ids_and_offsets_of_encode(tok):
    for text in TEXTS:
        encoding = tok.encode(text)
        ids = tok.encode_array(text)
        assert ids.dtype == np.uint32 and ids.tolist() == encoding.ids
        ids, offsets = tok.encode_array(text, offsets=True)
        assert offsets.shape == (len(ids), 2) and [tuple(pair) for pair in offsets.tolist()] == encoding.offsets


def test_encode_batch_array_is_flat_ids_and_row_starts(tok):
    ids, starts, offsets = tok.encode_batch_array(TEXTS, offsets=True)
    assert (ids.dtype, starts.dtype) == (np.uint32, np.int64) and len(starts) == len(TEXTS) + 1
    for row, text in enumerate(TEXTS):
        assert ids[starts[row] : starts[row + 1]].tolist() == tok.encode(text).ids
    assert offsets.shape == (len(ids), 2)
    ids, starts = tok.encode_batch_array([])
    assert len(ids) == 0 and starts.tolist() == [0]


def test_arrays_own_their_memory_and_travel_by_dlpack(tok):
    ids = tok.encode_array("the sea and the ship")
    assert np.from_dlpack(ids).tolist() == ids.tolist()
    ids[0] = 7
    assert tok.encode_array("the sea and the ship")[0] != 7 or tok.encode("the").ids[0] == 7


def test_texts_may_be_bytes_and_memoryviews(tok):
    text = "Grüße"
    data = text.encode()
    for given in (data, memoryview(data), bytearray(data)):
        ids, offsets = tok.encode_array(given, offsets=True)
        assert ids.tolist() == tok.encode(text).ids
        assert offsets[-1, 1] == len(data)  # bytes, where str has characters
    with pytest.raises(TypeError):
        tok.encode_batch_array(["a", b"a"], offsets=True)
    with pytest.raises(ValueError, match="UTF-8"):
        tok.encode_array(b"\xff")
    with pytest.raises(TypeError, match="int"):
        tok.encode_array(1)
    with pytest.raises(UnicodeEncodeError):
        tok.encode_array("\ud800")


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_arrow_arrays_are_read_in_place(tok, kind):
    pa = pytest.importorskip("pyarrow")
    if not hasattr(pa, kind):
        pytest.skip(f"this pyarrow has no {kind}")
    texts = [*TEXTS, "a text of more than twelve bytes"]
    expected = tok.encode_batch_array(texts)
    array = pa.array(["cut off", *texts], getattr(pa, kind)()).slice(1)
    for given in (array, pa.chunked_array([array[:2], array[2:]])):
        ids, starts = tok.encode_batch_array(given)
        assert ids.tolist() == expected[0].tolist() and starts.tolist() == expected[1].tolist()
    with pytest.raises(ValueError, match="text 1 is null"):
        tok.encode_batch_array(pa.array(["a", None], getattr(pa, kind)()))
    with pytest.raises(TypeError, match="Utf8"):
        tok.encode_batch_array(pa.array([1, 2]))


def test_count_and_options_hold_for_one_call(tok):
    from headrace.tokenizers import Tokenizer

    short = Tokenizer.from_str(tok.to_str())
    short.enable_truncation(2)
    short.enable_padding(length=5)
    text = "the sea and the ship"
    assert short.count(text) == 5
    assert short.count(text, padding=False) == 2
    assert short.count(text, padding=False, truncation=False) == len(tok.encode(text).ids)
    assert len(short.encode(text).ids) == 5


def test_segments_that_are_not_trusted_never_yield_special_tokens(tok):
    start, end = tok.token_to_id("<s>"), tok.token_to_id("</s>")
    ids = tok.encode_segments([("<s>", True), ("the </s> sea", False), ("</s>", True)]).tolist()
    assert ids[0] == start and ids[-1] == end and not {start, end} & set(ids[1:-1])
    assert tok.decode(ids, skip_special_tokens=False) == "<s>the </s> sea</s>"
    assert start not in tok.encode_segments([("<", False), ("s>", True)]).tolist()
    plain = [("the s", True), ("ea and", False)]
    assert tok.encode_segments(plain).tolist() == tok.encode("the sea and").ids
    with pytest.raises(TypeError):
        tok.encode_segments([("a", 1)])


def test_the_stream_decoder_makes_what_decode_makes(tok):
    rng = random.Random(5)
    decoder = tok.stream_decoder(skip_special_tokens=False)
    for _ in range(300):
        ids = [rng.randrange(tok.get_vocab_size() + 3) for _ in range(rng.randrange(12))]
        pieces = [decoder.push(id) for id in ids]
        assert "".join(pieces) + decoder.finish() == tok.decode(ids, skip_special_tokens=False)


def test_threads_share_one_tokenizer(tok):
    expected = tok.encode_array(TEXTS[2]).tolist()
    wrong = []

    def work():
        for i in range(200):
            tok.encode_array(TEXTS[2], truncation=bool(i % 2))
            if tok.encode_array(TEXTS[2]).tolist() != expected:
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_code_in_docs_tokenizers_md():
    page = (Path(__file__).parents[2] / "docs/tokenizers.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 3
    finished = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr


TYPED = """
from headrace.tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

tok = Tokenizer(models.BPE())
tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tok.decoder = decoders.ByteLevel()
tok.train_from_iterator(["a"], trainers.BpeTrainer())
ids: list[int] = tok.encode("a").ids
array = tok.encode_array(b"a")
dtype: str = array.dtype.name
array, offsets = tok.encode_array("a", offsets=True)
flat, starts = tok.encode_batch_array(["a", b"b", memoryview(b"c")])
n: int = tok.count("a") + tok.add_tokens([AddedToken("x"), "y"])
tok.encode_segments([("a", True)])
text: str = tok.stream_decoder().push(1)
"""


def test_the_module_is_typed(tmp_path):
    pytest.importorskip("mypy")

    def mypy(text: str) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "program.py"
        program.write_text(text)
        return subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)], capture_output=True, text=True)

    checked = mypy(TYPED)
    assert checked.returncode == 0, checked.stdout
    checked = mypy("from headrace.tokenizers import Tokenizer\nTokenizer.from_file('x').encode_array(1)\n")
    assert checked.returncode == 1 and "encode_array" in checked.stdout


def test_the_stub_names_what_the_module_has():
    import headrace.tokenizers as module

    stub = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            runtime = getattr(module, node.name)
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name != "__getattr__":
                    assert hasattr(runtime, member.name), f"{node.name}.{member.name}"


WIDTHS = ["", "ÿ", "Ā", "日", "\U0001d578", "\U0010ffff"]  # what makes Python's strings of one, two and four bytes a character


def test_strings_of_every_width_come_in_and_go_out(tok):
    for wide in WIDTHS:
        for before in [0, 1, 15, 16, 17, 31, 40, 130]:
            text = "a" * before + wide + "the sea and the ship"[: before % 20] + wide * 17
            assert tok.encode_array(text).tolist() == tok.encode_array(text.encode()).tolist() == tok.encode(text).ids
            assert tok.decode(tok.encode(text).ids) == text


def test_a_lone_surrogate_is_an_error(tok):
    for text in ["\ud800", "a" * 40 + "\udfff", "日" * 20 + "\ud9ab"]:
        with pytest.raises(UnicodeEncodeError):
            tok.encode_array(text)
        with pytest.raises(TypeError):
            tok.encode(text)


def test_an_encoding_whose_ids_were_read_first_has_all_the_rest(tok):
    from headrace.tokenizers import Encoding

    text = "the sea Grüße <s> 日本語 " * 4000  # enough to be encoded in bulk
    tok.encode_array(text)
    first = tok.encode(text)
    ids = first.ids
    whole = tok.encode_batch([text, "ship"])[0]
    assert [list(pair) for pair in whole.offsets] == tok.encode_array(text, offsets=True)[1].tolist()
    for name in ["tokens", "offsets", "word_ids", "type_ids", "attention_mask", "special_tokens_mask", "sequence_ids", "overflowing"]:
        assert getattr(first, name) == getattr(whole, name)
    assert first.ids == ids == whole.ids and len(first) == len(ids)
    merged = Encoding.merge([tok.encode("ship"), tok.encode("the")])
    assert merged.ids == tok.encode("ship").ids + tok.encode("the").ids


def test_lists_share_one_int_an_id(tok):
    first, second = tok.encode("ship " * 3).ids, tok.encode("ship " * 3).ids
    assert all(a is b for a, b in zip(first, second))


def test_decode_takes_arrays_and_says_what_is_no_id(tok):
    ids = tok.encode("the sea, 日本語").ids
    text = tok.decode(ids)
    for dtype in [np.uint32, np.int32, np.int64, np.uint64, np.uint16]:
        assert tok.decode(np.array(ids, dtype=dtype)) == text
        assert tok.decode(np.repeat(np.array(ids, dtype=dtype), 2)[::2]) == text
    assert tok.decode(tuple(ids)) == text
    for wrong in [[-1], [1 << 32], np.array([-1]), np.array([1 << 32])]:
        with pytest.raises(OverflowError):
            tok.decode(wrong)
    with pytest.raises(TypeError):
        tok.decode([1.5])
