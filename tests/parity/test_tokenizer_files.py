"""Tokenizer files against the packages that they come from: SentencePiece models against
sentencepiece, ranks against tiktoken, tekken JSON against mistral-common's reading of it,
and the tokenizer.json that is saved from each against Hugging Face's tokenizers.

The files of mistral-common and dashscope are looked for in the installed packages and in
HEADRACE_TOKENIZER_FILES; what is not there is skipped.
"""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import random
from pathlib import Path

import pytest

tokenizers = pytest.importorskip("headrace.tokenizers")

TEXTS = [
    "", " ", "  ", "a", "Hello world", "  two  spaces ", "Hello, y'all! How are you 😁 ?", "\n\nline\n  indented\t\ttab ",
    "naïve café Ångström", "東京都に住んでいます。", "1234567 1,234.5", "<s>[INST] hi [/INST]</s><unk>", "▁▁a▁b▁", "<0x41><0x0A>",
    "x = {'a': [1, 2]}  # comment", "مرحبا بالعالم", "ﬁ ① ½ Ａ e\u0301 a\u0308\u0301", "🇩🇪👨‍👩‍👧", "\u200b\u00a0\u3000.", "a" * 300, "don't DON'T we'll",
]  # fmt: skip


def random_texts(count: int, seed: int) -> list[str]:
    print(f"seed {seed}")
    rng = random.Random(seed)
    words = ["the ", "  ", " of", "ing", "\n", "Ünïcode", "中文", "日本語の", " привет", "123", "<s>", "</s>", "▁", "😀", "\t", "'s", "()", "e\u0301", "foo_bar", "½"]
    return ["".join(rng.choice(words) if rng.random() < 0.8 else chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA0, 0x2000), rng.randrange(0x3000, 0x9FFF)])) for _ in range(rng.randrange(1, 30))) for _ in range(count)]  # fmt: skip


def data_file(package: str, *parts: str) -> Path:
    folders = [Path(os.environ["HEADRACE_TOKENIZER_FILES"])] if "HEADRACE_TOKENIZER_FILES" in os.environ else []
    if (spec := importlib.util.find_spec(package)) and spec.submodule_search_locations:
        folders.append(Path(spec.submodule_search_locations[0]).parent)
    for folder in folders:
        if (file := folder.joinpath(package, *parts)).is_file():
            return file
    pytest.skip(f"{'/'.join(parts)} of the package {package} is not here")


def as_text(tokenizer):
    """Special tokens in a text are text, as the packages have it."""
    tokenizer.encode_special_tokens = True
    return tokenizer


def saved_in_hugging_face(tokenizer):
    reference = pytest.importorskip("tokenizers")
    loaded = reference.Tokenizer.from_str(tokenizer.to_str())
    loaded.encode_special_tokens = True
    return loaded


# ---- SentencePiece ----

MISTRAL = ["tokenizer.model.v1", "mistral_instruct_tokenizer_240216.model.v2", "mistral_instruct_tokenizer_240323.model.v3", "mistral_instruct_tokenizer_241114.model.v7"]  # fmt: skip


def check_sentencepiece(model: bytes, texts: list[str], in_hugging_face: bool = True) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    from headrace._native import tokenizers as native

    tokenizer = as_text(native.load_bytes(model, "model"))
    saved = saved_in_hugging_face(tokenizer) if in_hugging_face else None
    again = as_text(tokenizers.Tokenizer.from_str(tokenizer.to_str()))
    for text in texts:
        expected = processor.encode(text)
        encoding = tokenizer.encode(text)
        assert encoding.ids == expected, (text, encoding.tokens, processor.encode(text, out_type=str))
        assert again.encode(text).ids == expected, text
        if saved:
            assert saved.encode(text).ids == expected, text
        if processor.unk_id() not in expected and "\ufffd" not in processor.decode(expected):
            assert tokenizer.decode(expected) == processor.decode(expected), text


@pytest.mark.parametrize("name", MISTRAL)
def test_a_published_bpe_model_gives_the_ids_of_sentencepiece(name):
    check_sentencepiece(data_file("mistral_common", "data", name).read_bytes(), TEXTS + random_texts(300, 1))


@pytest.mark.parametrize("name", MISTRAL[:1])
def test_offsets_are_those_of_sentencepiece(name):
    sentencepiece = pytest.importorskip("sentencepiece")
    file = data_file("mistral_common", "data", name)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(file))
    tokenizer = as_text(tokenizers.load(file))
    for text in ["Hello world", "naïve café", "a bc  def", "東京 is big"]:
        pieces = processor.encode(text, out_type="immutable_proto").pieces
        # A byte piece has all of its character here, and only the last one has it there.
        expected = [(p.begin, p.end) for p in pieces if not p.piece.startswith("<0x") and p.begin != p.end]
        encoding = tokenizer.encode(text)
        offsets = [o for o, p in zip(encoding.offsets, pieces) if not p.piece.startswith("<0x") and p.begin != p.end]
        assert offsets == expected, text


