#!/usr/bin/env python3
"""Headrace's tokenizers beside others: tokenizers.py FOLDER [--quick] [--json FILE] [--rivals NAME ...] [--rows ROW ...]

FOLDER gets a virtual environment for each rival, the texts (benchmarks/micro/tokenize_corpora.py and chats made
of them) and the vocabularies that others need in a form of their own. The vocabularies are those of
tools/fetch_vocabularies.py. Each figure comes from a new process, the rivals take turns, and the best of --repeat counts, if
the ids (or offsets, or decoded texts) are those of tokenizers 0.23.3. A row of two figures is cold (the first pass over a text
after loading) and warm (the next text of the same kind). --rows takes names, or patterns such as 'gemma3*'.

Rows of two threads show what two of them gain over one, beside what two processes that count gain over one in the same
minutes. The row of a gigabyte needs --gigabyte FILE, a text of that size; the oracle encodes its first 16 MB alone, of
which the ids are compared, and of the others the number of ids."""
import argparse
import dataclasses
import fnmatch
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

from environments import python_of
from sentencepiece_model import of_bpe, of_gguf_unigram

HERE = pathlib.Path(__file__).resolve().parent
ORACLE = "hf 0.23.3"
RIVALS = {  # name: (adapter in tokenizer_rivals.py, packages)
    ORACLE: ("hf", ["tokenizers==0.23.3"]),
    "hf 1.0.0rc3": ("hf", ["tokenizers==1.0.0rc3"]),
    "gigatoken": ("gigatoken", ["gigatoken==0.10.0"]),
    "fastokens": ("fastokens", ["fastokens==0.3.5"]),
    "tokie": ("tokie", ["tokie==0.1.4"]),
    "iree": ("iree", ["iree-tokenizer==0.3.0"]),
    "tiktoken": ("tiktoken", ["tiktoken==0.14.0"]),
    "sentencepiece": ("sentencepiece", ["sentencepiece==0.2.1"]),
}


@dataclasses.dataclass(frozen=True)
class Row:
    vocabulary: str
    job: str
    text: str
    kind: str = "passes"  # how it is shown: passes, seconds, prompts, step, ratio, gain
    environment: tuple = ()  # of Headrace alone
    alone: bool = False  # beside the oracle's ids, nobody else has such a thing


def text_rows(vocabulary, texts=("english", "chinese")):
    return {f"{vocabulary} {text}, one text": Row(vocabulary, "text", text) for text in texts}


SHAPES = {"a": "a", "spaces": " ", "^": "^", "Han": "\u4e2d"}
AVX2 = (("HEADRACE_ISA", "avx2"),)
ROWS = {
    **{f"{text}, one text": Row("qwen3", "text", text) for text in ("english", "code", "chinese", "chat")},
    **{f"{text}, one text, AVX2": Row("qwen3", "text", text, environment=AVX2, alone=True) for text in ("english", "code", "chinese", "chat")},
    **{f"{text}, 10 kB documents": Row("qwen3", "documents", text) for text in ("english", "chinese", "chat")},
    "2 kB prompts, lists": Row("qwen3", "prompts", "english", "prompts"),
    "full Encoding, lists": Row("qwen3", "encodings", "english"),
    "ids and offsets, arrays": Row("qwen3", "spans", "english"),
    "Encoding object / ids alone": Row("qwen3", "object", "english", "ratio", alone=True),
    **{f"{text}, decode": Row("qwen3", "decode", text) for text in ("english", "chinese")},
    **{f"{text}, stream decode": Row("qwen3", "stream", text, "step") for text in ("english", "chinese")},
    "load to first ids": Row("qwen3", "load", "english", "seconds"),
    "gemma3 load to first ids": Row("gemma3", "load", "english", "seconds"),
    "xlmr load to first ids": Row("xlmr", "load", "english", "seconds"),
    "compiled, load to first ids": Row("qwen3.compiled", "load", "english", "seconds", alone=True),
    "gemma3 compiled, load to first ids": Row("gemma3.compiled", "load", "english", "seconds", alone=True),
    "compiled, english, one text": Row("qwen3.compiled", "text", "english", alone=True),
    **text_rows("gemma3"), **text_rows("llama2"), **text_rows("minilm"), **text_rows("xlmr"),
    **{f"1 MB of {name}": Row("qwen3", "shape", f"shape:{shape}") for name, shape in SHAPES.items()},
    "two threads: batch": Row("qwen3", "documents", "english", "gain"),
    "two threads: one text": Row("qwen3", "text", "english", "gain"),
    "two Python threads": Row("qwen3", "python threads", "english", "gain"),
    "1 GB, start to last id, two threads": Row("qwen3", "gigabyte", "gigabyte", "seconds"),
}
QUICK = ["english, one text", "chinese, one text", "chat, one text", "english, 10 kB documents", "2 kB prompts, lists", "load to first ids"]
COUNTING = "import time\nbegin = time.perf_counter()\nfor _ in range(6_000_000): pass\nprint(time.perf_counter() - begin)"


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


