#!/usr/bin/env python3
"""One job of tokenizers.py, in a process and an environment of its own: tokenizer_job.py RIVAL VOCABULARY JOB TEXT.

Prints a JSON line: seconds a pass, bytes, and a hash of all ids. Every pass gets text that this process has not
seen, as `str` objects made for it."""
import hashlib
import importlib
import importlib.metadata
import json
import os
import pathlib
import statistics
import sys
import threading
import time

from tokenizer_rivals import RIVALS

sys.path = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != pathlib.Path(__file__).resolve().parent]
import numpy  # noqa: E402, F401  (before any clock and for all: importing it is no part of a first pass)

PROMPTS, PROMPT_BYTES, DOCUMENT_BYTES = 200, 2_000, 10_000
STEPS = 40_000
BLOCK_BYTES, COMPARED_BLOCKS = 8 << 20, 2  # of a file of a gigabyte: what is read at once, and how many of them the oracle encodes


def flat(ids):
    """Ids, or lists of them, as bytes."""
    if hasattr(ids, "flatten") and not hasattr(ids, "dtype"):  # an awkward array, without importing it
        ids = ids.to_list()
    if len(ids) and hasattr(ids[0], "__len__"):
        ids = numpy.concatenate([numpy.asarray(row, dtype=numpy.uint32) for row in ids])
    return numpy.asarray(ids, dtype=numpy.uint32)


def digest(parts):
    return hashlib.sha1(b"".join(flat(part).tobytes() for part in parts)).hexdigest()


def count(parts):
    """How many ids there are."""
    if hasattr(parts, "layout"):  # an awkward array
        return len(parts.layout.content)
    return sum(len(part) for part in parts)


def pieces(text, size):
    """Parts of about so many bytes, cut at newlines; new objects."""
    data, begin = text if isinstance(text, bytes) else text.encode(), 0
    while begin < len(data):
        end = data.find(b"\n", begin + size)
        end = len(data) if end < 0 else end + 1
        yield data[begin:end].decode()
        begin = end


def timed(call, argument):
    begin = time.perf_counter()
    result = call(argument)
    return time.perf_counter() - begin, result


