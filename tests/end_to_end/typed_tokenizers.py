"""A program that mypy reads: what every call of headrace.tokenizers takes and gives. Nothing runs it."""

from __future__ import annotations

from typing import assert_type

import numpy as np
from headrace.tokenizers import (
    AddedToken,
    Encoding,
    NormalizedString,
    PreTokenizedString,
    Regex,
    Token,
    Tokenizer,
    decoders,
    limits,
    load,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    set_limits,
    trainers,
)
from headrace.tokenizers.tools import Annotation, EncodingVisualizer
from numpy.typing import NDArray

tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")], unk_token="a", dropout=0.1, seed=3))
tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.BertNormalizer()])
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "isolated", invert=True), pre_tokenizers.ByteLevel()])
tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", pair=["$A", "$B:1"], special_tokens=[("[CLS]", 1)])
tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Strip(" ", 1, 0)])
tokenizer.model = models.Unigram([("a", -1.0)], 0, alpha=0.2, nbest_size=-1)
tokenizer.add_special_tokens(["[CLS]", AddedToken("[SEP]", special=True)])
alphabet = pre_tokenizers.ByteLevel.alphabet()
tokenizer.train_from_iterator(["a b"], trainers.BpeTrainer(vocab_size=30, special_tokens=["x"], initial_alphabet=alphabet))
tokenizer.train(["text"], trainers.UnigramTrainer(unk_token="<unk>"))

encoding = tokenizer.encode("a", "b", add_special_tokens=False)
assert_type(encoding, Encoding)
assert_type(encoding.offsets, list[tuple[int, int]])
assert_type(encoding.word_ids, list[int | None])
assert_type(encoding.char_to_token(3), int | None)
assert_type(encoding.word_to_chars(0, 1), tuple[int, int] | None)
assert_type(Encoding.merge([encoding]).tokens, list[str])
assert_type(tokenizer.encode_array("a"), NDArray[np.uint32])
assert_type(tokenizer.encode_batch_array(["a"])[1], NDArray[np.int64])
assert_type(tokenizer.decode([1, 2]), str)
assert_type(tokenizer.model.tokenize("a"), list[Token])
assert_type(models.WordPiece.from_file("vocab.txt"), models.WordPiece)
assert_type(models.BPE.read_file("vocab.json", "merges.txt"), tuple[dict[str, int], list[tuple[str, str]]])
assert_type(pre_tokenizers.Whitespace().pre_tokenize_str("a b"), list[tuple[str, tuple[int, int]]])
assert_type(decoders.DecodeStream([1]).step(tokenizer, 2), str | None)
assert_type(load("tokenizer.model"), Tokenizer)
assert_type(models.Unigram([("a", -1.0)], 0).nbest("a", 3), list[tuple[list[Token], float]])
assert_type(limits(), dict[str, int])
set_limits(cache_bytes=1 << 20, match_steps=10)


class Halves:
    def pre_tokenize(self, text: PreTokenizedString) -> None:
        text.split(lambda _, piece: [half for half in (piece.slice(slice(0, 1)), piece.slice(slice(1, None))) if half])


tokenizer.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(Halves())
text = NormalizedString("a")
text.map(lambda character: character.upper())
assert_type(text.split(Regex("a"), "removed"), list[NormalizedString])

page = EncodingVisualizer(tokenizer, default_to_notebook=False, annotation_converter=lambda note: Annotation(note[0], note[1], "label"))
assert_type(page("a b", [(0, 1)]), str | None)
