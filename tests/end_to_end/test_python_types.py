"""The types that headrace.tokenizers promises, as mypy reads them, and that they are those of the module."""
import ast
import enum
import importlib
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
MODULES = ["", ".decoders", ".models", ".normalizers", ".pre_tokenizers", ".processors", ".trainers"]


def mypy(*arguments):
    pytest.importorskip("mypy")
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", *map(str, arguments)],
                          capture_output=True, text=True)


def stub_of(module):
    return next(path for path in (pathlib.Path(module.__file__).with_suffix(".pyi"),) if path.exists())


def test_a_program_that_uses_every_kind_of_call_is_well_typed():
    pytest.importorskip("headrace.tokenizers")
    done = mypy(HERE / "typed_tokenizers.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_are_well_typed():
    tokenizers = pytest.importorskip("headrace.tokenizers")
    done = mypy("-p", "headrace.tokenizers", "--disable-error-code=import-not-found", "--disable-error-code=no-any-return",
                "--disable-error-code=unused-ignore")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tokenizers


@pytest.mark.parametrize("name", MODULES)
def test_a_stub_has_the_public_names_of_its_module(name):
    pytest.importorskip("headrace.tokenizers")
    module = importlib.import_module("headrace.tokenizers" + name)
    tree = ast.parse(stub_of(module).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    names = set(classes) | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    names |= {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    names |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    assert set(module.__all__) <= names
    for cls, node in classes.items():
        if cls.startswith("_"):
            continue
        real = getattr(module, cls)
        members = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        members |= {part.target.id for part in node.body if isinstance(part, ast.AnnAssign)}
        assert not [member for member in members if not hasattr(real, member)], cls
        if not issubclass(real, enum.Enum):
            assert {member for member in vars(real) if not member.startswith("_")} <= members, cls
