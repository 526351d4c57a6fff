"""What a model answers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._raw import RawItem, RawPiece, RawToken, RawUsage
    from ._tokenizer import Tokenizer


class TokenLogprob:
    """A token and how likely the model found it, by its raw logits."""

    __slots__ = ("logprob", "token", "token_id", "top")

    def __init__(self, token_id: int, token: str, logprob: float | None, top: list[TokenLogprob]) -> None:
        self.token_id = token_id
        self.token = token
        self.logprob = logprob  # None: the first token of a prompt has no logprob
        self.top = top  # the most likely tokens in its place, most likely first

    def __repr__(self) -> str:
        logprob = "None" if self.logprob is None else f"{self.logprob:.4f}"
        return f"TokenLogprob({self.token_id}, {self.token!r}, {logprob})"


class Usage:
    """Tokens of a request: of its prompt, of its answers, and of its prompt those found in the cache."""

    __slots__ = ("cached_tokens", "completion_tokens", "prompt_tokens")

    def __init__(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> None:
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.cached_tokens = cached_tokens

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __repr__(self) -> str:
        return (
            f"Usage(prompt_tokens={self.prompt_tokens}, completion_tokens={self.completion_tokens}, "
            f"cached_tokens={self.cached_tokens})"
        )


class Choice:
    """One of the answers to a prompt."""

    __slots__ = ("finish_reason", "index", "logprobs", "stop_text", "text", "token_ids")

    def __init__(
        self,
        index: int,
        text: str,
        token_ids: list[int],
        finish_reason: str | None,
        logprobs: list[TokenLogprob] | None,
        stop_text: str | None,
    ) -> None:
        self.index = index
        self.text = text
        self.token_ids = token_ids
        self.finish_reason = finish_reason  # "stop", "length"
        self.logprobs = logprobs
        self.stop_text = stop_text  # the stop text that was met

    def __repr__(self) -> str:
        return f"Choice(index={self.index}, text={_shortened(self.text)}, finish_reason={self.finish_reason!r})"


class Output:
    """What came of one prompt. ``choices`` has ``Sampling.n`` answers; text, token_ids,
    finish_reason and logprobs are those of the first."""

    __slots__ = ("choices", "prompt_token_ids", "usage")

    def __init__(self, choices: list[Choice], prompt_token_ids: list[int], usage: Usage) -> None:
        self.choices = choices
        self.prompt_token_ids = prompt_token_ids
        self.usage = usage

    @property
    def text(self) -> str:
        return self.choices[0].text

    @property
    def token_ids(self) -> list[int]:
        return self.choices[0].token_ids

    @property
    def finish_reason(self) -> str | None:
        return self.choices[0].finish_reason

    @property
    def logprobs(self) -> list[TokenLogprob] | None:
        return self.choices[0].logprobs

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        more = f", choices={len(self.choices)}" if len(self.choices) > 1 else ""
        return (
            f"Output(text={_shortened(self.text)}, finish_reason={self.finish_reason!r}, "
            f"completion_tokens={self.usage.completion_tokens}{more})"
        )


class Piece(str):
    """A part of an answer as it is made: the text itself, and what else is known."""

    choice: int
    token_ids: list[int]
    logprobs: list[TokenLogprob] | None
    finish_reason: str | None  # with the last piece of a choice
    usage: Usage | None  # with the last piece of all


def _shortened(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _logprobs(tokens: list[RawToken], tokenizer: Tokenizer) -> list[TokenLogprob]:
    spell = tokenizer.token_text
    return [
        TokenLogprob(
            token_id,
            spell(token_id),
            logprob,
            [TokenLogprob(other, spell(other), value, []) for other, value in top],
        )
        for token_id, logprob, top in tokens
    ]


def _usage(raw: RawUsage) -> Usage:
    return Usage(*raw)


def output_of(raw: RawItem, prompt: list[int], tokenizer: Tokenizer, with_logprobs: bool, echo: bool, skip_special: bool) -> Output:
    """An Output from what the native side gathered."""
    raw_choices, raw_prompt, raw_usage = raw
    before = tokenizer.decode(prompt, skip_special=skip_special) if echo else ""
    choices = []
    for index, (text, tokens, finish, stop_text) in enumerate(raw_choices):
        every = raw_prompt + tokens if echo else tokens
        ids = (prompt if echo else []) + [token[0] for token in tokens]
        logprobs = _logprobs(every, tokenizer) if with_logprobs else None
        choices.append(Choice(index, before + text, ids, finish, logprobs, stop_text or None))
    return Output(choices, prompt, _usage(raw_usage))


def piece_of(raw: RawPiece, tokenizer: Tokenizer, with_logprobs: bool, echo: bool, prompt: list[int], skip_special: bool) -> Piece:
    """A Piece from one piece of native news."""
    choice, text, tokens, finish, raw_prompt, done, usage = raw
    if echo and raw_prompt:
        text = tokenizer.decode(prompt, skip_special=skip_special) + text
        tokens = raw_prompt + tokens
    piece = Piece(text)
    piece.choice = choice
    piece.token_ids = [token[0] for token in tokens]
    piece.logprobs = _logprobs(tokens, tokenizer) if with_logprobs else None
    piece.finish_reason = finish
    piece.usage = _usage(usage) if done else None
    return piece
