"""Ctrl-C, fork, threads at exit, import: how the package behaves in a process."""

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from python_package import MODEL, needs_model, needs_package, script

pytestmark = needs_package

INTERRUPTED = """
import sys, threading, time, os, signal
import headrace as hr
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit it ignored
llm = hr.LLM(sys.argv[1])
def interrupt():
    time.sleep(0.5)
    global sent
    sent = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
long = hr.Sampling(max_tokens=4000, ignore_eos=True)
try:
    {call}
except KeyboardInterrupt:
    late = time.monotonic() - sent
    print("late" if late > 0.1 else "in time", late)
assert llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=2, temperature=0))[0].text == " 5"
"""


@needs_model
@pytest.mark.parametrize(
    "call",
    [
        "llm.generate(['Once', 'Twice'], long)",
        "list(llm.stream('Once', long))",
        "llm.chat([{'role': 'user', 'content': 'Hi'}], long)",
        "llm.generate([[5] * 4000], long)",
        "llm.logits([5] * 3000)",
        "import asyncio; asyncio.run(llm.agenerate('Once', long))",
    ],
)
def test_ctrl_c_within_100_ms(call):
    finished = script(INTERRUPTED.replace("{call}", call))
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("in time"), finished.stdout


FORKED = """
import os, sys
import headrace as hr
llm = hr.LLM(sys.argv[1], threads=2)
greedy = hr.Sampling(max_tokens=4, temperature=0)
expected = llm.generate("1, 2, 3, 4,", greedy)[0].text
child = os.fork()
if child == 0:
    assert llm.tokenizer.encode("Hello world") == [19556, 905]
    for call in (lambda: llm.generate("a", greedy), lambda: next(llm.stream("a", greedy)), lambda: llm.logits([1])):
        try:
            call()
            os._exit(1)
        except hr.Unsupported as error:
            assert "fork" in str(error)
    assert "another process" in repr(llm)
    fresh = hr.LLM(sys.argv[1], threads=2)
    assert fresh.generate("1, 2, 3, 4,", greedy)[0].text == expected
    del llm
    fresh.close()
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert llm.generate("1, 2, 3, 4,", greedy)[0].text == expected
print("good")
"""


@needs_model
def test_a_forked_child_makes_an_llm_of_its_own():
    finished = script(FORKED)
    assert finished.stdout == "good\n", finished.stderr


FORKED_BUSY = """
import os, sys, threading
import headrace as hr
llm = hr.LLM(sys.argv[1])
thread = threading.Thread(target=lambda: llm.generate(["Once"] * 4, hr.Sampling(max_tokens=60, ignore_eos=True)))
thread.start()
while llm.stats["running"] == 0: pass
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        fresh = hr.LLM(sys.argv[1], context=64)
        fresh.generate("1, 2,", hr.Sampling(max_tokens=2))
        sys.exit(0)
    children.append(child)
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 5
thread.join()
print("good")
"""


@needs_model
def test_forking_while_others_generate_does_not_hang():
    finished = script(FORKED_BUSY, seconds=300)
    assert finished.stdout == "good\n", finished.stderr


MULTIPROCESSING = """
import multiprocessing, sys
import headrace as hr
def work(model):
    return hr.LLM(model, context=64).generate("1, 2, 3, 4,", hr.Sampling(max_tokens=2, temperature=0))[0].text
if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
        print(pool.map(work, [sys.argv[1]] * 3))
"""


@needs_model
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    path = tmp_path / "work.py"
    path.write_text(MULTIPROCESSING)
    finished = subprocess.run([sys.executable, str(path), MODEL, method], capture_output=True, text=True, timeout=200)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("' 5'") == 3


