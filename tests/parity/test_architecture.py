"""ARCHITECTURE.md names files; they must exist, and the module table must be the include check's."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_file_that_the_architecture_names_exists():
    named = set(re.findall(r"`((?:src|tests|tools)/[\w/.]+\.\w+)`", TEXT))
    assert len(named) > 15
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_hops_of_the_token_path_are_numbered_without_gaps():
    section = TEXT.split("## The path of a token")[1].split("\n## ")[0]
    numbers = [int(n) for n in re.findall(r"^(\d+)\. `", section, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 10


def test_the_module_table_is_what_the_include_check_enforces():
    sys.path.insert(0, str(ROOT / "tools"))
    from check_includes import MAY_INCLUDE

    for row in re.findall(r"^\| `(\w+)` \|[^|]+\| ([^|]+) \|$", TEXT, re.MULTILINE):
        allowed = set() if row[1] == "–" else {name.strip() for name in row[1].split(",")}
        assert MAY_INCLUDE[row[0]] == allowed, row[0]
