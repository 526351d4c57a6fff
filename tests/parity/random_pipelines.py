"""Random tokenizer.json files: every component of the reference, with every parameter; and of the families that are encoded
in bulk, with vocabularies whose merges and pieces occur."""
import base64
import random
import string

from charsmaps import charsmap_of
from pipeline_oracle import WORDS, byte_letters, character

PATTERNS = [r"\s+", r"\w+|[^\w\s]+", r"\d", r"[aeiou]", r"(?i:the|foo)", r"\p{L}+", r"[^a-z]", r"'s|'t| ?\p{L}+| ?\p{N}+", r"x*", "a|b", r"\p{Han}",
            r"\s+(?!\S)|\s+", r"(?<=a)b"]
LITERALS = [" ", "a", "the", "▁", ".", "##", "e", "日", "é", "  ", "\n", "_"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
SCHEMES = ["first", "never", "always"]
LETTERS = string.ascii_lowercase + "ABC019 .,'_-é日本ßİΣ\u0301\u00a0▁Ġ"


class PipelineMaker:
    def __init__(self, seed):
        self.maker = random.Random(seed)

    def flag(self):
        return self.maker.random() < 0.5

    def pick(self, *options):
        return self.maker.choice(options)

    def pattern(self):
        return {"String": self.maker.choice(LITERALS)} if self.flag() else {"Regex": self.maker.choice(PATTERNS)}

    # ---- parts ----

    def normalizer(self, depth=0):
        kinds = ["BertNormalizer", "ByteLevel", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend", "Replace", "Strip",
                 "StripAccents", "Lowercase"] + (["Sequence"] * 3 if depth < 2 else [])
        kind = self.maker.choice(kinds)
        part = {"type": kind}
        if kind == "BertNormalizer":
            part |= {"clean_text": self.flag(), "handle_chinese_chars": self.flag(), "strip_accents": self.pick(None, True, False),
                     "lowercase": self.flag()}
        elif kind == "Precompiled":
            part["precompiled_charsmap"] = self.charsmap()
        elif kind == "Prepend":
            part["prepend"] = self.pick("▁", " ", "ab", "日")
        elif kind == "Replace":
            part |= {"pattern": self.pattern(), "content": self.pick("", " ", "▁", "xy", "日")}
        elif kind == "Strip":
            part |= {"strip_left": self.flag(), "strip_right": self.flag()}
        elif kind == "Sequence":
            part["normalizers"] = [self.normalizer(depth + 1) for _ in range(self.maker.randint(0, 3))]
        return part

    def charsmap(self):
        keys = {"".join(self.pick(character(self.maker), self.maker.choice(LETTERS)) for _ in range(self.maker.choice((1, 1, 1, 2))))
                for _ in range(self.maker.randint(0, 12))}
        replaced = {key: "".join(self.maker.choice(LETTERS) for _ in range(self.maker.randint(0, 3)))
                    for key in sorted(keys) if "\0" not in key}
        return base64.b64encode(charsmap_of({key.encode(): text for key, text in replaced.items()})).decode()

    def pre_tokenizer(self, depth=0):
        kinds = ["BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace", "Punctuation", "Split", "Split",
                 "UnicodeScripts", "Whitespace", "WhitespaceSplit"] + (["Sequence"] * 3 if depth < 2 else [])
        kind = self.maker.choice(kinds)
        part = {"type": kind}
        if kind == "ByteLevel":
            part |= {"add_prefix_space": self.flag(), "trim_offsets": self.flag(), "use_regex": self.flag()}
        elif kind == "CharDelimiterSplit":
            part["delimiter"] = self.pick(" ", "a", "日", "_")
        elif kind == "Digits":
            part["individual_digits"] = self.flag()
        elif kind == "FixedLength":
            part["length"] = self.maker.randint(1, 7)
        elif kind == "Metaspace":
            part |= self.metaspace()
        elif kind == "Punctuation":
            part["behavior"] = self.maker.choice(BEHAVIORS)
        elif kind == "Split":
            part |= {"pattern": self.pattern(), "behavior": self.maker.choice(BEHAVIORS), "invert": self.flag()}
        elif kind == "Sequence":
            part["pretokenizers"] = [self.pre_tokenizer(depth + 1) for _ in range(self.maker.randint(0, 3))]
        return part

    def metaspace(self):
        return {"replacement": self.pick("▁", "_", "Ġ"), "prepend_scheme": self.maker.choice(SCHEMES), "split": self.flag()}

    def decoder(self, depth=0):
        kinds = ["BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Replace", "Strip", "WordPiece"]
        kinds += ["Sequence"] * 3 if depth < 2 else []
        kind = self.maker.choice(kinds)
        part = {"type": kind}
        if kind == "BPEDecoder":
            part["suffix"] = self.pick("</w>", "e", "▁")
        elif kind == "ByteLevel":
            part |= {"add_prefix_space": self.flag(), "trim_offsets": self.flag(), "use_regex": self.flag()}
        elif kind == "CTC":
            part |= {"pad_token": self.pick("<pad>", "a"), "word_delimiter_token": self.pick("|", "e"), "cleanup": self.flag()}
        elif kind == "Metaspace":
            part |= self.metaspace()
        elif kind == "Replace":
            part |= {"pattern": self.pattern(), "content": self.pick("", " ", "zz")}
        elif kind == "Strip":
            # The reference stops the process where both ends cut the same characters.
            start = self.maker.randint(0, 3)
            part |= {"content": self.pick(" ", "a", "▁"), "start": start, "stop": 0 if start else self.maker.randint(0, 1)}
        elif kind == "WordPiece":
            part |= {"prefix": self.pick("##", "a", "▁"), "cleanup": self.flag()}
        elif kind == "Sequence":
            part["decoders"] = [self.decoder(depth + 1) for _ in range(self.maker.randint(0, 3))]
        return part

    def post_processor(self, depth=0):
        kinds = ["BertProcessing", "RobertaProcessing", "ByteLevel", "TemplateProcessing", "TemplateProcessing"]
        kind = self.maker.choice(kinds + (["Sequence"] if depth == 0 else []))
        part = {"type": kind}
        if kind == "BertProcessing":
            part |= {"sep": ["[SEP]", 4], "cls": ["[CLS]", 3]}
        elif kind == "RobertaProcessing":
            part |= {"sep": ["[SEP]", 4], "cls": ["[CLS]", 3], "trim_offsets": self.flag(), "add_prefix_space": self.flag()}
        elif kind == "ByteLevel":
            part |= {"add_prefix_space": self.flag(), "trim_offsets": self.flag(), "use_regex": self.flag()}
        elif kind == "TemplateProcessing":
            part |= {"single": self.template(["A"]), "pair": self.template(["A", "B"]), "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [3], "tokens": ["[CLS]"]}, "two": {"id": "two", "ids": [3, 4], "tokens": ["x", "y"]}}}
        else:  # what adds tokens stands last: it takes two sequences at most
            part["processors"] = [self.byte_level_processor() for _ in range(self.maker.randint(0, 2))] + [self.post_processor(1)]
        return part

    def byte_level_processor(self):
        return {"type": "ByteLevel", "add_prefix_space": self.flag(), "trim_offsets": self.flag(), "use_regex": self.flag()}

    def template(self, sequences):
        pieces = [{"Sequence": {"id": name, "type_id": self.maker.randint(0, 2)}} for name in sequences]
        for _ in range(self.maker.randint(0, 3)):
            token = {"SpecialToken": {"id": self.pick("[CLS]", "two"), "type_id": self.maker.randint(0, 2)}}
            pieces.insert(self.maker.randint(0, len(pieces)), token)
        if self.maker.random() < 0.1:
            self.maker.shuffle(pieces)
        return pieces

    # ---- models ----

    def entries(self, count, prefix=""):
        made = set()
        for _ in range(count):
            word = "".join(self.maker.choice(LETTERS) for _ in range(self.maker.randint(1, 4)))
            made.add(word)
            if prefix:
                made.add(prefix + word)
        return sorted(made)

    def vocabulary(self, entries):
        names = ["[UNK]", "[PAD]", "<unk>", "[CLS]", "[SEP]"]
        return {entry: i for i, entry in enumerate(names + [entry for entry in entries if entry not in names])}

    def bpe(self):
        letters = sorted(set(LETTERS) | set(self.maker.sample(sorted(byte_letters()), 120)))
        prefix = self.pick(None, None, "##")
        suffix = self.pick(None, None, "</w>")
        fallback = self.flag()
        entries = dict.fromkeys(letters)
        if prefix:
            entries |= dict.fromkeys(prefix + letter for letter in letters)
        if suffix:
            entries |= dict.fromkeys([entry + suffix for entry in entries])
        if fallback:
            entries |= dict.fromkeys(f"<0x{byte:02X}>" for byte in range(256) if self.maker.random() < 0.97)
        merges = []
        pool = [entry for entry in entries if not entry.startswith("<0x")]
        for _ in range(self.maker.randint(0, 200)):
            left = self.maker.choice(pool)
            right = self.maker.choice(pool)
            if suffix and left.endswith(suffix):
                continue
            if prefix and not right.startswith(prefix):
                continue
            joined = left + (right[len(prefix):] if prefix else right)
            if (left, right) not in merges:
                merges.append((left, right))
                if joined not in entries:
                    entries[joined] = None
                    pool.append(joined)
        return {"type": "BPE", "dropout": None, "unk_token": self.pick(None, "<unk>", "[UNK]"), "continuing_subword_prefix": prefix,
                "end_of_word_suffix": suffix, "fuse_unk": self.flag(), "byte_fallback": fallback, "ignore_merges": self.flag(),
                "vocab": self.vocabulary(list(entries)),
                "merges": [list(pair) for pair in merges] if self.flag() or any(" " in part for pair in merges for part in pair)
                else [" ".join(pair) for pair in merges]}

    def word_piece(self):
        prefix = self.pick("##", "_")
        return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix,
                "max_input_chars_per_word": self.pick(100, 8), "vocab": self.vocabulary(self.entries(300, prefix) + list(LETTERS))}

    def word_level(self):
        return {"type": "WordLevel", "vocab": self.vocabulary(self.entries(400)), "unk_token": "[UNK]"}

    def unigram(self):
        entries = self.vocabulary(self.entries(300) + list(LETTERS))
        fallback = self.flag()
        if fallback:
            entries |= dict.fromkeys(f"<0x{byte:02X}>" for byte in range(256))
        return {"type": "Unigram", "unk_id": 0, "vocab": [[entry, round(-self.maker.uniform(1, 12), 4)] for entry in entries],
                "byte_fallback": fallback}

    def added_tokens(self, model):
        vocabulary = [entry[0] for entry in model["vocab"]] if model["type"] == "Unigram" else list(model["vocab"])
        contents = ["[CLS]", "[SEP]", "[PAD]", "<s>", "<s", "s>", "foo", "oo b", " x", "x ", "the", "日本", "é", "AB", "<|end|>", "\n\n",
                    *self.maker.sample(vocabulary, 5)]
        tokens, seen = [], set()
        for content in self.maker.sample(contents, self.maker.randint(0, 12)):
            # Which of two that are one after normalising is found, the reference leaves to chance.
            if content and content.casefold() not in seen:
                seen.add(content.casefold())
                tokens.append({"id": 0, "content": content, "single_word": self.maker.random() < 0.2, "lstrip": self.maker.random() < 0.25,
                               "rstrip": self.maker.random() < 0.25, "normalized": self.flag(), "special": self.flag()})
        return tokens

    def truncation(self, post_processor):
        if self.maker.random() < 0.6:
            return None
        # Windows of a pair are every one of the first with every one of the second: keep them few.
        length = self.maker.randint(16, 30)
        return {"direction": self.pick("Left", "Right"), "max_length": length, "stride": self.maker.randint(0, 1),
                "strategy": self.pick("LongestFirst", "LongestFirst", "OnlyFirst", "OnlySecond")}

    def padding(self):
        if self.maker.random() < 0.6:
            return None
        return {"strategy": self.pick("BatchLongest", {"Fixed": self.maker.randint(0, 20)}), "direction": self.pick("Left", "Right"),
                "pad_to_multiple_of": self.pick(None, 3, 8), "pad_id": 1, "pad_type_id": self.maker.randint(0, 3), "pad_token": "[PAD]"}

    def pipeline(self):
        model = self.pick(self.bpe, self.word_piece, self.word_level, self.unigram)()
        return self.assembled(model, lambda: self.normalizer(), lambda: self.pre_tokenizer())

    def assembled(self, model, normalizer, pre_tokenizer, chances=(0.7, 0.8)):
        maybe = lambda make, chance: make() if self.maker.random() < chance else None  # noqa: E731
        post_processor = maybe(self.post_processor, 0.6)
        return {"version": "1.0", "truncation": self.truncation(post_processor), "padding": self.padding(),
                "added_tokens": self.added_tokens(model), "normalizer": maybe(normalizer, chances[0]),
                "pre_tokenizer": maybe(pre_tokenizer, chances[1]), "post_processor": post_processor,
                "decoder": maybe(self.decoder, 0.8), "model": model}


CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPACE = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
FAMILIES = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "qwen2": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "qwen3.5": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SPACE,
    "no contractions": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "seed coder": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+" + SPACE,
    "numbers together": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACE,
    "tekken": rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}"
              r"| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACE,
}


