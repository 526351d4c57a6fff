"""Our tokenizer against the `tokenizers` package, id for id, over generated texts.

HEADRACE_DRIVERS holds tokenizer_driver; HEADRACE_TEST_MODEL and
HEADRACE_TEST_MODEL_GEMMA3 are the models whose vocabularies are compared, and
HEADRACE_TEST_VOCABULARIES may name a folder of further GGUF files. The texts' seeds are
printed with every failure; HEADRACE_TEST_TEXTS sets how many there are."""
import os
import pathlib
import random

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no tokenizer_driver to compare", allow_module_level=True)
oracle = pytest.importorskip("tokenizer_oracle")

TEXTS = int(os.environ.get("HEADRACE_TEST_TEXTS", "20000"))
SEED = 20261124


def model_files():
    named = [os.environ.get(name) for name in ("HEADRACE_TEST_MODEL", "HEADRACE_TEST_MODEL_GEMMA3")]
    files = [pathlib.Path(name) for name in named if name]
    folder = os.environ.get("HEADRACE_TEST_VOCABULARIES")
    if folder:
        files += sorted(pathlib.Path(folder).glob("*.gguf"))
    return files


class Pair:
    """One vocabulary in both tokenizers."""

    def __init__(self, path, scratch, pre=None):
        self.vocabulary = oracle.Vocabulary(path)
        if pre:
            self.vocabulary.pre = pre
        if not self.vocabulary.known():
            pytest.skip(f"{path.name}: a {self.vocabulary.model} vocabulary is not of the kinds compared here")
        self.reference = oracle.reference_tokenizer(self.vocabulary)
        self.ours = oracle.Driver(self.vocabulary, scratch / "vocabulary.bin")

    def texts(self, count, seed=SEED):
        maker = oracle.TextMaker(self.vocabulary, self.reference, seed)
        return [maker.text(number) for number in range(count)]


@pytest.fixture(scope="module", params=model_files() or [None], ids=lambda path: path.stem if path else "no-model")
def pair(request, tmp_path_factory):
    if request.param is None:
        pytest.skip("HEADRACE_TEST_MODEL is not set: no vocabulary to compare")
    return Pair(request.param, tmp_path_factory.mktemp("vocabulary"))


def assert_same(texts, ours, theirs, what):
    different = [(text, a, b) for text, a, b in zip(texts, ours, theirs) if a != b]
    assert not different, f"{len(different)} of {len(texts)} {what} differ (seed {SEED}); the first: {different[0]!r}"


def test_ids_and_offsets_are_those_of_the_reference(pair):
    texts = pair.texts(TEXTS)
    flags = oracle.Driver.PARSE_SPECIAL | oracle.Driver.OFFSETS
    ours = pair.ours.encode(texts, flags)
    theirs = pair.reference.encode_batch(texts, add_special_tokens=False)
    assert_same(texts, [ids for ids, _ in ours], [encoding.ids for encoding in theirs], "texts")
    whole = [number for number, text in enumerate(texts) if pair.vocabulary.spells_all_bytes_of(text)]
    assert_same([texts[i] for i in whole], [ours[i][1] for i in whole],
                [oracle.byte_offsets(texts[i], theirs[i].offsets) for i in whole], "offsets")


