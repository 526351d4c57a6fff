#!/usr/bin/env python3
"""Headrace's queries beside others: frame.py FOLDER [--scale 1] [--rivals NAME ...] [--rows NAME ...] [--json FILE]

FOLDER gets a virtual environment for each rival. The tables are those of tools/make_tpch.py. Each figure comes from a new process that
runs the query --runs times; the processes take turns --repeat times and the best counts, if the answer is that of duckdb. A cell is wall
(CPU) milliseconds and the peak of memory in MB."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

from environments import python_of

HERE = pathlib.Path(__file__).resolve().parent
ORACLE = "duckdb"
RIVALS = {  # name: packages
    ORACLE: ["duckdb"],
    "polars": ["polars"],
    "datafusion": ["datafusion", "pyarrow"],
    "pandas": ["pandas"],
}
QUERIES = [f"q{number:02}" for number in range(1, 23)]
ROWS = [*QUERIES, "tiny", "import"]


def run(python, engine, row, tables, arguments):
    environment = {**os.environ, "HEADRACE_THREADS": str(arguments.threads), "POLARS_MAX_THREADS": str(arguments.threads)}
    folder = tables["0.01" if row == "tiny" else arguments.scale]
    command = [python, HERE / "frame_job.py", engine, row, folder, arguments.threads, arguments.runs]
    cpus = ",".join(str(cpu) for cpu in range(arguments.threads))
    done = subprocess.run(["taskset", "-c", cpus, *map(str, command)], env=environment, capture_output=True, text=True, timeout=arguments.timeout)
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def measure(row, pythons, tables, arguments):
    results = {}
    for _ in range(arguments.repeat):
        for name, python in pythons.items():
            if name == "pandas" and row != "import":
                continue  # it has no SQL
            made = run(python, name, row, tables, arguments)
            before = results.get(name)
            if before is None or "error" in made or ("error" not in before and made["wall"] < before["wall"]):
                results[name] = made
    wanted = results[ORACLE].get("answer")
    for result in results.values():
        if "error" not in result and row != "import" and result["answer"] != wanted:
            result["error"] = "another answer"
    return results


def shown(result):
    if result is None:
        return "–"
    if "error" in result:
        return "another answer" if result["error"] == "another answer" else "no"
    return f"{result['wall']:.1f} ({result['cpu']:.1f}) {result['peak']:.0f}"


def ratio(results):
    """Our wall time over the best of the others."""
    others = [result["wall"] for name, result in results.items() if name != "headrace" and "error" not in result]
    ours = results["headrace"]
    return "–" if "error" in ours or not others else f"{ours['wall'] / min(others):.2f}×"


def sums(everything, names):
    """Of the queries that all of them answer right."""
    rows = [row for row in QUERIES if row in everything]
    cells = []
    for name in names:
        right = [everything[row][name] for row in rows if name in everything[row] and "error" not in everything[row][name]]
        total = sum(result["wall"] for result in right), sum(result["cpu"] for result in right)
        cells.append(f"{total[0]:.0f} ({total[1]:.0f}), {len(right)} of {len(rows)}")
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--scale", default="1")
    parser.add_argument("--headrace-python", default=sys.executable, help="an interpreter with headrace (PYTHONPATH counts)")
    parser.add_argument("--rivals", nargs="*", default=[name for name in RIVALS if name != ORACLE])
    parser.add_argument("--rows", nargs="*", choices=ROWS, metavar="ROW", default=ROWS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    tables = {}
    for scale in {arguments.scale, "0.01"}:
        made = subprocess.run([sys.executable, HERE.parents[1] / "tools" / "make_tpch.py", scale], check=True, capture_output=True, text=True)
        tables[scale] = made.stdout.strip()
    pythons = {"headrace": arguments.headrace_python}
    for name in [ORACLE, *arguments.rivals]:
        try:
            pythons[name] = python_of(arguments.folder, name, RIVALS[name])
        except subprocess.CalledProcessError as error:
            print(f"{name}: not installed ({error})", file=sys.stderr)
    print(f"\n| scale {arguments.scale}, {arguments.threads} thread(s) | {' | '.join(pythons)} | ratio to the best |")
    print("|---|" + "---|" * (len(pythons) + 1))
    everything, versions = {}, {}
    for row in arguments.rows:
        results = everything[row] = measure(row, pythons, tables, arguments)
        versions |= {name: result["version"] for name, result in results.items() if "version" in result}
        print(f"| {row} | " + " | ".join(shown(results.get(name)) for name in pythons) + f" | {ratio(results)} |", flush=True)
    print("| sum of the queries | " + " | ".join(sums(everything, pythons)) + " | |")
    print("\nwall (CPU) ms, peak MB. Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    for row, results in everything.items():
        for name, result in results.items():
            if "error" in result:
                print(f"{row}, {name}: {result['error']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