def vocabulary_file(name, arguments):
    """The tokenizer.json (or compiled form) of this name, and beside it the .model where there can be one."""
    published = arguments.vocabularies / name / "tokenizer.json"
    made = arguments.folder / "vocabularies" / name / "tokenizer.json"
    if name.endswith(".compiled"):
        made = made.with_name("tokenizer.compiled")
        made.parent.mkdir(parents=True, exist_ok=True)
        source = vocabulary_file(name.removesuffix(".compiled"), arguments)
        result = run(arguments.headrace_python, "headrace", source, "compile", made, arguments, threads=1)
        if "error" in result:
            raise SystemExit(f"{source} could not be compiled: {result['error']}")
    elif name == "xlmr" and not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        saved, model = of_gguf_unigram(arguments.vocabularies / "gguf" / "ggml-vocab-nomic-bert-moe.gguf")
        made.with_suffix(".model").write_bytes(model)
        made.write_text(saved, encoding="utf-8")
    elif name == "minilm" and not made.exists():
        # As published it cuts off all but 128 tokens.
        made.parent.mkdir(parents=True, exist_ok=True)
        saved = json.loads(published.read_text(encoding="utf-8")) | {"truncation": None, "padding": None}
        made.write_text(json.dumps(saved, ensure_ascii=False), encoding="utf-8")
    elif name in ("llama2", "gemma3") and not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        made.with_suffix(".model").write_bytes(of_bpe(json.loads(published.read_text(encoding="utf-8"))))
        made.write_bytes(published.read_bytes())
    return made if made.exists() else published


