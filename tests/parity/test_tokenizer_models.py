"""The models of tokenizers against the `tokenizers` package 0.23: random vocabularies and
texts, every parameter, the JSON form and the files.

HEADRACE_DRIVERS holds model_driver. HEADRACE_TEST_MODELS sets how many models of each kind
are made; the seed of a failing one is printed."""
import collections
import json
import math
import os
import pathlib
import random
import subprocess

import pytest

DRIVERS = os.environ.get("HEADRACE_DRIVERS")
if not DRIVERS:
    pytest.skip("HEADRACE_DRIVERS is not set: no model_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")
from tokenizers import Tokenizer, models  # noqa: E402

MODELS = int(os.environ.get("HEADRACE_TEST_MODELS", "150"))
SEED = 20261128
ALPHABETS = ["ab", "abc ", "abcdefghij", "aäßé", "日本語のテ", "👍🏽👨\u200dñ", "aé日👍\x00\n\"\\", "abcé日"]


class Driver:
    """model_driver, which holds one model at a time."""

    def __init__(self):
        self.process = subprocess.Popen([pathlib.Path(DRIVERS) / "model_driver"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def load(self, text, **settings):
        return self.ask(op="model", json=text, **settings)

    def encode(self, texts):
        return self.ask(op="encode", texts=texts)["tokens"]


@pytest.fixture(scope="module")
def driver():
    return Driver()


def reference_tokens(model, text):
    try:
        tokens = model.tokenize(text)
    except Exception as error:
        return str(error)
    return [[token.id, token.value, *token.offsets] for token in tokens]


def state(model):
    return model.__getstate__().decode("utf-8")


def word(rng, alphabet, longest=12):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))


def texts_for(rng, alphabet, vocabulary):
    """Words of the vocabulary's own pieces, with strange characters between."""
    pieces = list(vocabulary)
    texts = ["", alphabet, alphabet * 40]
    for _ in range(40):
        parts = []
        for _ in range(rng.randint(1, 12)):
            kind = rng.random()
            parts.append(rng.choice(pieces) if kind < 0.6 and pieces else word(rng, alphabet) if kind < 0.9
                         else rng.choice(["q", "ž", "語", "🦀", "�", "<", "##", " ", "\u0301"]))
        texts.append("".join(parts))
    return texts


def byte_tokens(rng):
    if rng.random() < 0.4:
        return [f"<0x{byte:02X}>" for byte in range(256)]
    return [f"<0x{byte:02X}>" for byte in range(256) if rng.random() < 0.7]


def shuffled_ids(rng, tokens):
    """Ids in order, shuffled, or with gaps."""
    kind = rng.random()
    if kind < 0.5:
        return {token: number for number, token in enumerate(tokens)}
    numbers = list(range(len(tokens))) if kind < 0.75 else rng.sample(range(len(tokens) * 50), len(tokens))
    rng.shuffle(numbers)
    return dict(zip(tokens, numbers))


def random_bpe(rng):
    alphabet = rng.choice(ALPHABETS)
    prefix = rng.choice([None, None, None, "", "##", "▁"])
    suffix = rng.choice([None, None, None, "</w>", "e"])
    kept = [character for character in alphabet if rng.random() < 0.85] or [alphabet[0]]
    first = list(kept)
    if prefix is not None:
        first += [prefix + character for character in kept]
    if suffix is not None:
        first += [token + suffix for token in list(first)]
    tokens, merges = list(dict.fromkeys(first)), []
    for _ in range(rng.randint(0, 60)):
        left, right = rng.choice(tokens), rng.choice(tokens)
        if prefix and not right.startswith(prefix):
            continue
        joined = left + right[len(prefix or ""):]
        if len(joined) > 14:
            continue
        merges.append((left, right))
        if joined not in tokens:
            tokens.append(joined)
    tokens += [word(rng, alphabet) for _ in range(rng.randint(0, 5))]
    if rng.random() < 0.5:
        tokens += byte_tokens(rng)
    unk = rng.choice([None, "<unk>", "<unk>", "missing"])
    tokens.append("<unk>")
    rng.shuffle(tokens)
    vocabulary = shuffled_ids(rng, list(dict.fromkeys(tokens)))
    options = dict(unk_token=unk, continuing_subword_prefix=prefix, end_of_word_suffix=suffix, fuse_unk=rng.random() < 0.5,
                   byte_fallback=rng.random() < 0.5, ignore_merges=rng.random() < 0.4,
                   dropout=rng.choice([None, None, 0.0, 1.0]))
    options = {name: value for name, value in options.items() if value is not None}
    return models.BPE(vocabulary, merges, **options), alphabet, vocabulary


