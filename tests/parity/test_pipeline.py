"""Whole tokenizers against the `tokenizers` package: published ones and random ones.

Ids, tokens, offsets, type ids, word ids, masks, windows, decoded and streamed texts, and
the JSON they are saved as. HEADRACE_DRIVERS holds pipeline_driver. The vocabularies come
from tools/fetch_vocabularies.py; without a network their tests are skipped.
HEADRACE_TEST_LONG makes all ten times as long. Seeds are in every failure."""
import json
import os

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pipeline_driver to compare", allow_module_level=True)
pytest.importorskip("tokenizers")
import pipeline_oracle as oracle  # noqa: E402
from pipeline_oracle import VOCABULARIES, driver  # noqa: E402, F401
from random_pipelines import FamilyMaker, PipelineMaker  # noqa: E402
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers  # noqa: E402

TIMES = 10 if os.environ.get("HEADRACE_TEST_LONG") else 1
TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "20000")) * TIMES
PIPELINES = int(os.environ.get("HEADRACE_TEST_PIPELINES", "400")) * TIMES
FAMILIES = PIPELINES // 4
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261128"))


@pytest.fixture(scope="module", params=VOCABULARIES)
def published(request, driver):
    files, reason = oracle.fetched([request.param])
    if request.param not in files:
        pytest.skip(f"the vocabulary {request.param} is not here and could not be fetched: {reason}")
    file = files[request.param]
    assert driver.load(request.param, file=file) == {"ok": True}
    return request.param, Tokenizer.from_file(file)


def assert_none(differences, what):
    assert not differences, f"{len(differences)} {what} differ; the first: " + "\n".join(differences[:3])


def test_published_tokenizers_are_those_of_the_reference(published, driver):
    name, tokenizer = published
    maker = oracle.TextMaker(tokenizer, SEED)
    differences = []
    for _ in range(0, TEXTS, 500):
        differences += oracle.compare(tokenizer, driver, name, maker, min(500, TEXTS), SEED)
    assert_none(differences, f"of {TEXTS} texts")


def test_published_tokenizers_are_saved_byte_for_byte_as_the_reference_saves_them(published, driver):
    name, tokenizer = published
    for pretty in (False, True):
        ours, theirs = driver.ask(op="save", name=name, pretty=pretty)["json"], tokenizer.to_str(pretty=pretty)
        if ours != theirs:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            pytest.fail(f"pretty {pretty}: at {at}: {ours[at - 40:at + 40]!r} instead of {theirs[at - 40:at + 40]!r}")


def test_published_vocabularies_are_those_of_the_reference(published, driver):
    name, tokenizer = published
    size = tokenizer.get_vocab_size()
    answer = driver.ask(op="tokens", name=name, tokens=[], ids=list(range(size + 3)), vocabulary=True)
    assert answer["vocabulary"] == tokenizer.get_vocab()
    assert answer["tokens"] == [tokenizer.id_to_token(token) for token in range(size + 3)]
    assert answer["sizes"] == [tokenizer.get_vocab_size(with_added_tokens=False), size]
    assert answer["special"] == [tokenizer.num_special_tokens_to_add(pair) for pair in (False, True)]


@pytest.mark.parametrize("flags", [{}, {"single_word": True}, {"lstrip": True}, {"rstrip": True}, {"lstrip": True, "rstrip": True}], ids=str)
def test_an_added_token_that_the_normalizer_leaves_nothing_of_cuts_everywhere(flags, driver):
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1, " ": 2, "c": 3, "ab": 4}, [("a", "b")]))
    tokenizer.normalizer = normalizers.StripAccents()
    for others in ([], ["b"], ["c"]):
        tokenizer.add_tokens([AddedToken("\u0301", **flags)] + others)
        assert driver.load("nothing", text=tokenizer.to_str()) == {"ok": True}
        for text in ("", "a", "ab", "abc", "c\u0301c", "ab ab", " a  b ", "  "):
            ours = driver.ask(op="encode", name="nothing", texts=[[text, None]])[0]
            assert ours == oracle.encode(tokenizer, text), repr(text)