def test_special_tokens_are_plain_text_when_not_parsed(pair):
    texts = pair.texts(TEXTS // 4, SEED + 1)
    pair.reference.encode_special_tokens = True
    theirs = [encoding.ids for encoding in pair.reference.encode_batch(texts, add_special_tokens=False)]
    pair.reference.encode_special_tokens = False
    assert_same(texts, pair.ours.encode(texts, 0), theirs, "texts")


@pytest.mark.parametrize("skip_special", [False, True])
def test_decoding_is_that_of_the_reference(pair, skip_special):
    """Two kinds of lists are left out. Of a run of byte tokens that is partly invalid, the
    reference replaces every byte; we keep its valid characters, so that a stream need not
    wait for the run's end. And the reference reads added tokens in byte letters too, so
    that an added "ü" comes out as a broken byte; ours come out as they are spelled."""
    lists = random_ids(pair, TEXTS // 4)
    ours = [text.decode("utf-8") for text in pair.ours.decode(lists, int(skip_special))]
    theirs = pair.reference.decode_batch(lists, skip_special_tokens=skip_special)
    comparable = [i for i, ids in enumerate(lists)
                  if not oracle.has_mixed_byte_run(pair.vocabulary, ids, skip_special)
                  and not oracle.has_lettered_added_token(pair.vocabulary, ids)]
    assert len(comparable) > len(lists) // 2
    assert_same([lists[i] for i in comparable], [ours[i] for i in comparable], [theirs[i] for i in comparable], "lists")


@pytest.mark.parametrize("skip_special", [0, 1])
def test_a_stream_concatenates_to_the_whole_decode(pair, skip_special):
    lists = random_ids(pair, TEXTS // 2)
    assert_same(lists, pair.ours.decode(lists, skip_special, b"S"), pair.ours.decode(lists, skip_special), "lists")


def test_what_is_encoded_decodes_to_itself(pair):
    texts = [text for text in pair.texts(TEXTS // 4, SEED + 2) if pair.vocabulary.spells_all_bytes_of(text)]
    decoded = pair.ours.decode(pair.ours.encode(texts))
    if pair.vocabulary.sentencepiece:  # ▁ in a text and a space are one
        texts = [text.replace("▁", " ") for text in texts]
        if pair.vocabulary.add_space_prefix:
            pytest.skip("each stretch between added tokens begins with a space of its own")
    assert_same(texts, [text.decode("utf-8") for text in decoded], texts, "texts")


def random_ids(pair, count):
    """Ids of any kind; a third of the lists are mostly bytes, so that characters break."""
    rng = random.Random(SEED)
    size = len(pair.vocabulary.tokens)
    parts = [i for i in range(size) if "\N{REPLACEMENT CHARACTER}" in pair.reference.decode([i])] \
        if not pair.vocabulary.sentencepiece else [i for i in range(size) if pair.vocabulary.kind(i) == 6]
    lists = []
    for number in range(count):
        ids = [rng.randrange(size) for _ in range(rng.choice((1, 2, 4, 16)))]
        if number % 3 == 0 and parts:
            ids = [rng.choice(parts) if rng.random() < 0.7 else i for i in ids]
        lists.append(ids)
    return lists


@pytest.mark.parametrize("pre", list(oracle.PRE_TOKENIZERS))
def test_every_published_pre_tokenizer_splits_alike(pre, tmp_path):
    """The model's own vocabulary under each pre-tokenizer's name: ids show where pieces end."""
    path = os.environ.get("HEADRACE_TEST_MODEL")
    if not path:
        pytest.skip("HEADRACE_TEST_MODEL is not set: no vocabulary to split for")
    pair = Pair(pathlib.Path(path), tmp_path, pre)
    texts = pair.texts(TEXTS // 10, SEED + 3)
    theirs = [encoding.ids for encoding in pair.reference.encode_batch(texts, add_special_tokens=False)]
    assert_same(texts, pair.ours.encode(texts), theirs, "texts")


def test_character_classes_are_those_of_the_reference(tmp_path):
    """Every character of the first two planes, and some of the others, between letters, a
    digit and a space: wherever a class differs from the reference's, a piece ends elsewhere."""
    path = os.environ.get("HEADRACE_TEST_MODEL")
    if not path:
        pytest.skip("HEADRACE_TEST_MODEL is not set: no vocabulary to split for")
    points = [point for point in range(0x110000)
              if not 0xD800 <= point < 0xE000 and (point < 0x20000 or point % 61 == 0 or 0xE0000 <= point < 0xE0200)]
    for pre in ("gpt-2", "gpt-4o", "deepseek-v3"):
        pair = Pair(pathlib.Path(path), tmp_path, pre)
        texts = ["".join(f"b{chr(point)}a{chr(point)}1 {chr(point)}!{chr(point)}B\n" for point in points[at:at + 64])
                 for at in range(0, len(points), 64)]
        theirs = [encoding.ids for encoding in pair.reference.encode_batch(texts, add_special_tokens=False)]
        assert_same(texts, pair.ours.encode(texts), theirs, f"texts under {pre}")
