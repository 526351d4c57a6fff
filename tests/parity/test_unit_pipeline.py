"""WordPiece and Unigram tokenizers that are recognised and encoded word by word, against the same ones with a part more
that changes nothing but is not recognised, and against the `tokenizers` package.

HEADRACE_DRIVERS holds pipeline_driver; the vocabularies come from tools/fetch_vocabularies.py. HEADRACE_TEST_LONG makes
all ten times as long."""
import base64
import json
import math
import os
import unicodedata

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pipeline_driver to compare", allow_module_level=True)
pytest.importorskip("tokenizers")
import pipeline_oracle as oracle  # noqa: E402
from pipeline_oracle import driver  # noqa: E402, F401
from charsmaps import charsmap_of  # noqa: E402
from test_bulk_pipeline import SEED, differences, slowed  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "2000")) // 4 * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SHAPES = ["a", " ", "\n", "^", "ab", "1", "中", "é", "e\u0301", " a", "▁", "😀", "'s", "\r\n", "\u0301", "中国", "哈哈", "中。", "a中",
          "\u3000", "\u00a0x", "a  b", "\x01"]

# What cannot begin a unit is one with the space before it, and must not be taken for itself without one.
AFTER_SPACE = ["\U0001f469\u200d\U0001f469", " \U0001f469\u200d\U0001f469", "x \u0301e", "\u0301e", " \u0301e",
               "\U0001f469\u200d\U0001f469\u200d\U0001f469", "x \U0001f469\u200d\U0001f469\u200d\U0001f469", "y\u3000\u0301e"]


def kind(name, **settings):
    return {"type": name} | settings


def bert(**settings):
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True} | settings


def sequence(*parts):
    return {"type": "Sequence", "normalizers": list(parts)}


def replace(content, **pattern):
    return {"type": "Replace", "pattern": pattern, "content": content}


def charsmap():
    """Compatibility forms, spaces, what is removed, and keys of two characters."""
    replaced = {c: unicodedata.normalize("NFKC", c) for first, last in ((0xA0, 0x180), (0x2000, 0x2080), (0x3000, 0x3100), (0xFF00, 0xFFF0))
                for c in map(chr, range(first, last))}
    replaced = {c: form for c, form in replaced.items() if c != form}
    replaced |= {"\n": " ", "\t": " ", "\r": " ", "\u200b": " ", "\x01": "", "A\u0300": "À", "e\u0301": "é"}
    return kind("Precompiled", precompiled_charsmap=base64.b64encode(charsmap_of({c.encode(): form for c, form in replaced.items()})).decode())


WORD_PIECE = {
    "published": {},
    **{f"BertNormalizer {settings}": {"normalizer": bert(**settings)} for settings in (
        {"lowercase": False}, {"strip_accents": False}, {"strip_accents": True, "lowercase": False}, {"handle_chinese_chars": False},
        {"clean_text": False})},
    "its parts": {"normalizer": sequence(kind("NFD"), kind("Lowercase"), kind("StripAccents"))},
    "NFKC": {"normalizer": sequence(kind("NFKC"), kind("Lowercase"))},
    "Lowercase before NFC": {"normalizer": sequence(kind("Lowercase"), kind("NFC"))},
    "no normalizer": {"normalizer": None},
    "short words": {"model": {"max_input_chars_per_word": 5}},
    "no prefix": {"model": {"continuing_subword_prefix": ""}},
}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
WORDS = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]}
UNIGRAM = {
    "charsmap": (charsmap(), WORDS),
    "charsmap, spaces lead": (charsmap(), METASPACE),
    "charsmap, lonely spaces": (sequence(charsmap(), kind("Strip", strip_left=False, strip_right=True), replace("▁", Regex=" {2,}")), METASPACE),
    "stripped": (sequence(kind("Strip", strip_left=True, strip_right=True), kind("NFKC"), replace(" ", Regex=" {2,}")),
                 METASPACE | {"prepend_scheme": "first"}),
    "quotes, no accents, small": (sequence(replace('"', String="``"), replace('"', String="''"), kind("NFKD"), kind("StripAccents"),
                                           kind("Lowercase"), charsmap()), WORDS),
    "never prefixed": (kind("NFKC"), METASPACE | {"prepend_scheme": "never"}),
    "Nmt": (sequence(kind("Nmt"), kind("NFKC")), METASPACE),
    "no normalizer": (None, WORDS),
}
UNSPLIT = METASPACE | {"split": False}
UNIGRAM |= {
    "one word: charsmap": (charsmap(), UNSPLIT),
    "one word: charsmap, lonely spaces": (UNIGRAM["charsmap, lonely spaces"][0], UNSPLIT),
    "one word: stripped": (UNIGRAM["stripped"][0], UNSPLIT | {"prepend_scheme": "first"}),
    "one word: never prefixed": (kind("NFKC"), UNSPLIT | {"prepend_scheme": "never"}),
    "one word: no normalizer": (None, UNSPLIT),
}