def run(python, adapter, vocabulary, job, source, arguments, threads, environment=()):
    cpus = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else range(threads)
    environment = {**os.environ, "HEADRACE_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads),
                   "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false", "OPENBLAS_NUM_THREADS": "1",
                   "TOKENIZERS_JOB_CPUS": ",".join(str(cpu) for cpu in cpus), "TOKENIZERS_JOB_BEGAN": str(time.time()), **dict(environment)}
    command = [python, HERE / "tokenizer_job.py", adapter, vocabulary, job, source]
    try:
        done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=arguments.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"longer than {arguments.timeout:.0f} s"}
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def counting_gain():
    """What two processes that count gain over one: the bound of what two threads can gain in these minutes."""
    def seconds(processes):
        running = [subprocess.Popen([sys.executable, "-c", COUNTING], stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return max(float(process.communicate()[0]) for process in running)

    return 2 * min(seconds(1) for _ in range(3)) / min(seconds(2) for _ in range(3))


def one_run(name, row, python, adapter, arguments, texts):
    file = arguments.files[row.vocabulary if name == "headrace" else row.vocabulary.removesuffix(".compiled")]
    source = row.text if row.text.startswith("shape:") else texts / f"{row.text}.txt"
    threads = arguments.threads
    environment = row.environment if name == "headrace" else ()
    if row.job == "gigabyte":
        source, threads = arguments.gigabyte, 2
        if name == ORACLE:
            environment = (("TOKENIZERS_JOB_ORACLE", "1"),)
    if row.kind != "gain":
        return run(python, adapter, file, row.job, source, arguments, threads, environment)
    if row.job == "python threads":
        # Each call by its own thread alone: the pool has nothing to share out.
        environment = (*environment, ("TOKENIZERS_PARALLELISM", "false"), ("HEADRACE_THREADS", "1"), ("RAYON_NUM_THREADS", "1"))
        result = run(python, adapter, file, row.job, source, arguments, 2, environment)
        return result if "error" in result else {**result, "one": result["seconds"][0] * 2, "two": result["seconds"][1]}
    one, two = (run(python, adapter, file, row.job, source, arguments, number, environment) for number in (1, 2))
    wrong = next((result for result in (one, two) if "error" in result), None)
    return wrong or {**two, "one": one["seconds"][-1], "two": two["seconds"][-1]}


def measure(row, pythons, arguments, texts):
    taking_part = {name: pythons[name] for name in pythons if not row.alone or name in ("headrace", ORACLE)}
    question = (row.vocabulary.removesuffix(".compiled"), row.job, row.text, row.kind)
    if row.job == "load":  # of a tokenizer.json, which SentencePiece does not read
        taking_part.pop("sentencepiece", None)
    results = {name: [] for name in taking_part}
    for round_ in range(arguments.repeat):
        for name, (python, adapter) in taking_part.items():
            # The oracle is slow and always right: once is enough.
            if (name == ORACLE and round_ > 0) or (results[name] and "error" in results[name][0]):
                continue
            if name == ORACLE and question in arguments.asked:
                results[name].append(arguments.asked[question])
                continue
            results[name].append(one_run(name, row, python, adapter, arguments, texts))
    oracle = arguments.asked[question] = results.get(ORACLE, [{}])[0]
    counts = {result["count"] for name, runs in results.items() if name != ORACLE for result in runs if "count" in result}
    for runs in results.values():
        for result in runs:
            if "error" not in result and "ids" in oracle and result["ids"] != oracle["ids"]:
                result["error"] = "other ids"
    if len(counts) > 1:
        results["headrace"][0].setdefault("error", f"numbers of ids differ: {sorted(counts)}")
    if row.job == "gigabyte":
        results[ORACLE] = [{"error": "not measured"}]
    return results


def best(row, runs):
    """The best of each pass, and what is wrong in any run. What two threads gain is the best of one over the best of two."""
    wrong = next((result["error"] for result in runs if "error" in result), None)
    if wrong:
        return None, wrong
    if row.kind == "gain":
        return [min(result["two"] for result in runs) / min(result["one"] for result in runs)], None
    return [min(passes) for passes in zip(*(result["seconds"] for result in runs))], None


def shown(row, runs):
    seconds, wrong = best(row, runs)
    if wrong:
        return wrong if wrong in ("other ids", "not measured") else "no"
    if row.kind == "gain":
        return f"{1 / seconds[0]:.2f}×"
    if row.kind == "ratio":
        return f"{seconds[0]:.2f}×"
    if row.kind == "step":
        return f"{seconds[0] * 1e9:.0f} ns"
    if row.kind == "seconds":
        private = [result["private"] for result in runs if result.get("private") is not None]
        return f"{seconds[0]:.3f} s" + (f", {min(private) * 1e-6:.1f} MB" if private else "")
    if row.kind == "prompts":
        return f"{seconds[0] * 1e6:.1f} µs (p99 {min(result['p99'] for result in runs) * 1e6:.0f})"
    return " / ".join(f"{runs[0]['bytes'] / second * 1e-6:.1f}" for second in seconds)


def ratio(row, results, counting):
    """How much faster we are than the best of the others, for each pass; of two threads: what we gain of what counting gains."""
    ours, _ = best(row, results["headrace"])
    if ours is None or row.alone:
        return "–"
    if row.kind == "gain":
        return f"{1 / ours[0] / counting:.2f} of the counting loop's {counting:.2f}×"
    others = [seconds for name, runs in results.items() if name != "headrace" for seconds, wrong in [best(row, runs)] if not wrong]
    if not others:
        return "–"
    return " / ".join(f"{min(other[i] for other in others) / second:.2f}×" for i, second in enumerate(ours))


def chosen(patterns):
    rows = [row for row in ROWS if any(row == pattern or fnmatch.fnmatch(row, pattern) for pattern in patterns)]
    unknown = [pattern for pattern in patterns if not any(row == pattern or fnmatch.fnmatch(row, pattern) for row in ROWS)]
    if unknown:
        raise SystemExit(f"no row is called {', '.join(unknown)}; there are: {'; '.join(ROWS)}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--vocabularies", type=pathlib.Path, default=pathlib.Path.home() / ".cache/headrace/vocabularies")
    parser.add_argument("--headrace-python", default=sys.executable, help="an interpreter with headrace and numpy (PYTHONPATH counts)")
    parser.add_argument("--rivals", nargs="*", default=[name for name in RIVALS if name != ORACLE])
    parser.add_argument("--rows", nargs="*", metavar="ROW")
    parser.add_argument("--gigabyte", type=pathlib.Path, metavar="FILE", help="a text of about a gigabyte for its row")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--quick", action="store_true", help="few rows, once")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeat = 1
    rows = chosen(arguments.rows) if arguments.rows else (QUICK if arguments.quick else list(ROWS))
    if not arguments.gigabyte:
        rows = [row for row in rows if ROWS[row].job != "gigabyte"]
    texts = corpora(arguments.folder)
    vocabularies = {ROWS[row].vocabulary for row in rows}
    vocabularies |= {name.removesuffix(".compiled") for name in vocabularies}
    arguments.files = {name: vocabulary_file(name, arguments) for name in sorted(vocabularies)}
    arguments.asked = {}
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
    for name in rows:
        row = ROWS[name]
        counting = counting_gain() if row.kind == "gain" else None
        results = everything[name] = measure(row, pythons, arguments, texts)
        versions |= {rival: runs[0]["version"] for rival, runs in results.items() if "version" in runs[0]}
        cells = [shown(row, results[rival]) if rival in results else "" for rival in pythons]
        print(f"| {name} | " + " | ".join(cells) + f" | {ratio(row, results, counting)} |", flush=True)
    print("\nMB/s, cold / warm, unless a unit is given. Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    for row, results in everything.items():
        for name, runs in results.items():
            if "error" in runs[0] and runs[0]["error"] not in ("other ids", "not measured"):
                print(f"{row}, {name}: {runs[0]['error']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