def random_word_piece(rng):
    alphabet = rng.choice(ALPHABETS)
    prefix = rng.choice(["##", "##", "", "▁", "日", "a"])
    tokens = [word(rng, alphabet, 5) for _ in range(rng.randint(1, 30))]
    tokens += [prefix + word(rng, alphabet, 4) for _ in range(rng.randint(0, 40))] + [prefix]
    if rng.random() < 0.9:
        tokens.append("[UNK]")
    vocabulary = shuffled_ids(rng, list(dict.fromkeys(token for token in tokens if token)))
    model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=rng.choice([100, 5, 0, 40]),
                             continuing_subword_prefix=prefix)
    return model, alphabet, vocabulary


def random_word_level(rng):
    alphabet = rng.choice(ALPHABETS)
    tokens = [word(rng, alphabet, 4) for _ in range(rng.randint(1, 30))] + rng.choice([[], ["<unk>"], [""]])
    vocabulary = shuffled_ids(rng, list(dict.fromkeys(tokens)))
    return models.WordLevel(vocabulary, unk_token="<unk>"), alphabet, vocabulary


def random_score(rng):
    return rng.choice([-1.0, -2.0, -2.0, -3.5, round(-10 * rng.random(), 3), -10 * rng.random(), rng.uniform(-1e-7, 3), 0.0,
                       -20 * rng.random()])


def random_pieces(rng):
    alphabet = rng.choice(ALPHABETS)
    pieces = [word(rng, alphabet, 6) for _ in range(rng.randint(1, 60))] + [c for c in alphabet if rng.random() < 0.8]
    if rng.random() < 0.5:
        pieces += byte_tokens(rng)
    pieces += ["<unk>", "▁"]
    if rng.random() < 0.8:
        pieces = list(dict.fromkeys(pieces))
    rng.shuffle(pieces)
    return alphabet, [(piece, random_score(rng)) for piece in pieces]


def random_unigram(rng):
    alphabet, pieces = random_pieces(rng)
    unk = rng.choice([None, 0, len(pieces) - 1, next(i for i, (piece, _) in enumerate(pieces) if piece == "<unk>")])
    model = models.Unigram(pieces, unk, byte_fallback=rng.random() < 0.5)
    return model, alphabet, {piece: id for id, (piece, _) in enumerate(pieces)}


