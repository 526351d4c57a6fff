"""generate, chat and bench."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest
from command_line import BINARY, MODEL, SLOWER, needs_model, run, run_json, text_file

pytestmark = needs_model

COUNT = ["--prompt", "1, 2, 3, 4,", "--greedy", "--max-tokens", "6"]


def generate(*arguments: str, **options):
    finished = run("generate", MODEL, *arguments, **options)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_generate_continues_a_prompt():
    assert generate(*COUNT).startswith(" 5, 6")


def test_the_prompt_may_come_from_a_file_or_standard_input(tmp_path):
    expected = generate(*COUNT)
    assert generate("--file", text_file(tmp_path, "1, 2, 3, 4,"), *COUNT[2:]) == expected
    assert generate(*COUNT[2:], input="1, 2, 3, 4,") == expected


def test_the_prompt_may_be_ids():
    ids = run("tokenize", MODEL, "--text", "1, 2, 3, 4,").stdout.strip()
    assert generate("--ids", ids, *COUNT[2:]) == generate(*COUNT)


def test_echo_prints_the_prompt_first():
    assert generate(*COUNT, "--echo") == "1, 2, 3, 4," + generate(*COUNT)


def test_json_has_ids_reason_usage_and_timings():
    document = run_json("generate", MODEL, *COUNT)
    (choice,) = document["choices"]
    assert choice["finish_reason"] == "length"
    assert len(choice["token_ids"]) == 6 == document["usage"]["completion_tokens"]
    assert document["usage"]["prompt_tokens"] == len(run_json("tokenize", MODEL, "--text", "1, 2, 3, 4,")["ids"])
    assert document["timings"]["load_ms"] > 0


def test_json_logprobs_are_sorted_and_negative():
    document = run_json("generate", MODEL, *COUNT, "--logprobs", "3")
    for token in document["choices"][0]["logprobs"]:
        values = [other["logprob"] for other in token["top"]]
        assert len(values) == 3 and values == sorted(values, reverse=True)
        assert token["logprob"] == values[0] <= 0


def test_a_seed_gives_the_same_text_again():
    arguments = ["--prompt", "Once upon a time", "--temperature", "1", "--max-tokens", "12", "--seed"]
    assert generate(*arguments, "5") == generate(*arguments, "5")
    assert generate(*arguments, "5") != generate(*arguments, "6")


def test_every_tier_and_thread_count_gives_the_same_text():
    expected = generate(*COUNT)
    isas = run_json("version")["isas"]
    for isa in isas:
        assert generate(*COUNT, "--isa", isa, "--threads", "1") == expected


def test_stop_ends_before_its_text():
    assert generate(*COUNT, "--stop", "6").rstrip("\n") == " 5, "


def test_chat_applies_the_template():
    text = generate("--chat", "--prompt", "Name the capital of Italy.", "--greedy", "--max-tokens", "20")
    assert "Rome" in text


def test_several_choices_are_all_printed():
    document = run_json("generate", MODEL, "--prompt", "The", "--choices", "3", "--max-tokens", "4", "--seed", "1")
    assert [choice["index"] for choice in document["choices"]] == [0, 1, 2]
    assert len({choice["text"] for choice in document["choices"]}) > 1


def test_a_prompt_over_the_context_names_both_numbers():
    finished = run("generate", MODEL, "--context", "16", "--prompt", "word " * 40, "--max-tokens", "4")
    assert finished.returncode == 1
    assert "16" in finished.stderr


def test_an_empty_prompt_is_refused():
    finished = run("generate", MODEL, input="")
    assert finished.returncode == 1 and "empty" in finished.stderr


def test_a_memory_limit_that_is_too_small_is_an_error():
    finished = run("generate", MODEL, *COUNT, "--memory", "20MB")
    assert finished.returncode == 1
    assert "20.0 MB" in finished.stderr


def test_one_token_is_there_soon_after_the_start():
    prompt = ["--prompt", "The quick brown fox jumps over the lazy", "--max-tokens", "1", "--greedy"]
    best = 9.0
    for _ in range(5):
        begin = time.monotonic()
        generate(*prompt)
        best = min(best, time.monotonic() - begin)
    # The goal is 0.5 s; this test runs beside others.
    assert best < 3.0 * SLOWER, f"{best:.2f} s"


def test_ctrl_c_ends_a_generation_within_100_ms():
    process = subprocess.Popen(
        [BINARY, "generate", MODEL, "--prompt", "Once", "--ignore-eos", "--max-tokens", "4000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.read(1)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - begin < 0.1 * SLOWER


def test_text_comes_as_it_is_made():
    process = subprocess.Popen(
        [BINARY, "generate", MODEL, "--prompt", "Once", "--ignore-eos", "--max-tokens", "2000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout.read(10)
    assert process.poll() is None
    process.kill()
    process.wait()


# Chat ----------------------------------------------------------------------------


def test_chat_answers_each_line_of_standard_input():
    finished = run("chat", MODEL, "--greedy", "--json", input="Name the capital of Italy.\nAnd of France?\n")
    assert finished.returncode == 0, finished.stderr
    import json

    answers = [json.loads(line) for line in finished.stdout.splitlines()]
    assert len(answers) == 2
    assert "Rome" in answers[0]["content"]
    assert answers[1]["usage"]["cached_tokens"] > 0
    assert all(answer["finish_reason"] == "stop" for answer in answers)


def test_chat_commands_are_not_messages():
    finished = run("chat", MODEL, "--greedy", "--max-tokens", "5", "--json", input="/system Be brief.\n/clear\n/nonsense\nHi\n/exit\nHi\n")
    assert finished.returncode == 0
    assert finished.stdout.count("\n") == 1
    assert "/nonsense" in finished.stderr


def test_chat_forgets_the_oldest_where_the_context_is_full():
    line = "Tell me about the sea, the wind and the ships on it.\n"
    finished = run("chat", MODEL, "--greedy", "--context", "160", "--max-tokens", "40", "--json", input=line * 4)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("\n") == 4
    assert "forgotten" in finished.stderr


class Terminal:
    """A chat in a terminal of its own."""

    def __init__(self, *arguments: str):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [BINARY, "chat", MODEL, *arguments], stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )
        os.close(slave)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, text: str, seconds: float = 60, after: int = 0) -> int:
        until = time.monotonic() + seconds
        while text not in self.shown[after:]:
            assert time.monotonic() < until, f"{text!r} did not come; shown: {self.shown!r}"
            if select.select([self.master], [], [], 0.05)[0]:
                self.shown += os.read(self.master, 4096).decode("utf-8", "replace")
        return self.shown.index(text, after) + len(text)


def test_chat_in_a_terminal_stops_an_answer_on_ctrl_c_and_goes_on():
    terminal = Terminal("--ignore-eos", "--max-tokens", "4000", "--seed", "1")
    try:
        at = terminal.wait_for("> ")
        terminal.type("Tell me a long story.\n")
        at = terminal.wait_for("story.\r\n", after=at)
        until = time.monotonic() + 30
        while len(terminal.shown) < at + 20 and time.monotonic() < until:
            if select.select([terminal.master], [], [], 0.05)[0]:
                terminal.shown += os.read(terminal.master, 4096).decode("utf-8", "replace")
        begin = time.monotonic()
        at = len(terminal.shown)
        terminal.type("\x03")
        at = terminal.wait_for("> ", seconds=5, after=at)
        assert time.monotonic() - begin < 0.5 * SLOWER
        terminal.type("/exit\n")
        assert terminal.process.wait(10) == 0
    finally:
        terminal.process.kill()
        os.close(terminal.master)


# Bench ---------------------------------------------------------------------------


def test_bench_prints_exactly_the_fields_that_are_promised():
    document = run_json(
        "bench", MODEL, "--threads", "1", "--prompt", "32", "--generate", "4", "--depth", "0,64", "--streams", "1,3", "--repeat", "1", seconds=300
    )
    assert list(document) == ["version", "isa", "threads", "model", "load_ms", "rss_bytes", "results", "kv_bytes", "tensor_bytes", "weight_types"]
    fields = ["test", "streams", "prompt", "generate", "depth", "tokens_per_s", "cpu_s_per_token"]
    assert all(list(result) == fields for result in document["results"])
    measured = [(r["test"], r["streams"], r["depth"]) for r in document["results"]]
    assert measured == [("prefill", 1, 0), ("decode", 1, 0), ("decode", 3, 0), ("decode", 1, 64)]
    assert all(result["tokens_per_s"] > 0 and result["cpu_s_per_token"] > 0 for result in document["results"])
    assert document["threads"] == 1
    assert document["rss_bytes"] > document["tensor_bytes"] > 0


def test_bench_prints_a_table_for_people():
    finished = run("bench", MODEL, "--prompt", "16", "--generate", "2", "--streams", "1", "--repeat", "1", seconds=300)
    assert finished.returncode == 0, finished.stderr
    assert "tokens/s" in finished.stdout and "prefill" in finished.stdout and "decode" in finished.stdout


def test_bench_writes_a_timeline_that_trace_viewers_read(tmp_path):
    trace = tmp_path / "steps.json"
    document = run_json("bench", MODEL, "--prompt", "300", "--generate", "12", "--streams", "3", "--repeat", "1", "--threads", "2",
                        "--trace", trace, seconds=300)
    assert [one["test"] for one in document["traces"]] == ["prefill 300", "decode, 3 streams"]
    events = json.loads(trace.read_text())["traceEvents"]
    assert {e["args"]["name"] for e in events if e["name"] == "process_name"} == {"prefill 300", "decode, 3 streams"}
    spans = [e for e in events if e["ph"] == "X"]
    rows = {(e["pid"], e["tid"]) for e in spans}  # on a busy machine the second thread may sit a test out
    assert {(0, 0), (1, 0)} <= rows <= {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert {"norm", "queries, keys, values", "attention", "gate, up", "down", "head, sampling", "wait", "between steps"} <= {e["name"] for e in spans}
    assert all(e["ts"] >= 0 and e["dur"] >= 0 for e in spans)
    for one in document["traces"]:
        assert one["steps"] > 0 and abs(sum(o["share"] for o in one["operations"]) - 1) < 1e-6


def test_bench_says_so_if_the_timeline_cannot_be_written():
    finished = run("bench", MODEL, "--trace", "/no/such/folder/steps.json", "--prompt", "16", "--generate", "0")
    assert finished.returncode == 1 and "/no/such/folder/steps.json" in finished.stderr


def test_bench_measures_kernels_beside_the_roofs_of_the_machine():
    document = run_json("bench", MODEL, "--kernels", "--rows", "1,9", "--threads", "1", seconds=300)
    assert list(document) == ["version", "model", "threads", "memory_bytes_per_s", "cache_bytes_per_s", "kernels"]
    fields = ["kernel", "tier", "type", "shape", "rows", "seconds", "operations", "bytes", "roof_seconds", "bound", "share"]
    assert all(list(one) == fields for one in document["kernels"])
    assert {one["kernel"] for one in document["kernels"]} == {"matmul", "attention decode", "attention prefill", "quantise", "norm"}
    assert all(one["seconds"] > 0 for one in document["kernels"])
    assert document["memory_bytes_per_s"] > 0 and document["cache_bytes_per_s"] > 0


def test_bench_measures_kernels_of_types_that_are_named():
    table = run("bench", MODEL, "--kernels", "--types", "Q3_K,MXFP4", "--rows", "1", "--isa", "portable", seconds=300)
    assert table.returncode == 0, table.stderr
    assert "Q3_K" in table.stdout and "MXFP4" in table.stdout and "2048 → 2048" in table.stdout
    wrong = run("bench", MODEL, "--kernels", "--types", "Q9_K")
    assert wrong.returncode == 1 and "Q9_K" in wrong.stderr and "Q4_K" in wrong.stderr
    assert run("bench", MODEL, "--rows", "1").returncode == 2


@pytest.mark.parametrize("arguments", [["--depth", "100000"], ["--prompt", "100000"]])
def test_bench_refuses_what_the_context_does_not_hold(arguments):
    finished = run("bench", MODEL, *arguments, "--repeat", "1")
    assert finished.returncode == 1
    assert "context" in finished.stderr
