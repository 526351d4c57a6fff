"""SentencePiece's .model files for vocabularies that are published in other forms, and a tokenizer.json for one of GGUF's.

Only what decides ids is written: pieces, scores, kinds, the kind of model, the charsmap, the space in front."""
import base64
import json
import struct

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
UNIGRAM, BPE = 1, 2


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """A field of a protocol buffer: bytes and strings, floats, or whole numbers."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(int(value))


def model_file(pieces, kind, charsmap=b"", dummy_prefix=True, one_space=False, byte_fallback=False):
    """`pieces`: (text, score, kind) by id."""
    out = b"".join(field(1, field(1, text) + field(2, float(score)) + field(3, piece_kind)) for text, score, piece_kind in pieces)
    ids = {piece_kind: n for n, (_, _, piece_kind) in reversed(list(enumerate(pieces)))}
    trainer = field(3, kind) + field(35, byte_fallback) + field(40, ids[UNKNOWN])
    normalizer = field(1, "identity") + field(2, charsmap) + field(3, dummy_prefix) + field(4, one_space) + field(5, True)
    return out + field(2, trainer) + field(3, normalizer)


def of_bpe(saved):
    """The .model of a tokenizer.json with SentencePiece's BPE: of two merges the one whose token has the smaller id is first."""
    vocabulary = saved["model"]["vocab"]
    added = {token["content"]: token for token in saved["added_tokens"]}

    def kind(text):
        if text == saved["model"].get("unk_token"):
            return UNKNOWN
        if text in added:
            return CONTROL if added[text]["special"] else USER_DEFINED
        return BYTE if len(text) == 6 and text.startswith("<0x") else NORMAL

    ranks = {}
    for rank, merge in enumerate(saved["model"]["merges"]):
        left, right = merge if isinstance(merge, list) else merge.split(" ", 1)
        ranks.setdefault(left + right, rank)
    texts = sorted(vocabulary, key=vocabulary.get)
    prefixed = any(part.get("type") == "Prepend" for part in (saved["normalizer"] or {}).get("normalizers", []))
    return model_file([(text, -float(ranks.get(text, 0)), kind(text)) for text in texts], BPE, dummy_prefix=prefixed, byte_fallback=True)


# ---- GGUF ----

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


def gguf_settings(path):
    data = path.read_bytes()
    at = 0

    def scalar(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def string():
        nonlocal at
        size = scalar("Q")
        at += size
        return data[at - size : at].decode("utf-8", "replace")

    def value(kind):
        nonlocal at
        if kind == STRING:
            return string()
        if kind != ARRAY:
            return scalar(SCALARS[kind])
        kind, size = scalar("I"), scalar("Q")
        if kind == STRING:
            return [string() for _ in range(size)]
        form = f"<{size}{SCALARS[kind]}"
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return list(values)

    if scalar("I") != 0x46554747:
        raise SystemExit(f"{path} is no GGUF file")
    scalar("I"), scalar("Q")  # version, number of tensors
    return {string(): value(scalar("I")) for _ in range(scalar("Q"))}


def of_gguf_unigram(path):
    """tokenizer.json and .model of a GGUF file with SentencePiece's Unigram."""
    settings = gguf_settings(path)
    texts, scores, kinds = (settings[f"tokenizer.ggml.{name}"] for name in ("tokens", "scores", "token_type"))
    charsmap = bytes(value & 0xFF for value in settings["tokenizer.ggml.precompiled_charsmap"])
    kinds = [kind if kind in (NORMAL, UNKNOWN, BYTE) else CONTROL for kind in kinds]
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    saved = {
        "version": "1.0", "truncation": None, "padding": None, "post_processor": None,
        "added_tokens": [{"id": n, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
                         for n, (text, kind) in enumerate(zip(texts, kinds)) if kind in (UNKNOWN, CONTROL)],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": kinds.index(UNKNOWN), "vocab": [list(pair) for pair in zip(texts, scores)], "byte_fallback": False},
    }
    return json.dumps(saved, ensure_ascii=False), model_file(list(zip(texts, scores, kinds)), UNIGRAM, charsmap, one_space=True)