def private_bytes():
    """Memory of this process that it shares with no file and no other process, or None where the system does not tell."""
    try:
        lines = pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def halves_of(text):
    return [part for part in pieces(text, len(text.encode()) // 2)][:2]


def load(rival, file, _text):
    # What a package takes to be imported is no part of loading a tokenizer.
    importlib.import_module(RIVALS[rival].module)
    before = private_bytes()
    begin = time.perf_counter()
    tokenizer = RIVALS[rival](file)
    first = tokenizer.list("Hello")
    seconds = time.perf_counter() - begin
    after = private_bytes()
    return {"seconds": [seconds], "private": after - before if before is not None else None, "ids": digest([first])}


def compile_(rival, file, out):
    RIVALS[rival](file).tokenizer.save_compiled(out)
    return {"seconds": [0.0], "ids": ""}


def one_text(tokenizer, text):
    halves = halves_of(text)
    return halves, [timed(tokenizer.array, half) for half in halves], digest


def documents(tokenizer, text):
    halves = halves_of(text)
    return halves, [timed(tokenizer.documents, list(pieces(half, DOCUMENT_BYTES))) for half in halves], digest


def decode(tokenizer, text):
    halves = halves_of(text)
    ids = [flat(tokenizer.array(half)) for half in halves]
    # An array where the library takes one, else a list, made beforehand.
    arguments = ids if isinstance(tokenizer, RIVALS["headrace"]) else [part.tolist() for part in ids]
    results = [timed(tokenizer.decode, part) for part in arguments]
    return halves, results, lambda texts: hashlib.sha1("".join(texts).encode()).hexdigest()


def shape(tokenizer, text):
    tokenizer.array("a few words first\n" * 4000)
    return [text], [timed(tokenizer.array, text)], digest


def encodings(call):
    """A pass over documents, one after another, of each of which all lists or arrays are read and let go. Comparing is not timed."""
    def job(tokenizer, text):
        halves, results, compared = halves_of(text[: len(text) // 4]), [], hashlib.sha1()
        for half in halves:
            total = 0.0
            for document in pieces(half, DOCUMENT_BYTES):
                seconds, made = timed(getattr(tokenizer, call), document)
                total += seconds
                compared.update(json.dumps([each.tolist() if hasattr(each, "tolist") else each for each in made]).encode())
                del made
            results.append((total, None))
        return halves, results, lambda _: compared.hexdigest()

    return job


def prompts(tokenizer, text):
    results = [timed(tokenizer.list, prompt) for prompt in list(pieces(text, PROMPT_BYTES))[: 2 * PROMPTS]]
    later = sorted(seconds for seconds, _ in results[len(results) // 2 :])
    return {"seconds": [statistics.median(later)], "p99": later[len(later) * 99 // 100], "first": results[0][0], "bytes": PROMPT_BYTES,
            "ids": digest([ids for _, ids in results])}


def stream(tokenizer, text):
    ids = flat(tokenizer.array(text[: 16 * STEPS])).tolist()[:STEPS]
    step, finish = tokenizer.stream()
    # Half of the steps first: tables are made for all of a stream's life.
    made = [step(token) for token in ids[: STEPS // 2]]
    begin = time.perf_counter()
    made += [step(token) for token in ids[STEPS // 2 :]]
    seconds = time.perf_counter() - begin
    # What is held back at the end may be a part of a character, which some drop.
    made = ("".join(made) + finish()).rstrip("\ufffd")
    return {"seconds": [seconds / (len(ids) - STEPS // 2)], "step": True, "ids": hashlib.sha1(made[: -4].encode()).hexdigest()}


def object_and_ids(tokenizer, text):
    """Encoding objects of which nothing is read, and ids alone, in turns; text that is new to both."""
    parts = list(pieces(text, len(text.encode()) // 16))
    tokenizer.array(parts[0])
    seconds = [0.0, 0.0]
    for number, part in enumerate(parts[1:]):
        seconds[number % 2] += timed(tokenizer.object if number % 2 else tokenizer.array, part)[0] / len(part)
    return {"seconds": [seconds[1] / seconds[0]], "ratio": True, "ids": ""}


def python_threads(tokenizer, text):
    """A pass by one thread, then by two at once, each over as much text that is new, after the same text to begin with."""
    quarters = [list(pieces(part, DOCUMENT_BYTES)) for part in list(pieces(text, len(text.encode()) // 4))[:4]]
    results = [None] * len(quarters)

    def passes(numbers):
        barrier = threading.Barrier(len(numbers) + 1)

        def work(number):
            tokenizer.documents(quarters[0])
            barrier.wait()
            results[number] = tokenizer.documents(quarters[number])
            barrier.wait()

        threads = [threading.Thread(target=work, args=(number,)) for number in numbers]
        for thread in threads:
            thread.start()
        barrier.wait()
        begin = time.perf_counter()
        barrier.wait()
        seconds = time.perf_counter() - begin
        for thread in threads:
            thread.join()
        return seconds

    alone, both = passes([1]), passes([2, 3])
    return {"seconds": [alone, both], "ids": digest(results[1:])}


def gigabyte(rival, file, source, oracle):
    """From the start of the process to the last id. Hashing the first ids, for comparison, does not count."""
    began = float(os.environ["TOKENIZERS_JOB_BEGAN"])
    tokenizer, ids, size, blocks, apart, compared = RIVALS[rival](file), 0, 0, 0, 0.0, hashlib.sha1()
    with open(source, "rb") as text:
        while block := text.read(BLOCK_BYTES) + text.readline():
            documents = list(pieces(block, DOCUMENT_BYTES))
            parts = tokenizer.documents(documents)
            begin = time.time()
            if blocks < COMPARED_BLOCKS:
                compared.update(flat(parts).tobytes() if len(parts) else b"")
            ids += count(parts)
            size, blocks, apart = size + len(block), blocks + 1, apart + time.time() - begin
            if oracle and blocks == COMPARED_BLOCKS:
                break
    return {"seconds": [time.time() - began - apart], "count": ids, "bytes": size, "ids": compared.hexdigest()}


PASSES = {"text": one_text, "documents": documents, "decode": decode, "shape": shape, "encodings": encodings("encoding"), "spans": encodings("spans")}
OTHERS = {"prompts": prompts, "stream": stream, "object": object_and_ids, "python threads": python_threads}


def run(rival, file, job, source):
    if job == "gigabyte":
        return gigabyte(rival, file, source, oracle=bool(os.environ.get("TOKENIZERS_JOB_ORACLE")))
    if job == "compile":
        return compile_(rival, file, source)
    if job == "load":
        return load(rival, file, source)
    if source.startswith("shape:"):
        text = source[6:] * (1_000_000 // len(source[6:].encode()))
    else:
        text = pathlib.Path(source).read_text(encoding="utf-8")
    tokenizer = RIVALS[rival](file)
    if job in OTHERS:
        return OTHERS[job](tokenizer, text)
    parts, results, hashed = PASSES[job](tokenizer, text)
    return {"seconds": [seconds for seconds, _ in results], "bytes": len(parts[0].encode()), "ids": hashed([result for _, result in results])}


def main():
    rival, file, job, source = sys.argv[1:]
    if hasattr(os, "sched_setaffinity") and os.environ.get("TOKENIZERS_JOB_CPUS"):
        os.sched_setaffinity(0, {int(cpu) for cpu in os.environ["TOKENIZERS_JOB_CPUS"].split(",")})
    result = run(rival, file, job, source)
    try:
        result["version"] = importlib.metadata.version(RIVALS[rival].package)
    except importlib.metadata.PackageNotFoundError:
        result["version"] = "this tree"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
