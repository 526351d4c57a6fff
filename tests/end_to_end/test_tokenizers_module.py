"""headrace.tokenizers as a program uses it: live parts, a program's own parts, pickles, threads, transformers."""

import asyncio
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import threading

import pytest

import headrace.tokenizers as tokenizers
from headrace.tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers


@pytest.fixture
def words():
    tok = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2, "ab": 3, "A": 4}, unk_token="[UNK]"))
    tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tok


def test_importing_it_imports_nothing_heavy():
    code = "import sys, headrace.tokenizers; print(sorted({'asyncio', 'importlib.metadata', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"


def test_a_part_that_is_changed_in_place_changes_the_next_call(words):
    words.normalizer = normalizers.BertNormalizer(lowercase=True)
    assert words.encode("A b").ids == [1, 2]
    words.normalizer.lowercase = False
    assert words.encode("A b").ids == [4, 2]


def test_a_part_of_a_sequence_is_replaced_in_place(words):
    words.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.FixedLength(1)])
    assert words.encode("ab").ids == [1, 2]
    words.pre_tokenizer[1] = pre_tokenizers.FixedLength(2)
    assert words.encode("ab").ids == [3]


def test_a_part_shared_by_two_tokenizers_is_one_part(words):
    shared = normalizers.Prepend("a ")
    other = Tokenizer(words.model)
    other.pre_tokenizer = words.pre_tokenizer
    words.normalizer = other.normalizer = shared
    shared.prepend = "b "
    assert words.encode("a").ids == other.encode("a").ids == [2, 1]


def test_a_programs_own_normalizer_runs_inside_the_pipeline(words):
    class Swap:
        def normalize(self, normalized):
            normalized.map(lambda c: {"a": "b", "b": "a"}.get(c, c))

    words.normalizer = normalizers.Normalizer.custom(Swap())
    encoding = words.encode("a b")
    assert (encoding.ids, encoding.offsets) == ([2, 1], [(0, 1), (2, 3)])
    assert [e.ids for e in words.encode_batch(["a", "b"] * 50)] == [[2], [1]] * 50


def test_an_error_in_a_programs_own_part_is_raised_with_its_type_and_words(words):
    class Bad:
        def normalize(self, normalized):
            raise ZeroDivisionError("no such thing")

    words.normalizer = normalizers.Normalizer.custom(Bad())
    with pytest.raises(Exception, match="ZeroDivisionError: no such thing"):
        words.encode("a")


def test_everything_can_be_pickled(words):
    words.post_processor = processors.TemplateProcessing("[X] $A", None, [("[X]", 9)])
    words.decoder = decoders.Sequence([decoders.Strip("a", 1, 0), decoders.Fuse()])
    words.add_special_tokens([AddedToken("[X]", lstrip=True)])
    again = pickle.loads(pickle.dumps(words))
    assert again.to_str() == words.to_str()
    encoding = words.encode("a b")
    copy = pickle.loads(pickle.dumps(encoding))
    assert (copy.ids, copy.tokens, copy.offsets, copy.word_ids) == (encoding.ids, encoding.tokens, encoding.offsets, encoding.word_ids)
    for part in (words.decoder, words.pre_tokenizer, words.post_processor, words.model, trainers.BpeTrainer(special_tokens=["[X]"])):
        assert repr(pickle.loads(pickle.dumps(part))) == repr(part)
        assert type(part).__module__.startswith("headrace.tokenizers.")


def test_wrong_inputs_are_type_errors_that_say_what_is_meant(words):
    for call, message in ((lambda: words.encode(5), "TextInputSequence must be str"), (lambda: words.encode("\ud800"), "TextInputSequence must be str"),
                          (lambda: words.encode("a", is_pretokenized=True), "PreTokenizedInputSequence must be"),
                          (lambda: words.encode_batch([5]), "TextEncodeInput must be"), (lambda: setattr(words, "model", None), "Model")):
        with pytest.raises(TypeError, match=message):
            call()


