#!/usr/bin/env python3
"""Makes the tables of TPC-H as Parquet files, on which the tests compare queries, in
~/.cache/headrace/tpch/sf<SCALE>. Prints that folder. The generator is the package
tpchgen-cli, installed into an environment of its own beside them; what is there already
is used again.

    make_tpch.py [SCALE]     0.01 unless given
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

GENERATOR = "tpchgen-cli==4.0.0"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


def generator(home):
    folder = home / "generator"
    program = folder / "bin" / "tpchgen-cli"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", GENERATOR], check=True, stdout=sys.stderr)
    return program


def main():
    scale = sys.argv[1] if len(sys.argv) > 1 else "0.01"
    home = pathlib.Path(os.environ.get("HEADRACE_HOME", pathlib.Path.home() / ".cache" / "headrace")) / "tpch"
    folder = home / f"sf{scale}"
    if not all((folder / f"{table}.parquet").exists() for table in TABLES):
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as made:
            subprocess.run([generator(home), "parquet", "-s", scale, "--output-dir", made], check=True, stdout=sys.stderr)
            shutil.rmtree(folder, ignore_errors=True)
            pathlib.Path(made).rename(folder)
            pathlib.Path(made).mkdir()  # what the context is about to remove
    print(folder)


if __name__ == "__main__":
    main()
