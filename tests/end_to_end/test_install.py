"""`make install`, and a program of someone else's that uses what it put in place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from command_line import BINARY, needs_binary

pytestmark = needs_binary

PROGRAM = """
#include <iostream>
#include "model/model.h"
#include "text/tokenizer.h"
int main() {
  const auto model = headrace::model::Model::load("/nowhere.gguf", {});
  std::cout << (model ? "loaded" : model.error().message) << "\\n";
}
"""

PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(user CXX)
find_package(headrace REQUIRED)
add_executable(user main.cpp)
target_link_libraries(user PRIVATE headrace::model)
"""

SAYS = "cannot open /nowhere.gguf: No such file or directory\n"


def checked(*command: object, cwd: Path, **more) -> str:
    finished = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, **more)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("install")
    checked("cmake", "--install", Path(BINARY).parents[1], "--prefix", folder / "prefix", cwd=folder)
    (folder / "main.cpp").write_text(PROGRAM)
    (folder / "CMakeLists.txt").write_text(PROJECT)
    return folder


def test_the_installed_binary_runs(installed):
    assert checked("prefix/bin/headrace", "version", cwd=installed).startswith("headrace ")


def test_a_cmake_project_finds_the_package(installed):
    checked("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={installed / 'prefix'}", cwd=installed)
    checked("cmake", "--build", "build", cwd=installed)
    assert checked("build/user", cwd=installed) == SAYS


def test_pkg_config_tells_all_that_a_compiler_needs(installed):
    (config,) = (installed / "prefix").rglob("headrace.pc")
    flags = checked("pkg-config", "--cflags", "--libs", "headrace", cwd=installed, env={"PKG_CONFIG_PATH": str(config.parent), "PATH": "/usr/bin:/bin"})
    checked("g++", "-std=c++23", "main.cpp", *flags.split(), "-o", "user", cwd=installed)
    assert checked("./user", cwd=installed) == SAYS


# ---- The C interface ----

EXAMPLES = Path(__file__).parents[2] / "examples"

C_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(user C CXX)
find_package(headrace REQUIRED)
add_executable(shared tokenize.c)
target_link_libraries(shared PRIVATE headrace::tokenizer_shared)
add_executable(static tokenize.cpp)
target_link_libraries(static PRIVATE headrace::tokenizer_static)
"""


def tokenizer_json(folder: Path) -> Path:
    vocabulary = {"<s>": 0, "?": 1, "Hello": 2, "there": 3, "<": 4, "s>": 5}
    special = {"id": 0, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [special], "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "unk_token": "?", "vocab": vocabulary},
    }))
    return path


@pytest.fixture(scope="module")
def package(installed):
    """What pkg-config needs to find the C interface, and the program to find the library."""
    (config,) = (installed / "prefix").rglob("headrace-tokenizer.pc")
    return {"PKG_CONFIG_PATH": str(config.parent), "PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(config.parents[1])}


@pytest.mark.parametrize(
    ("compiler", "source", "says"),
    [
        (["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"], "tokenize.c", "2 3 1\nHello there ?\n"),
        (["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic"], "tokenize.cpp", "2 3 1\n"),
    ],
)
def test_the_examples_build_and_run_against_the_installed_library(installed, package, compiler, source, says):
    flags = checked("pkg-config", "--cflags", "--libs", "headrace-tokenizer", cwd=installed, env=package).split()
    program = installed / f"example-{compiler[0]}"
    checked(*compiler, EXAMPLES / source, *flags, "-o", program, cwd=installed)
    assert checked(program, tokenizer_json(installed), "Hello there you", cwd=installed, env=package) == says


def test_the_c_example_reads_special_tokens_of_a_user_as_text(installed, package):
    assert checked(installed / "example-cc", tokenizer_json(installed), "<s>", cwd=installed, env=package).startswith("4 5\n")


def test_the_c_example_says_what_is_wrong(installed, package):
    finished = subprocess.run([installed / "example-cc", "/nowhere.json", "x"], env=package, capture_output=True, text=True)
    assert finished.returncode == 1 and "/nowhere.json" in finished.stderr


def test_pkg_config_links_the_static_library_too(installed, package):
    flags = checked("pkg-config", "--cflags", "--libs", "--static", "headrace-tokenizer", cwd=installed, env=package).split()
    archive = Path(package["LD_LIBRARY_PATH"]) / "libheadrace_tokenizer.a"
    flags = [str(archive) if flag == "-lheadrace_tokenizer" else flag for flag in flags]
    checked("cc", EXAMPLES / "tokenize.c", *flags, "-lm", "-o", "static-example", cwd=installed)
    assert checked("./static-example", tokenizer_json(installed), "Hello", cwd=installed) == "2\nHello\n"


def test_a_cmake_project_links_either_library(installed, package):
    folder = installed / "c-project"
    folder.mkdir()
    for name in ("tokenize.c", "tokenize.cpp"):
        (folder / name).write_text((EXAMPLES / name).read_text())
    (folder / "CMakeLists.txt").write_text(C_PROJECT)
    checked("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={installed / 'prefix'}", cwd=folder)
    checked("cmake", "--build", "build", cwd=folder)
    for program in ("shared", "static"):
        assert checked(folder / "build" / program, tokenizer_json(installed), "Hello", cwd=folder).startswith("2\n")


def test_the_shared_library_exports_the_c_functions_only(package):
    library = Path(package["LD_LIBRARY_PATH"]) / "libheadrace_tokenizer.so"
    symbols = checked("nm", "-D", "--defined-only", "--format=posix", library, cwd=library.parent).splitlines()
    assert len(symbols) > 10
    assert all(symbol.startswith("headrace_") for symbol in symbols)