def test_a_broken_file_says_where(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text('{"version": "1.0", "model": 3}')
    with pytest.raises(Exception, match="line 1 column"):
        Tokenizer.from_file(str(path))


def test_threads_encode_while_another_changes_the_parts(words):
    texts, wrong, stop = ["a b ab"] * 20, [], threading.Event()

    def encode():
        while not stop.is_set():
            for encoding in words.encode_batch(texts):
                if encoding.ids not in ([1, 2, 3], [1, 2, 0]):
                    wrong.append(encoding.ids)

    threads = [threading.Thread(target=encode) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(100):
        words.normalizer = normalizers.Replace("ab", "x") if i % 2 == 0 else None
        words.enable_truncation(8)
        words.no_truncation()
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_awaitable_calls_give_what_the_plain_ones_give(words):
    async def both():
        return await words.async_encode_batch(["a", "b"]), await words.async_decode_batch([[1, 2]])

    encodings, texts = asyncio.run(both())
    assert [e.ids for e in encodings] == [[1], [2]] and texts == words.decode_batch([[1, 2]])


def test_training_by_parity_helps_the_language_that_is_worst_off():
    tok = Tokenizer(models.BPE(unk_token="x"))
    trainer = trainers.ParityBpeTrainer(num_merges=3, show_progress=False, special_tokens=[AddedToken("<s>", lstrip=True)])
    trainer.train_from_iterator(tok, [iter(["ab " * 100]), [["  schön schön \n"]]], dev_iterators=[["ab"], ["schön"]])
    assert tok.get_vocab_size() == 1 + 8 + 3 and tok.encode("schön").tokens == ["sch", "ön"]
    assert tok.model.unk_token is None and tok.encode(" <s>ab").ids[0] == 0
    with pytest.raises(RuntimeError, match="Training error: ratio length"):
        trainer.train_from_iterator(tok, [["a"]], ratio=[1.0, 2.0])
    with pytest.raises(ValueError, match="Unknown variant 'best'"):
        trainers.ParityBpeTrainer(variant="best")


def test_a_parity_trainer_keeps_its_parameters_in_a_pickle():
    trainer = trainers.ParityBpeTrainer(7, "window", ratio=[1, 2.5], alpha=1.5, limit_alphabet=9, initial_alphabet=["q"],
                                        special_tokens=["<s>", AddedToken("<m>", lstrip=True)], end_of_word_suffix="$")
    restored = pickle.loads(pickle.dumps(trainer))
    assert restored.__getstate__()["ratio"] == [1.0, 2.5] and repr(restored) == repr(trainer)
    assert (restored.num_merges, restored.variant, restored.alpha, restored.limit_alphabet) == (7, "window", 1.5, 9)
    assert restored.special_tokens == trainer.special_tokens and restored.special_tokens[1].lstrip
    assert (restored.initial_alphabet, restored.end_of_word_suffix) == (["q"], "$")


def test_training_gives_a_tokenizer_that_knows_its_texts():
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator([["water mill", "water wheel"]] * 10, trainers.BpeTrainer(vocab_size=300, show_progress=False, special_tokens=["<s>"]))
    encoding = tok.encode("water wheel")
    assert encoding.tokens == ["water", "Ġwheel"]
    assert tok.decode(encoding.ids) == "water wheel" and tok.token_to_id("<s>") == 0


def test_transformers_run_on_it_when_patched_before_or_after_the_import(tmp_path):
    pytest.importorskip("transformers")
    tok = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    tok.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    tok.save(str(path))
    for order in ("import headrace.tokenizers as t; t.patch_transformers(); import transformers",
                  "import transformers; from transformers import PreTrainedTokenizerFast; import headrace.tokenizers as t; t.patch_transformers()"):
        code = f"{order}\nt = transformers.PreTrainedTokenizerFast(tokenizer_file={str(path)!r})\nprint(type(t._tokenizer).__module__, t('a b').input_ids)"
        run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert run.stdout.splitlines()[-1] == "headrace.tokenizers [1, 2]"


def test_the_package_shows_what_it_promises():
    assert set(tokenizers.__all__) <= set(dir(tokenizers))
    assert json.loads(Tokenizer(models.BPE()).to_str())["version"] == "1.0"


def test_limits_are_read_set_and_refused():
    before = tokenizers.limits()
    assert set(before) == {"text_bytes", "encoding_tokens", "match_steps", "find_steps", "pattern_bytes", "pattern_depth", "cache_bytes"}
    slow = pre_tokenizers.Split(tokenizers.Regex("(a+)+$"), "isolated")
    text = "a" * 22 + "b"
    try:
        tokenizers.set_limits(match_steps=100)
        assert tokenizers.limits()["match_steps"] == 100
        with pytest.raises(Exception, match="gave up"):
            slow.pre_tokenize_str(text)
        tokenizers.set_limits(match_steps=10**9, find_steps=10**9)
        assert slow.pre_tokenize_str(text)
        for wrong in ({"steps": 1}, {"match_steps": 0}, {"match_steps": 2**33}, {"cache_bytes": -1}, {"cache_bytes": 1.5}):
            with pytest.raises((ValueError, OverflowError, TypeError)):
                tokenizers.set_limits(**wrong)
    finally:
        tokenizers.set_limits(**before)
    assert tokenizers.cache_bytes_in_use() >= 0


def test_limits_are_read_from_the_environment():
    code = "import headrace.tokenizers as t; print(t.limits()['find_steps'], t.limits()['cache_bytes'])"
    environment = os.environ | {"HEADRACE_TOKENIZER_LIMITS": "find_steps=1234,steps=3,cache_bytes=many,cache_bytes=4096"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["1234", "4096"]
    assert "no limit is named" in done.stderr and "cache_bytes=many" in done.stderr


def test_lists_of_an_encoding_share_their_objects():
    tok = Tokenizer(models.WordLevel({"a": 300, "b": 70000}, unk_token="a"))
    tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    first, second = tok.encode("b " * 40000), tok.encode("b b")
    assert first.ids[0] is second.ids[1] and first.tokens[0] is second.tokens[0]
    assert first.offsets[39999] == (79998, 79999) and first.offsets[2] == (4, 5)
    assert first.word_ids == list(range(40000)) and first.sequence_ids == [0] * 40000
    tok.model = models.WordLevel({"c": 300, "d": 70000}, unk_token="c")
    assert tok.encode("d c").tokens == ["d", "c"]


def test_the_visualizer_shows_tokens_and_annotations():
    from headrace.tokenizers.tools import Annotation, EncodingVisualizer

    tok = Tokenizer(models.WordLevel({"a": 0, "<b>": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    show = EncodingVisualizer(tok, default_to_notebook=False, annotation_converter=lambda note: Annotation(*note))
    page = show("a <b> é", [(2, 5, 'so "x"'), (6, 99, "y")])
    assert '<span class="t even" title="0 a">a</span><span class="none"> </span>' in page
    assert 'data-label="so &quot;x&quot;"><span class="t odd" title="1 &lt;b&gt;">&lt;b&gt;</span></span>' in page
    assert 'class="t even unknown" title="2 [UNK]">é<' in page
    assert "<span" not in show("")
    notes = [Annotation(0, 1, "b"), Annotation(0, 1, "a"), Annotation(0, 1, "b")]
    colors = EncodingVisualizer.calculate_label_colors(notes)
    assert list(colors) == ["a", "b"] and colors == EncodingVisualizer.calculate_label_colors(notes[1:])
    if not importlib.util.find_spec("IPython"):
        with pytest.raises(ImportError, match="default_to_notebook=False"):
            EncodingVisualizer(tok)


def test_nbest_lists_the_divisions_with_the_highest_scores():
    scores = {"<unk>": 0.0, "a": -1.0, "b": -1.5, "ab": -2.0, "ba": -1.25, "aba": -4.0, "bb": -2.5}
    model = models.Unigram(list(scores.items()), 0)

    def divisions(text):
        if not text:
            return [[]]
        return [[piece, *rest] for piece in list(scores)[1:] if text.startswith(piece) for rest in divisions(text[len(piece):])]

    for text in ("a", "abab", "abbabba"):
        wanted = sorted((sum(scores[piece] for piece in pieces) for pieces in divisions(text)), reverse=True)
        for size in (1, 3, 1000):
            found = model.nbest(text, size)
            assert [score for _, score in found] == pytest.approx(wanted[:size])
            assert all("".join(token.value for token in tokens) == text for tokens, _ in found)
            assert len({tuple(token.id for token in tokens) for tokens, _ in found}) == len(found)
        assert [token.id for token in model.nbest(text, 1)[0][0]] == [token.id for token in model.tokenize(text)]
    (tokens, _), *_ = model.nbest("xxa", 2)
    assert [token.value for token in tokens] == ["xx", "a"]
    assert model.nbest("", 3) == [([], 0.0)] and model.nbest("a", 0) == []