WARMING = "so much text that tables are worth building " * 2000


def has_no_one_answer(tokenizer):
    """Of added tokens that are the same once normalised the reference takes one by the order of a hash table. One that becomes
    empty it finds at every byte, so that it fails on text beyond ASCII, and hangs beside some others (docs/tokenizers.md)."""
    normalizer = tokenizer.normalizer
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.normalized]
    normal = [normalizer.normalize_str(content) if normalizer else content for content in added]
    return "" in normal or len(set(normal)) < len(normal)


def assert_random_pipelines_are_those_of_the_reference(driver, make, count, long_texts=0):
    """`make` gives a tokenizer.json of a seed."""
    print(f"{count} pipelines of seeds from {SEED} on")
    differences, refused, unclear = [], 0, 0
    for seed in range(SEED, SEED + count):
        text = json.dumps(make(seed), ensure_ascii=False)
        theirs = oracle.guarded(lambda: Tokenizer.from_str(text))
        ours = driver.load("random", text=text)
        if isinstance(theirs, oracle.Failure) or "error" in ours:
            refused += 1
            if isinstance(theirs, oracle.Failure) != ("error" in ours) and not (isinstance(theirs, oracle.Failure) and theirs.panic):
                differences.append(f"seed {seed}: loading: {ours} but the reference has {theirs}")
            continue
        if has_no_one_answer(theirs):
            unclear += 1
            continue
        for pretty in (False, True):
            if driver.ask(op="save", name="random", pretty=pretty).get("json") != theirs.to_str(pretty=pretty):
                differences.append(f"seed {seed}: the saved JSON differs (pretty {pretty})")
        maker = oracle.TextMaker(theirs, seed)
        if long_texts:
            driver.ask(op="encode", name="random", texts=[[WARMING, None]], fast=True)
        differences += oracle.compare(theirs, driver, "random", maker, 50, seed)
        texts = ["".join(maker.text() for _ in range(100)) for _ in range(long_texts)]
        for text, answer in zip(texts, driver.ask(op="encode", name="random", texts=[[text, None] for text in texts])):
            expected = oracle.encode(theirs, text)
            if expected != answer:
                differences.append(f"seed {seed}: {text!r}: {oracle.difference(answer, expected)}")
    assert refused < count / 10
    assert unclear < count / 10
    assert_none(differences, f"of {count} random pipelines")


def test_random_pipelines_are_those_of_the_reference(driver):
    assert_random_pipelines_are_those_of_the_reference(driver, lambda seed: PipelineMaker(seed).pipeline(), PIPELINES)


def test_random_pipelines_that_are_encoded_in_bulk_are_those_of_the_reference(driver):
    """After so much text that bulk tables are made; with texts longer than a chunk."""
    assert_random_pipelines_are_those_of_the_reference(driver, lambda seed: FamilyMaker(seed).family(), FAMILIES, long_texts=2)


def token(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False} | flags


BASE = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "[UNK]": 2, "Z": 100}, "unk_token": "[UNK]"}}


@pytest.fixture
def small(driver):
    text = json.dumps(BASE)
    assert driver.load("small", text=text) == {"ok": True}
    return Tokenizer.from_str(text)


def same_texts(driver, tokenizer, texts):
    ours = driver.ask(op="encode", name="small", texts=[[text, None] for text in texts])
    for text, answer in zip(texts, ours):
        assert answer == oracle.encode(tokenizer, text), text


def add(driver, tokenizer, tokens, special=False):
    ours = driver.ask(op="add", name="small", tokens=tokens, special=special)
    objects = [AddedToken(**item) for item in tokens]
    theirs = tokenizer.add_special_tokens(objects) if special else tokenizer.add_tokens(objects)
    assert ours == {"count": theirs}
    answer = driver.ask(op="tokens", name="small", tokens=[], ids=list(range(0, 110)), vocabulary=True)
    assert answer["vocabulary"] == tokenizer.get_vocab()
    assert answer["tokens"] == [tokenizer.id_to_token(number) for number in range(110)]
    assert answer["added"] == {str(key): value.content for key, value in tokenizer.get_added_tokens_decoder().items()}