MAKERS = {"bpe": random_bpe, "word_piece": random_word_piece, "word_level": random_word_level, "unigram": random_unigram}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_model_does_as_the_reference_does(driver, kind, tmp_path):
    for number in range(MODELS):
        seed = f"{SEED} {kind} {number}"
        rng = random.Random(seed)
        model, alphabet, vocabulary = MAKERS[kind](rng)
        text = state(model)
        model.__setstate__(text.encode())  # its reader rounds scores
        assert driver.load(text) == {"json": state(model)}, seed
        texts = texts_for(rng, alphabet, vocabulary)
        for ours, given in zip(driver.encode(texts), texts):
            assert ours == reference_tokens(model, given), (seed, given, text)
        pieces = list(vocabulary) + ["missing", ""]
        assert driver.ask(op="token_to_id", tokens=pieces)["ids"] == [model.token_to_id(piece) for piece in pieces], seed
        ids = list(vocabulary.values()) + [123456, 4294967295]
        assert driver.ask(op="id_to_token", ids=ids)["tokens"] == [model.id_to_token(id) for id in ids], seed
        answer = driver.ask(op="vocabulary")
        tokenizer = Tokenizer(model)
        assert (answer["vocabulary"], answer["size"]) == (tokenizer.get_vocab(), tokenizer.get_vocab_size()), seed
        ours, theirs = tmp_path / "ours", tmp_path / "theirs"
        ours.mkdir(exist_ok=True), theirs.mkdir(exist_ok=True)
        prefix = rng.choice([None, "some"])
        names = [pathlib.Path(path).name for path in model.save(str(theirs), prefix)]
        saved = driver.ask(op="save", folder=str(ours), prefix=prefix)["paths"]
        assert [pathlib.Path(path).name for path in saved] == names, seed
        for name in names:
            assert (ours / name).read_bytes() == (theirs / name).read_bytes(), (seed, name)


def assert_drawn_alike(theirs, ours):
    """Two samples of one distribution: chi-squared within six standard deviations."""
    outcomes = set(theirs) | set(ours)
    distance = sum((theirs[outcome] - ours[outcome]) ** 2 / (theirs[outcome] + ours[outcome]) for outcome in outcomes)
    assert distance < len(outcomes) + 6 * math.sqrt(2 * len(outcomes)) + 6, (theirs, ours)


DRAWS = 20000


def assert_model_draws_alike(driver, model, text, **settings):
    assert "json" in driver.load(state(model), **settings)
    theirs = collections.Counter("|".join(token.value for token in model.tokenize(text)) for _ in range(DRAWS))
    ours = collections.Counter("|".join(token[1] for token in tokens) for tokens in driver.encode([text] * DRAWS))
    assert_drawn_alike(theirs, ours)


@pytest.mark.parametrize("alpha,nbest_size", [(0.5, None), (1.0, None), (0.1, None), (2.0, None), (-0.7, None), (0.5, 3), (1.0, 10), (0.5, 1),
                                              (0.5, 0)])
def test_unigram_samples_are_distributed_as_in_the_reference(driver, alpha, nbest_size):
    pieces = [("<unk>", 0.0), ("a", -1.0), ("b", -2.0), ("ab", -2.2), ("ba", -1.1), ("aba", -3.0), ("abab", -2.9)]
    settings = {"alpha": alpha} if nbest_size is None else {"alpha": alpha, "nbest_size": nbest_size}
    assert_model_draws_alike(driver, models.Unigram(pieces, 0, **settings), "ababxab", **settings)


@pytest.mark.parametrize("dropout", [0.1, 0.5, 0.9])
def test_bpe_dropout_is_distributed_as_in_the_reference(driver, dropout):
    vocabulary = {token: id for id, token in enumerate(["a", "b", "ab", "ba", "aba", "abab", "bab"])}
    merges = [("a", "b"), ("ab", "ab"), ("b", "a"), ("a", "ba"), ("b", "ab")]
    assert_model_draws_alike(driver, models.BPE(vocabulary, merges, dropout=dropout), "ababab")


def test_a_seed_makes_dropout_and_sampling_repeat_themselves(driver):
    bpe = models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")], dropout=0.5)
    unigram = models.Unigram([("<unk>", 0.0), ("a", -1.0), ("b", -2.0), ("ab", -2.2)], 0)
    for model, settings in ((bpe, {}), (unigram, {"alpha": 0.5})):
        draws = []
        for seed in (7, 7, 8):
            driver.load(state(model), seed=seed, **settings)
            draws.append(driver.encode(["abababab"] * 50))
        assert draws[0] == draws[1]
        assert draws[0] != draws[2]
        assert len({json.dumps(draw) for draw in draws[0]}) > 1


