"""Training against the `tokenizers` package 0.23: words of real texts and random ones,
every parameter, equal vocabularies and merges wherever the package's order is total.

HEADRACE_DRIVERS holds model_driver."""
import collections
import json
import os
import pathlib
import random
import re

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no model_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")
from test_tokenizer_models import Driver, state  # noqa: E402
from tokenizers import Tokenizer, models, trainers  # noqa: E402

SEED = 20261128
MODEL_OF = {"BpeTrainer": models.BPE, "WordPieceTrainer": models.WordPiece, "WordLevelTrainer": models.WordLevel,
            "UnigramTrainer": models.Unigram}


@pytest.fixture(scope="module")
def driver():
    return Driver()


@pytest.fixture(scope="module")
def words():
    """Words of the project's own pages and of some more languages, with their counts."""
    root = pathlib.Path(__file__).resolve().parents[2]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((root / "docs").rglob("*.md"))[:40])
    text += "Wörter über Größe, слова о словах, 日本語のテキスト、テストのテスト 👍🏽👍👨\u200d👩 naïve café " * 30
    return collections.Counter(re.findall(r"\s?\w+|\s?[^\w\s]+", text))


def reference(kind, words, **parameters):
    tokenizer = Tokenizer(MODEL_OF[kind]())
    before = state(tokenizer.model)
    texts = (word for word, count in words.items() for _ in range(count))
    tokenizer.train_from_iterator(texts, getattr(trainers, kind)(show_progress=False, **parameters))
    return before, state(tokenizer.model)


def trained(driver, kind, words, before, threads=2, **parameters):
    if "initial_alphabet" in parameters:
        parameters["initial_alphabet"] = [ord(character) for character in parameters["initial_alphabet"]]
    return driver.ask(op="train", kind=kind, parameters=parameters, words=words, before=before, threads=threads)


def assert_trained_alike(driver, kind, words, **parameters):
    before, theirs = reference(kind, words, **parameters)
    assert trained(driver, kind, words, before, **parameters) == {"json": theirs}


@pytest.mark.parametrize("parameters", [
    dict(vocab_size=800), dict(vocab_size=30000), dict(vocab_size=10), dict(vocab_size=2000, min_frequency=5),
    dict(vocab_size=2000, special_tokens=["<unk>", "the", "<s>", "<unk>"]), dict(vocab_size=1500, max_token_length=4),
    dict(vocab_size=1500, max_token_length=2), dict(vocab_size=1500, max_token_length=1),
    dict(vocab_size=1500, initial_alphabet=["~", "Ā", "q", "👎"]), dict(vocab_size=1500, limit_alphabet=30),
], ids=str)
def test_bpe_gets_the_vocabulary_and_merges_of_the_reference(driver, words, parameters):
    if "limit_alphabet" in parameters:  # no two characters may be as frequent at the limit
        characters = collections.Counter()
        for word, count in words.items():
            for character in word:
                characters[character] += count
        ranked = [count for _, count in characters.most_common()]
        limit = parameters["limit_alphabet"]
        parameters = {**parameters, "limit_alphabet": next(n for n in range(limit, len(ranked)) if ranked[n - 1] != ranked[n])}
    assert_trained_alike(driver, "BpeTrainer", words, **parameters)


@pytest.mark.parametrize("kind,parameters", [
    ("BpeTrainer", dict(end_of_word_suffix="</w>")), ("BpeTrainer", dict(continuing_subword_prefix="##")),
    ("BpeTrainer", dict(continuing_subword_prefix="@@", end_of_word_suffix="$")),
    ("WordPieceTrainer", dict(special_tokens=["[UNK]"])),
], ids=str)
def test_with_prefixes_and_suffixes_the_tokens_are_those_of_the_reference(driver, kind, parameters):
    """Ids of characters with affixes depend on the order of a hash table there, and ties on
    ids: so the counts are such that the first merges have no ties, and spellings are compared."""
    rng = random.Random(SEED)
    distinct = {"".join(rng.choice("abcdé") for _ in range(rng.randint(1, 5))): rng.randint(500, 3000) for _ in range(200)}
    first = json.loads(reference(kind, distinct, vocab_size=1, **parameters)[1])
    parameters = {**parameters, "vocab_size": len(first["vocab"]) + 25}
    before, theirs = reference(kind, distinct, **parameters)
    ours, theirs = json.loads(trained(driver, kind, distinct, before, **parameters)["json"]), json.loads(theirs)
    assert set(ours.pop("vocab")) == set(theirs.pop("vocab"))
    assert ours == theirs