def test_added_tokens_take_the_ids_that_the_reference_gives_them(small, driver):
    add(driver, small, [token("x"), token("x"), token("a"), token("")])
    add(driver, small, [token("x")], special=True)
    add(driver, small, [token("x", lstrip=True)])
    add(driver, small, [token("n"), token("Z"), token("m")])
    add(driver, small, [token("k")])
    add(driver, small, [token("n", normalized=False, rstrip=True), token("q", special=True)])
    same_texts(driver, small, ["a x n q k Z m b", "x  x", "n   a"])


def test_added_tokens_are_found_as_the_reference_finds_them(small, driver):
    add(driver, small, [token("x", lstrip=True, rstrip=True), token(" y"), token("xyz"), token("foo", single_word=True), token("oob"),
                        token("x ", rstrip=True, normalized=False), token("ab", normalized=False), token("bc"), token("  ")])
    texts = ["a x y x x  yxyz a", "a foob foo-foo fooé foo\u0301 foo_ foo\u200dx foo1 foo²", "abc bcab aabc aab", "x x x", " x x  x   ",
             "x  ax x\u3000x\u2003 \x1c x", "", " ", "foo", "    a    "]
    same_texts(driver, small, texts)
    small.encode_special_tokens = True
    driver.ask(op="set", name="small", encode_special_tokens=True)
    add(driver, small, [token("<s>", normalized=False), token("<", special=False)], special=True)
    add(driver, small, [token("s>")])
    same_texts(driver, small, texts + ["a <s> <s", "<<s>s>"])


def test_single_words_end_at_the_characters_at_which_the_reference_ends_them(small, driver):
    add(driver, small, [token("a", single_word=True)])
    texts = ["".join(f"a{chr(code)} " for code in range(begin, begin + 0x400) if not 0xD800 <= code <= 0xDFFF)
             for begin in range(0, 0x110000, 0x400) if begin < 0x34000 or begin >= 0xE0000 and begin < 0xE1000]
    same_texts(driver, small, texts)


def test_white_space_beside_added_tokens_is_that_of_the_reference(small, driver):
    add(driver, small, [token("x", lstrip=True, rstrip=True)])
    texts = ["".join(f"a{chr(code)}x{chr(code)}a " for code in range(begin, begin + 0x400) if not 0xD800 <= code <= 0xDFFF)
             for begin in range(0, 0x10000, 0x400)]
    same_texts(driver, small, texts)


def test_a_new_normalizer_normalizes_added_tokens_anew(small, driver):
    add(driver, small, [token("X"), token("Y", normalized=False)])
    small.normalizer = normalizers.Lowercase()
    driver.ask(op="set", name="small", normalizer='{"type":"Lowercase"}')
    same_texts(driver, small, ["x X y Y"])
    add(driver, small, [token("Zz")])
    same_texts(driver, small, ["x X y Y zz ZZ"])


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 9])
def test_truncation_is_refused_and_done_as_the_reference_does(small, driver, length):
    texts = [["a b a b a b", None], ["a b", "b a b a b a"], ["a b a", "b"], ["", "a b a b a b a b a b a"], [["a b", "a"], ["b"]]]
    for stride in (0, 1, 2, 3):
        for number, strategy in enumerate(("longest_first", "only_first", "only_second")):
            for left in (False, True):
                ours = driver.ask(op="set", name="small", truncation={"max_length": length, "stride": stride, "strategy": number, "left": left})
                theirs = oracle.guarded(lambda: small.enable_truncation(length, stride=stride, strategy=strategy,
                                                                        direction="left" if left else "right"))
                assert ("error" in ours) == isinstance(theirs, oracle.Failure)
                if "error" in ours:
                    assert ours["error"] == theirs["error"]
                answers = driver.ask(op="encode", name="small", texts=texts)
                assert [oracle.encode(small, *pair) for pair in texts] == answers