def unigram_of(vocabulary, normalizer, pre_tokenizer, **changes):
    """Pieces of a SentencePiece vocabulary, pairs of Han beside them, with scores that are about those of a trained model."""
    pieces = sorted(vocabulary["model"]["vocab"], key=vocabulary["model"]["vocab"].get)
    han = [piece for piece in pieces if len(piece) == 1 and "\u4e00" <= piece <= "\u9fff"]
    pieces += [a + b for i, a in enumerate(han) for b in han[i % 7 :: 97]]
    vocab = [[piece, -round(math.log(i + 3) + 1, 4)] for i, piece in enumerate(pieces)]
    added = [token for token in vocabulary["added_tokens"] if token["content"] in ("<s>", "</s>")]
    model = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False} | changes
    return vocabulary | {"added_tokens": added, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": None, "model": model}


def vocabulary_of(name):
    files, reason = oracle.fetched([name])
    if name not in files:
        pytest.skip(f"the vocabulary {name} is not here and could not be fetched: {reason}")
    with open(files[name], encoding="utf-8") as file:
        return json.load(file) | {"truncation": None, "padding": None}


def assert_same(tokenizer, driver):
    text = json.dumps(tokenizer)
    reference = Tokenizer.from_str(text)
    assert driver.load("fast", text=text) == {"ok": True}
    assert driver.load("slow", text=json.dumps(slowed(tokenizer))) == {"ok": True}
    maker = oracle.TextMaker(reference, SEED)
    driver.ask(op="encode", name="fast", texts=[["so much text that tables are worth building " * 2000, None]])
    texts = [maker.text() for _ in range(TEXTS)]
    texts += ["".join(maker.text() for _ in range(120)) for _ in range(max(2, TEXTS // 100))]  # longer than a chunk
    texts += [shape * 3000 for shape in SHAPES] + AFTER_SPACE
    for options in ({"special": True}, {"special": False, "bytes": True}, {"fast": True}):
        for i in range(0, len(texts), 500):
            batch = [[item, None] for item in texts[i : i + 500]]
            fast, slow = (driver.ask(op="encode", name=name, texts=batch, **options) for name in ("fast", "slow"))
            for (item, _), ours, theirs in zip(batch, fast, slow):
                assert not differences(ours, theirs), f"{options}: {item[:400]!r}: {differences(ours, theirs)}"
                if options != {"special": True}:
                    continue
                theirs = oracle.encode(reference, item)
                assert "error" in theirs or not differences(ours, theirs), f"the package: {item[:400]!r}: {differences(ours, theirs)}"


@pytest.mark.parametrize("change", WORD_PIECE)
def test_word_pieces_are_the_same_word_by_word(change, driver):
    tokenizer = vocabulary_of("minilm")
    changes = WORD_PIECE[change]
    if "model" in changes:
        changes = {"model": tokenizer["model"] | changes["model"]}
    assert_same(tokenizer | changes, driver)


@pytest.mark.parametrize("change", UNIGRAM)
def test_unigram_pieces_are_the_same_word_by_word(change, driver):
    assert_same(unigram_of(vocabulary_of("llama2"), *UNIGRAM[change]), driver)


@pytest.mark.parametrize("pre_tokenizer", [METASPACE, UNSPLIT], ids=["words", "one word"])
def test_unigram_pieces_are_the_same_where_many_divisions_score_alike(pre_tokenizer, driver):
    tokenizer = unigram_of(vocabulary_of("llama2"), None, pre_tokenizer)
    for piece in tokenizer["model"]["vocab"]:
        piece[1] = float(round(piece[1]))
    assert_same(tokenizer, driver)


@pytest.mark.parametrize("pre_tokenizer", [WORDS, UNSPLIT], ids=["words", "one word"])
def test_unknown_characters_become_bytes_word_by_word(pre_tokenizer, driver):
    assert_same(unigram_of(vocabulary_of("llama2"), kind("NFKC"), pre_tokenizer, byte_fallback=True), driver)
