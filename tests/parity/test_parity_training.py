"""ParityBpeTrainer against the `tokenizers` package 0.23: random languages and parameters, equal models.

HEADRACE_DRIVERS holds model_driver."""
import collections
import json
import multiprocessing
import os
import queue
import random

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no model_driver to compare", allow_module_level=True)
tokenizers = pytest.importorskip("tokenizers")
from test_tokenizer_models import Driver, state  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402

if not hasattr(trainers, "ParityBpeTrainer"):
    pytest.skip("this build of tokenizers has no ParityBpeTrainer", allow_module_level=True)

SEED = 20261128
PATIENCE = 5  # seconds, of a reference that may never end


@pytest.fixture(scope="module")
def driver():
    return Driver()


def train_reference(answers, training, held_out, ratio, parameters):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.ParityBpeTrainer(show_progress=False, **parameters)
    trainer.train_from_iterator(tokenizer, train_iterators=training, dev_iterators=held_out or None, ratio=ratio)
    answers.put(state(tokenizer.model))


def reference(*arguments):
    """In a process of its own: where every language that has pairs left is above its share of the window, it does not end."""
    answers = multiprocessing.Queue()
    process = multiprocessing.Process(target=train_reference, args=(answers, *arguments))
    process.start()
    try:
        return answers.get(timeout=PATIENCE)
    except queue.Empty:
        return None
    finally:
        process.kill()
        process.join()


def words(texts):
    return collections.Counter(word for text in texts for word in text.split())


def ours(driver, training, held_out, ratio, parameters):
    parameters = {**parameters, "ratio": ratio}
    if "initial_alphabet" in parameters:
        parameters["initial_alphabet"] = [ord(character) for character in parameters["initial_alphabet"]]
    return driver.ask(op="train_parity", parameters=parameters, training=[words(texts) for texts in training],
                      held_out=[words(texts) for texts in held_out])


def language(rng):
    letters = rng.choice(["abc", "abd", "éab", "ж日a", "xyz"])
    word = lambda: "".join(rng.choice(letters) for _ in range(rng.randint(1, 9)))
    return [" ".join(word() for _ in range(rng.randint(1, 12))) for _ in range(rng.randint(0, 25))]


@pytest.mark.parametrize("variant", ["base", "window"])
def test_random_languages_give_the_model_of_the_reference(driver, variant):
    compared = 0
    for number in range(60):
        rng = random.Random(f"{SEED} {variant} {number}")
        count = rng.randint(1, 4)
        training = [language(rng) for _ in range(count)]
        if not any(training):
            continue
        held_out = [language(rng) for _ in range(count)] if rng.random() < 0.4 else []
        ratio = [rng.choice([1.0, 1.5, 2.57]) for _ in range(count)] if not held_out and rng.random() < 0.5 else None
        parameters = dict(num_merges=rng.choice([5, 20, 60, 300]), variant=variant, min_frequency=rng.choice([0, 0, 2, 5]),
                          global_merges=rng.choice([0, 0, 3, 15]), window_size=rng.choice([3, 10, 100]),
                          alpha=rng.choice([1.0, 1.5, 2.0, 4.0]), total_symbols=rng.random() < 0.3,
                          special_tokens=rng.choice([[], ["<s>", "ab"]]),
                          initial_alphabet=rng.choice([[], ["q", "z"]]))
        length = rng.choice([None, None, 3, 2])
        if length:
            parameters["max_token_length"] = length
        theirs = reference(training, held_out, ratio, parameters)
        answer = ours(driver, training, held_out, ratio, parameters)
        assert "json" in answer
        if theirs is not None:
            assert answer["json"] == theirs, (number, parameters)
            compared += 1
    assert compared > 40


def test_with_prefixes_and_suffixes_the_tokens_are_those_of_the_reference(driver):
    """Ids of characters with affixes depend on the order of a hash table there, so spellings are compared."""
    for number in range(10):
        rng = random.Random(f"{SEED} affixes {number}")
        training, held_out = ([language(rng) + ["ab ba"] for _ in range(2)] for _ in range(2))
        parameters = dict(num_merges=30, **rng.choice([dict(continuing_subword_prefix="##"), dict(end_of_word_suffix="</w>"),
                                                       dict(continuing_subword_prefix="@@", end_of_word_suffix="$")]))
        theirs = json.loads(reference(training, held_out, None, parameters))
        answer = json.loads(ours(driver, training, held_out, None, parameters)["json"])
        assert set(answer.pop("vocab")) == set(theirs.pop("vocab"))
        assert answer == theirs
