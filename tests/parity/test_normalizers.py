"""NormalizedString and the normalizers against those of the `tokenizers` package.

HEADRACE_DRIVERS holds normalizer_driver; HEADRACE_TEST_PIPELINES sets how many random
normalizers there are (400). Seeds are printed with every failure. Texts at which the
reference itself stops (it indexes beyond its own text) are left out and counted."""
import base64
import json
import os
import pathlib
import random
import struct
import subprocess

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no normalizer_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")
from charsmaps import charsmap_of  # noqa: E402
from tokenizers import NormalizedString, Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: E402

PIPELINES = int(os.environ.get("HEADRACE_TEST_PIPELINES", "400"))
SEED = 20261128
POINTS = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
MARKS = "\u0300\u0301\u0302\u0323\u0327\u0345\u05b0\u093c\u094d\u3099\u302a\U0001d165\u20d0\u200d\ufe0f\u1ab0"
ODD = ("aeo A\u0130\u00e9\u1ead\ufb01\u0344\u0958\u2126\u1100\u1161\u11a8\uac00\uac01\u0915\u4e2d\u3000\t\n\r\ufffd\u200b\u00ad\u2460"
       "\u00a9\u0600\U0001f600\U0001f1e6\U0001d15e\u2adc\u1e9b\uf900\u1f71\u03a3\U00011099\U000110ba\U0001112e\U00011127\u00c7\u00b5")
CLUSTERS = ("\r\na\u0301\u0300\u200d\u200c\u00a9\u00ae\u2764\U0001f600\U0001f1e6\U0001f1e7\u0600\u06dd\U000110bd\u1100\u1101\u1161\u11a8\uac00"
            "\uac01\u0915\u0916\u094d\u093c\u0903\u09cd\u0995\u0e33\ufb01\u2460\U0001f100\u0001\u00ad \U00011133\U00011107\U0001f3fb\U00016d63")


class Driver:
    def __init__(self):
        path = pathlib.Path(os.environ["HEADRACE_DRIVERS"]) / "normalizer_driver"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.process.stdin.close()
    driver.process.wait()


class Reference:
    """Normalizes, and shows alignments by the offsets of a tokenizer whose tokens are characters."""

    def __init__(self):
        self.tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("(?m:.)"), "isolated")

    def normalize(self, normalizer, text):
        """[text, spans in bytes], or None where the package panics."""
        self.tokenizer.normalizer = normalizer
        try:
            normalized, offsets = normalizer.normalize_str(text), self.tokenizer.encode(text).offsets
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            return None
        begins = [0]
        for character in text:
            begins.append(begins[-1] + len(character.encode()))
        return [normalized, [[begins[begin], begins[end]] for begin, end in offsets]]


reference = Reference()


def state(component):
    return component.__getstate__().decode()


class TextMaker:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def character(self):
        kind = self.rng.random()
        if kind < 0.25:
            return self.rng.choice(MARKS)
        if kind < 0.6:
            return self.rng.choice(ODD)
        if kind < 0.8:
            return chr(self.rng.randrange(0x20, 0x7F))
        return chr(self.rng.choice(POINTS) if self.rng.random() < 0.3 else self.rng.randrange(0x3400))

    def text(self):
        return "".join(self.character() for _ in range(self.rng.randrange(self.rng.choice((3, 12, 40)))))

    def normalizer(self, inside=False):
        flip = lambda: self.rng.random() < 0.5  # noqa: E731
        kinds = [
            normalizers.NFC, normalizers.NFD, normalizers.NFKC, normalizers.NFKD, normalizers.Nmt, normalizers.Lowercase,
            normalizers.StripAccents, normalizers.ByteLevel,
            lambda: normalizers.Strip(flip(), flip()),
            lambda: normalizers.Prepend(self.text()),
            lambda: normalizers.Replace("".join(self.character() for _ in range(self.rng.randrange(0, 3))), self.text()),
            lambda: normalizers.BertNormalizer(flip(), flip(), self.rng.choice((None, True, False)), flip()),
            lambda: normalizers.Precompiled(charsmap(self)),
        ]
        if not inside:
            kinds += [lambda: normalizers.Sequence([self.normalizer(True) for _ in range(self.rng.randrange(1, 4))])] * 5
        return self.rng.choice(kinds)()


def charsmap(maker):
    keys = ["".join(maker.rng.choice(CLUSTERS + ODD + "ab") for _ in range(maker.rng.choice((1, 1, 2)))) for _ in range(20)]
    return charsmap_of({key.encode(): "".join(maker.character() for _ in range(maker.rng.randrange(4))).replace("\0", "")
                        for key in keys})


