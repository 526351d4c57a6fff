"""tokenize with a tokenizer.json, and tokenizer train, inspect, compile and compare."""

from __future__ import annotations

import json
import re

import pytest
from command_line import needs_binary, run, run_json

pytestmark = needs_binary

TEXT = "The mill by the river grinds the corn.\nGrüße aus Köln, 日本語.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizers")
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    for kind in ("bpe", "wordpiece", "unigram", "wordlevel"):
        trained = run_json("tokenizer", "train", str(folder / "a.txt"), "--model", kind, "--vocab-size", "300", "--special", "<pad>", "--output", str(folder / f"{kind}.json"))
        assert trained["path"] == str(folder / f"{kind}.json") and trained["distinct_words"] > 5
    return folder


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_trained_tokenizer_gives_the_text_back(folder, kind):
    path = str(folder / f"{kind}.json")
    ids = run("tokenize", path, "--text", "Köln by the mill").stdout.strip()
    assert run("tokenize", path, "--decode", ids).stdout == "Köln by the mill\n"


def test_tokenize_takes_the_folder_of_a_tokenizer_json(folder, tmp_path):
    (tmp_path / "tokenizer.json").write_text((folder / "bpe.json").read_text())
    assert run("tokenize", str(tmp_path), "--text", "mill").stdout == run("tokenize", str(folder / "bpe.json"), "--text", "mill").stdout


def test_tokenize_reads_several_files_and_json_lines(folder, tmp_path):
    path = str(folder / "bpe.json")
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"text": "The mill"}\n\n{"text": "Köln", "id": 1}\n')
    counts = run("tokenize", path, "--jsonl", "text", "--count", "--file", str(lines), "--file", str(lines)).stdout.split()
    assert len(counts) == 4 and counts[:2] == counts[2:]
    for bad in ('{"id": 1}', "[1]", "nonsense"):
        finished = run("tokenize", path, "--jsonl", "text", input=f'{{"text": "a"}}\n{bad}\n')
        assert finished.returncode == 1 and "line 2 of standard input" in finished.stderr


def test_tokenize_colours_the_pieces_of_the_text(folder):
    path = str(folder / "bpe.json")
    shown = run("tokenize", path, "--color", "--text", "The mill").stdout
    assert shown.count("\x1b[48;5;") == int(run("tokenize", path, "--count", "--text", "The mill").stdout)
    assert re.sub("\x1b\\[[0-9;]*m", "", shown) == "The mill\n"


def test_inspect_names_parts_and_special_tokens(folder):
    document = run_json("tokenizer", "inspect", str(folder / "wordpiece.json"))
    assert document["model"]["type"] == "WordPiece" and document["pre_tokenizer"] == {"type": "BertPreTokenizer"}
    assert [token["content"] for token in document["special_tokens"]] == ["[UNK]", "<pad>"]
    shown = run("tokenizer", "inspect", str(folder / "wordpiece.json")).stdout
    assert "WordPiece" in shown and f"{document['vocabulary_size']} tokens" in shown


def test_compare_shows_the_parts_that_are_cut_otherwise(folder):
    a, b = str(folder / "bpe.json"), str(folder / "unigram.json")
    document = run_json("tokenizer", "compare", a, b, "The river x")
    for difference in document["differences"]:
        assert difference["text"] == "The river x"[difference["begin"] : difference["end"]]
        assert difference["a"]["ids"] != [] or difference["b"]["ids"] != []
    assert "differ" in run("tokenizer", "compare", a, b, "Köln river").stdout
    count = run("tokenize", a, "--count", "--text", "The mill").stdout.strip()
    assert run("tokenizer", "compare", a, a, "The mill").stdout == f"cut alike, the same ids: {count} and {count} tokens\n"


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram", "wordlevel"])
def test_a_compiled_tokenizer_is_taken_wherever_its_json_is(folder, tmp_path, kind):
    source, compiled, again = str(folder / f"{kind}.json"), str(tmp_path / "a.hrt"), str(tmp_path / "b.hrt")
    document = run_json("tokenizer", "compile", source, "-o", compiled)
    assert document["bytes"] == (tmp_path / "a.hrt").stat().st_size
    assert run("tokenizer", "compile", compiled, "-o", again).stdout.startswith(again)
    assert (tmp_path / "a.hrt").read_bytes() == (tmp_path / "b.hrt").read_bytes()
    assert run("tokenize", compiled, "--text", TEXT).stdout == run("tokenize", source, "--text", TEXT).stdout
    inspected = [run_json("tokenizer", "inspect", path) | {"path": ""} for path in (source, compiled)]
    assert inspected[0] == inspected[1]
    assert "the same ids" in run("tokenizer", "compare", source, compiled, TEXT).stdout


