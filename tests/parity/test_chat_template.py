"""Our chat templates against the jinja2 package, set up as Hugging Face sets it up.

HEADRACE_CHAT_TEMPLATE_DRIVER names the driver (built from chat_template_driver.cpp).
HEADRACE_TEMPLATE_SEED and HEADRACE_TEMPLATE_CASES choose the random programs. With
HEADRACE_TEST_MODEL… set, the templates inside those GGUF files are rendered too.
"""

import glob
import json
import os
import pathlib
import re
import subprocess

import pytest

pytest.importorskip("jinja2")

from chat_template_chats import chats  # noqa: E402
from chat_template_oracle import NOW, render  # noqa: E402
from chat_template_programs import VARIABLES, Generator  # noqa: E402

HERE = pathlib.Path(__file__).parent
SEED = int(os.environ.get("HEADRACE_TEMPLATE_SEED", "20261124"))
CASES = int(os.environ.get("HEADRACE_TEMPLATE_CASES", "3000"))
DRIVER = os.environ.get("HEADRACE_CHAT_TEMPLATE_DRIVER")

# Answers that are not ours to match: objects printed with their address or class, numbers
# beyond 64 bits (we stop, as documented), and programs that neither side should finish.
INCOMPARABLE = re.compile(r" at 0x[0-9a-f]+>|<class |<bound method |<built-in|<function |<(Macro|Namespace|LoopContext) ")


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def render(self, template, variables):
        request = json.dumps({"template": template, "variables": variables, "now": NOW})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the driver died on {template!r}"
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@pytest.fixture(scope="module")
def driver():
    if not DRIVER:
        pytest.skip("HEADRACE_CHAT_TEMPLATE_DRIVER is not set: build the target chat_template_driver")
    running = Driver(DRIVER)
    yield running
    running.close()


def difference(driver, template, variables):
    """None if both engines give the same text or both fail; otherwise what they gave."""
    expected = render(template, variables)
    got = driver.render(template, variables)
    if "text" not in expected:
        return None if "error" in got else f"expected {expected}, got {got}"
    if expected["text"] == got.get("text") or INCOMPARABLE.search(expected["text"]):
        return None
    if "fit 64 bits" in got.get("error", ""):
        return None
    return f"expected {expected}, got {got}"


@pytest.mark.parametrize("path", sorted(HERE.glob("chat_templates/*.jinja")), ids=lambda path: path.stem)
def test_templates_like_the_published_ones_render_the_same(driver, path):
    template = path.read_text(encoding="utf-8")
    rendered = 0
    for name, variables in chats():
        assert not difference(driver, template, variables), name
        rendered += "text" in driver.render(template, variables)
    assert rendered >= 12, "most chats should render, or nothing is compared"


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_random_programs_give_the_same_text_or_fail_in_both(driver):
    print(f"seed {SEED}, {CASES} programs")
    generator = Generator(SEED)
    failures, texts = [], 0
    for index in range(CASES):
        program = generator.program()
        different = difference(driver, program, VARIABLES)
        if different:
            failures.append(f"program {index}: {program!r}\n  {different}")
        texts += "text" in driver.render(program, VARIABLES)
    assert not failures, f"seed {SEED}: {len(failures)} of {CASES} differ\n" + "\n".join(failures[:20])
    assert texts > CASES / 3, "too few programs succeed for the comparison to mean much"


def test_templates_inside_model_files_render_the_same(driver):
    paths = [value for key, value in os.environ.items() if key.startswith("HEADRACE_TEST_MODEL") and value]
    if not paths:
        pytest.skip("HEADRACE_TEST_MODEL is not set: no model file to take a template from")
    gguf = pytest.importorskip("gguf")
    for path in sorted(name for pattern in paths for name in glob.glob(pattern)):
        field = gguf.GGUFReader(path).fields.get("tokenizer.chat_template")
        if field is None:
            continue
        template = field.contents()
        for name, variables in chats():
            assert not difference(driver, template, variables), f"{path}, {name}"
