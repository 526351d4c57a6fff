#!/usr/bin/env python3
"""Checks that modules include only what DESIGN allows them to.

A module (a folder of src/) may include the modules of its row below, headers that lie
directly in their folders, and its own files; sub-folders are private. A few
libraries may be named in one module only. Prints each breach; exits 1 if there is one.
"""
import re
import sys
from pathlib import Path

MAY_INCLUDE = {
    "base": set(),
    "kernels": {"base"},
    "net": {"base"},
    "text": {"base"},
    "c": {"base", "text"},
    "tensor": {"base", "kernels"},
    "frame": {"base", "kernels", "text"},
    "model": {"base", "kernels", "tensor", "text"},
    "train": {"base", "kernels", "text", "frame", "tensor", "model"},
    "engine": {"base", "kernels", "text", "tensor", "model"},
    "server": {"base", "net", "text", "engine"},
    "router": {"base", "net", "text"},
    "agent": {"base", "net", "text"},
    "extend": {"base"},
}
EVERYTHING = set(MAY_INCLUDE)
MAY_INCLUDE["cli"] = EVERYTHING
MAY_INCLUDE["python"] = EVERYTHING

# Library header prefixes that only these modules may name.
ONLY_IN = {"boost/asio": {"net"}, "boost/beast": {"net"}, "nanobind/": {"python"}, "CLI/": {"cli"}}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def breaches(root: Path) -> list[str]:
    found = []
    source = root / "src"
    for path in sorted(source.rglob("*")):
        if path.suffix not in {".h", ".cpp", ".inc"}:
            continue
        parts = path.relative_to(source).parts
        module = parts[0]
        if module not in MAY_INCLUDE:
            found.append(f"{path.relative_to(root)}: {module} is not a module of DESIGN; a new one needs a design note")
            continue
        for quote, target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if quote == "<":
                for prefix, modules in ONLY_IN.items():
                    if target.startswith(prefix) and module not in modules:
                        found.append(f"{path.relative_to(root)}: <{target}> belongs to {', '.join(sorted(modules))} only")
                continue
            other = target.split("/")[0]
            if "/" not in target or other not in MAY_INCLUDE:
                if not (path.parent / target).exists():
                    found.append(f'{path.relative_to(root)}: "{target}": write headers as "module/header.h"')
                continue
            if other != module and other not in MAY_INCLUDE[module]:
                found.append(f"{path.relative_to(root)}: {module} may not include {other} (\"{target}\")")
            if other != module and target.count("/") > 1:
                found.append(f'{path.relative_to(root)}: "{target}" is private to {other}')
    return found


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = breaches(root)
    for line in found:
        print(line)
    print(f"{len(found)} breaches of the include rules" if found else "the include rules hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
