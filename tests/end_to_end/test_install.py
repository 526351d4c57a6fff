"""`make install`, and a program of someone else's that uses what it put in place."""

from __future__ import annotations

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
