"""Our pre-tokenizers against the `tokenizers` package: pieces and offsets, every parameter,
random texts of which a third are outside ASCII; and the JSON forms, legacy ones included.

HEADRACE_DRIVERS holds pre_tokenizer_driver; seeds are printed with every failure."""
import json
import os
import random
import subprocess

import pytest

os.environ.setdefault("RUST_BACKTRACE", "0")
if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pre_tokenizer_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")

TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "20000")) // 100
SEED = 20261128
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


class Driver:
    def __init__(self):
        path = os.path.join(os.environ["HEADRACE_DRIVERS"], "pre_tokenizer_driver")
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, form, texts):
        self.process.stdin.write((json.dumps({"json": json.dumps(form), "texts": texts}) + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.process.stdin.close()
    driver.process.wait()


def typed(name, **fields):
    return {"type": name, **fields}


def forms():
    yield from (typed(name) for name in ("BertPreTokenizer", "UnicodeScripts", "Whitespace", "WhitespaceSplit"))
    for a in (True, False):
        for b in (True, False):
            yield typed("ByteLevel", add_prefix_space=a, trim_offsets=True, use_regex=b)
    yield from (typed("CharDelimiterSplit", delimiter=c) for c in (" ", "a", "中", "▁"))
    yield from (typed("Digits", individual_digits=a) for a in (True, False))
    yield from (typed("FixedLength", length=n) for n in (1, 2, 5, 1000))
    for scheme in ("first", "never", "always"):
        for split in (True, False):
            yield from (typed("Metaspace", replacement=c, prepend_scheme=scheme, split=split) for c in ("▁", "_"))
    yield from (typed("Punctuation", behavior=b) for b in BEHAVIORS)
    for pattern in ({"String": " "}, {"String": "a"}, {"String": ""}, {"String": "a."}, {"Regex": r"\s+"}, {"Regex": r"\p{L}+|\d"}, {"Regex": ""},
                    {"Regex": r"a*"}):
        for behavior in BEHAVIORS:
            yield from (typed("Split", pattern=pattern, behavior=behavior, invert=invert) for invert in (True, False))


FORMS = list(forms())


def sequences(count):
    chance = random.Random(SEED)
    for _ in range(count):
        parts = [chance.choice(FORMS) for _ in range(chance.randrange(0, 4))]
        if chance.random() < 0.2:
            parts.append(typed("Sequence", pretokenizers=[chance.choice(FORMS)]))
        yield typed("Sequence", pretokenizers=parts)


def reference(form):
    whole = json.loads(tokenizers.Tokenizer(tokenizers.models.BPE()).to_str())
    whole["pre_tokenizer"] = form
    return tokenizers.Tokenizer.from_str(json.dumps(whole))


def random_text(chance):
    ascii_parts = ["a", "b", "Hello", "it's", "12", "3", " ", "  ", "\n", "\r\n", "\t", ".", ",", "!?", "$", "_", "a.", "'re"]
    other_parts = ["é", "e\u0301", "中文", "ひらがな", "カタ", "ー", "한국", "Привет", "٣", "²", "½", "▁", "▁▁", "\u00a0", "\u2028", "\u3000", "«", "…", "😀",
                   "👨\u200d👩", "\u0301", "ß", "ǅ", "\u166d", "𝟙", "𒀀"]
    parts = ascii_parts if chance.random() < 0.66 else ascii_parts + 2 * other_parts
    text = "".join(chance.choice(parts) for _ in range(chance.randrange(0, 12)))
    return text + (chr(chance.choice([*range(0xA0, 0xD800), *range(0x10000, 0x20000)])) if chance.random() < 0.1 else "")


def in_bytes(text, pieces):
    place = [0]
    for character in text:
        place.append(place[-1] + len(character.encode()))
    return [[piece, place[begin], place[end]] for piece, (begin, end) in pieces]


@pytest.mark.parametrize("form", FORMS + list(sequences(100)), ids=lambda form: form["type"])
def test_pieces_and_offsets_are_those_of_the_reference(driver, form):
    chance = random.Random(SEED)
    texts = [random_text(chance) for _ in range(TEXTS)]
    tokenizer = reference(form)
    ours = driver.ask(form, texts)
    assert "error" not in ours, ours
    assert json.loads(ours["json"]) == json.loads(tokenizer.to_str())["pre_tokenizer"]
    for text, pieces in zip(texts, ours["pieces"]):
        theirs = in_bytes(text, tokenizer.pre_tokenizer.pre_tokenize_str(text))
        assert pieces == theirs, f"seed {SEED}, {form}: {text!r}"


ODD_FORMS = [
    typed("Metaspace", str_rep="_", replacement="_", add_prefix_space=True), typed("Metaspace", replacement="_", add_prefix_space=False),
    typed("Metaspace", replacement="_", add_prefix_space=False, prepend_scheme="never"), typed("Metaspace", replacement="_"),
    typed("Metaspace", replacement="__"), typed("Metaspace", replacement="_", split=None), typed("Metaspace"), typed("Metaspace", replacement=1),
    typed("Metaspace", replacement="_", prepend_scheme="First"), typed("Metaspace", replacement="_", prepend_scheme=None),
    typed("Split", pattern={"String": "a"}, behavior="Removed"), typed("Split", pattern={"String": "a"}, behavior="removed", invert=True),
    typed("Split", pattern="a", behavior="Removed", invert=True), typed("Split"), typed("ByteLevel", add_prefix_space=False, trim_offsets=True),
    typed("ByteLevel"), typed("Digits"), typed("Punctuation"), typed("Punctuation", behavior=3), typed("FixedLength"),
    typed("FixedLength", length=-1), typed("FixedLength", length="a"), typed("CharDelimiterSplit", delimiter="xy"), typed("Delimiter", delimiter="x"),
    typed("Sequence"), typed("Sequence", pretokenizers=[None]), typed("Sequence", pretokenizers=[["Whitespace"]]), {}, [], ["Whitespace"],
    ["Split", {"String": "a"}, "Removed", True], typed("Nope"), {"type": 5}]


@pytest.mark.parametrize("form", ODD_FORMS, ids=json.dumps)
def test_odd_forms_are_read_or_refused_as_there(driver, form):
    ours = driver.ask(form, [])
    try:
        theirs = json.loads(reference(form).to_str())["pre_tokenizer"]
    except Exception as error:
        assert "error" in ours and str(error).startswith(ours["error"]), (str(error), ours)
        return
    assert json.loads(ours["json"]) == theirs
