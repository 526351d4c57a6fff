"""What this build is and what it runs on."""

from __future__ import annotations

import sys

from . import _native


def versions() -> dict[str, object]:
    """Version, kernels and CPU, for a bug report."""
    return {
        "headrace": _native.version,
        "isa": _native.default_isa(),
        "isas": _native.usable_isas(),
        "cpu": _native.cpu_name(),
        "cpus": _native.usable_cpus(),
        "compiler": _native.compiler,
        "python": sys.version.split()[0],
    }


def show_versions() -> None:
    """Prints versions()."""
    for name, value in versions().items():
        print(f"{name:<10} {value}")