def test_scores_round_and_print_as_in_the_reference(driver):
    rng = random.Random(SEED)
    spellings = ["0", "-0", "-0.0", "1", "1e5", "1E-5", "1e16", "1e-400", "123456789012345678901234567890", "9007199254740993",
                 "18446744073709551615", "18446744073709551616", "184467440737095516150", "5e-324", "1.7976931348623157e308",
                 "0." + "0" * 40 + "123", "1e-308", "2.2250738585072014e-308", "12345678901234567890123.456e-10", "0e999999999999"]
    for _ in range(3000):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 25)))
        spelling = rng.choice(["-", ""]) + str(int(digits[:rng.randint(1, 20)])) + rng.choice(["", "." + digits])
        spellings.append(spelling + rng.choice(["", "", f"e{rng.randint(-300, 270)}", f"E+{rng.randint(0, 20)}"]))
    spellings += [repr(-20 * rng.random()) for _ in range(2000)]
    spellings += [repr(rng.choice([1, -1]) * 10 ** rng.uniform(-320, 300)) for _ in range(1000)]
    pieces = ",".join(f'["{i}",{spelling}]' for i, spelling in enumerate(spellings))
    text = '{"type":"Unigram","unk_id":0,"vocab":[' + pieces + '],"byte_fallback":false}'
    model = models.Unigram([("x", 1.0)])
    model.__setstate__(text.encode())
    assert driver.load(text) == {"json": state(model)}


BPE = '"vocab":{"a":0,"b":1,"ab":2,"abb":3},"merges":'
ACCEPTED_OR_NOT = [
    *('{"type":"BPE",' + BPE + merges + "}" for merges in [
        "[]", '["a b"]', '[["a","b"]]', '["a b","ab b"]', '["a b",["ab","b"]]', '[["a","b"],"ab b"]', '["a c"]', '["a b c"]',
        '["ab"]', '["#version: 0.2","a b"]', '["a b ",""]', "[1]", '[["a"]]', '[["a","b","c"]]', "null", "{}", '["b a"]',
        '["a b","a b"]', '["a b","ab b","a b"]', '[["a",1]]', '["a b",1]', '[[]]', '["#version","a"]']),
    *('{"type":"BPE",' + field + "," + BPE + '["a b"]}' for field in [
        '"dropout":0.1', '"dropout":1.5', '"dropout":-0.1', '"dropout":1', '"dropout":"x"', '"dropout":0.3333333333',
        '"dropout":1e-6', '"dropout":1e-7', '"unk_token":"zz"', '"unk_token":1', '"unk_token":null', '"fuse_unk":null',
        '"fuse_unk":true', '"byte_fallback":null', '"byte_fallback":true', '"ignore_merges":1', '"ignore_merges":null',
        '"foo":{"x":[1,2]}', '"dropout":null,"dropout":0.5', '"cache_capacity":5', '"continuing_subword_prefix":""',
        '"end_of_word_suffix":"</w>"', '"type":"BPE"', '"type":"WordLevel"', '"fuse_unk":{}', '"fuse_unk":[1.5]']),
    *("{" + field + BPE + '["a b"]}' for field in ["", '"dropout":0.1,', '"dropout":1.5,', '"unk_token":1,', '"unk_token":"u",']),
    "{" + BPE + '[["a","b"]]}', "{" + BPE + '["c"]}', '{"type":"BPE","vocab":{"a":0}}', '{"type":"BPE","merges":[]}', '{"type":"BPE"}',
    *('{"type":"WordLevel","vocab":' + vocab + ',"unk_token":"u"}' for vocab in [
        '{"a":1,"a":5}', '{"a":4294967296}', '{"a":-1}', '{"a":1.0}', '{"a":"x"}', '{"a":null}', '{"a":true}', '{"a":[]}', "[]",
        "null", '{"b":5,"a":2}', '"x"', "1", '{"a":-0}', '{"\\u00e9\\n\\u007f\\u2028/\\"\\\\\\b\\f\\u0001\\ud83d\\ude00":0}',
        '{"\\u0000":0}']),
    '{"type":"WordLevel","vocab":{}}', '{"type":"WordLevel","unk_token":"u"}', '{"vocab":{"a":1},"unk_token":"u"}',
    '{"type":"WordLevel","vocab":{},"unk_token":null}', '{"type":"WordLevel","unk_token":"u","vocab":{"a":0},"x":{"y":[1,{}]}}',
    '{"vocab":{"a":1},"unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":100}',
    '{"vocab":{"a":1},"unk_token":"u","continuing_subword_prefix":"##"}',
    '{"unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":7,"vocab":{"a":1},"type":"WordPiece"}',
    '{"type":"WordPiece","vocab":{"a":1},"unk_token":"u","continuing_subword_prefix":"##"}',
    '{"type":"WordPiece","vocab":{"a":1},"unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":-3}',
    '{"type":"WordPiece","vocab":{"a":1},"unk_token":"u","continuing_subword_prefix":"##","max_input_chars_per_word":18446744073709551615}',
    *('{"type":"Unigram","vocab":' + vocab + "}" for vocab in [
        '[["a",1,2]]', '[["a"]]', "[]", "[[]]", '[["a",1]]', '{"a":1}', '[1]', '[["a","b"]]', '[["a",null]]', '[["a",true]]', "null",
        '[[1,"a"]]', '["a"]', '[["a",1],["a",2]]', '[{"a":1}]']),
    *('{"type":"Unigram","vocab":[["a",1.5]],' + field + "}" for field in [
        '"unk_id":0', '"unk_id":1', '"unk_id":-1', '"unk_id":1.5', '"unk_id":null', '"unk_id":"0"', '"byte_fallback":true',
        '"byte_fallback":null', '"byte_fallback":1', '"alpha":0.5,"nbest_size":3']),
    '{"type":"Unigram"}', '{"type":"Unigram","vocab":[],"unk_id":0}', '{"vocab":[["a",1]]}', '{"vocab":[["a",1]],"unk_id":0}',
    '{"type":"Foo"}', "{}", "null", "[]", "3", '"BPE"', '{"type":1}', '{"vocab":{"a":1}}', '{"type":null,"vocab":{},"unk_token":"u"}',
]


