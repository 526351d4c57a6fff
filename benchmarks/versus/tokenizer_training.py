#!/usr/bin/env python3
"""Headrace's trainers beside others: tokenizer_training.py FOLDER [--rows NAME ...] [--text FILE ...] [--threads N] [--json FILE]

FOLDER gets a virtual environment for each rival and a text: files of /usr/share/doc, /usr/include and Python's and Perl's
libraries, and of the folders that --source names, in the order of their paths' hashes, cut to --megabytes. Each figure is of a
new process: seconds from the first look at the text to the trained model, loading of packages apart, and the greatest memory
that the process ever had. A row of BPE is trained on lines (gpt-2's pattern, byte-level, no special tokens); its tokens, in the
order in which they were made, are compared with those of tokenizers 0.23.3. gigatoken drops the ends of lines, so its tokens
are compared with those of tokenizers on lines without ends. A row of Unigram (NFKC and "▁", as SentencePiece has them) is
trained on all but each twentieth line and rated by the loss on those: bits a byte of what each model thinks the best division.
"headrace, by count" is UnigramTrainer(seeds_by_count=True); without, pieces are chosen as tokenizers 0.23.3 does."""
import argparse
import gzip
import hashlib
import html
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import time
import unicodedata

from environments import python_of

ORACLE = "hf 0.23.3"
RIVALS = {  # name: (adapter, packages)
    ORACLE: ("hf", ["tokenizers==0.23.3"]),
    f"{ORACLE}, no ends": ("hf_bare", ["tokenizers==0.23.3"]),
    "gigatoken": ("gigatoken", ["gigatoken==0.10.0"]),
    "rustbpe": ("rustbpe", ["rustbpe==0.1.0"]),
    "sentencepiece": ("sentencepiece", ["sentencepiece==0.2.1"]),
}
ROWS = {  # name: (kind, size of the vocabulary, who takes part)
    "bpe 32k": ("bpe", 32_000, [ORACLE, f"{ORACLE}, no ends", "gigatoken", "rustbpe"]),
    "bpe 64k": ("bpe", 64_000, [ORACLE, f"{ORACLE}, no ends", "gigatoken", "rustbpe"]),
    "unigram 8k": ("unigram", 8_000, [ORACLE, "sentencepiece"]),
}
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
HELD_OUT = 20  # each so many-th line


# ---- A job: one training in this process ----

def hf_classes(adapter):
    if adapter.startswith("headrace"):
        from headrace import tokenizers
    else:
        import tokenizers
    return tokenizers


def byte_letters():
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{chr(byte): byte for byte in plain}, **{chr(0x100 + n): byte for n, byte in enumerate(others)}}


def tokens_hash(tokens):
    return hashlib.sha1(b"".join(len(token).to_bytes(4, "little") + token for token in tokens)).hexdigest()


def train_bpe_as_hf(adapter, path, size):
    tokenizers = hf_classes(adapter)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = byte_letters()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=size, initial_alphabet=sorted(letters), show_progress=False)
    begun = time.monotonic()
    if adapter == "hf_bare":
        with open(path, encoding="utf-8", newline="\n") as file:
            tokenizer.train_from_iterator((line.removesuffix("\n") for line in file), trainer)
    else:
        tokenizer.train([path], trainer)
    seconds = time.monotonic() - begun
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return seconds, [bytes(letters[letter] for letter in "".join(pair)) for pair in merges]


def train_bpe(adapter, path, size):
    if adapter == "gigatoken":
        import gigatoken
        begun = time.monotonic()
        _, merges = gigatoken.train_bpe(gigatoken.TextFileSource([path], separator="\n"), size, [])
        return time.monotonic() - begun, [left + right for left, right in merges]
    if adapter == "rustbpe":
        import rustbpe
        tokenizer = rustbpe.Tokenizer()
        begun = time.monotonic()
        with open(path, encoding="utf-8", newline="\n") as file:
            tokenizer.train_from_iterator(file, size, pattern=GPT2)
        return time.monotonic() - begun, [bytes(token) for token, id in tokenizer.get_mergeable_ranks() if id >= 256]
    return train_bpe_as_hf(adapter, path, size)


