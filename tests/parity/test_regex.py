"""Our patterns against the `tokenizers` package: every code point against every class and
property that it accepts, hand-picked patterns, and random ones from a grammar.

HEADRACE_DRIVERS holds regex_driver; HEADRACE_TEST_TEXTS sets how many random patterns
there are. Seeds are printed with every failure."""
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

os.environ.setdefault("RUST_BACKTRACE", "0")
if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no regex_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")

PATTERNS = int(os.environ.get("HEADRACE_TEST_TEXTS", "20000")) // 5
SEED = 20261128
ROOT = pathlib.Path(__file__).resolve().parents[2]
EVERYTHING = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)


class Driver:
    def __init__(self):
        path = os.path.join(os.environ["HEADRACE_DRIVERS"], "regex_driver")
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, pattern, texts):
        self.process.stdin.write((json.dumps({"pattern": pattern, "texts": texts}) + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.process.stdin.close()
    driver.process.wait()


def reference(pattern):
    """What splits by the pattern, or the error's message."""
    try:
        regex = tokenizers.Regex(pattern)
    except Exception as error:
        return str(error)
    return [tokenizers.pre_tokenizers.Split(regex, behavior, invert) for behavior, invert in
            (("isolated", False), ("removed", False), ("removed", True))]


def reference_pieces(splits, text):
    try:
        return [[offsets for _, offsets in split.pre_tokenize_str(text)] for split in splits]
    except BaseException as error:  # a panic: the engine's step limit
        return str(error)


def our_pieces(text, matches):
    """The same three lists from our matches, which count bytes."""
    data = text.encode()
    place, at = {}, 0
    for index, character in enumerate(text):
        place[at] = index
        at += len(character.encode())
    place[at] = len(text)
    parts, done = [], 0
    for begin, end in matches:
        if begin != done:
            parts.append((done, begin, False))
        parts.append((begin, end, True))
        done = end
    if done != len(data):
        parts.append((done, len(data), False))
    parts = [(place[a], place[b], matched) for a, b, matched in parts if a != b]
    return [[(a, b) for a, b, _ in parts], [(a, b) for a, b, m in parts if not m], [(a, b) for a, b, m in parts if m]]


def compare(driver, pattern, texts):
    """None if both agree, else what differs. What we do not support is no difference but is counted."""
    splits = reference(pattern)
    ours = driver.ask(pattern, texts)
    if isinstance(splits, str):
        if "undefined error code" in splits:
            return None  # its compiler trips over some lazy repeats at the end of look-behind
        return None if "error" in ours else f"the reference refuses it ({splits}), we do not"
    if "error" in ours:
        return "unsupported" if ours["error"] == "unsupported" else f"we refuse it: {ours['message']}"
    for text, matches in zip(texts, ours["matches"]):
        theirs = reference_pieces(splits, text)
        mine = matches if isinstance(matches, str) else our_pieces(text, matches)
        if isinstance(theirs, str) or isinstance(mine, str):
            continue  # a step limit; ours and theirs count different steps
        if theirs != mine:
            return f"{text!r}: {mine} instead of {theirs}"
    return None


def compare_runs(driver, characters, text):
    """The same for a pattern of one character: which of them the text has in a row says which are meant, and what lies between
    is all the others, so one walk of the reference is enough."""
    pattern = f"(?:{characters})+"
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "removed", True)
    theirs = [offsets for _, offsets in split.pre_tokenize_str(text)]
    ours = driver.ask(pattern, [text])
    if "error" in ours:
        return f"we refuse it: {ours['message']}"
    mine = our_pieces(text, ours["matches"][0])[2]
    return None if mine == theirs else f"{set(mine) ^ set(theirs)} differ"


CLASSES = [r"\w", r"\W", r"\s", r"\S", r"\d", r"\D", r"\h", r"\H", r"\N", r"\O", ".", r"(?m).", "[^a]", r"\p{^L}", r"\P{L}", r"\P{^L}",
           r"[\w&&[^\d]]", r"[^\s\d]", r"[[:alpha:][:digit:]]", r"(?i)[a-z]", r"(?i)[^a-z]", r"(?i)\p{Lu}", r"(?i)[\p{Lu}]",
           r"(?i)[^\p{Lu}]", r"(?W)\w", r"(?P)[[:alpha:]]", r"(?D)\d", r"(?S)\s", r"(?W)\W"]
POSIX = ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit", "word"]


@pytest.mark.parametrize("pattern", CLASSES + [f"[[:{c}:]]" for c in POSIX] + [f"[[:^{c}:]]" for c in POSIX])
def test_every_code_point_is_in_the_classes_that_it_is_in_there(driver, pattern):
    assert compare_runs(driver, pattern, EVERYTHING) is None


@pytest.mark.parametrize("pattern", [r"\R", r"\b", r"\B", r"\X", r"\y", r"\Y"])
def test_every_code_point_is_divided_as_there(driver, pattern):
    assert compare(driver, pattern, [EVERYTHING]) is None


def property_names():
    table = (ROOT / "src/text/regex/property_tables.cpp").read_text(encoding="ascii")
    return re.findall(r'\{"([^"]+)", \d+, \d+\}', table)


def test_every_code_point_has_the_properties_that_it_has_there(driver):
    names = property_names()
    if os.environ.get("HEADRACE_TEST_LONG") != "1":
        names = random.Random(SEED).sample(names, 25)
    different = [(name, answer[:200]) for name in names if (answer := compare_runs(driver, r"\p{%s}" % name, EVERYTHING))]
    assert not different, f"seed {SEED}: {different}"


def test_every_character_ignores_case_as_there(driver):
    characters = [c for c in EVERYTHING if c != c.casefold() or c != c.upper() or c != c.lower()]
    text = " ".join(characters + [c.casefold() for c in characters if len(c.casefold()) > 1])
    rest = random.Random(SEED).sample(characters, 200 if os.environ.get("HEADRACE_TEST_LONG") != "1" else len(characters))
    different = [(ascii(c), answer[:200]) for c in rest
                 for form in ("(?i)%s", "(?i)[%s]", "(?i)[^%s]", "(?i)(?<=%s) ") if (answer := compare(driver, form % c, [text]))]
    assert not different, f"seed {SEED}: {different[:5]}"


PATTERN_FILE = pathlib.Path(__file__).with_name("regex_patterns.txt")


def chosen_patterns():
    """A pattern, a tab, a text with Python's escapes; a line each."""
    for line in PATTERN_FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#!"):
            pattern, text = line.split("\t")
            yield pattern, text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def test_chosen_patterns_match_as_there(driver):
    different = [(pattern, answer) for pattern, text in chosen_patterns() if (answer := compare(driver, pattern, [text])) not in (None, "unsupported")]
    assert not different, "\n".join(map(ascii, different))


class Grammar:
    """Random patterns and texts over few characters, so that they often match."""

    CHARACTERS = ["a", "b", "c", "A", "B", "s", "S", "ß", "f", "i", "k", "1", "2", " ", "  ", "\n", "\r\n", "\t", "-", ".", ",", "'",
                  "é", "É", "ſ", "K", "ﬀ", "ﬁ", "ẞ", "中", "文", "ひ", "한", "١", "²", "_", "\u0301", "\u00a0", "\u2028", "\u200d", "😀", "я", "Я", "ǅ"]
    CLASSES = [r"\w", r"\W", r"\s", r"\S", r"\d", r"\D", r"\h", r"\H", r"\p{L}", r"\p{N}", r"\P{L}", r"\p{^Lu}", r"\p{Han}", r"\p{Latin}",
               r"\p{M}", r"\p{Lu}", r"\p{punct}", "."]
    PARTS = ["a-c", "A-Z", "0-9", r"\w", r"\s", r"\d", r"\p{L}", r"\p{Lu}", "[:alpha:]", "[:^space:]", "[:punct:]", "ß", "s", "é", "-", r"\-", "&",
             r"\]", r"\n", "中-文", "^"]
    ANCHORS = ["^", "$", r"\A", r"\z", r"\Z", r"\b", r"\B", r"\G"]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return "".join(self.random.choice(self.CHARACTERS) for _ in range(self.random.randrange(0, 14)))

    def bracket(self, depth):
        body = "".join(self.random.choice(self.PARTS) for _ in range(self.random.randrange(1, 4)))
        if depth > 0 and self.random.random() < 0.25:
            body += self.random.choice(["", "&&"]) + self.bracket(depth - 1)
        if self.random.random() < 0.1:
            body += "&&" + self.random.choice(self.PARTS)
        return "[" + self.random.choice(["", "", "^"]) + body + "]"

    def item(self, depth):
        pick = self.random.random()
        if pick < 0.45 or depth == 0:
            return self.random.choice([lambda: re.escape(self.random.choice(self.CHARACTERS)), lambda: self.random.choice(self.CLASSES),
                                       lambda: self.bracket(2)])()
        if pick < 0.55:
            return self.bracket(2)
        if pick < 0.62:
            return self.random.choice(self.ANCHORS)
        if pick < 0.65:
            return self.random.choice([r"\R", r"\X", r"\1", r"\K", r"\x41", r"\u00e9", r"\x{4e2d}", r"\O", r"\N"])
        opening = self.random.choice(["(", "(?:", "(?:", "(?>", "(?=", "(?!", "(?<=", "(?<!", "(?i:", "(?m:", "(?x: ", "(?i)(", "(?<n>"])
        return opening + self.alternation(depth - 1) + ")"

    def quantifier(self):
        if self.random.random() < 0.6:
            return ""
        return self.random.choice(["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{,2}", "{2,}", "{1,2}?", "{2}?", "{2,1}",
                                   "{1,2}+", "{,}", "{2"])

    def alternation(self, depth):
        branches = ["".join(self.item(depth) + self.quantifier() for _ in range(self.random.randrange(0 if self.random.random() < 0.1 else 1, 4)))
                    for _ in range(self.random.choice([1, 1, 2]))]
        return "|".join(branches)

    def pattern(self):
        return self.random.choice(["", "", "(?i)"]) + self.alternation(3)


def test_random_patterns_match_as_there(driver):
    different, unsupported = [], 0
    for number in range(PATTERNS):
        grammar = Grammar(SEED + number)
        pattern = grammar.pattern()
        answer = compare(driver, pattern, [grammar.text() for _ in range(12)])
        unsupported += answer == "unsupported"
        if answer not in (None, "unsupported"):
            different.append((SEED + number, pattern, answer))
    print(f"{PATTERNS} patterns, {unsupported} unsupported, {len(different)} different")
    assert not different, f"{len(different)} of {PATTERNS}; the first: {different[:3]!a}"
    assert unsupported * 20 < PATTERNS