@pytest.mark.parametrize("text", ACCEPTED_OR_NOT)
def test_what_is_accepted_and_what_it_becomes_is_as_in_the_reference(driver, text):
    whole = ('{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,'
             '"post_processor":null,"decoder":null,"model":' + text + "}")
    ours = driver.load(text)
    try:
        theirs = {"json": state(Tokenizer.from_str(whole).model)}
    except Exception as error:
        theirs = {"error": str(error).rsplit(" at line ", 1)[0]}
    assert ours == theirs


@pytest.mark.parametrize("text", [
    '{"type":"WordLevel","vocab":{"\\ud83d":0}}', '{"a":"\n"}', '{"a":0,}', "[1,]", "[1 2]", '{"a" 0}', '{"a":0 "b":1}', "{1:2}", "01",
    ".5", "1.", "-", "-a", "1e", "1e+", "1e400", "tru", "nul", '"abc', '"\\x"', '"\\u12', '"\\u12g4"', '"\\udc00"', '"\\ud800\\u0041"',
    "{", "[", '{"a"', '{"a":', '{"a":1', "[1", "", "{} x", '"\\"', "[" * 130 + "]" * 130, "-01", "1e309", "falsy",
])
def test_text_that_is_not_json_is_an_error_in_the_words_of_the_reference(driver, text):
    ours = driver.load(text)
    model = models.WordLevel({}, "u")
    with pytest.raises(Exception) as error:
        model.__setstate__(text.encode())
    theirs = str(error.value)
    assert "error" in ours
    message = ours["error"].rsplit(" at line ", 1)[0]
    assert message in theirs, (ours, theirs)
