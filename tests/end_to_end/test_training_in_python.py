"""Training through the Python module: files and iterators, threads, odd inputs, progress and Ctrl-C."""
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("headrace._native")
from headrace.tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SEED = 20261128
KINDS = ["bpe", "bpe with a prefix", "wordpiece", "unigram", "wordlevel"]


def untrained(kind):
    if kind.startswith("bpe"):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=kind != "bpe")
        return tokenizer, trainers.BpeTrainer(vocab_size=600, show_progress=False)
    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece())
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer, trainers.WordPieceTrainer(vocab_size=600, show_progress=False)
    if kind == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        return tokenizer, trainers.UnigramTrainer(vocab_size=600, show_progress=False)
    tokenizer = Tokenizer(models.WordLevel())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer, trainers.WordLevelTrainer(vocab_size=600, show_progress=False)


def trained(kind, train):
    tokenizer, trainer = untrained(kind)
    train(tokenizer, trainer)
    return tokenizer.to_str()


def text_of(lines, seed=SEED):
    rng = random.Random(seed)
    parts = ["the", " mill", "  ", "Wörter", " über", "слово", "水車小屋", "。", "\t", "12", "'s", " x", ".", " wheel"]
    return "".join("".join(rng.choices(parts, k=rng.randint(0, 12))) + "\n" for _ in range(lines))


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_iterators_of_their_lines_train_alike(tmp_path, kind):
    text = text_of(400) + "no end"
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "empty.txt").write_bytes(b"")
    files = trained(kind, lambda tokenizer, trainer: tokenizer.train([str(tmp_path / "empty.txt"), str(tmp_path / "a.txt")], trainer))
    lines = text.splitlines(keepends=True) if "\r" not in text else None
    assert trained(kind, lambda tokenizer, trainer: tokenizer.train_from_iterator(iter(lines), trainer)) == files
    batches = [lines[i:i + 7] for i in range(0, len(lines), 7)]
    assert trained(kind, lambda tokenizer, trainer: tokenizer.train_from_iterator(batches, trainer)) == files


THREADS = """
import sys
sys.path[:0] = sys.argv[1:2]
from test_training_in_python import KINDS, text_of, trained
for kind in KINDS:
    print(trained(kind, lambda tokenizer, trainer: tokenizer.train([sys.argv[2]], trainer)))
    print(trained(kind, lambda tokenizer, trainer: tokenizer.train_from_iterator([text_of(300)] * 3, trainer)))
"""


def test_1_2_and_7_threads_train_the_same_vocabularies_and_merges(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text(text_of(20_000), encoding="utf-8")
    made = [subprocess.run([sys.executable, "-c", THREADS, os.path.dirname(__file__), str(file)], capture_output=True, text=True, check=True,
                           env={**os.environ, "HEADRACE_THREADS": threads}).stdout for threads in ("1", "2", "7")]
    assert made[0].count("\n") >= 2 * len(KINDS)
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_and_one_long_line_are_no_trouble(tmp_path, kind):
    for content in ("", "\n", "the mill " * 300_000):
        (tmp_path / "a.txt").write_text(content)
        trained(kind, lambda tokenizer, trainer: tokenizer.train([str(tmp_path / "a.txt")], trainer))
    trained(kind, lambda tokenizer, trainer: tokenizer.train_from_iterator([], trainer))


def test_a_file_that_is_not_utf_8_is_named_with_the_place(tmp_path):
    file = tmp_path / "bad.txt"
    file.write_bytes(b"the mill\nthe \xff wheel\n")
    tokenizer, trainer = untrained("bpe")
    with pytest.raises(Exception, match="bad.txt: stream did not contain valid UTF-8, at byte 13"):
        tokenizer.train([str(file)], trainer)
    with pytest.raises(Exception, match="No such file or directory"):
        tokenizer.train([str(tmp_path / "none.txt")], trainer)


def test_what_is_no_text_is_refused():
    tokenizer, trainer = untrained("bpe")
    with pytest.raises(TypeError):
        tokenizer.train_from_iterator([["a", 3]], trainer)
    with pytest.raises(UnicodeEncodeError):
        tokenizer.train_from_iterator(["\ud800"], trainer)

    def failing():
        yield "a mill"
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        tokenizer.train_from_iterator(failing(), trainer)


def test_progress_comes_as_json_lines(capfd):
    tokenizer, _ = untrained("bpe")
    tokenizer.train_from_iterator(["the mill"] * 3, trainers.BpeTrainer(vocab_size=100, progress_format="json"))
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {line["stage"] for line in lines} == {"Pre-processing sequences", "Count pairs", "Compute merges"}
    assert all(set(line) == {"stage", "current", "total"} for line in lines)
    tokenizer.train_from_iterator(["the mill"] * 3, trainers.BpeTrainer(vocab_size=100, show_progress=False))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_ctrl_c_ends_training_and_leaves_the_tokenizer_as_it_was(tmp_path, kind):
    file = tmp_path / "a.txt"
    rng = random.Random(SEED)
    with open(file, "w") as out:
        for _ in range(60_000):
            out.write(" ".join("".join(rng.choices("abcdefghijklmnop", k=rng.randint(3, 12))) for _ in range(12)) + "\n")
    tokenizer, trainer = untrained(kind)
    before = tokenizer.to_str()
    asked = threading.Event()

    def interrupt():
        asked.wait()
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    # Whoever is started in the background may have been told to ignore it.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            asked.set()
            tokenizer.train([str(file)] * 20, trainer)
            time.sleep(5)  # in case it was faster than that
    finally:
        thread.join()
        signal.signal(signal.SIGINT, handler)
    assert tokenizer.to_str() == before


def test_other_threads_run_while_one_trains(tmp_path):
    (tmp_path / "a.txt").write_text(text_of(40_000), encoding="utf-8")
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begun = time.monotonic()
    trained("unigram", lambda tokenizer, trainer: tokenizer.train([str(tmp_path / "a.txt")], trainer))
    ended = time.monotonic()
    done.set()
    thread.join()
    assert sum(begun < at < ended for at in ticks) > 3


def test_seeds_by_count_are_kept_by_pickling_and_train_another_model():
    trainer = trainers.UnigramTrainer(vocab_size=60, show_progress=False, seeds_by_count=True)
    again = pickle.loads(pickle.dumps(trainer)) if hasattr(trainer, "__reduce__") else trainer
    texts = ["the mill by the river"] * 20 + ["the miller of the wheel", "a river mill"]

    def made(trainer):
        tokenizer, _ = untrained("unigram")
        tokenizer.train_from_iterator(texts, trainer)
        return json.loads(tokenizer.to_str())["model"]["vocab"]

    assert made(trainer) == made(again) != made(trainers.UnigramTrainer(vocab_size=60, show_progress=False))
    assert "▁river" in dict(made(trainer))
