"""What the command line says when it is asked, and when it is used wrongly."""

import json

import pytest
from command_line import needs_binary, needs_model, run, run_json, MODEL

pytestmark = needs_binary

COMMANDS = ["serve", "chat", "generate", "tokenize", "bench", "inspect", "pull", "version"]


def test_help_lists_every_command_and_shows_examples():
    shown = run("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in shown.stdout
    assert "Examples:" in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_for_a_person(command):
    shown = run(command, "--help")
    assert shown.returncode == 0
    assert f"headrace {command}" in shown.stdout
    assert "--json" in shown.stdout
    if command != "version":
        assert "Examples:" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["generate"],
        ["generate", "smollm2", "--temprature", "1"],
        ["generate", "smollm2", "--temperature", "hot"],
        ["generate", "smollm2", "--temperature", "-1"],
        ["generate", "smollm2", "--top-p", "2"],
        ["generate", "smollm2", "--max-tokens", "-5"],
        ["generate", "smollm2", "--logit-bias", "a:1"],
        ["generate", "smollm2", "--prompt", "a", "--ids", "1"],
        ["generate", "smollm2", "--isa", "mmx"],
        ["generate", "smollm2", "--quantize", "q5"],
        ["generate", "smollm2", "--memory", "lots"],
        ["generate", "smollm2", "--threads", "0"],
        ["serve", "--port", "70000"],
        ["bench", "--streams", "0"],
        ["bench", "--streams", "1,two"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_wrong_usage_ends_with_2_and_says_so_on_standard_error(arguments):
    finished = run(*arguments)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("headrace: ")
    assert "--help" in finished.stderr


@pytest.mark.parametrize("command", ["generate", "tokenize", "inspect", "bench", "chat", "serve"])
def test_a_model_that_is_not_there_ends_with_1_and_one_sentence(command):
    finished = run(command, "/no/such/model.gguf", input="x")
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert "/no/such/model.gguf" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_errors_are_json_where_json_is_asked_for():
    finished = run("inspect", "/no/such/model.gguf", "--json")
    assert finished.returncode == 1
    assert json.loads(finished.stderr)["error"]["kind"] == "not_found"


def test_an_unknown_name_lists_the_known_ones():
    finished = run("inspect", "smolm")
    assert finished.returncode == 1
    assert "smollm2" in finished.stderr and "gemma3" in finished.stderr


def test_a_folder_with_several_models_lists_them(tmp_path):
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    (tmp_path / "two.gguf").write_bytes(b"GGUF")
    finished = run("inspect", str(tmp_path))
    assert finished.returncode == 1
    assert "one.gguf" in finished.stderr and "two.gguf" in finished.stderr


def test_a_folder_without_a_model_says_so(tmp_path):
    finished = run("inspect", str(tmp_path))
    assert finished.returncode == 1
    assert "no .gguf" in finished.stderr


def test_a_file_that_is_no_model_is_an_error(tmp_path):
    path = tmp_path / "text.gguf"
    path.write_text("this is no model")
    finished = run("inspect", str(path))
    assert finished.returncode == 1
    assert str(path) in finished.stderr


@needs_model
def test_a_folder_with_one_model_is_that_model(tmp_path):
    (tmp_path / "model.gguf").symlink_to(MODEL)
    assert run_json("inspect", str(tmp_path))["path"].endswith("model.gguf")


def test_version_names_kernels_and_cpu():
    version = run_json("version")
    assert version["isa"] in version["isas"]
    assert "portable" in version["isas"]
    assert version["version"] in run("--version").stdout


def test_headrace_isa_chooses_the_kernels():
    assert run_json("version", environment={"HEADRACE_ISA": "portable"})["isa"] == "portable"
    assert run("version", environment={"HEADRACE_ISA": "mmx"}).returncode == 1


def test_output_that_cannot_be_written_is_a_failure():
    import subprocess

    from command_line import BINARY

    with open("/dev/full", "w") as full:
        finished = subprocess.run([BINARY, "version"], stdout=full, stderr=subprocess.PIPE)
    assert finished.returncode == 1
    assert b"could not be written" in finished.stderr
