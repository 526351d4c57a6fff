"""Whole tokenizers of the `tokenizers` package, ours driven through pipeline_driver with the
same tokenizer.json, and the texts and random pipelines on which they are compared."""
import json
import os
import pathlib
import random
import subprocess
import sys

import pytest
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRIDE = "must be strictly less than"


# Those that are published, and fetched by the project's script.
VOCABULARIES = ["qwen3", "gpt4o", "deepseek_v3", "gemma3", "llama3", "llama2", "minilm"]


class Driver:
    """pipeline_driver: a request in, an answer out."""

    def __init__(self):
        self.process = subprocess.Popen([os.environ["HEADRACE_DRIVERS"] + "/pipeline_driver"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"pipeline_driver died of {str(request)[:2000]}"
        return json.loads(answer)

    def load(self, name, text=None, file=None):
        return self.ask(op="load", name=name, **({"json": text} if text is not None else {"file": str(file)}))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def encoding(reference):
    """An Encoding of the package in the shape of the driver's answers."""
    return {"ids": reference.ids, "types": reference.type_ids, "tokens": reference.tokens, "words": reference.word_ids,
            "offsets": [list(pair) for pair in reference.offsets], "special": reference.special_tokens_mask,
            "attention": reference.attention_mask, "sequences": reference.sequence_ids,
            "overflowing": [encoding(window) for window in reference.overflowing]}


class Failure(dict):
    """What stands for an exception of the package; equals an error of ours that says the same, and anything where it panics."""

    def __init__(self, error):
        super().__init__(error=str(error))
        self.panic = not isinstance(error, Exception)

    def __eq__(self, other):
        return self.panic or super().__eq__(other)

    def __ne__(self, other):
        return not self == other

    __hash__ = None


def guarded(call):
    """A call of the package; panics count as errors."""
    try:
        return call()
    except BaseException as error:  # its panics do not derive from Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return Failure(error)


def encode(tokenizer, first, second=None, special=True):
    words = isinstance(first, list)
    return guarded(lambda: encoding(tokenizer.encode(first, second, is_pretokenized=words, add_special_tokens=special)))


def stream(tokenizer, ids, skip):
    steps, decoder = [], DecodeStream(skip_special_tokens=skip)
    for one in ids:
        steps.append(guarded(lambda: decoder.step(tokenizer, one)))
        if isinstance(steps[-1], Failure):
            break
    return steps


ALPHABETS = [
    (0x4E00, 0x9FFF), (0x3040, 0x30FF), (0xAC00, 0xD7A3), (0x0400, 0x04FF), (0x0590, 0x06FF), (0x0900, 0x0DFF),
    (0x0E00, 0x0E7F), (0x00A0, 0x024F), (0x0300, 0x036F), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2100, 0x24FF),
    (0x1F300, 0x1FAFF), (0xFB00, 0xFDFF), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF), (0x10000, 0x10FFFF), (0x0, 0x7F),
]
WORDS = ["the", "Hello", "don't", "it's", "WE'LL", "1234567", "3.14", "foo_bar", "http://a.b/c?d=e", "\n\n", "\r\n", "\t",
         "  ", "   ", ".", "...", "!?", "İstanbul", "Σίσυφος", "naïve", "e\u0301", "ﬁne", "Ａ", "한국어", "日本語", "👩‍👩‍👧",
         "\u200b", "\u00a0", "\ufeff", "▁", "Ġ", "<0x41>", "##ing", "</w>", "\u0000", "\u0085", "½", "²", "ß", "ǅ"]


def character(maker):
    low, high = maker.choice(ALPHABETS)
    code = maker.randint(low, high)
    return "x" if 0xD800 <= code <= 0xDFFF else chr(code)


