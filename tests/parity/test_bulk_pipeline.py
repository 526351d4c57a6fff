"""Tokenizers that are recognised and encoded in bulk, against the same ones with a part more that
changes nothing but is not recognised, so that the slow way is taken. Both in one pipeline_driver.

HEADRACE_DRIVERS holds it; the vocabularies come from tools/fetch_vocabularies.py. HEADRACE_TEST_LONG makes
all ten times as long. test_pipeline.py compares the same with the `tokenizers` package."""
import json
import os

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pipeline_driver to compare", allow_module_level=True)
pytest.importorskip("tokenizers")
import pipeline_oracle as oracle  # noqa: E402
from pipeline_oracle import driver  # noqa: E402, F401
from tokenizers import Tokenizer  # noqa: E402

TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "2000")) * (10 if os.environ.get("HEADRACE_TEST_LONG") else 1)
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261128"))
NOTHING = {"type": "Split", "pattern": {"String": "☃☃☃ nowhere ☃☃☃"}, "behavior": "Isolated", "invert": False}
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPACE = r"|\s*[\r\n]+|\s+(?!\S)|\s+"


def bytes_after(*parts, use_regex=False):
    return {"type": "Sequence", "pretokenizers": [*parts, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                                                           "use_regex": use_regex}]}


def split(pattern, inverted=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed" if inverted else "Isolated", "invert": inverted}


def metaspace(scheme):
    return {"normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False}}


def without_bytes(tokenizer):
    """No tokens for bytes 4, 33 (an exclamation mark), 0xC0 and 0xF1: the first and the last are in texts, and are left out."""
    missing = set("\u0104!\u00c0\u00f1")
    model = tokenizer["model"]
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"])
    merges = [pair for pair in pairs if not missing & set("".join(pair))]
    vocab = {token: id for token, id in model["vocab"].items() if not missing & set(token)}
    return tokenizer | {"model": model | {"vocab": vocab, "merges": merges}}


def whole_pieces(tokenizer):
    return tokenizer | {"model": tokenizer["model"] | {"ignore_merges": True}}


def pieces_of_their_own(whole):
    """As SentencePiece's user-defined pieces become: here what many texts have, and something that is no token."""
    cut = split(r"no token \[".replace(" ", "_") + r"|<\/s>|the|中|in|a")
    return lambda tokenizer: (whole_pieces(tokenizer) if whole else tokenizer) | {"pre_tokenizer": cut}


PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "qwen3.5": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SPACE,
    "no contractions": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "seed coder": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+" + SPACE,
    "numbers together": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "tekken": rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*" + SPACE,
}
CHANGES = {f"{name}: published": (name, {}) for name in ["qwen3", "gpt4o", "deepseek_v3", "gemma3", "llama3", "llama2"]}
CHANGES |= {f"qwen3: {name}": ("qwen3", {"pre_tokenizer": bytes_after(split(pattern, name == "tekken"))}) for name, pattern in PATTERNS.items()}
CHANGES |= {
    "llama3: GPT-2": ("llama3", {"pre_tokenizer": bytes_after(use_regex=True)}),
    "llama3: digits": ("llama3", {"pre_tokenizer": bytes_after({"type": "Digits", "individual_digits": True}, use_regex=True)}),
    "qwen3: a number, then GPT-2": ("qwen3", {"pre_tokenizer": bytes_after(split(r"\p{N}"), split(PATTERNS["gpt2"]))}),
    "qwen3: bytes are missing": ("qwen3", without_bytes),
    "llama3: NFC": ("llama3", {"normalizer": {"type": "NFC"}}),
    **{f"llama2: Metaspace {scheme}": ("llama2", metaspace(scheme)) for scheme in ["first", "always", "never"]},
    "llama2: pieces of their own": ("llama2", pieces_of_their_own(True)),
    "llama2: pieces of their own, merged": ("llama2", pieces_of_their_own(False)),
    "llama2: whole pieces": ("llama2", whole_pieces),
    "llama2: whole pieces, Metaspace": ("llama2", lambda tokenizer: whole_pieces(tokenizer) | metaspace("first")),
    "llama2: no ▁ in front": ("llama2", {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}}),
}
# Looked for in normalised text, beside white space, inside words.
ADDED = [{"content": "quux", "normalized": True}, {"content": "é!", "normalized": True}, {"content": "<pad> ", "rstrip": True},
         {"content": " <left>", "lstrip": True}, {"content": "word", "single_word": True}, {"content": "<both>", "lstrip": True, "rstrip": True}]
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}


def with_added(tokenizer, added):
    first = 1 + max([*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])])
    more = [FLAGS | token | {"id": first + i} for i, token in enumerate(added)]
    return tokenizer | {"added_tokens": tokenizer["added_tokens"] + more}


def slowed(tokenizer):
    parts = [tokenizer["pre_tokenizer"]] if tokenizer["pre_tokenizer"] else []
    return tokenizer | {"pre_tokenizer": {"type": "Sequence", "pretokenizers": parts + [NOTHING]}}


def differences(ours, theirs):
    """For each list that is not the same: where it begins to differ, and how."""
    if "error" in ours or "error" in theirs:
        return [] if ours == theirs else [ours, theirs]
    found = []
    for key, wanted in theirs.items():
        if ours[key] != wanted:
            at = next((i for i, (a, b) in enumerate(zip(ours[key], wanted)) if a != b), min(len(ours[key]), len(wanted)))
            found.append(f"{key} at {at}: {ours[key][at:at + 5]} instead of {wanted[at:at + 5]}")
    return found


@pytest.mark.parametrize("added", [[], ADDED], ids=["", "more added tokens"])
@pytest.mark.parametrize("change", CHANGES)
def test_texts_in_bulk_are_encoded_as_one_by_one(change, added, driver):
    name, changes = CHANGES[change]
    files, reason = oracle.fetched([name])
    if name not in files:
        pytest.skip(f"the vocabulary {name} is not here and could not be fetched: {reason}")
    with open(files[name], encoding="utf-8") as file:
        tokenizer = json.load(file)
    tokenizer = with_added(changes(tokenizer) if callable(changes) else tokenizer | changes, added)
    text = json.dumps(tokenizer)
    assert driver.load("fast", text=text) == {"ok": True}
    assert driver.load("slow", text=json.dumps(slowed(tokenizer))) == {"ok": True}
    maker = oracle.TextMaker(Tokenizer.from_str(text), SEED)
    driver.ask(op="encode", name="fast", texts=[["so much text that tables are worth building " * 2000, None]])
    texts = [maker.text() for _ in range(TEXTS)]
    texts += ["".join(maker.text() for _ in range(120)) for _ in range(max(2, TEXTS // 100))]  # longer than a chunk
    texts += [shape * 3000 for shape in ["a", " ", "\n", "^", "ab", "1", "中", "é", "e\u0301", " a", "▁", "😀", "'s", "\r\n", "\u0301",
                                         "a\x04b", "。!\x04!。", "、!。", "\U00040000、", "the ", "no_token_["]]
    for options in ({"special": True}, {"special": False, "bytes": True}, {"fast": True}):
        for i in range(0, len(texts), 500):
            batch = [[text, None] for text in texts[i : i + 500]]
            fast, slow = (driver.ask(op="encode", name=name, texts=batch, **options) for name in ("fast", "slow"))
            for (item, _), ours, theirs in zip(batch, fast, slow):
                assert not differences(ours, theirs), f"{options}: {item[:400]!r}: {differences(ours, theirs)}"
