#!/usr/bin/env python3
"""One job of tokenizers.py, in a process and an environment of its own: tokenizer_job.py RIVAL VOCABULARY JOB TEXT.

Prints a JSON line: seconds a pass, bytes, and a hash of all ids. Every pass gets text that this process has not
seen, as `str` objects made for it."""
import hashlib
import importlib.metadata
import json
import os
import pathlib
import statistics
import sys
import time

sys.path = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != pathlib.Path(__file__).resolve().parent]
import numpy  # noqa: E402, F401  (before any clock and for all: importing it is no part of a first pass)

PROMPTS, PROMPT_BYTES, DOCUMENT_BYTES = 200, 2_000, 10_000


class Hf:
    package = "tokenizers"

    def __init__(self, file):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(file)
        compile_ = getattr(self.tokenizer, "compile", None)  # 1.0 encodes with what that returns
        self.encoder = compile_() if compile_ else self.tokenizer

    def array(self, text):
        return self.documents([text])[0]

    def list(self, text):
        return list(self.array(text))

    def documents(self, texts):
        batch = getattr(self.encoder, "encode_batch_fast", None) or self.encoder.encode_batch
        return [encoding.ids for encoding in batch(texts, add_special_tokens=False)]

    def decode(self, ids):
        return self.encoder.decode(ids, skip_special_tokens=False)


class Headrace(Hf):
    package = "headrace"

    def __init__(self, file):
        from headrace.tokenizers import Tokenizer

        self.encoder = self.tokenizer = Tokenizer.from_file(file)

    def array(self, text):
        return self.tokenizer.encode_array(text, add_special_tokens=False)

    def list(self, text):
        return self.tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids

    def documents(self, texts):
        ids, starts = self.tokenizer.encode_batch_array(texts, add_special_tokens=False)
        return [ids] if len(starts) else []


class Gigatoken:
    package = "gigatoken"

    def __init__(self, file):
        from gigatoken import Tokenizer

        self.tokenizer = Tokenizer.from_json(pathlib.Path(file).read_text())

    def array(self, text):
        return self.tokenizer.encode(text)

    def list(self, text):
        ids = self.tokenizer.encode(text)
        return ids if isinstance(ids, list) else ids.tolist()

    def documents(self, texts):
        return self.tokenizer.encode_batch(texts)

    def decode(self, ids):
        return self.tokenizer.decode(ids)


class Fastokens:
    package = "fastokens"

    def __init__(self, file):
        from fastokens import Tokenizer

        self.tokenizer = Tokenizer.from_file(file)

    def array(self, text):
        return getattr(self.tokenizer.encode(text, False), "ids", None) or self.tokenizer.encode(text, False)

    def list(self, text):
        ids = self.tokenizer.encode(text, False)
        ids = getattr(ids, "ids", ids)
        return ids if isinstance(ids, list) else list(ids)

    def documents(self, texts):
        return [getattr(ids, "ids", ids) for ids in self.tokenizer.encode_batch(texts, False)]

    def decode(self, ids):
        return self.tokenizer.decode(ids, False)


class Tokie(Hf):
    package = "tokie"

    def __init__(self, file):
        import tokie

        self.encoder = self.tokenizer = tokie.Tokenizer.from_json(file)

    def array(self, text):
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return getattr(ids, "ids", ids)

    def documents(self, texts):
        return [getattr(ids, "ids", ids) for ids in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def decode(self, ids):
        return self.tokenizer.decode(ids)


RIVALS = {"headrace": Headrace, "hf": Hf, "gigatoken": Gigatoken, "fastokens": Fastokens, "tokie": Tokie}


def flat(ids):
    """Ids, or lists of them, as bytes."""
    import numpy

    if hasattr(ids, "flatten") and not hasattr(ids, "dtype"):  # an awkward array, without importing it
        ids = ids.to_list()
    if len(ids) and hasattr(ids[0], "__len__"):
        ids = numpy.concatenate([numpy.asarray(row, dtype=numpy.uint32) for row in ids])
    return numpy.asarray(ids, dtype=numpy.uint32)


def digest(parts):
    return hashlib.sha1(b"".join(flat(part).tobytes() for part in parts)).hexdigest()


def pieces(text, size):
    """Parts of about so many bytes, cut at newlines; new objects."""
    data, begin = text.encode(), 0
    while begin < len(data):
        end = data.find(b"\n", begin + size)
        end = len(data) if end < 0 else end + 1
        yield data[begin:end].decode()
        begin = end


def timed(call, argument):
    begin = time.perf_counter()
    result = call(argument)
    return time.perf_counter() - begin, result


def run(rival, file, job, text):
    if job == "load":
        begin = time.perf_counter()
        first = RIVALS[rival](file).list("Hello")
        return {"seconds": [time.perf_counter() - begin], "ids": digest([first])}
    tokenizer = RIVALS[rival](file)
    halves = [part for part in pieces(text, len(text.encode()) // 2)][:2]
    if job == "text":
        results = [timed(tokenizer.array, half) for half in halves]
    elif job == "documents":
        results = [timed(tokenizer.documents, list(pieces(half, DOCUMENT_BYTES))) for half in halves]
    elif job == "prompts":
        prompts = list(pieces(text, PROMPT_BYTES))[: 2 * PROMPTS]
        results = [timed(tokenizer.list, prompt) for prompt in prompts]
        later = sorted(seconds for seconds, _ in results[len(results) // 2 :])
        return {"seconds": [statistics.median(later)], "p99": later[len(later) * 99 // 100], "first": results[0][0],
                "bytes": PROMPT_BYTES, "ids": digest([ids for _, ids in results])}
    elif job == "decode":
        ids = [flat(tokenizer.array(half)) for half in halves]
        results = [timed(tokenizer.decode, part.tolist()) for part in ids]
        texts = hashlib.sha1("".join(decoded for _, decoded in results).encode()).hexdigest()
        return {"seconds": [seconds for seconds, _ in results], "bytes": len(halves[0].encode()), "ids": texts}
    elif job == "shape":
        tokenizer.array("a few words first\n" * 4000)
        results = [timed(tokenizer.array, text)]
        halves = [text]
    else:
        raise SystemExit(f"no such job: {job}")
    return {"seconds": [seconds for seconds, _ in results], "bytes": len(halves[0].encode()), "ids": digest([ids for _, ids in results])}


def main():
    rival, file, job, source = sys.argv[1:]
    if hasattr(os, "sched_setaffinity") and os.environ.get("TOKENIZERS_JOB_CPUS"):
        os.sched_setaffinity(0, {int(cpu) for cpu in os.environ["TOKENIZERS_JOB_CPUS"].split(",")})
    if source.startswith("shape:"):
        text = source[6:] * (1_000_000 // len(source[6:].encode()))
    else:
        text = pathlib.Path(source).read_text(encoding="utf-8")
    result = run(rival, file, job, text)
    try:
        result["version"] = importlib.metadata.version(RIVALS[rival].package)
    except importlib.metadata.PackageNotFoundError:
        result["version"] = "this tree"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