def train_unigram(adapter, path, size):
    """Returns seconds, and pieces with their scores."""
    if adapter == "sentencepiece":
        import io
        import sentencepiece
        model = io.BytesIO()
        begun = time.monotonic()
        sentencepiece.SentencePieceTrainer.train(input=path, model_writer=model, vocab_size=size, model_type="unigram", minloglevel=2,
                                                 character_coverage=1.0, normalization_rule_name="nfkc", max_sentence_length=1 << 20,
                                                 num_threads=int(os.environ["RAYON_NUM_THREADS"]), split_by_unicode_script=False,
                                                 split_by_number=False)
        seconds = time.monotonic() - begun
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        return seconds, [(processor.id_to_piece(i), processor.get_score(i)) for i in range(len(processor)) if not processor.is_control(i)]
    tokenizers = hf_classes(adapter)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram())
    tokenizer.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.NFKC(), tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(vocab_size=size, unk_token="<unk>", show_progress=False,
                                               **({"seeds_by_count": True} if adapter == "headrace_by_count" else {}))
    begun = time.monotonic()
    with open(path, encoding="utf-8", newline="\n") as file:
        tokenizer.train_from_iterator((line.strip() for line in file), trainer)
    return time.monotonic() - begun, json.loads(tokenizer.to_str())["model"]["vocab"]


def job(adapter, kind, size, path):
    seconds, made = (train_bpe if kind == "bpe" else train_unigram)(adapter, path, int(size))
    # Not ru_maxrss, which may be of the process that started this one.
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) * 1024
    result = {"seconds": seconds, "memory": peak, "count": len(made)}
    result.update({"tokens": tokens_hash(made)} if kind == "bpe" else {"pieces": made})
    print(json.dumps(result))


# ---- Texts ----

def text_files(folders):
    endings = (".so", ".pyc", ".o", ".a", ".png", ".jpg", ".svg", ".css", ".woff", ".woff2", ".ttf", ".zip", ".xz")
    paths = [path for folder in folders for path in pathlib.Path(folder).rglob("*")
             if path.is_file() and not path.is_symlink() and not path.name.endswith(endings)]
    return sorted(paths, key=lambda path: hashlib.sha1(str(path).encode()).digest())


def make_text(out, folders, size):
    seen, written = set(), 0
    with open(out, "wb") as file:
        for path in text_files(folders):
            try:
                data = path.read_bytes()
                data = gzip.decompress(data) if path.suffix == ".gz" else data
                text = data.decode("utf-8")
            except (OSError, UnicodeDecodeError, EOFError):
                continue
            if "\0" in text or hashlib.sha1(data).digest() in seen:
                continue
            seen.add(hashlib.sha1(data).digest())
            if ".html" in path.suffixes:
                text = html.unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", "", text))
            written += file.write(text.encode()[:size - written].decode("utf-8", "ignore").encode())
            if written >= size - 4:
                break


def text_of(folder, arguments):
    out = folder / "texts" / f"training-{arguments.megabytes}.txt"
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        folders = ["/usr/share/doc", "/usr/include", "/usr/lib/python3", "/usr/share/perl", *arguments.source]
        make_text(out, folders, arguments.megabytes * 1_000_000)
    return out


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def held_out(path):
    """Splits a text into what is trained on and what models are rated with; NFKC and single spaces, so that all see the same words."""
    rest, held = path.with_suffix(".rest.txt"), path.with_suffix(".held.txt")
    if not held.exists():
        with open(path, encoding="utf-8", newline="\n") as file, open(rest, "w") as rest_file, open(held, "w") as held_file:
            for number, line in enumerate(file):
                words = unicodedata.normalize("NFKC", "".join(c if c.isprintable() else " " for c in line).replace("\u2581", " ")).split()
                if words:
                    (held_file if number % HELD_OUT == 0 else rest_file).write(" ".join(words) + "\n")
    return rest, held


# ---- Rating ----

