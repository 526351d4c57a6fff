#!/usr/bin/env python3
"""Headrace's tokenizers beside others: tokenizers.py FOLDER [--quick] [--json FILE] [--rivals NAME ...] [--rows NAME ...]

FOLDER gets a virtual environment for each rival and the texts (benchmarks/micro/tokenize_corpora.py and chats made
of them). The vocabularies are those of tools/fetch_vocabularies.py. Each figure comes from a new process, the rivals
take turns, and the best of --repeat counts, if the ids are those of tokenizers 0.23.3. A row of two figures is cold (the first
pass over a text after loading) and warm (the next text of the same kind)."""
import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys

from environments import python_of

HERE = pathlib.Path(__file__).resolve().parent
ORACLE = "hf 0.23.3"
RIVALS = {  # name: (adapter in tokenizer_job.py, packages)
    ORACLE: ("hf", ["tokenizers==0.23.3"]),
    "hf 1.0.0rc3": ("hf", ["tokenizers==1.0.0rc3"]),
    "gigatoken": ("gigatoken", ["gigatoken==0.10.0"]),
    "fastokens": ("fastokens", ["fastokens==0.3.5"]),
    "tokie": ("tokie", ["tokie"]),
}
SHAPES = {"a": "a", "spaces": " ", "^": "^", "Han": "\u4e2d"}
ROWS = {  # name: (vocabulary, job, text)
    **{f"{text}, one text": ("qwen3", "text", text) for text in ("english", "code", "chinese", "chat")},
    **{f"{text}, 10 kB documents": ("qwen3", "documents", text) for text in ("english", "chinese", "chat")},
    "2 kB prompts, lists": ("qwen3", "prompts", "english"),
    **{f"{text}, decode": ("qwen3", "decode", text) for text in ("english", "chinese")},
    "load to first ids": ("qwen3", "load", "english"),
    **{f"1 MB of {name}": ("qwen3", "shape", f"shape:{shape}") for name, shape in SHAPES.items()},
    **{f"{vocabulary} {text}, one text": (vocabulary, "text", text) for vocabulary in ("gemma3", "llama2", "minilm") for text in ("english", "chinese")},
    "gemma3 load to first ids": ("gemma3", "load", "english"),
}
QUICK = ["english, one text", "chinese, one text", "chat, one text", "english, 10 kB documents", "2 kB prompts, lists", "load to first ids"]


def corpora(folder):
    texts = folder / "texts"
    if not (texts / "english.txt").exists():
        subprocess.run([sys.executable, HERE.parent / "micro" / "tokenize_corpora.py", texts], check=True)
    chat = texts / "chat.txt"
    if not chat.exists():
        lines, turns, size = iter((texts / "english.txt").read_text().splitlines(keepends=True)), [], 0
        for number, line in enumerate(lines):
            if size > 500:
                turns.append("<|im_end|>\n<|im_start|>" + ("user\n" if number % 2 else "assistant\n<think>\n\n</think>\n\n"))
                size = 0
            turns.append(line)
            size += len(line)
        chat.write_text("".join(turns))
    return texts


def run(python, adapter, vocabulary, job, source, arguments):
    environment = {**os.environ, "HEADRACE_THREADS": str(arguments.threads), "RAYON_NUM_THREADS": str(arguments.threads),
                   "TOKENIZERS_PARALLELISM": "true" if arguments.threads > 1 else "false", "OPENBLAS_NUM_THREADS": "1",
                   "TOKENIZERS_JOB_CPUS": ",".join(str(cpu) for cpu in range(arguments.threads))}
    command = [python, HERE / "tokenizer_job.py", adapter, vocabulary, job, source]
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=arguments.timeout)
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def measure(row, pythons, arguments, texts):
    vocabulary, job, text = ROWS[row]
    file = arguments.vocabularies / vocabulary / "tokenizer.json"
    source = text if text.startswith("shape:") else texts / f"{text}.txt"
    results = {name: [] for name in pythons}
    for round_ in range(arguments.repeat):
        for name, (python, adapter) in pythons.items():
            # The oracle is slow and always right: once is enough.
            if (name == ORACLE and round_ > 0) or (results[name] and "error" in results[name][0]):
                continue
            results[name].append(run(python, adapter, file, job, source, arguments))
    wanted = results[ORACLE][0].get("ids")
    for runs in results.values():
        for result in runs:
            if "error" not in result and result["ids"] != wanted:
                result["error"] = "other ids"
    return results


def best(runs):
    """The best of each pass, and what is right in all runs."""
    wrong = next((result["error"] for result in runs if "error" in result), None)
    if wrong:
        return None, wrong
    return [min(passes) for passes in zip(*(result["seconds"] for result in runs))], None


def shown(row, runs):
    seconds, wrong = best(runs)
    if wrong:
        return wrong if wrong == "other ids" else "no"
    if "bytes" not in runs[0]:
        return f"{seconds[0]:.3f} s"
    if ROWS[row][1] == "prompts":
        return f"{seconds[0] * 1e6:.0f} µs (p99 {min(result['p99'] for result in runs) * 1e6:.0f})"
    return " / ".join(f"{runs[0]['bytes'] / second * 1e-6:.1f}" for second in seconds)


def ratio(results):
    """How much faster we are than the best of the others, for each pass."""
    ours, _ = best(results["headrace"])
    others = [seconds for name, runs in results.items() if name != "headrace" for seconds, wrong in [best(runs)] if not wrong]
    if ours is None or not others:
        return "–"
    return " / ".join(f"{min(other[i] for other in others) / second:.2f}×" for i, second in enumerate(ours))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--vocabularies", type=pathlib.Path, default=pathlib.Path.home() / ".cache/headrace/vocabularies")
    parser.add_argument("--headrace-python", default=sys.executable, help="an interpreter with headrace and numpy (PYTHONPATH counts)")
    parser.add_argument("--rivals", nargs="*", default=[name for name in RIVALS if name != ORACLE])
    parser.add_argument("--rows", nargs="*", choices=ROWS, metavar="ROW")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--quick", action="store_true", help="few rows, once")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeat = 1
    rows = arguments.rows or (QUICK if arguments.quick else list(ROWS))
    texts = corpora(arguments.folder)
    pythons = {"headrace": (arguments.headrace_python, "headrace")}
    for name in [ORACLE, *arguments.rivals]:
        adapter, packages = RIVALS[name]
        try:
            pythons[name] = (python_of(arguments.folder, name, packages), adapter)
        except subprocess.CalledProcessError as error:
            print(f"{name}: not installed ({error})", file=sys.stderr)
    for text in sorted(texts.glob("*.txt")):
        data = text.read_bytes()
        print(f"{text.name}: {len(data)} bytes, sha1 {hashlib.sha1(data).hexdigest()}")
    print(f"\n| {arguments.threads} thread(s) | {' | '.join(pythons)} | ratio to the best |\n|---|" + "---|" * (len(pythons) + 1))
    everything, versions = {}, {}
    for row in rows:
        results = everything[row] = measure(row, pythons, arguments, texts)
        versions |= {name: runs[0]["version"] for name, runs in results.items() if "version" in runs[0]}
        print(f"| {row} | " + " | ".join(shown(row, results[name]) for name in pythons) + f" | {ratio(results)} |", flush=True)
    print("\nMB/s, cold / warm, unless a unit is given. Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    for row, results in everything.items():
        for name, runs in results.items():
            if "error" in runs[0] and runs[0]["error"] != "other ids":
                print(f"{row}, {name}: {runs[0]['error']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