@needs_model
@pytest.mark.parametrize(
    "ending",
    ["", "sys.exit(0)", "raise SystemExit", "llm.close()", "del llm", "cycle = [llm]; cycle.append(cycle)"],
)
def test_a_program_ends_quietly_however_it_ends(ending):
    text = f"""
import sys, threading
import headrace as hr
llm = hr.LLM(sys.argv[1])
def work():
    try:
        llm.generate("Once", hr.Sampling(max_tokens=4000, ignore_eos=True))
    except hr.Cancelled:
        pass  # uncaught, the interpreter would begin to print it and may be gone half way
threading.Thread(target=work, daemon=True).start()
stream = llm.stream("1, 2,", hr.Sampling(max_tokens=100))
next(stream)
{ending}
"""
    finished = script(text)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""


def test_import_takes_under_50_ms():
    # CPU time: other tests may run beside this one.
    measure = "import time; begin = time.process_time(); import headrace; print(time.process_time() - begin)"
    assert min(float(script(measure).stdout) for _ in range(7)) < 0.05


def test_import_brings_in_nothing_heavy_and_starts_no_thread():
    text = """
import sys, threading, os
import headrace
print(sorted({"numpy", "asyncio", "json", "typing", "dataclasses", "pathlib", "subprocess"} & set(sys.modules)), len(os.listdir("/proc/self/task")))
"""
    loaded, threads = script(text).stdout.rsplit(" ", 1)
    assert "numpy" not in loaded and "asyncio" not in loaded and "subprocess" not in loaded
    assert int(threads) == 1


@needs_model
def test_without_numpy_logits_are_a_tensor():
    text = """
import sys
sys.modules["numpy"] = None
import headrace as hr
logits = hr.LLM(sys.argv[1], context=64).logits([1, 2])
assert type(logits) is hr.Tensor and logits.shape == (2, 49152)
print(memoryview(logits)[1, 5] == memoryview(logits).tolist()[1][5], logits.__dlpack_device__())
"""
    finished = script(text)
    assert finished.stdout == "True (1, 0)\n", finished.stderr


def test_the_package_is_typed(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(
        '''
import headrace as hr

llm = hr.LLM("smollm2", threads=None, memory="2GB", context=None, isa=None)
out = llm.generate(["prompt", "another"], hr.Sampling(max_tokens=64, temperature=0.0, logprobs=5))
text: str = out[0].text
ids: list[int] = out[0].token_ids
reason: str | None = out[0].finish_reason
for piece in llm.stream("prompt"):
    print(piece, end="")
answer: hr.Output = llm.chat([{"role": "user", "content": "hi"}])
rows: int = llm.logits(ids).shape[0]


async def main() -> None:
    outputs: list[hr.Output] = await llm.agenerate("prompt")
    async for piece in llm.astream("prompt"):
        print(piece, outputs)
'''
    )
    checked = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    wrong = tmp_path / "wrong.py"
    wrong.write_text('import headrace as hr\nhr.Sampling(max_tokens="many")\n')
    checked = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(wrong)], capture_output=True, text=True)
    assert checked.returncode == 1 and "max_tokens" in checked.stdout


def test_the_stub_names_what_the_module_has():
    import headrace._native as native

    def public(names):
        return {name for name in names if not name.startswith("_")}

    stub = ast.parse((Path(native.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
    named = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    named |= {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}
    assert named | set(classes) == public(vars(native))
    for name, node in classes.items():
        members = {member.name for member in node.body if isinstance(member, ast.FunctionDef)}
        assert public(members) == public(vars(getattr(native, name)))


def test_versions_name_the_kernels():
    import headrace as hr

    assert hr.versions()["isa"] in hr.versions()["isas"]
    assert hr.versions()["headrace"] == hr.__version__


def test_doctest_free_functions():
    import headrace as hr

    assert [model.name for model in hr.catalog()] == ["smollm2", "gemma3"]


@needs_model
def test_a_sigterm_handler_of_the_user_runs_while_generating():
    text = """
import os, signal, sys, threading, time
import headrace as hr
llm = hr.LLM(sys.argv[1])
def leave(*_): sys.exit(5)
signal.signal(signal.SIGTERM, leave)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
llm.generate("Once", hr.Sampling(max_tokens=4000, ignore_eos=True))
"""
    begin = time.monotonic()
    assert script(text).returncode == 5
    assert time.monotonic() - begin < 60
    assert os.name == "posix" and signal.SIGTERM