def assert_same(driver, normalizer, texts):
    answer = driver.ask(normalizer=json.loads(state(normalizer)), texts=texts)
    assert "error" not in answer, (state(normalizer)[:500], answer)
    assert answer["json"] == state(normalizer)
    for text, ours in zip(texts, answer["results"]):
        theirs = reference.normalize(normalizer, text)
        assert theirs is None or ours == theirs, f"{state(normalizer)[:500]} of {text!a} (seed {SEED}): {ours!a}, the reference {theirs!a}"


def test_random_normalizers_give_the_texts_and_alignments_of_the_reference(driver):
    maker = TextMaker(SEED)
    for _ in range(PIPELINES):
        normalizer = maker.normalizer()
        assert_same(driver, normalizer, [maker.text() for _ in range(50)])


ALL = [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.Nmt(), normalizers.Lowercase(),
       normalizers.StripAccents(), normalizers.Strip(), normalizers.ByteLevel(), normalizers.BertNormalizer(),
       normalizers.BertNormalizer(strip_accents=False, lowercase=False)]


@pytest.mark.parametrize("normalizer", ALL, ids=state)
def test_every_code_point_is_normalized_as_in_the_reference(driver, normalizer):
    """Each before a letter; those that may take part in a composition also among marks and jamo."""
    composing = [point for point in POINTS if point < 0x3400 or 0xA000 <= point < 0xAC80 or 0xF900 <= point < 0x12000
                 or 0x16000 <= point < 0x17000 or 0x1C000 <= point < 0x1F200 or point % 97 == 0]
    shapes = [("{0}a", POINTS), ("{0}\u0301{0}\u0323\u0301", composing), ("a{0}\u0327\u1161{0}\u11a8", composing),
              ("{0}\u3099{0}\u09be{0}\u0338", composing)]
    for shape, points in shapes:
        texts = ["".join(shape.format(chr(point)) for point in points[at:at + 1024]) for at in range(0, len(points), 1024)]
        answer = driver.ask(normalizer=json.loads(state(normalizer)), texts=texts, spans=False)
        for text, (ours, _) in zip(texts, answer["results"]):
            assert ours == normalizer.normalize_str(text), f"{shape!a}: {text!a}"


def test_every_code_point_is_upper_cased_as_in_the_reference(driver):
    for at in range(0, len(POINTS), 4096):
        text = "".join(map(chr, POINTS[at:at + 4096]))
        theirs = NormalizedString(text)
        theirs.uppercase()
        assert driver.ask(text=text, edits=[["uppercase"]])["text"] == theirs.normalized


def test_grapheme_clusters_end_where_those_of_the_reference_do(driver):
    """A map of every lead byte to Z makes one Z of a short cluster and one of each character of a long one."""
    normalizer = normalizers.Precompiled(charsmap_of({bytes([byte]): "Z" for byte in range(1, 256)}))
    shapes = ["a{0}", "{0}a", "\u00a9{0}\u200d\u00a9\u0301", "\u0915\u094d{0}\u0301", "{0}\u094d\u0915\u0301", "\u1100{0}\u11a8\u0301",
              "\u00a9\u200d{0}\u0301", "\u0600{0}\u0301"]
    texts = ["\r".join(shape.format(chr(point)) for shape in shapes[:2]) for point in POINTS]
    texts += ["\r".join(shape.format(chr(point)) for shape in shapes[2:])
              for point in POINTS if point < 0x3400 or 0xA000 <= point < 0x20000 or point >= 0xE0000 and point < 0xE1000]
    rng = random.Random(SEED)
    texts += ["".join(rng.choice(CLUSTERS) for _ in range(rng.randrange(1, 14))) for _ in range(20000)]
    for at in range(0, len(texts), 4096):
        some = texts[at:at + 4096]
        answer = driver.ask(normalizer=json.loads(state(normalizer)), texts=some, spans=False)
        for text, (ours, _) in zip(some, answer["results"]):
            assert ours == normalizer.normalize_str(text), f"{text!a} (seed {SEED})"