def sequence(kind, *parts):
    return {"type": "Sequence", {"n": "normalizers", "p": "pretokenizers"}[kind]: list(parts)}


class FamilyMaker(PipelineMaker):
    """Pipelines that are encoded in bulk or unit by unit, with everything around them."""

    def family(self):
        return self.pick(self.byte_level_bpe, self.sentencepiece_bpe, self.bert, self.metaspace_unigram)()

    def corpus(self, spell):
        """Words as lists of symbols."""
        words = [spell(word) for word in WORDS + LITERALS]
        for _ in range(60):
            kind = character(self.maker)
            letters = [self.pick(kind, character(self.maker), self.maker.choice(LETTERS)) for _ in range(self.maker.randint(2, 7))]
            words.append(spell("".join(letters)))
        return [list(word) for word in words if word]

    def merges(self, words, count):
        """Joins neighbours that stand somewhere, wherever they stand."""
        merges = []
        for _ in range(count):
            word = self.maker.choice(words)
            if len(word) < 2:
                continue
            at = self.maker.randrange(len(word) - 1)
            pair = (word[at], word[at + 1])
            if pair in merges:
                continue
            merges.append(pair)
            for other in words:
                i = 0
                while i + 1 < len(other):
                    if (other[i], other[i + 1]) == pair:
                        other[i : i + 2] = ["".join(pair)]
                    i += 1
        if merges and self.maker.random() < 0.3:  # entries that their own merges do not reach
            for _ in range(20):
                i, j = self.maker.randrange(len(merges)), self.maker.randrange(len(merges))
                merges[i], merges[j] = merges[j], merges[i]
        return merges

    def bpe_of(self, letters, words, more=(), **settings):
        merges = self.merges(words, self.maker.choice((1, 20, 200, 400)))
        entries = dict.fromkeys([*letters, *more, *("".join(pair) for pair in merges)])
        for _ in range(self.maker.randint(0, 15)):  # that no merge reaches
            entries["".join(self.maker.choice(self.maker.choice(words)) for _ in range(self.maker.randint(1, 3)))] = None
        merges = [pair for pair in merges if pair[0] in entries and pair[1] in entries]
        names = list(entries)
        if self.maker.random() < 0.3:
            self.maker.shuffle(names)
        return {"type": "BPE", "dropout": None, "unk_token": self.pick(None, "<unk>"), "continuing_subword_prefix": None,
                "end_of_word_suffix": None, "fuse_unk": self.flag(), "byte_fallback": False, "ignore_merges": self.flag(),
                "vocab": self.vocabulary(names), "merges": [list(pair) for pair in merges]} | settings

    def byte_level_bpe(self):
        letter = {byte: each for each, byte in byte_letters().items()}
        words = self.corpus(lambda word: "".join(letter[byte] for byte in self.pick("", " ").encode() + word.encode("utf-8")))
        lacking = 0.01 if self.maker.random() < 0.2 else 0
        model = self.bpe_of([each for each in letter.values() if self.maker.random() >= lacking], words)
        bytes_last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": self.flag(), "use_regex": self.maker.random() < 0.2}
        if bytes_last["use_regex"]:
            split = [{"type": "Digits", "individual_digits": True}] if self.flag() else []
        else:
            removed = self.flag()
            split = [{"type": "Split", "pattern": {"Regex": self.maker.choice(sorted(FAMILIES.values()))},
                      "behavior": "Removed" if removed else "Isolated", "invert": removed}]
        return self.assembled(model, lambda: {"type": "NFC"}, lambda: sequence("p", *split, bytes_last), (0.4, 1))

    def sentencepiece_bpe(self):
        words = self.corpus(lambda word: self.pick("▁", "", "▁▁") + word.replace(" ", "▁"))
        letters = {letter for word in words for letter in word}
        known = [letter for letter in sorted(letters) if self.maker.random() < 0.8]
        lacking = 0.03 if self.maker.random() < 0.3 else 0
        fallback = [f"<0x{byte:02X}>" for byte in range(256) if self.maker.random() >= lacking]
        model = self.bpe_of(known, words, fallback, byte_fallback=True, ignore_merges=False)
        if self.flag():
            metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": self.maker.choice(SCHEMES), "split": False}
            return self.assembled(model, lambda: None, lambda: metaspace, (1, 1))
        spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        front = [{"type": "Prepend", "prepend": "▁"}] if self.flag() else []
        split = {"type": "Split", "pattern": {"String": " "}, "behavior": self.maker.choice(BEHAVIORS), "invert": False}
        return self.assembled(model, lambda: sequence("n", *front, spaces), lambda: split, (1, 0.5))

    def bert(self):
        pieces = set()
        for word in self.corpus(lambda word: self.pick(word, word.lower())):
            for _ in range(4):
                begin = self.maker.randrange(len(word))
                pieces.add(("##" if begin else "") + "".join(word[begin : begin + self.maker.randint(1, 4)]))
            pieces |= {self.pick("", "##") + letter for letter in word}
        model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                 "max_input_chars_per_word": self.pick(100, 8), "vocab": self.vocabulary(sorted(pieces))}
        normalizer = {"type": "BertNormalizer", "clean_text": self.flag(), "handle_chinese_chars": self.flag(),
                      "strip_accents": self.pick(None, True, False), "lowercase": self.flag()}
        kinds = ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents")
        parts = [{"type": self.maker.choice(kinds)} for _ in range(self.maker.randint(1, 3))]
        return self.assembled(model, lambda: self.pick(normalizer, sequence("n", *parts)), lambda: {"type": "BertPreTokenizer"}, (0.9, 1))

    def metaspace_unigram(self):
        pieces = {}
        steps = self.pick(1, 1000)  # many divisions of a text score the same, or few
        for word in self.corpus(lambda word: self.pick("▁", "") + word.replace(" ", "▁")):
            for _ in range(5):
                begin = self.maker.randrange(len(word))
                pieces["".join(word[begin : begin + self.maker.randint(1, 4)])] = None
            pieces |= dict.fromkeys(letter for letter in word if self.maker.random() < 0.9)
        entries = self.vocabulary(list(pieces))
        fallback = self.flag()
        if fallback:
            entries |= dict.fromkeys(f"<0x{byte:02X}>" for byte in range(256))
        score = lambda piece: self.maker.uniform(1, 12 if len(piece) == 1 else 6) * len(piece) ** 0.5  # noqa: E731
        vocab = [[entry, -round(score(entry) * steps) / steps] for entry in entries]
        model = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": fallback}
        forms = [{"type": kind} for kind in ("NFKC", "Nmt", "NFC", "NFKD", "Lowercase", "StripAccents")]
        forms.append({"type": "Precompiled", "precompiled_charsmap": self.charsmap()})
        runs = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": self.pick(" ", "▁")}
        strip = {"type": "Strip", "strip_left": self.flag(), "strip_right": self.flag()}
        quotes = [{"type": "Replace", "pattern": {"String": each}, "content": '"'} for each in ("``", "''")]
        parts = [*(quotes if self.flag() else []), *self.maker.sample(forms, self.maker.randint(0, 2)), *([strip] if self.flag() else []),
                 *([runs] if self.flag() else [])]
        metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": self.maker.choice(SCHEMES), "split": True}
        words = sequence("p", {"type": "WhitespaceSplit"}, metaspace | {"prepend_scheme": "always"})
        return self.assembled(model, lambda: sequence("n", *parts), lambda: self.pick(metaspace, words), (0.9, 1))