class TextMaker:
    """Random texts: half of their pieces are entries of the vocabulary and added tokens, a
    third of the others lie outside ASCII."""

    def __init__(self, tokenizer, seed):
        self.maker = random.Random(seed)
        self.vocabulary = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: (item[1], item[0]))]
        self.added = [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items())]
        self.letters = byte_letters()

    def spelled(self, token):
        """The text that a token stands for, more or less."""
        if token and all(letter in self.letters for letter in token):
            text = bytes(self.letters[letter] for letter in token).decode("utf-8", "ignore")
            return text if self.maker.random() < 0.8 else token
        return token.replace("▁", " ") if self.maker.random() < 0.8 else token

    def piece(self):
        maker = self.maker
        if maker.random() < 0.5:
            if self.added and maker.random() < 0.3:
                token = maker.choice(self.added)
                return token[: maker.randint(1, len(token))] if maker.random() < 0.2 else token
            return self.spelled(maker.choice(self.vocabulary)) if self.vocabulary else "a"
        if maker.random() < 0.4:
            return maker.choice(WORDS)
        if maker.random() < 1 / 3:
            return "".join(character(maker) for _ in range(maker.randint(1, 6)))
        return "".join(chr(maker.randint(32, 126)) for _ in range(maker.randint(1, 8)))

    def text(self):
        return "".join(self.piece() + (" " if self.maker.random() < 0.3 else "") for _ in range(self.maker.randint(0, 12)))

    def words(self):
        return [self.text() for _ in range(self.maker.randint(0, 5))]


def byte_letters():
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {chr(byte): byte for byte in own}, 256
    for byte in range(256):
        if byte not in own:
            letters[chr(extra)] = byte
            extra += 1
    return letters


def fetched(names):
    """name → tokenizer.json of the vocabularies that are here or can be fetched; and why the others are not."""
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "fetch_vocabularies.py"), *names], capture_output=True, text=True)
    here = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.endswith("tokenizer.json"))
    return here, done.stderr.strip()


def compare(tokenizer, driver, name, maker, count, seed):
    """Encodes, decodes and streams `count` texts; returns the differences as strings."""
    texts = []
    for number in range(count):
        kind = number % 8
        first = maker.words() if kind == 6 else maker.text()
        second = maker.text() if kind == 5 else maker.words() if kind == 6 and maker.maker.random() < 0.5 else None
        texts.append((first, second))
    special = maker.maker.random() < 0.8
    ours = driver.ask(op="encode", name=name, texts=texts, special=special)
    theirs = [encode(tokenizer, first, second, special) for first, second in texts]
    found = [f"seed {seed}: {text!r} (special {special}): {difference(a, b)}" for text, a, b in zip(texts, ours, theirs) if b != a]
    lists = [answer["ids"] for answer in theirs if "ids" in answer]
    size = tokenizer.get_vocab_size() + 3
    lists += [[maker.maker.randrange(size) for _ in range(maker.maker.randint(0, 12))] for _ in range(count // 4)]
    for skip in (True, False):
        decoded = driver.ask(op="decode", name=name, ids=lists, skip=skip)
        for ids, a in zip(lists, decoded):
            b = guarded(lambda: tokenizer.decode(ids, skip_special_tokens=skip))
            if b != a:
                found.append(f"seed {seed}: decoding {ids}: {a!r} but the reference has {b!r}")
        short = lists[:: 4 if skip else 7]
        for ids, a in zip(short, driver.ask(op="stream", name=name, ids=short, skip=skip)):
            b = stream(tokenizer, ids, skip)
            if b and isinstance(b[-1], Failure) and b[-1].panic:  # where it panics, ours may go on
                a, b = a[: len(b) - 1], b[:-1]
            if b != a:
                found.append(f"seed {seed}: streaming {ids}: {a!r} but the reference has {b!r}")
    return found


def difference(ours, theirs):
    if "error" in ours or "error" in theirs:
        return f"ours {str(ours)[:300]} theirs {str(theirs)[:300]}"
    return "; ".join(f"{key}: ours {str(ours[key])[:300]} theirs {str(theirs[key])[:300]}" for key in theirs if ours[key] != theirs[key])


@pytest.fixture(scope="module")
def driver():
    """One for all tests of a file that imports this name."""
    driver = Driver()
    yield driver
    driver.close()