def test_a_compiled_tokenizer_that_is_damaged_is_refused(folder, tmp_path):
    path = tmp_path / "a.hrt"
    run_json("tokenizer", "compile", str(folder / "bpe.json"), "--output", str(path))
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:100], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
        path.write_bytes(damaged)
        finished = run("tokenize", str(path), "--text", "mill")
        assert finished.returncode == 1 and str(path) in finished.stderr and "compile it again" in finished.stderr


def test_train_like_another_keeps_its_parts(folder, tmp_path):
    output = tmp_path / "again.json"
    run_json("tokenizer", "train", str(folder / "a.txt"), "--like", str(folder / "wordpiece.json"), "--special", "<pad>", "--vocab-size", "300", "--output", str(output))
    again, first = (json.loads(path.read_text()) for path in (output, folder / "wordpiece.json"))
    assert again["normalizer"] == first["normalizer"] and again["model"]["vocab"] == first["model"]["vocab"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["train"], 2, "headrace tokenizer train --help"),
        (["train", "/no/such.txt"], 1, "/no/such.txt"),
        (["train", "/no/such.txt", "--model", "magic"], 2, "--model"),
        (["inspect", "/no/such.json"], 1, "/no/such.json"),
        (["compile", "/no/such.json", "-o", "x"], 1, "/no/such.json"),
        (["compile", "/no/such.json"], 2, "--output"),
        (["compare", "/no/such.json", "/no/other.json", "x"], 1, "/no/such.json"),
        ([], 2, "headrace tokenizer --help"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, code, says):
    finished = run("tokenizer", *arguments)
    assert finished.returncode == code and finished.stdout == "" and says in finished.stderr


def test_files_and_folders_of_every_kind_are_tokenizers(folder, tmp_path):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "mill", "##er"]
    (tmp_path / "vocab.txt").write_text("\n".join(tokens) + "\n")
    for path in (tmp_path, tmp_path / "vocab.txt"):
        assert run_json("tokenizer", "inspect", str(path))["model"]["type"] == "WordPiece"
        assert run("tokenize", str(path), "--text", "the miller", "--no-special").stdout == "4 5 6\n"
    assert run("tokenizer", "compare", str(tmp_path), str(folder / "wordpiece.json"), "the mill").returncode == 0
    for name, content in (("empty", b""), ("noise", bytes(range(128, 256)))):
        (tmp_path / name).write_bytes(content)
        for command in (["tokenizer", "inspect"], ["tokenize", "--text", "x"]):
            finished = run(*command, str(tmp_path / name))
            assert finished.returncode == 1 and finished.stdout == "" and str(tmp_path / name) in finished.stderr
    (tmp_path / "nothing").mkdir()
    assert "has none of the files of a tokenizer" in run("tokenizer", "inspect", str(tmp_path / "nothing")).stderr


def test_compare_takes_a_file_and_says_so_where_its_name_is_the_text(folder):
    a, text = str(folder / "wordpiece.json"), str(folder / "a.txt")
    held = run_json("tokenizer", "compare", a, a, "--file", text)
    assert held == run_json("tokenizer", "compare", a, a, TEXT)
    named = run("tokenizer", "compare", a, a, text)
    assert named.returncode == 0 and f"--file {text}" in named.stderr
    assert run("tokenizer", "compare", a, a, "-", input="the mill").stdout == run("tokenizer", "compare", a, a, "the mill").stdout
    assert run("tokenizer", "compare", a, a, "--file", "/no/such.txt").returncode == 1
    assert run("tokenizer", "compare", a, a, "x", "--file", text).returncode == 2


@pytest.mark.parametrize("command", ["train", "inspect", "compile", "compare"])
def test_each_command_has_help_with_examples(command):
    shown = run("tokenizer", command, "--help").stdout
    assert "Examples:" in shown and "--json" in shown
