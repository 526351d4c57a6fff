"""Files made to hurt: whatever a tokenizer.json says, a process that loads it, encodes, decodes and saves
with it ends by itself, within 256 MB, and a second of CPU time for each request. HEADRACE_DRIVERS holds pipeline_driver.

Some of these files are legal and load, and then only some texts are refused; the rest is refused with a sentence."""
import base64
import json
import os
import random
import resource
import struct
import subprocess
import threading

import pytest

if not os.environ.get("HEADRACE_DRIVERS"):
    pytest.skip("HEADRACE_DRIVERS is not set: no pipeline_driver to run", allow_module_level=True)

CPU_SECONDS = 1.0
RESIDENT_KIB = 256 * 1024
WALL_SECONDS = 60  # other processes may hold the machine
LETTERS = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz <>[]\n")}
TEXTS = ["the mill", "", "a" * 2000, "<s>a<s>", "é中😀 \n\x00", "ab" * 500 + "!", "x" * 50 + " " * 50 + "1" * 50]


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cpu_seconds(pid):
    """What the process has used so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_kib(pid):
    """The most memory that it has had. Not wait4's ru_maxrss, which holds what this process had when it forked."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def run(requests):
    """The driver's answers, and what it took. It must end by itself."""
    process = subprocess.Popen([os.environ["HEADRACE_DRIVERS"] + "/pipeline_driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, preexec_fn=limited)
    killer = threading.Timer(WALL_SECONDS, process.kill)
    killer.start()
    answers, seconds, peak = [], [0.0], 0
    for request in requests:
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            break
        if not (answer := process.stdout.readline()):
            break
        answers.append(answer)
        seconds.append(cpu_seconds(process.pid))
        peak = peak_kib(process.pid)
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    process.wait()
    killer.cancel()
    process.stdout.close()
    died_of = str(requests[min(len(answers), len(requests) - 1)])[:200]
    assert process.returncode == 0 and len(answers) == len(requests), f"the driver died ({process.returncode}) of {died_of}"
    assert peak <= RESIDENT_KIB, f"{peak // 1024} MB"
    longest, number = max((after - before, number) for number, (before, after) in enumerate(zip(seconds, seconds[1:])))
    assert longest <= CPU_SECONDS, f"{longest:.2f} s for {str(requests[number])[:200]}"
    return [json.loads(answer) for answer in answers]


def survives(tmp_path, content, texts=TEXTS, error=None):
    """Loads the file and does with it what there is to do. `error`: what the refusal must contain; none: it may also load."""
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    ids = [[0, 1, 2, 3, 4, 5, 31, 2**31, 2**32 - 1], [], list(range(100))]
    answers = run([
        {"op": "load", "name": "x", "file": str(path)},
        *({"op": "encode", "name": "x", "texts": [[text, None]]} for text in texts),
        {"op": "encode", "name": "x", "texts": [[texts[0], texts[-1]]], "fast": True},
        {"op": "batch", "name": "x", "texts": [[text, None] for text in texts[:3]]},
        {"op": "decode", "name": "x", "ids": ids, "skip": True},
        {"op": "stream", "name": "x", "ids": ids, "skip": False},
        {"op": "save", "name": "x", "pretty": True},
    ])
    if error is not None:
        assert "error" in answers[0], "it was loaded"
        assert error in answers[0]["error"]
    return answers


def tokenizer(model=None, **parts):
    """A small tokenizer.json as a tree."""
    model = model or {"type": "BPE", "vocab": dict(LETTERS), "merges": []}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": None, "model": model, **parts}


def text_of(**parts):
    return json.dumps(tokenizer(**parts), ensure_ascii=False)


def added(content, id=0, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False, **flags}


def with_value(key, raw):
    """A tokenizer.json in which a member is the JSON text `raw`."""
    return json.dumps(tokenizer(**{key: "@"})).replace('"@"', raw, 1)


# ---- Nesting ----

DEPTH = 200_000


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer", "post_processor", "decoder", "truncation", "padding", "added_tokens", "model", "unknown"])
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":['])
def test_nesting_without_an_end_is_refused(part, opening, tmp_path):
    survives(tmp_path, with_value(part, opening * DEPTH), error="")


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer", "post_processor", "decoder", "model", "unknown"])
def test_deep_nesting_that_is_well_formed_is_survived(part, tmp_path):
    survives(tmp_path, with_value(part, "[" * DEPTH + "]" * DEPTH), error="" if part != "unknown" else None)


@pytest.mark.parametrize("part, members", [("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("decoder", "decoders"), ("post_processor", "processors")])
@pytest.mark.parametrize("depth", [100, 5000, 100_000])
def test_sequences_within_sequences_are_survived(part, members, depth, tmp_path):
    survives(tmp_path, with_value(part, f'{{"type":"Sequence","{members}":[' * depth + "]}" * depth), error="recursion" if depth > 128 else None)


@pytest.mark.parametrize("part, members", [("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("decoder", "decoders"), ("post_processor", "processors")])
def test_a_sequence_of_a_hundred_thousand_parts_is_survived(part, members, tmp_path):
    part_of = {"normalizer": '{"type":"NFC"}', "pre_tokenizer": '{"type":"Whitespace"}', "decoder": '{"type":"Fuse"}', "post_processor": '{"type":"ByteLevel","trim_offsets":true,"add_prefix_space":true,"use_regex":true}'}  # fmt: skip
    survives(tmp_path, with_value(part, f'{{"type":"Sequence","{members}":[' + ",".join([part_of[part]] * 20_000) + "]}"), texts=["the mill", ""])


def test_the_model_may_nest_no_deeper_than_the_limit(tmp_path):
    survives(tmp_path, with_value("model", '{"type":"BPE","vocab":{},"merges":' + "[" * DEPTH), error="")
    survives(tmp_path, with_value("model", '{"vocab":' * 1000 + "1" + "}" * 1000), error="")


# ---- Ids ----

IDS = ["4294967295", "4294967296", "18446744073709551615", "18446744073709551616", "1e300", "-1", "-0", "1.5", "1e999", "9" * 100_000, '"1"', "null", "[]", "NaN", "0x10", "01", "2147483648"]


@pytest.mark.parametrize("id", IDS)
def test_ids_of_the_vocabulary_that_are_no_ids_are_survived(id, tmp_path):
    for model in ('{"type":"BPE","vocab":{"a":%s},"merges":[]}', '{"type":"WordLevel","vocab":{"a":%s},"unk_token":"a"}',
                  '{"type":"WordPiece","vocab":{"a":%s},"unk_token":"a","continuing_subword_prefix":"##","max_input_chars_per_word":100}'):  # fmt: skip
        survives(tmp_path, with_value("model", model % id), error=None if id in ("4294967295", "2147483648") else "")


@pytest.mark.parametrize("id", IDS)
def test_ids_of_other_parts_that_are_no_ids_are_survived(id, tmp_path):
    survives(tmp_path, with_value("added_tokens", json.dumps([added("<s>", "@")]).replace('"@"', id)))
    survives(tmp_path, with_value("padding", '{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":null,"pad_id":%s,"pad_type_id":%s,"pad_token":"a"}' % (id, id)))  # fmt: skip
    survives(tmp_path, with_value("post_processor", '{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s","type_id":%s}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"s":{"id":"s","ids":[%s],"tokens":["s"]}}}' % (id, id)))  # fmt: skip
    survives(tmp_path, with_value("post_processor", '{"type":"BertProcessing","sep":["a",%s],"cls":["b",%s]}' % (id, id)))
    survives(tmp_path, with_value("model", '{"type":"Unigram","unk_id":%s,"vocab":[["a",0.0],["b",-1.0]],"byte_fallback":false}' % id))
    survives(tmp_path, with_value("model", '{"type":"Unigram","unk_id":0,"vocab":[["a",%s],["b",-1.0]],"byte_fallback":true}' % id))


def test_ids_that_several_tokens_have_are_survived(tmp_path):
    vocabulary = {token: 7 for token in LETTERS} | {"ab": 7, "ba": 7}
    survives(tmp_path, text_of(model={"type": "BPE", "vocab": vocabulary, "merges": ["a b", "b a"]}))
    survives(tmp_path, text_of(model={"type": "WordLevel", "vocab": vocabulary, "unk_token": "a"}))
    survives(tmp_path, text_of(added_tokens=[added(token, 7) for token in ("<a>", "<b>", "<a>", "a")]))
    survives(tmp_path, '{"version":"2.0",' + text_of(added_tokens=[added(token, id) for token in ("<a>", "<b>", "<a>", "a") for id in (7, 0, 2**32 - 1)]).split(",", 1)[1])


def test_keys_that_come_twice_are_survived(tmp_path):
    survives(tmp_path, with_value("model", '{"type":"BPE","type":"Unigram","vocab":{"a":0,"a":1,"b":0},"vocab":[["a",0]],"merges":[],"merges":["a b"]}'))
    survives(tmp_path, text_of()[:-1] + ',"model":{"type":"WordLevel","vocab":{},"unk_token":"?"},"normalizer":{"type":"NFC"},"normalizer":null}')


# ---- Merges ----


@pytest.mark.parametrize("merges", [
    ["a a", "aa a", "a aa"], ["ab c", "a bc"], ["a b"] * 1000, ["", " ", "  ", "a", "a ", " a", "a b c"], [["a", ""], ["", ""], ["", "a"]],
    [["a"], ["a", "b", "c"]], [[]], [{}], [1, None], "a b", {"a": "b"}, [["a", 1]], ["x y"], ["#version: 0.2"],
])  # fmt: skip
def test_merges_that_make_no_sense_are_survived(merges, tmp_path):
    survives(tmp_path, text_of(model={"type": "BPE", "vocab": LETTERS | {"aa": 50, "aaa": 51, "ab": 52, "bc": 53, "abc": 54, "": 55}, "merges": merges}))


def test_merges_that_make_their_own_parts_are_survived(tmp_path):
    """a+b → ab → … in circles of ids: each result is a part of the next, the last of the first."""
    tokens = ["a" * n for n in range(1, 2000)]
    model = {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": [[tokens[i], tokens[0]] for i in range(len(tokens) - 1)]}
    survives(tmp_path, text_of(model=model))
    # Equal ids make the results of merges parts of themselves.
    model["vocab"] = {token: i % 2 for i, token in enumerate(tokens)}
    survives(tmp_path, text_of(model=model))


@pytest.mark.parametrize("options", [
    {"dropout": 2.0}, {"dropout": -1}, {"dropout": 1e300}, {"dropout": "0.1"}, {"dropout": 1.0}, {"unk_token": "missing"}, {"unk_token": 5},
    {"continuing_subword_prefix": "a" * 100_000}, {"end_of_word_suffix": "\n" * 100_000}, {"byte_fallback": 1}, {"ignore_merges": None},
])  # fmt: skip
def test_options_of_bpe_out_of_range_are_survived(options, tmp_path):
    survives(tmp_path, text_of(model={"type": "BPE", "vocab": LETTERS | {"ab": 50}, "merges": ["a b"], **options}))


# ---- Patterns ----

HOSTILE_PATTERNS = ["(a+)+$", "(a|a)*b", "(.*)*x", "(a*)*b", "(?:a|aa)+$", "((a{1,100}){1,100}){1,100}", "(?:(?:(?:a{1000}){1000}){1000})", "a{100000}", "(?<=a*)b", "(" * 5000 + ")" * 5000,
                    "[" * 5000, "a{0,100000}{0,100000}", r"\p{Nope}", "(?i)" + "ß" * 2000, r"(\1a|)+", r"(?<x>a\g<x>|b)", r"(?<x>\g<x>)", "(?R)", "|" * 50_000, "a?" * 2000 + "a" * 2000, r"[\x{0}-\x{7fffffff}]", r"\x{ffffffff}",
                    "(?:a?){50}a{50}!", r"(?:\w+\s?)+!", "[a-z&&" * 1000 + "]" * 1000, "\\", "(?", "(?<", "[", "a**" * 100, "(?=" * 300 + ")" * 300, "\x00", "x" * 60_000, "x" * 70_000]  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE_PATTERNS, ids=lambda pattern: repr(pattern[:20]) + str(len(pattern)))
def test_patterns_made_to_hang_are_survived(pattern, tmp_path):
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    survives(tmp_path, text_of(pre_tokenizer=split))
    survives(tmp_path, text_of(normalizer={"type": "Replace", "pattern": {"Regex": pattern}, "content": "x"}))
    survives(tmp_path, text_of(decoder={"type": "Replace", "pattern": {"Regex": pattern}, "content": "x"}))


# ---- Added tokens ----


def test_a_hundred_thousand_added_tokens_are_survived(tmp_path):
    survives(tmp_path, text_of(added_tokens=[added(f"<{i}>", 32 + i) for i in range(50_000)]))
    survives(tmp_path, text_of(added_tokens=[added("a" * i, 32 + i) for i in range(1, 2000)], normalizer={"type": "Lowercase"}))


@pytest.mark.parametrize("token", ["", " ", "\n", "\u0301", "a", "A", "\x00", "a" * 200_000, "é" * 50_000, "😀"])
@pytest.mark.parametrize("normalizer", [None, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Replace", "pattern": {"String": ""}, "content": "a"}, {"type": "Strip", "strip_left": True, "strip_right": True}], ids=str)  # fmt: skip
def test_odd_added_tokens_are_survived(token, normalizer, tmp_path):
    survives(tmp_path, text_of(normalizer=normalizer, added_tokens=[added(token, 32, single_word=True, lstrip=True, rstrip=True), added(token + "b", 33, special=True), added("b", 34, normalized=False)]))


@pytest.mark.parametrize("token", [1, None, {}, [], {"id": 1}, {"content": "a"}, added(5), added("a", special="yes"), added("a", lstrip=None)], ids=str)
def test_added_tokens_of_a_wrong_type_are_refused(token, tmp_path):
    survives(tmp_path, text_of(added_tokens=[token]), error="")


# ---- Bytes ----


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe4\xb8", b"\x80" * 1000, b"\xf8\x88\x80\x80\x80"])
@pytest.mark.parametrize("place", ["vocab", "merges", "content", "pattern", "key"])
def test_what_is_not_utf8_is_refused_with_its_place(bytes_, place, tmp_path):
    tree = tokenizer(added_tokens=[added("@content" if place == "content" else "<s>")])
    tree["model"]["vocab"]["@vocab"] = 40
    if place == "merges":
        tree["model"]["merges"] = ["@merges b"]
    tree["pre_tokenizer"] = {"type": "Split", "pattern": {"String": "@pattern"}, "behavior": "Isolated", "invert": False}
    tree["@key"] = 1
    survives(tmp_path, json.dumps(tree).encode().replace(b"@" + place.encode(), bytes_), error="not valid UTF-8 at byte")


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\ud800\ud800", r"\u12", r"\x41", "\\", r"\ud83d\u0041", "\x01", "\n"])
def test_escapes_that_stand_for_no_character_are_refused(escape, tmp_path):
    survives(tmp_path, with_value("model", '{"type":"BPE","vocab":{"%s":0},"merges":[]}' % escape), error="")
    survives(tmp_path, with_value("normalizer", '{"type":"Prepend","prepend":"%s"}' % escape), error="")
    survives(tmp_path, with_value("added_tokens", json.dumps([added("@")]).replace("@", escape)), error="")


def test_a_file_that_ends_anywhere_is_refused(tmp_path):
    whole = text_of(added_tokens=[added("<s>", 32)], normalizer={"type": "NFC"}, decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                    model={"type": "BPE", "vocab": LETTERS | {"ab": 50}, "merges": [["a", "b"]]}).encode()  # fmt: skip
    paths, requests = [], []
    for end in range(0, len(whole), 3):
        paths.append(tmp_path / f"{end}.json")
        paths[-1].write_bytes(whole[:end])
        requests.append({"op": "load", "name": "x", "file": str(paths[-1])})
    for answer in run(requests):
        assert answer["error"]


def test_bytes_changed_at_random_are_survived(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    whole = text_of(added_tokens=[added("<s>", 32)], normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "a+"}, "content": "b"}]},
                    pre_tokenizer={"type": "Split", "pattern": {"Regex": "[^ ]+"}, "behavior": "Isolated", "invert": False},
                    model={"type": "BPE", "vocab": LETTERS | {"ab": 50}, "merges": [["a", "b"]]}).encode()  # fmt: skip
    requests = []
    for i in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(damaged))
            damaged[at:at + rng.randrange(3)] = bytes(rng.choice(b'{}[]",:019-eE\\u\x00\xff') for _ in range(rng.randrange(3)))
        path = tmp_path / f"{i}.json"
        path.write_bytes(damaged)
        requests += [{"op": "load", "name": str(i), "file": str(path)}, {"op": "encode", "name": str(i), "texts": [["the mill <s> abab", None]]}, {"op": "save", "name": str(i), "pretty": False}]
    run(requests)


# ---- Charsmaps ----


def charsmap(trie, texts):
    return base64.b64encode(struct.pack("<I", len(trie) * 4) + struct.pack(f"<{len(trie)}I", *trie) + texts).decode()


@pytest.mark.parametrize("value", [
    "", "A", "AA==", "AAAA", "!!!!", "====", "AAAAAA==", "/////w==", "A" * 1_000_001, "é", 5, None, [], [1, 2, 300], [0] * 8,
    base64.b64encode(b"\xff" * 64).decode(), base64.b64encode(b"\x00" * 64).decode(), base64.b64encode(struct.pack("<I", 0xFFFFFFFC)).decode(),
    base64.b64encode(struct.pack("<I", 2**31) + b"\x00" * 8).decode(), charsmap([0xFFFFFFFF] * 300, b"\xff"), charsmap([0] * 300, b""),
    charsmap([(1 << 10) | 0x100] * 300, b"abc"), charsmap([0x7FFFFFFF] * 256, b"no end"),
], ids=lambda value: str(value)[:24])  # fmt: skip
def test_charsmaps_that_are_none_are_survived(value, tmp_path):
    survives(tmp_path, text_of(normalizer={"type": "Precompiled", "precompiled_charsmap": value}))


def test_charsmaps_of_random_tables_are_survived(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    requests = []
    for i in range(60):
        table = charsmap([rng.getrandbits(32) if rng.random() < 0.5 else rng.randrange(1 << 12) for _ in range(rng.randrange(1, 2000))], bytes(rng.choice(b"ab\x00\xff\xc3\xa9") for _ in range(rng.randrange(50))))
        name = str(i)
        requests += [{"op": "load", "name": name, "json": text_of(normalizer={"type": "Precompiled", "precompiled_charsmap": table})},
                     {"op": "encode", "name": name, "texts": [[text, None] for text in TEXTS]}]
    run(requests)


# ---- Settings ----

SIZES = ["0", "1", "2147483647", "4294967296", "9223372036854775807", "18446744073709551615", "18446744073709551616", "-1", "1e18", "null"]


@pytest.mark.parametrize("size", SIZES)
def test_sizes_that_no_memory_holds_are_survived(size, tmp_path):
    padding = '{"strategy":%s,"direction":"Left","pad_to_multiple_of":%s,"pad_id":0,"pad_type_id":0,"pad_token":"a"}'
    survives(tmp_path, with_value("padding", padding % ('{"Fixed":%s}' % size, "null")))
    survives(tmp_path, with_value("padding", padding % ('"BatchLongest"', size)))
    survives(tmp_path, with_value("padding", padding % ('{"Fixed":%s}' % size, size)))
    for other in ("0", "1", size):
        survives(tmp_path, with_value("truncation", '{"direction":"Left","max_length":%s,"strategy":"LongestFirst","stride":%s}' % (size, other)))
        survives(tmp_path, with_value("truncation", '{"direction":"Right","max_length":%s,"strategy":"OnlySecond","stride":%s}' % (other, size)))
    survives(tmp_path, with_value("model", '{"type":"WordPiece","vocab":{"a":0},"unk_token":"a","continuing_subword_prefix":"##","max_input_chars_per_word":%s}' % size))
    survives(tmp_path, with_value("decoder", '{"type":"Strip","content":"a","start":%s,"stop":%s}' % (size, size)))
    survives(tmp_path, with_value("pre_tokenizer", '{"type":"FixedLength","length":%s}' % size))


def test_windows_that_overlap_almost_wholly_are_survived(tmp_path):
    survives(tmp_path, text_of(truncation={"direction": "Right", "max_length": 500, "strategy": "LongestFirst", "stride": 499}), texts=["a" * 800, "the mill"])


def test_contents_that_grow_the_text_are_survived(tmp_path):
    growing = [{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}] * 60
    survives(tmp_path, text_of(normalizer={"type": "Sequence", "normalizers": growing}), texts=["the mill", "a"])
    survives(tmp_path, text_of(normalizer={"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"Regex": ""}, "content": "ab"}] * 60}), texts=["the mill", "a"])
    survives(tmp_path, text_of(decoder={"type": "Sequence", "decoders": growing}), texts=["a"])
    survives(tmp_path, text_of(normalizer={"type": "Prepend", "prepend": "a" * 20_000}), texts=["a"])


def test_templates_that_repeat_themselves_are_survived(tmp_path):
    pieces = [{"Sequence": {"id": "A", "type_id": 0}}] * 5000 + [{"SpecialToken": {"id": "s", "type_id": 0}}] * 5000
    special = {"s": {"id": "s", "ids": [1] * 1000, "tokens": ["s"] * 1000}}
    survives(tmp_path, text_of(post_processor={"type": "TemplateProcessing", "single": pieces, "pair": pieces, "special_tokens": special}), texts=["a"])
    survives(tmp_path, text_of(post_processor={"type": "TemplateProcessing", "single": pieces[-1:], "pair": [], "special_tokens": {"s": {"id": "t", "ids": [1, 2], "tokens": []}}}))
    survives(tmp_path, text_of(post_processor={"type": "TemplateProcessing", "single": pieces[-1:], "pair": [], "special_tokens": {}}))


# ---- Models ----


@pytest.mark.parametrize("model", [
    {"type": "Unigram", "unk_id": None, "vocab": []}, {"type": "Unigram", "unk_id": 0, "vocab": []}, {"type": "Unigram", "unk_id": 5, "vocab": [["a", 0]]},
    {"type": "Unigram", "unk_id": 0, "vocab": [["", 0], ["", 1], ["a", -1e308], ["aa", 1e308]]}, {"type": "Unigram", "unk_id": 0, "vocab": [["a" * n, 1e300] for n in range(1, 1000)]},
    {"type": "WordPiece", "vocab": {}, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
    {"type": "WordPiece", "vocab": {"a": 0, "": 1, "##": 2}, "unk_token": "a", "continuing_subword_prefix": "", "max_input_chars_per_word": 10**9},
    {"type": "WordLevel", "vocab": {}, "unk_token": ""}, {"type": "Nope"}, {"type": None}, {"type": "BPE"}, {}, {"vocab": {"a": 0}}, {"vocab": {"a": 0}, "merges": []}, {"vocab": [], "merges": []},
    {"type": "BPE", "vocab": {}, "merges": []}, {"type": "BPE", "vocab": {"": 0}, "merges": [["", ""]]},
], ids=lambda model: str(model)[:60])  # fmt: skip
def test_models_with_nothing_in_them_are_survived(model, tmp_path):
    survives(tmp_path, text_of(model=model))


def test_large_models_take_memory_in_proportion(tmp_path):
    tokens = {f"t{i}": i for i in range(100_000)}
    survives(tmp_path, text_of(model={"type": "BPE", "vocab": tokens, "merges": []}))
    survives(tmp_path, text_of(model={"type": "Unigram", "unk_id": 0, "vocab": [[token, -1.0] for token in tokens]}))
    survives(tmp_path, text_of(model={"type": "BPE", "vocab": LETTERS | {"a" * 1_000_000: 50, "b" * 1_000_000: 51}, "merges": []}))