def test_batches_are_padded_together_and_fast_ones_keep_ids_only(driver):
    text = json.dumps(BASE | {"padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 3, "pad_id": 7,
                                          "pad_type_id": 2, "pad_token": "P"}})
    assert driver.load("small", text=text) == {"ok": True}
    small = Tokenizer.from_str(text)
    texts = [["a b", None], ["", None], ["a a a a", "b"], ["b é x", None]]
    inputs = [first if second is None else (first, second) for first, second in texts]
    assert driver.ask(op="batch", name="small", texts=texts) == [oracle.encoding(one) for one in small.encode_batch(inputs)]
    fast = [oracle.encoding(one) for one in small.encode_batch_fast(inputs)]
    assert driver.ask(op="batch", name="small", texts=texts, fast=True) == fast


@pytest.mark.parametrize("part", [
    '{"suffix":"x"}', '["x"]', '{"type":"Foo","prefix":"##","cleanup":true}', '{"type":"Metaspace","replacement":"_","add_prefix_space":true}',
    '{"type":"Metaspace","replacement":"_","add_prefix_space":false}', '{"type":"Metaspace","replacement":"ab"}', '{"type":"ByteLevel"}',
    '{"type":"Strip","content":"a","start":-1,"stop":2}', '{"type":"Strip","content":"a","start":1.0,"stop":2}', '{}', '3',
    '{"type":"Replace","pattern":{"Regex":"("},"content":"b"}', '{"type":"Sequence","decoders":[["x"],["##",true]]}',
    '{"suffix":"x","type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}', '{"type":"Sequence","decoders":[{"type":"X"}]}'])
def test_forms_of_decoders_are_read_and_refused_as_the_reference_does(driver, part):
    text = json.dumps(BASE)[:-1] + ', "decoder": ' + part + "}"
    text = text.replace('"decoder": null, ', "")
    ours, theirs = driver.load("part", text=text), oracle.guarded(lambda: Tokenizer.from_str(text))
    if isinstance(theirs, oracle.Failure):
        assert ours == dict(theirs)
    else:
        assert driver.ask(op="save", name="part", pretty=False)["json"] == theirs.to_str()


def test_decoders_of_odd_parameters_decode_as_the_reference_does(driver):
    tokens = [["ab", "c"], [], [""], ["a", "a", "b"], ["<0x+1>", "<0x 1>", "<0xé>", "<0x-1>", "<0xff>", "<0x61>"], ["ab", "####c", " do not", "##."],
              ["aaa", "caa"], ["Ġaé", "Ġ", "â", "Ĥ", "¬", "日", "Ã"], ["a n't . !", "x ' y"], ["|", "a|b"]]
    parts = [decoders.BPEDecoder(""), decoders.BPEDecoder("a"), decoders.CTC("", ""), decoders.CTC("a", "b", False), decoders.WordPiece(""),
             decoders.WordPiece("##", False), decoders.ByteFallback(), decoders.ByteLevel(), decoders.Fuse(), decoders.Metaspace("a"),
             decoders.Metaspace("a", "never"), decoders.Replace("", "b"), decoders.Replace("a", ""), decoders.Strip("a", 1, 0),
             decoders.Sequence([decoders.Fuse(), decoders.Strip("a", 0, 1)])]
    for part in parts:
        answer = driver.ask(op="part", json=part.__getstate__().decode(), tokens=tokens)
        assert answer["json"] == part.__getstate__().decode()
        theirs = [oracle.guarded(lambda one=one: part.decode(list(one))) for one in tokens]
        for pieces, expected in zip(answer["decoded"], theirs, strict=True):
            if not isinstance(expected, oracle.Failure):  # it panics at a Strip of more than an empty token has
                assert "".join(pieces) == expected, answer["json"]
