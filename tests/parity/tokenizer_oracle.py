"""Hugging Face tokenizers built from the metadata of GGUF files, and our tokenizer
driven through tokenizer_driver with the same vocabulary."""
import os
import random
import struct
import subprocess

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

CONTROL, UNKNOWN, USER_DEFINED = 3, 2, 4

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
CL100K = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def isolated(*patterns):
    return [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]


def digits_then_gpt2():
    return [pre_tokenizers.Digits(individual_digits=True), *isolated(GPT2)]


UPPER, LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
SYMBOLS_AND_SPACES = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]*[{LOWER}]+{CONTRACTIONS}?|"
         rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]+[{LOWER}]*{CONTRACTIONS}?|\p{{N}}{{1,3}}" + SYMBOLS_AND_SPACES)
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]*[{LOWER}]+|[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]+[{LOWER}]*|\p{{N}}"
          + SYMBOLS_AND_SPACES)
KIMI_WORD = rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}&&[^\p{{Han}}]]%s[{LOWER}&&[^\p{{Han}}]]%s{CONTRACTIONS}?"
KIMI = ("[\\p{Han}]+|" + KIMI_WORD % ("*", "+") + "|" + KIMI_WORD % ("+", "*")
        + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN35 = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_V3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
               r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_WORDS = (
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ"
    "\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻"
    "𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+")
HAN_AND_HANGUL = "[一-龥ࠀ-一가-\ud7ff]+"
HAN_AND_KANA = "[一-龥぀-ゟ゠-ヿ]+"
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"


def digits(individual=True):
    return pre_tokenizers.Digits(individual_digits=individual)


# Name → (splits as the models' own tokenizer files publish them, ignore_merges).
PRE_TOKENIZERS = {
    "gpt-2": (lambda: isolated(GPT2), False),
    "smollm": (digits_then_gpt2, False),
    "llama-bpe": (lambda: isolated(CL100K % "{1,3}"), True),
    "chatglm-bpe": (lambda: isolated(CL100K % "{1,3}"), False),
    "qwen2": (lambda: isolated(CL100K % ""), False),
    "qwen35": (lambda: isolated(QWEN35), False),
    "bailingmoe": (lambda: isolated(
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"), False),
    "seed-coder": (lambda: isolated(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"), False),
    "ufakzeka": (lambda: isolated((CL100K % "")[len(CONTRACTIONS) + 1:]), False),
    "minicpm5": (lambda: isolated(r"\p{N}{1,3}", CL100K % "+"), True),
    "laguna": (lambda: isolated(r"[^\n]+|[\n]+", CL100K % ""), False),
    "gpt-4o": (lambda: isolated(O200K), False),
    "tekken": (lambda: isolated(TEKKEN), True),
    "youtu": (lambda: isolated("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
                               O200K.replace(r"\p{N}{1,3}", r"\p{N}")), True),
    "tiny_aya": (lambda: isolated(r"\d{1,3}(?=(?:\d{3})*\b)", O200K), False),
    "deepseek-v3": (lambda: isolated(r"\p{N}{1,3}", HAN_AND_KANA, DEEPSEEK_V3), False),
    "spark2_5": (lambda: isolated(r"\p{N}{1,3}", HAN_AND_KANA,
                                  DEEPSEEK_V3.replace(r"+[\r\n]*|\s*[\r\n]+", r"+|[\r\n]"), r"\p{N}"), False),
    "deepseek-llm": (lambda: [*isolated("[\r\n]", DEEPSEEK_WORDS, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$",
                                        HAN_AND_HANGUL), digits()], False),
    "deepseek-coder": (lambda: [*isolated("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", HAN_AND_HANGUL), digits()], False),
    "bloom": (lambda: isolated(BLOOM), False),
    "viking": (lambda: [*isolated(BLOOM), digits()], False),
    "superbpe": (lambda: isolated(r"\p{N}+", r"(?=(\d{3})+(?!\d))"), False),
    "jais-2": (lambda: isolated(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|"
        r"\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"),
        False),
    "exaone-moe": (lambda: isolated(
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|"
        r"\s*[\r\n]|\s+(?!\S)|\s+"), False),
    "kimi-k2": (lambda: isolated(KIMI), False),
    "chameleon": (lambda: [*isolated("<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )"),
                           digits(), pre_tokenizers.Punctuation("isolated"), *isolated(GPT2)], False),
    # Falcon's last steps run after the bytes have become letters.
    "falcon": (lambda: [pre_tokenizers.Punctuation("contiguous"),
                        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=True),
                        digits(False), *isolated("[0-9][0-9][0-9]")], False),
}
ALIASES = {
    "default": "gpt-2", "mpt": "gpt-2", "olmo": "gpt-2", "phi-2": "gpt-2",
    "starcoder": "smollm", "refact": "smollm", "command-r": "smollm", "codeshell": "smollm",
    "llama3": "llama-bpe", "dbrx": "chatglm-bpe", "stablelm2": "qwen2", "deepseek-r1": "deepseek-v3",
}


class Vocabulary:
    """What a GGUF file says about its tokenizer."""

    def __init__(self, path):
        fields = GGUFReader(path).fields

        def get(key, default=None):
            field = fields.get("tokenizer.ggml." + key)
            return default if field is None else field.contents()

        self.model = get("model")
        self.pre = get("pre", "default")
        self.tokens = get("tokens")
        self.kinds = get("token_type", [])
        self.scores = get("scores", [])
        self.merges = get("merges", [])
        self.bos, self.eos, self.unk = get("bos_token_id"), get("eos_token_id"), get("unknown_token_id")
        self.sentencepiece = self.model == "llama"
        self.add_bos = get("add_bos_token", self.sentencepiece)
        self.add_eos = get("add_eos_token", False)
        self.add_space_prefix = get("add_space_prefix", self.sentencepiece)
        self.remove_extra_whitespace = get("remove_extra_whitespaces", False)

    def kind(self, token_id):
        return self.kinds[token_id] if self.kinds else 1

    def known(self):
        return self.sentencepiece or (self.model == "gpt2" and ALIASES.get(self.pre, self.pre) in PRE_TOKENIZERS)

    def spells_all_bytes_of(self, text):
        """Bytes without a letter in the vocabulary are left out, and the reference's
        offsets after them are off by as many."""
        if self.sentencepiece:
            return True
        if not hasattr(self, "missing_bytes"):
            alphabet, known = byte_letters(), set(self.tokens)
            self.missing_bytes = {byte for byte in range(256) if alphabet[byte] not in known}
        return self.missing_bytes.isdisjoint(text.encode("utf-8"))

    def write(self, path):
        """Writes the vocabulary as tokenizer_driver reads it."""
        out = bytearray()

        def string(text):
            raw = text.encode("utf-8", "surrogateescape")
            out.extend(struct.pack("<I", len(raw)) + raw)

        out += struct.pack("<I", 1 if self.sentencepiece else 0)
        string(self.pre)
        for strings, after in ((self.tokens, True), (self.merges, False)):
            out += struct.pack("<I", len(strings))
            for text in strings:
                string(text)
            if after:
                out += struct.pack("<I", len(self.kinds)) + bytes(self.kinds)
                out += struct.pack(f"<I{len(self.scores)}f", len(self.scores), *self.scores)
        for token_id in (self.bos, self.eos, self.unk):
            out += struct.pack("<i", -1 if token_id is None else token_id)
        out += bytes([self.add_bos, self.add_eos, self.add_space_prefix, self.remove_extra_whitespace])
        with open(path, "wb") as file:
            file.write(out)


def byte_letters():
    """The letter of each byte in byte-level vocabularies."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in own else chr(next(others)) for byte in range(256)]


def byte_offsets(text, offsets):
    """Offsets in characters as offsets in bytes."""
    positions = [0]
    for character in text:
        positions.append(positions[-1] + len(character.encode("utf-8")))
    return [(positions[begin], positions[end]) for begin, end in offsets]


def has_mixed_byte_run(vocabulary, ids, skip_special):
    """Whether some run of byte tokens holds valid characters and invalid bytes."""
    if not vocabulary.sentencepiece:
        return False
    runs, run = [], b""
    for token_id in [*ids, None]:
        if token_id is not None and skip_special and vocabulary.kind(token_id) in (CONTROL, UNKNOWN):
            continue
        if token_id is not None and vocabulary.kind(token_id) == 6:
            run += bytes([int(vocabulary.tokens[token_id][3:5], 16)])
        elif run:
            runs.append(run)
            run = b""
    return any("\ufffd" in text and text.strip("\ufffd") for text in (run.decode("utf-8", "replace") for run in runs))


def has_lettered_added_token(vocabulary, ids):
    """Whether some added token is spelled in byte letters, one of them beyond ASCII."""
    if vocabulary.sentencepiece:
        return False
    letters = set(byte_letters())
    added = (vocabulary.tokens[i] for i in ids if vocabulary.kind(i) in (CONTROL, UNKNOWN, USER_DEFINED))
    return any(not token.isascii() and letters.issuperset(token) for token in added)


def added_tokens(vocabulary, tokens):
    return [AddedToken(tokens[i], special=vocabulary.kind(i) != USER_DEFINED, normalized=False)
            for i in range(len(tokens)) if vocabulary.kind(i) in (CONTROL, UNKNOWN, USER_DEFINED) and tokens[i]]


def byte_level_tokenizer(vocabulary):
    name = ALIASES.get(vocabulary.pre, vocabulary.pre)
    splits, ignore_merges = PRE_TOKENIZERS[name]
    merges = []
    for merge in vocabulary.merges:
        space = merge.index(" ", 1)
        merges.append((merge[:space], merge[space + 1:]))
    vocab = {token: i for i, token in enumerate(vocabulary.tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore_merges))
    letters = [] if name == "falcon" else [
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits(), *letters])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens(added_tokens(vocabulary, vocabulary.tokens))
    return tokenizer


def merges_from_scores(tokens, scores, joinable):
    """The merge list that Hugging Face derives from a SentencePiece model: highest score
    first, then the longest left part, then the longest right part."""
    ids = {token: i for i, token in enumerate(tokens)}
    merges = []
    for i, token in enumerate(tokens):
        if not joinable(i) or ids[token] != i:
            continue
        splits = [(token[:at], token[at:]) for at in range(1, len(token))]
        splits = [(left, right) for left, right in splits if left in ids and right in ids]
        splits.sort(key=lambda split: (ids[split[0]], ids[split[1]]))
        merges += [(scores[i], len(left), len(right), left, right) for left, right in splits]
    merges.sort(key=lambda merge: merge[:3], reverse=True)
    return [merge[3:] for merge in merges]


def sentencepiece_tokenizer(vocabulary):
    tokens, scores = list(vocabulary.tokens), list(vocabulary.scores)
    for i, token in enumerate(tokens):
        if vocabulary.kind(i) == USER_DEFINED:
            scores[i] = 0.0
            if token and not token.strip(" "):
                tokens[i] = "▁" * len(token)
    merges = merges_from_scores(tokens, scores, lambda i: vocabulary.kind(i) in (1, USER_DEFINED, 5))
    unk = None if vocabulary.unk is None else tokens[vocabulary.unk]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges,
                                     unk_token=unk, fuse_unk=True, byte_fallback=True))
    steps = [normalizers.Replace(" ", "▁")]
    if vocabulary.add_space_prefix:
        steps.insert(0, normalizers.Prepend("▁"))
    tokenizer.normalizer = normalizers.Sequence(steps)
    chain = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if vocabulary.add_space_prefix:
        chain.append(decoders.Strip(" ", 1, 0))
    tokenizer.decoder = decoders.Sequence(chain)
    tokenizer.add_tokens(added_tokens(vocabulary, tokens))
    return tokenizer


def reference_tokenizer(vocabulary):
    return sentencepiece_tokenizer(vocabulary) if vocabulary.sentencepiece else byte_level_tokenizer(vocabulary)


class Driver:
    """Our tokenizer, a batch of requests at a time."""

    ADD_SPECIAL, PARSE_SPECIAL, OFFSETS, SKIP_SPECIAL = 1, 2, 4, 1

    def __init__(self, vocabulary, path, program=None):
        vocabulary.write(path)
        self.command = [program or os.path.join(os.environ["HEADRACE_DRIVERS"], "tokenizer_driver"), str(path)]

    def _run(self, requests):
        return subprocess.run(self.command, input=b"".join(requests), stdout=subprocess.PIPE, check=True).stdout

    def encode(self, texts, flags=PARSE_SPECIAL):
        """Returns the ids of each text, or (ids, offsets) with OFFSETS."""
        requests = []
        for text in texts:
            raw = text if isinstance(text, bytes) else text.encode("utf-8")
            requests.append(struct.pack("<cBI", b"E", flags, len(raw)) + raw)
        out, at, answers = self._run(requests), 0, []
        for _ in texts:
            (count,) = struct.unpack_from("<I", out, at)
            ids = list(struct.unpack_from(f"<{count}I", out, at + 4))
            at += 4 + 4 * count
            if flags & self.OFFSETS:
                flat = struct.unpack_from(f"<{2 * count}I", out, at)
                at += 8 * count
                answers.append((ids, list(zip(flat[::2], flat[1::2]))))
            else:
                answers.append(ids)
        assert at == len(out)
        return answers

    def decode(self, lists, flags=0, operation=b"D"):
        requests = [struct.pack(f"<cBI{len(ids)}I", operation, flags, len(ids), *ids) for ids in lists]
        out, at, answers = self._run(requests), 0, []
        for _ in lists:
            (size,) = struct.unpack_from("<I", out, at)
            answers.append(out[at + 4:at + 4 + size])
            at += 4 + size
        assert at == len(out)
        return answers


WHITE = [" ", "  ", "   ", "\n", "\r\n", "\t", "\n\n", " \n", "\u00a0", "\u3000", "\u2003", "\x0b", "\u2028", "\x85", "\u200b",
         "▁", "▁▁", " ▁"]
CONTRACTED = ["'s", "'S", "'ll", "'LL", "'re", "'Ve", "'t", "'d", "'m", "'x", "''s", "'ſ", "’s", "'"]
DIGITS = ["0", "7", "42", "123", "1234567", "٣٤", "½", "Ⅷ", "²", "１２", "3.14", "1,000"]
SCRIPTS = [(0x00A1, 0x024F), (0x0250, 0x02FF), (0x0300, 0x036F), (0x0370, 0x03FF), (0x0400, 0x052F), (0x0530, 0x05FF),
           (0x0600, 0x06FF), (0x0900, 0x097F), (0x0E00, 0x0E7F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1E00, 0x1FFF),
           (0x2000, 0x206F), (0x20A0, 0x20CF), (0x2100, 0x218F), (0x2190, 0x22FF), (0x2500, 0x27BF), (0x3040, 0x30FF),
           (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0xE0FF), (0xFE00, 0xFFEF), (0x10300, 0x1034F), (0x1D400, 0x1D7FF),
           (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0x1C80, 0x1C8A), (0xA7C0, 0xA7DC), (0x105C0, 0x105F3), (0xE0000, 0xE007F)]


class TextMaker:
    """Random texts: half from the vocabulary's own pieces, a third beyond ASCII."""

    def __init__(self, vocabulary, tokenizer, seed):
        self.random = random.Random(seed)
        size = len(vocabulary.tokens)
        special = [i for i in range(size) if vocabulary.kind(i) in (CONTROL, USER_DEFINED, UNKNOWN)]
        self.special = [vocabulary.tokens[i] for i in special]
        self.spellings = vocabulary.tokens
        self.tokenizer = tokenizer
        self.size = size

    def vocabulary_fragment(self):
        roll = self.random.random()
        if roll < 0.2 and self.special:
            return self.random.choice(self.special)
        token_id = self.random.randrange(self.size)
        if roll < 0.3:
            return self.spellings[token_id]
        text = self.tokenizer.decode([token_id], skip_special_tokens=False)
        if roll < 0.4 and len(text) > 1:
            cut = self.random.randrange(1, len(text))
            return self.random.choice((text[:cut], text[cut:]))
        return self.random.choice(("", " ")) + text if roll < 0.6 else text

    def plain_fragment(self):
        roll = self.random.random()
        if roll < 0.25:
            return self.random.choice(WHITE) * self.random.choice((1, 1, 1, 2, 5, 40))
        if roll < 0.35:
            return self.random.choice(CONTRACTED)
        if roll < 0.45:
            return self.random.choice(DIGITS)
        if roll < 0.55:
            return "".join(self.random.choice("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~") for _ in range(self.random.randint(1, 4)))
        return "".join(self.random.choice("etaoinshrdluETAOINxyzq") for _ in range(self.random.randint(1, 9)))

    def foreign_fragment(self):
        if self.random.random() < 0.1:
            code = self.random.randrange(0x110000)
            return chr(code) if not 0xD800 <= code < 0xE000 else "�"
        low, high = self.random.choice(SCRIPTS)
        return "".join(chr(self.random.randint(low, high)) for _ in range(self.random.randint(1, 5)))

    def text(self, number):
        make = [self.vocabulary_fragment if number % 2 == 0 else self.plain_fragment]
        if number % 3 == 0:
            make.append(self.foreign_fragment)
        return "".join(self.random.choice(make)() for _ in range(self.random.choice((1, 2, 3, 5, 8, 13))))
