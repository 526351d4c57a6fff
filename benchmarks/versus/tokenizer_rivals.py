"""The tokenizers that tokenizer_job.py calls, each behind the same few methods; what one of them cannot do is an AttributeError.

`array` gives the ids of a text in the form in which the library gives them fastest, `documents` a list of such for many texts,
`list` a list of int, `encoding` every list of an Encoding, `spans` ids and offsets, and `stream` a function that takes an id and
returns text, with one that returns what is left."""
import json
import pathlib


class Hf:
    package, module = "tokenizers", "tokenizers"

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

    def encoding(self, text):
        made = self.encoder.encode(text, add_special_tokens=False)
        return (made.ids, made.tokens, made.offsets, made.word_ids, made.type_ids, made.attention_mask, made.special_tokens_mask,
                made.sequence_ids)

    def spans(self, text):
        made = self.encoder.encode(text, add_special_tokens=False)
        return made.ids, made.offsets

    def decode(self, ids):
        return self.encoder.decode(ids, skip_special_tokens=False)

    def stream(self):
        from tokenizers.decoders import DecodeStream

        stream, tokenizer = DecodeStream(skip_special_tokens=False), self.tokenizer
        return lambda token: stream.step(tokenizer, token) or "", lambda: ""


class Headrace(Hf):
    package, module = "headrace", "headrace.tokenizers"

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

    def object(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def spans(self, text):
        return self.tokenizer.encode_array(text, add_special_tokens=False, offsets=True)

    def stream(self):
        stream = self.tokenizer.stream_decoder(skip_special_tokens=False)
        return stream.push, stream.finish


class Gigatoken:
    package, module = "gigatoken", "gigatoken"

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
        return self.tokenizer.decode(ids).decode()


class Fastokens:
    package, module = "fastokens", "fastokens"

    def __init__(self, file):
        from fastokens import Tokenizer

        self.tokenizer = Tokenizer.from_file(file)

    def array(self, text):
        ids = self.tokenizer.encode(text, False)
        return getattr(ids, "ids", ids)

    def list(self, text):
        ids = self.array(text)
        return ids if isinstance(ids, list) else list(ids)

    def documents(self, texts):
        return [getattr(ids, "ids", ids) for ids in self.tokenizer.encode_batch(texts, False)]

    def decode(self, ids):
        return self.tokenizer.decode(ids, False)


class Tokie:
    package, module = "tokie", "tokie"

    def __init__(self, file):
        import tokie

        self.tokenizer = tokie.Tokenizer.from_json(file)

    def array(self, text):
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return getattr(ids, "ids", ids)

    def list(self, text):
        return list(self.array(text))

    def documents(self, texts):
        return [getattr(ids, "ids", ids) for ids in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def decode(self, ids):
        return self.tokenizer.decode(ids)


class Iree:
    package, module = "iree-tokenizer", "iree.tokenizer"

    def __init__(self, file):
        from iree.tokenizer import Tokenizer

        self.tokenizer = Tokenizer.from_file(file)

    def array(self, text):
        return self.tokenizer.encode_to_array(text, add_special_tokens=False)

    def list(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def documents(self, texts):
        return [self.tokenizer.encode_batch_to_array(texts, add_special_tokens=False)[0]]

    def spans(self, text):
        made = self.tokenizer.encode_rich(text, add_special_tokens=False)
        return made.ids, made.offsets

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    def stream(self):
        stream = self.tokenizer.decode_stream(skip_special_tokens=False)
        return lambda token: stream.feed([token]), stream.finalize


def byte_letters():
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{chr(byte): byte for byte in plain}, **{chr(0x100 + n): byte for n, byte in enumerate(others)}}


class Tiktoken:
    """Byte-level vocabularies whose ids are their ranks."""

    package, module = "tiktoken", "tiktoken"

    def __init__(self, file):
        import tiktoken

        saved = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
        letters = byte_letters()
        ranks = {bytes(letters[letter] for letter in token): rank for token, rank in saved["model"]["vocab"].items()}
        parts = saved["pre_tokenizer"].get("pretokenizers", [saved["pre_tokenizer"]])
        pattern = next(part["pattern"]["Regex"] for part in parts if part["type"] == "Split")
        added = {token["content"]: token["id"] for token in saved["added_tokens"]}
        self.tokenizer = tiktoken.Encoding("rival", pat_str=pattern, mergeable_ranks=ranks, special_tokens=added)

    def array(self, text):
        return self.tokenizer.encode_to_numpy(text, allowed_special="all")

    def list(self, text):
        return self.tokenizer.encode(text, allowed_special="all")

    def documents(self, texts):
        return [self.tokenizer.encode(text, allowed_special="all") for text in texts]

    def decode(self, ids):
        return self.tokenizer.decode(ids)


class SentencePiece:
    """A .model beside the tokenizer.json, which sentencepiece_model.py makes."""

    package, module = "sentencepiece", "sentencepiece"

    def __init__(self, file):
        import sentencepiece

        self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(pathlib.Path(file).with_suffix(".model")))

    def array(self, text):
        return self.tokenizer.encode(text)

    list = array

    def documents(self, texts):
        return self.tokenizer.encode(texts, num_threads=1)

    def decode(self, ids):
        return self.tokenizer.decode(ids)


RIVALS = {"headrace": Headrace, "hf": Hf, "gigatoken": Gigatoken, "fastokens": Fastokens, "tokie": Tokie, "iree": Iree,
          "tiktoken": Tiktoken, "sentencepiece": SentencePiece}