@pytest.mark.parametrize("parameters", [dict(vocab_size=500, special_tokens=["[UNK]", "a"]), dict(min_frequency=3),
                                        dict(vocab_size=1, special_tokens=["a", "b"])], ids=str)
def test_word_level_gets_the_vocabulary_of_the_reference(driver, words, parameters):
    assert_trained_alike(driver, "WordLevelTrainer", words, **parameters)


def test_bpe_agrees_on_random_words_where_tokens_are_made_in_many_ways(driver):
    for number in range(60):
        rng = random.Random(f"{SEED} {number}")
        alphabet = "abc"[:rng.choice([2, 3])] + rng.choice(["", "é"])
        words = {"".join(rng.choice(alphabet) for _ in range(rng.randint(1, 12))): rng.randint(1, 30) for _ in range(rng.randint(1, 60))}
        assert_trained_alike(driver, "BpeTrainer", words, vocab_size=rng.choice([10, 40, 200]), min_frequency=rng.choice([0, 0, 2, 9]))


def pieces_of(text):
    return {piece: score for piece, score in json.loads(text)["vocab"]}


@pytest.mark.parametrize("parameters", [dict(vocab_size=30000), dict(vocab_size=30000, n_sub_iterations=1, max_piece_length=5),
                                        dict(vocab_size=30000, special_tokens=["<s>", "<unk>"], unk_token="<unk>"),
                                        dict(vocab_size=30000, unk_token="<unk>", initial_alphabet=["Ā"])], ids=str)
def test_unigram_without_pruning_has_the_pieces_and_scores_of_the_reference(driver, words, parameters):
    before, theirs = reference("UnigramTrainer", words, **parameters)
    ours = trained(driver, "UnigramTrainer", words, before, **parameters)["json"]
    assert json.loads(ours)["unk_id"] == json.loads(theirs)["unk_id"]
    ours, theirs = pieces_of(ours), pieces_of(theirs)
    assert set(ours) == set(theirs)
    # Characters that no division needs are set apart by steps of 0.0001 in an order that is theirs.
    assert sum(abs(ours[piece] - theirs[piece]) > 1e-9 for piece in theirs if len(piece) > 1) == 0
    assert max(abs(ours[piece] - theirs[piece]) for piece in theirs) < 0.05


@pytest.mark.parametrize("vocab_size", [400, 1000])
def test_unigram_prunes_to_nearly_the_pieces_of_the_reference(driver, words, vocab_size):
    """Which piece is worth least is not the same there (it is not what its sources say);
    see docs/design/0013."""
    before, theirs = reference("UnigramTrainer", words, vocab_size=vocab_size)
    ours, theirs = pieces_of(trained(driver, "UnigramTrainer", words, before, vocab_size=vocab_size)["json"]), pieces_of(theirs)
    assert len(ours) == len(theirs)
    assert len(set(ours) & set(theirs)) > 0.9 * len(theirs)

    def loss(pieces):
        model = models.Unigram([("<unk>", 0.0), *pieces.items()], 0)
        return -sum(count * sum(pieces[token.value] for token in model.tokenize(word)) for word, count in words.items())

    assert loss(ours) < 1.02 * loss(theirs)


@pytest.mark.parametrize("kind", MODEL_OF)
def test_the_result_does_not_depend_on_the_threads(driver, words, kind):
    before = state(MODEL_OF[kind]())
    results = [trained(driver, kind, words, before, threads=threads, vocab_size=700) for threads in (1, 2, 7)]
    assert "json" in results[0]
    assert results[0] == results[1] == results[2]


def test_errors_are_those_of_the_reference(driver, words):
    assert trained(driver, "UnigramTrainer", words, state(models.Unigram()), vocab_size=3) == {
        "error": "The vocabulary is not large enough to contain all chars"}
    for kind, other, message in [("BpeTrainer", models.WordLevel, "BpeTrainer can only train a BPE"),
                                 ("WordPieceTrainer", models.BPE, "WordPieceTrainer can only train a WordPiece"),
                                 ("WordLevelTrainer", models.BPE, "WordLevelTrainer can only train a WordLevel"),
                                 ("UnigramTrainer", models.BPE, "UnigramTrainer can only train a Unigram")]:
        assert trained(driver, kind, words, state(other())) == {"error": message}
        with pytest.raises(Exception) as error:
            Tokenizer(other()).train_from_iterator(["a"], getattr(trainers, kind)(show_progress=False))
        assert message in str(error.value)