RATE = """
import json, math, sys
from tokenizers import models
pieces = json.load(sys.stdin)
words = {}
for word in open(sys.argv[1], encoding="utf-8").read().split():
    words["\u2581" + word] = words.get("\u2581" + word, 0) + 1
scores = {piece: score for piece, score in pieces if piece not in ("<unk>", "")}
# As probabilities that sum to one, whatever the trainer has done to them.
total = math.log(math.fsum(math.exp(score) for score in scores.values()))
unknown = min(scores.values()) - 10
model = models.Unigram([("<unk>", 0.0), *scores.items()], 0)
loss = count = 0
for word, times in words.items():
    loss -= times * sum(scores.get(token.value, unknown) - total for token in model.tokenize(word))
    count += times * len(word.encode())
print(loss / math.log(2) / count)
"""


def rate(python, pieces, held):
    done = subprocess.run([str(python), "-c", RATE, str(held)], input=json.dumps(pieces), capture_output=True, text=True, check=True)
    return float(done.stdout)


# ---- Rows ----

def run(python, adapter, kind, size, path, arguments):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "HEADRACE_THREADS": str(arguments.threads),
                   "RAYON_NUM_THREADS": str(arguments.threads),
                   "TOKENIZERS_PARALLELISM": "true" if arguments.threads > 1 else "false"}
    command = [python, __file__, "--job", adapter, kind, size, path]
    try:
        done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=arguments.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"more than {arguments.timeout:.0f} s"}
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def shown(name, result, row):
    if "error" in result:
        return f"  {name:22} {result['error']}"
    text = f"  {name:22} {result['seconds']:8.2f} s {result['memory'] / 1e6:8.0f} MB"
    if "bits" in result:
        return f"{text}   {result['bits']:.5f} bits a byte held out, {result['count']} pieces"
    oracle = row.get(f"{ORACLE}, no ends" if name == "gigatoken" else ORACLE, {})
    same = "no oracle" if "tokens" not in oracle else "same tokens" if oracle["tokens"] == result["tokens"] else "OTHER tokens"
    return f"{text}   {result['count']} merges, {same}"


def measure(name, path, pythons, arguments):
    kind, size, names = ROWS[name]
    trained_on, held = held_out(path) if kind == "unigram" else (path, None)
    row = {}
    for rival in ["headrace", *(["headrace, by count"] if kind == "unigram" else []), *names]:
        if rival not in pythons:
            continue
        python, adapter = pythons[rival]
        runs = [run(python, adapter, kind, size, trained_on, arguments) for _ in range(arguments.repeat)]
        row[rival] = min(runs, key=lambda result: result.get("seconds", math.inf))
        if "pieces" in row[rival]:
            row[rival]["bits"] = rate(pythons["rater"][0], row[rival].pop("pieces"), held)
    print(f"{name}, {path.name} ({path.stat().st_size / 1e6:.0f} MB), {arguments.threads} threads")
    for rival, result in row.items():
        print(shown(rival, result, row), flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--headrace-python", default=sys.executable, help="an interpreter with headrace (PYTHONPATH counts)")
    parser.add_argument("--rivals", nargs="*", default=list(RIVALS))
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--text", nargs="*", type=pathlib.Path, help="in place of one that is made")
    parser.add_argument("--source", nargs="*", default=[], help="more folders to make a text of")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    pythons = {name: (python_of(arguments.folder, name.split(",")[0], RIVALS[name][1]), RIVALS[name][0]) for name in arguments.rivals}
    pythons["headrace"] = (arguments.headrace_python, "headrace")
    pythons["headrace, by count"] = (arguments.headrace_python, "headrace_by_count")
    pythons["rater"] = (python_of(arguments.folder, ORACLE, RIVALS[ORACLE][1]), "hf")
    rows = {}
    for path in arguments.text or [text_of(arguments.folder, arguments)]:
        print(f"{path.name}: {path.stat().st_size} bytes, sha1 {hash_of(path)}")
        for name in arguments.rows:
            rows[f"{name} {path.name}"] = measure(name, path, pythons, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        sys.path.pop(0)  # this folder, whose tokenizers.py is no package
        job(*sys.argv[2:])
    else:
        main()