def train(**options) -> bytes:
    sentencepiece = pytest.importorskip("sentencepiece")
    corpus = (Path(__file__).parent.parent / "fixtures" / "water_mills.txt").read_text().splitlines()
    corpus += ["日本語 の テキスト", "größer schöner", "<sep> marked <sep> text", "one  two   three"] * 20
    model = io.BytesIO()
    options.setdefault("vocab_size", 400)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=model, hard_vocab_limit=False, minloglevel=2, **options
    )
    return model.getvalue()


SPACES = [
    {},
    {"add_dummy_prefix": False},
    {"remove_extra_whitespaces": False},
    {"add_dummy_prefix": False, "remove_extra_whitespaces": False, "normalization_rule_name": "identity"},
    {"treat_whitespace_as_suffix": True},
]


@pytest.mark.parametrize("spaces", SPACES, ids=str)
@pytest.mark.parametrize("kind", ["bpe", "unigram", "char"])
def test_a_trained_model_gives_the_ids_of_sentencepiece(kind, spaces):
    # Of odd characters Hugging Face's Precompiled makes something else than SentencePiece does.
    check_sentencepiece(train(model_type=kind, **spaces), TEXTS + random_texts(200, 2), in_hugging_face=False)
    plain = [t for t in TEXTS if t.isascii() and "<" not in t]
    check_sentencepiece(train(model_type=kind, **spaces), plain)


@pytest.mark.parametrize("spaces", SPACES, ids=str)
@pytest.mark.parametrize("kind", ["bpe", "unigram", "char"])
def test_user_defined_and_byte_pieces_are_those_of_sentencepiece(kind, spaces):
    # A text's own ▁, which the NFKC table makes a space, SentencePiece spares within a user-defined piece.
    symbols = ["<sep>", "<se", "mill", *(["▁▁", "▁▁▁▁▁"] if "normalization_rule_name" in spaces else [])]
    model = train(model_type=kind, user_defined_symbols=symbols, byte_fallback=kind != "char", vocab_size=700, **spaces)
    texts = ["<sep>", " <sep>", "a<sep>b <sep> c", "<se<sep>", "the mill<sep>mill", "  a   b", *(" " * n for n in range(1, 40)), "é😀<sep>"]
    check_sentencepiece(model, TEXTS + texts + random_texts(100, 3), in_hugging_face=False)


def test_a_word_model_gives_the_ids_of_sentencepiece():
    sentencepiece = pytest.importorskip("sentencepiece")
    model = train(model_type="word", vocab_size=300)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    from headrace._native import tokenizers as native

    tokenizer = as_text(native.load_bytes(model, "words"))
    saved = saved_in_hugging_face(tokenizer)
    for text in ["the mill", "the water of the mill", "the  unheardof mill", "mill"]:
        assert tokenizer.encode(text).ids == processor.encode(text) == saved.encode(text).ids


