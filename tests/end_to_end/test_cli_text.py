"""tokenize and inspect."""

import json

from command_line import MODEL, needs_model, run, run_json, text_file

pytestmark = needs_model


def test_tokenize_prints_ids_on_one_line():
    assert run("tokenize", MODEL, "--text", "Hello world").stdout == "19556 905\n"


def test_tokenize_reads_standard_input_and_files(tmp_path):
    assert run("tokenize", MODEL, input="Hello world").stdout == "19556 905\n"
    assert run("tokenize", MODEL, "--file", text_file(tmp_path, "Hello world")).stdout == "19556 905\n"


def test_tokenize_lines_takes_each_line_alone():
    assert run("tokenize", MODEL, "--lines", input="Hello world\n\nHello world\n").stdout == "19556 905\n\n19556 905\n"


def test_tokenize_counts():
    assert run("tokenize", MODEL, "--count", "--text", "Hello world").stdout == "2\n"


def test_tokenize_json_has_tokens_and_offsets():
    document = run_json("tokenize", MODEL, "--text", "Hello world")
    assert document["ids"] == [19556, 905]
    assert document["offsets"] == [[0, 5], [5, 11]]
    assert document["tokens"][0] == "Hello"


def test_tokenize_decodes():
    assert run("tokenize", MODEL, "--decode", "19556,905").stdout == "Hello world\n"
    assert run("tokenize", MODEL, "--decode", "-", input="[19556, 905]").stdout == "Hello world\n"
    assert run_json("tokenize", MODEL, "--decode", "19556 905") == {"text": "Hello world"}


def test_tokenize_refuses_ids_that_are_none():
    finished = run("tokenize", MODEL, "--decode", "12,x")
    assert finished.returncode == 1 and '"x"' in finished.stderr
    assert run("tokenize", MODEL, "--decode", "99999999").returncode == 1


def test_control_tokens_are_recognised_unless_plain():
    assert len(run_json("tokenize", MODEL, "--text", "<|im_start|>")["ids"]) == 1
    assert len(run_json("tokenize", MODEL, "--text", "<|im_start|>", "--plain")["ids"]) > 1


def test_invalid_utf8_is_read_as_replacement_characters():
    finished = run("tokenize", MODEL, input=b"\xff")
    assert finished.returncode == 0
    assert run("tokenize", MODEL, "--decode", finished.stdout.strip()).stdout == "\ufffd\n"


def test_inspect_shows_metadata_and_tensors():
    shown = run("inspect", MODEL).stdout
    assert "general.architecture" in shown and "token_embd.weight" in shown and "49152 × 576" in shown
    assert max(len(line) for line in shown.splitlines()) < 200


def test_inspect_json_is_whole():
    document = run_json("inspect", MODEL)
    assert document["metadata"]["general.architecture"] == "llama"
    assert len(document["metadata"]["tokenizer.ggml.tokens"]) == 49152
    embedding = next(tensor for tensor in document["tensors"] if tensor["name"] == "token_embd.weight")
    assert embedding["shape"] == [49152, 576] and embedding["supported"]
    assert sum(tensor["bytes"] for tensor in document["tensors"]) == document["tensor_bytes"]
    json.dumps(document)
