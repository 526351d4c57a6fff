"""--quantize, in every command that loads a model."""

import json
import subprocess

import pytest
from command_line import BINARY, MODEL, needs_binary, needs_model, run, run_json

pytestmark = needs_binary

pytest.importorskip("gguf")

KEPT = {"q8": "Q8_0 ×15, F32 ×5", "q4": "Q4_1 ×12, F32 ×5, Q8_0 ×3"}
BENCH = ["--threads", "1", "--prompt", "16", "--generate", "2", "--streams", "1", "--repeat", "1"]


@pytest.fixture(scope="module")
def floats(tmp_path_factory):
    from float_model import write_float_model

    return str(write_float_model(tmp_path_factory.mktemp("model") / "floats.gguf"))


def logprobs(floats, *arguments):
    request = ["--prompt", "The mill", "--greedy", "--max-tokens", "1", "--logprobs", "3"]
    (choice,) = run_json("generate", floats, *request, *arguments)["choices"]
    return [top["logprob"] for top in choice["logprobs"][0]["top"]]


@pytest.mark.parametrize("name", KEPT)
def test_generate_says_nearly_what_it_says_with_floats(floats, name):
    exact = logprobs(floats)
    assert logprobs(floats, "--quantize", name) == pytest.approx(exact, abs={"q8": 0.05, "q4": 0.5}[name])
    assert logprobs(floats, "--quantize", name) != exact


@pytest.mark.parametrize("name", KEPT)
def test_bench_tells_the_types_and_bytes_of_the_weights_as_they_are_kept(floats, name):
    as_it_is = run_json("bench", floats, *BENCH)
    assert as_it_is["weight_types"] == "F16 ×15, F32 ×5"
    kept = run_json("bench", floats, *BENCH, "--quantize", name)
    assert kept["weight_types"] == KEPT[name]
    assert kept["tensor_bytes"] < as_it_is["tensor_bytes"] * {"q8": 0.55, "q4": 0.4}[name]
    table = run("bench", floats, *BENCH, "--quantize", name)
    assert table.returncode == 0 and KEPT[name] in table.stdout


def test_chat_takes_it_too(floats):
    finished = run("chat", floats, "--quantize", "q4", input="Hello\n")
    assert "chat template" in finished.stderr  # this model has none; it was loaded


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_serve_tells_the_types_of_the_weights(floats, form):
    server = subprocess.Popen([BINARY, "serve", floats, "--port", "0", "--quantize", "q4", *form], stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        assert KEPT["q4"] in (json.loads(line)["weight_types"] if form else line)
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("command", ["generate", "chat", "serve", "bench"])
def test_a_type_that_does_not_exist_is_wrong_usage(command):
    finished = run(command, "smollm2", "--quantize", "q5")
    assert finished.returncode == 2
    assert '"q5"' in finished.stderr and "q8 or q4" in finished.stderr


@needs_model
@pytest.mark.parametrize("command", ["generate", "chat", "serve", "bench"])
def test_a_file_that_is_quantised_already_is_refused_by_name(command):
    finished = run(command, MODEL, "--quantize", "q8")
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert MODEL in finished.stderr and "nothing to quantise" in finished.stderr and "Q4_1 ×210" in finished.stderr