def test_a_damaged_model_is_an_error_that_names_the_file(tmp_path):
    model = train(model_type="bpe")
    for cut in (1, 7, 100, len(model) // 2, len(model) - 3):
        (tmp_path / "cut.model").write_bytes(model[:cut])
        try:
            tokenizers.load(tmp_path / "cut.model")
        except Exception as error:
            assert "cut.model" in str(error)


# ---- Ranks ----


def qwen_ranks():
    from headrace.tokenizers import tiktoken as ours

    return ours.load_tiktoken_bpe(data_file("dashscope", "resources", "qwen.tiktoken"))


@pytest.fixture(scope="module")
def qwen():
    tiktoken = pytest.importorskip("tiktoken")
    from headrace._native import tokenizers as native
    from headrace.tokenizers import tiktoken as ours

    ranks = qwen_ranks()
    pattern, special, _ = native.rank_encoding_facts("qwen")
    arguments = {"pat_str": pattern, "mergeable_ranks": ranks, "special_tokens": special}
    return tiktoken.Encoding("qwen", **arguments), ours.Encoding("qwen", **arguments)


def test_qwens_ranks_give_the_ids_of_tiktoken(qwen):
    reference, _ = qwen
    tokenizer = as_text(tokenizers.load(data_file("dashscope", "resources", "qwen.tiktoken")))
    saved = saved_in_hugging_face(tokenizer)
    for text in TEXTS + random_texts(500, 4):
        expected = reference.encode_ordinary(text)
        assert tokenizer.encode(text).ids == expected, text
        assert saved.encode(text).ids == expected, text
        assert tokenizer.decode(expected) == text
    tokenizer.encode_special_tokens = False
    assert tokenizer.encode("<|im_start|>a<|im_end|>").ids == reference.encode("<|im_start|>a<|im_end|>", allowed_special="all")


def test_an_encoding_gives_the_ids_of_tiktoken(qwen):
    reference, ours = qwen
    for text in TEXTS + random_texts(500, 5) + ["<|im_start|>hi<|im_end|><|endoftext|>", "\ud83d\udc4d", "\ud83d", "a\ud83db"]:
        assert ours.encode_ordinary(text) == reference.encode_ordinary(text), text
        assert ours.encode(text, allowed_special="all") == reference.encode(text, allowed_special="all")
        one = {"<|im_end|>"}
        assert ours.encode(text, allowed_special=one, disallowed_special=()) == reference.encode(text, allowed_special=one, disallowed_special=())  # fmt: skip
        ids = reference.encode(text, disallowed_special=())
        assert ours.decode(ids) == reference.decode(ids)
        assert ours.decode_with_offsets(ids) == reference.decode_with_offsets(ids)
        assert ours.decode_tokens_bytes(ids) == reference.decode_tokens_bytes(ids)
    assert ours.encode_batch(["a b", "c"]) == reference.encode_batch(["a b", "c"])
    assert list(ours.encode_to_numpy("hello there")) == reference.encode("hello there")
    for name in ("n_vocab", "max_token_value", "eot_token", "special_tokens_set"):
        assert getattr(ours, name) == getattr(reference, name)
    assert ours.token_byte_values() == reference.token_byte_values()
    assert ours.is_special_token(151643) and not ours.is_special_token(5)


def test_unstable_completions_are_those_of_tiktoken(qwen):
    reference, ours = qwen
    for text in ["hello fan", "a \n", "x  ", "do you", "", "<|endoftext|>", "naï"]:
        stable, completions = ours.encode_with_unstable(text, allowed_special="all")
        expected, possible = reference.encode_with_unstable(text, allowed_special="all")
        assert stable == expected
        assert sorted(completions) == sorted(map(list, possible)), text


def test_errors_are_those_of_tiktoken(qwen):
    reference, ours = qwen
    for call in (
        lambda e: e.encode("a <|endoftext|>"),
        lambda e: e.encode("gpt", disallowed_special={"pt"}),
        lambda e: e.decode_single_token_bytes(10**6),
        lambda e: e.decode([10**6]),
        lambda e: e.encode_single_token("no such token"),
        lambda e: e.decode_with_offsets([e.encode_single_token(b"\xe4")]),
    ):
        with pytest.raises(Exception) as theirs:
            call(reference)
        with pytest.raises(theirs.type) as raised:
            call(ours)
        assert str(raised.value) == str(theirs.value)


def test_ranks_of_any_kind_give_the_ids_of_tiktoken():
    """Random ranks, so that some tokens cannot be reached and some come before their parts."""
    tiktoken = pytest.importorskip("tiktoken")
    from headrace.tokenizers import tiktoken as ours

    rng = random.Random(6)
    patterns = [r"\w+|\W", r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""", r"\p{N}{1,3}+|[ab]{2,}+a?|\s++$|.|\s"]
    for turn in range(30):
        ranks = {bytes([b]): b for b in range(256)}
        for _ in range(60):
            ranks.setdefault(bytes(rng.choice(b"ab \xc3\xa41") for _ in range(rng.randrange(2, 6))), len(ranks))
        if turn % 2:
            values = list(range(len(ranks)))
            rng.shuffle(values)
            ranks = dict(zip(ranks, values))
        arguments = {"pat_str": patterns[turn % 3], "mergeable_ranks": ranks, "special_tokens": {"<a>": 1000, "<a><b>": 1001}}
        reference, mine = tiktoken.Encoding("test", **arguments), ours.Encoding("test", **arguments)
        for _ in range(60):
            text = "".join(rng.choice(["a", "b", "ä", " ", "1", "aab", "\n"]) for _ in range(rng.randrange(30)))
            assert mine.encode(text) == reference.encode(text), (text, turn)
        assert mine.encode_with_unstable("aab ab")[0] == reference.encode_with_unstable("aab ab")[0]


def test_an_encoding_survives_pickling(qwen):
    _, ours = qwen
    assert pickle.loads(pickle.dumps(ours)).encode("hello there") == ours.encode("hello there")


def test_names_of_models_and_encodings_are_those_of_tiktoken():
    tiktoken = pytest.importorskip("tiktoken")
    from headrace.tokenizers import tiktoken as ours
    from tiktoken.model import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING

    for model in [*MODEL_TO_ENCODING, *(p + "x" for p in MODEL_PREFIX_TO_ENCODING)]:
        assert ours.encoding_name_for_model(model) == tiktoken.encoding_name_for_model(model), model
    assert set(ours.list_encoding_names()) == set(tiktoken.list_encoding_names())
    with pytest.raises(KeyError):
        ours.encoding_name_for_model("unheard-of")
    with pytest.raises(ValueError, match="Unknown encoding"):
        ours.get_encoding("unheard-of")


# ---- tekken ----


@pytest.mark.parametrize("name", ["tekken_240718.json", "tekken_240911.json"])
def test_tekken_gives_the_ids_of_tiktoken_behind_its_special_tokens(name):
    """What mistral-common does with the file: tiktoken over the first ranks, then the special tokens added."""
    import base64
    import json

    tiktoken = pytest.importorskip("tiktoken")
    file = data_file("mistral_common", "data", name)
    content = json.loads(file.read_text())
    config = content["config"]
    special = config["default_num_special_tokens"]
    ranks = {base64.b64decode(t["token_bytes"]): t["rank"] for t in content["vocab"][: config["default_vocab_size"] - special]}
    reference = tiktoken.Encoding("tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    tokenizer = as_text(tokenizers.load(file))
    saved = saved_in_hugging_face(tokenizer)
    assert tokenizer.get_vocab_size() == config["default_vocab_size"]
    assert [tokenizer.id_to_token(i) for i in (0, 1, 2, 999)] == ["<unk>", "<s>", "</s>", "<SPECIAL_999>"]
    for text in TEXTS + random_texts(300, 7):
        expected = [special + i for i in reference.encode_ordinary(text)]
        assert tokenizer.encode(text).ids == expected, text
        assert saved.encode(text).ids == expected, text
        assert tokenizer.decode(expected) == text


# ---- Folders ----


def test_a_folder_adds_what_its_other_files_say(tmp_path):
    import json

    (tmp_path / "tokenizer.model").write_bytes(data_file("mistral_common", "data", MISTRAL[0]).read_bytes())
    config = {"add_bos_token": True, "bos_token": "<s>", "eos_token": {"content": "</s>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<|im_end|>": 32001, "<|im_start|>": 32000}))
    tokenizer = tokenizers.load(tmp_path)
    assert tokenizer.encode("Hi<|im_end|>").tokens == ["<s>", "▁Hi", "<|im_end|>"]
    assert tokenizer.token_to_id("<|im_start|>") == 32000
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<|im_end|>": 40000}))
    with pytest.raises(ValueError, match="Take all files from one model"):
        tokenizers.load(tmp_path)


def test_vocabulary_files_give_the_ids_of_hugging_face(tmp_path):
    reference = pytest.importorskip("tokenizers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "wor", "##ld", "!", "caf", "##e"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n")
    theirs = reference.BertWordPieceTokenizer(str(tmp_path / "vocab.txt"))
    assert tokenizers.load(tmp_path).encode("Hello WORLD! café", "hello").ids == theirs.encode("Hello WORLD! café", "hello").ids
    bpe = reference.ByteLevelBPETokenizer()
    bpe.train_from_iterator(["hello world " * 5, "the mill"], vocab_size=280)
    (tmp_path / "bpe").mkdir()
    bpe.save_model(str(tmp_path / "bpe"))
    for path in ("bpe", "bpe/vocab.json", "bpe/merges.txt"):
        assert tokenizers.load(tmp_path / path).encode("hello the world é").ids == bpe.encode("hello the world é").ids
    (tmp_path / "bpe" / "merges.txt").unlink()
    with pytest.raises(FileNotFoundError, match="merges.txt"):
        tokenizers.load(tmp_path / "bpe" / "vocab.json")


def test_damaged_bytes_are_an_error_or_a_tokenizer_and_never_a_crash():
    from headrace._native import tokenizers as native

    models = [train(model_type=kind, vocab_size=300) for kind in ("bpe", "unigram", "word")]
    rng = random.Random(8)
    for _ in range(400):
        model = bytearray(rng.choice(models)[: rng.choice([2000, 10**9])])
        for _ in range(rng.randrange(1, 8)):
            model[rng.randrange(len(model))] = rng.randrange(256)
        try:
            tokenizer = native.load_bytes(bytes(model), "model")
            tokenizer.decode(tokenizer.encode("the  mill é <s>").ids)
        except Exception as error:
            assert str(error)