EDITS = ["nfc", "nfd", "nfkc", "nfkd", "lowercase", "uppercase", "lstrip", "rstrip", "strip", "clear"]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def test_edits_and_splits_of_a_normalized_string_are_those_of_the_reference(driver):
    maker = TextMaker(SEED + 1)
    for number in range(10 * PIPELINES):
        text, edits = maker.text() or "a", []
        theirs = NormalizedString(text)
        try:
            for _ in range(maker.rng.randrange(3)):
                kind = maker.rng.choice(EDITS + ["prepend", "append", "replace"] * 3)
                arguments = [maker.text()] if kind in ("prepend", "append") else []
                if kind == "replace":
                    arguments = [maker.rng.choice(text), maker.text()]
                getattr(theirs, kind)(*arguments)
                edits.append([kind, *arguments])
            pattern, behavior = maker.rng.choice(theirs.normalized or "a"), BEHAVIORS[number % 5]
            parts = theirs.split(pattern, behavior)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            continue
        answer = driver.ask(text=text, edits=[*edits, ["split", pattern, behavior]])
        assert "error" not in answer, (answer, text, edits)
        assert answer["text"] == theirs.normalized, (text, edits)
        assert [part[:2] for part in answer["parts"]] == [[part.original, part.normalized] for part in parts], \
            f"{text!a} {edits!a} {pattern!a} {behavior} (seed {SEED + 1})"


def loaded(form):
    """What the reference makes of a normalizer's JSON form; None: it refuses it."""
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": form, "pre_tokenizer": None,
             "post_processor": None, "decoder": None, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}
    try:
        return state(Tokenizer.from_str(json.dumps(whole)).normalizer)
    except BaseException:
        return None


BERT = {"clean_text": True, "handle_chinese_chars": False, "strip_accents": None, "lowercase": False}
SHORT_MAP = base64.b64encode(struct.pack("<I", 4) + bytes(4) + b"abc\0").decode()
FORMS = [
    {}, "NFC", 3, [], {"type": None}, {"type": "nope"}, {"type": "NFC", "x": 1}, {"type": "Bert"}, {"type": "Bert", **BERT},
    {"type": "BertNormalizer"}, {"type": "BertNormalizer", **BERT}, BERT, {"type": "BertNormalizer", **BERT, "clean_text": 1},
    {key: BERT[key] for key in ("clean_text", "handle_chinese_chars", "lowercase")}, [True, True, None, True], [True, True, 3, True],
    [True, False], [True], [True, False, True], ["x"], ["NFC"], ["Strip"], ["StripAccents"], ["ByteLevel"], ["Lowercase"], ["Nmt"],
    [[]], [[{"type": "NFC"}]], [{"String": "a"}, "b"], [{"Regexp": "a"}, "b"],
    {"strip_left": True, "strip_right": False}, {"type": "Strip", "strip_left": True}, {"x": 1, "strip_left": True, "strip_right": True},
    {"type": "StripNormalizer", "strip_left": True, "strip_right": True}, {"type": "NFC", "strip_left": True, "strip_right": True},
    {"normalizers": [{"type": "NFC"}]}, {"type": "Sequence"}, {"type": "Sequence", "normalizers": [{"prepend": "x"}, {"type": "NFD"}]},
    {"type": "Sequence", "normalizers": [{"type": "nope"}]}, {"type": "Sequence", "normalizers": [None]}, {"prepend": "x"},
    {"type": "Prepend"}, {"pattern": {"String": "a"}, "content": "b"}, {"type": "Replace", "pattern": "a", "content": "b"},
    {"type": "Replace", "pattern": {"String": "a", "Regex": "b"}, "content": "b"}, {"type": "Replace", "pattern": {"Foo": "a"}, "content": "b"},
    {"type": "Replace", "pattern": {"String": "a"}}, {"type": "Precompiled"}, {"type": "Precompiled", "precompiled_charsmap": None},
    {"type": "Precompiled", "precompiled_charsmap": ""}, {"type": "Precompiled", "precompiled_charsmap": SHORT_MAP},
    {"precompiled_charsmap": SHORT_MAP}, {"type": "Precompiled", "precompiled_charsmap": SHORT_MAP[:-1]},
    {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABhYmM"}, {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABhYmM=="},
    {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABhYn=="}, {"type": "Precompiled", "precompiled_charsmap": "BAAA AAAA"},
    {"type": "Precompiled", "precompiled_charsmap": "CAAAAAAAAAA="}, {"type": "Precompiled", "precompiled_charsmap": "BwAAAAAAAAD/"},
    {"type": "Lowercase"}, {"type": "ByteLevel", "add_prefix_space": False}, {"type": "StripAccents"}, {"type": "Nmt"},
]


@pytest.mark.parametrize("form", FORMS, ids=json.dumps)
def test_json_forms_are_accepted_and_written_as_by_the_reference(driver, form):
    answer = driver.ask(normalizer=form, texts=[])
    assert answer.get("json") == loaded(form), answer
