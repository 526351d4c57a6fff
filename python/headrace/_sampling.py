"""How tokens are picked and when an answer ends."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

from ._errors import InvalidArgument


class Sampling:
    """How tokens are picked and when an answer ends; immutable.

    The steps run in this order: ``logit_bias``; the penalties; ``temperature``;
    ``top_k``; ``typical_p``; ``top_p``; ``min_p``; then the draw.

    max_tokens: most tokens to generate; None: as many as the context holds.
    temperature: 0 always takes the most likely token.
    top_p, top_k, min_p, typical_p: leave unlikely tokens out (1, 0, 0, 1: off).
    repetition_penalty: above 1 avoids tokens of the prompt and the answer (1: off).
    presence_penalty, frequency_penalty: taken off tokens of the answer (0: off).
    logit_bias: added to the logits of these token ids.
    seed: the same seed gives the same text, whatever runs beside it.
    n, best_of: answers returned, and generated to choose from (by mean logprob).
    stop: a text or texts that end an answer, and are not part of it.
    stop_token_ids: further ids that end an answer.
    ignore_eos: go on after the model's own end.
    logprobs: report each token's logprob and those of so many of the most likely;
        0: only its own; None: nothing.
    echo: the prompt comes first in the text, ids and logprobs of the answer.
    min_tokens: do not end before so many.
    skip_special_tokens: leave control tokens out of the text.

    >>> Sampling(max_tokens=8, temperature=0.0)
    Sampling(max_tokens=8, temperature=0.0)
    >>> Sampling(max_tokens=8).replace(seed=1)
    Sampling(max_tokens=8, seed=1)
    """

    __slots__ = (
        "best_of",
        "echo",
        "frequency_penalty",
        "ignore_eos",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "min_p",
        "min_tokens",
        "n",
        "presence_penalty",
        "repetition_penalty",
        "seed",
        "skip_special_tokens",
        "stop",
        "stop_token_ids",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
    )

    max_tokens: int | None
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    typical_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    logit_bias: dict[int, float] | None
    seed: int | None
    n: int
    best_of: int | None
    stop: str | list[str] | None
    stop_token_ids: list[int]
    ignore_eos: bool
    logprobs: int | None
    echo: bool
    min_tokens: int
    skip_special_tokens: bool

    def __init__(
        self,
        *,
        max_tokens: int | None = 256,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = 0,
        min_p: float = 0.0,
        typical_p: float = 1.0,
        repetition_penalty: float = 1.0,
        presence_penalty: float = 0.0,
        frequency_penalty: float = 0.0,
        logit_bias: Mapping[int, float] | None = None,
        seed: int | None = None,
        n: int = 1,
        best_of: int | None = None,
        stop: str | Sequence[str] | None = None,
        stop_token_ids: Sequence[int] | None = None,
        ignore_eos: bool = False,
        logprobs: int | None = None,
        echo: bool = False,
        min_tokens: int = 0,
        skip_special_tokens: bool = True,
    ) -> None:
        if max_tokens is not None and max_tokens < 1:
            raise InvalidArgument(f"max_tokens must be at least 1, or None for as many as the context holds, not {max_tokens}")
        values = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "top_k": top_k,
            "min_p": min_p,
            "typical_p": typical_p,
            "repetition_penalty": repetition_penalty,
            "presence_penalty": presence_penalty,
            "frequency_penalty": frequency_penalty,
            "logit_bias": None if logit_bias is None else dict(logit_bias),
            "seed": seed,
            "n": n,
            "best_of": best_of,
            "stop": stop if stop is None or isinstance(stop, str) else list(stop),
            "stop_token_ids": [] if stop_token_ids is None else list(stop_token_ids),
            "ignore_eos": ignore_eos,
            "logprobs": logprobs,
            "echo": echo,
            "min_tokens": min_tokens,
            "skip_special_tokens": skip_special_tokens,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Sampling is immutable; use sampling.replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Sampling is immutable")

    def _values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in _defaults()}

    def replace(self, **changes: object) -> Sampling:
        """The same with some values changed."""
        return Sampling(**{**self._values(), **changes})  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sampling) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self._values(),))

    def __repr__(self) -> str:
        defaults = _defaults()
        shown = (
            f"{name}={value!r}"
            for name, value in self._values().items()
            if value != defaults[name] and not (value == [] and defaults[name] is None)
        )
        return f"Sampling({', '.join(shown)})"


def _defaults() -> dict[str, object]:
    """Every field in order, with the value that it has unless given."""
    return Sampling.__init__.__kwdefaults__ or {}


def _rebuild(values: dict[str, object]) -> Sampling:
    return Sampling(**values)  # type: ignore[arg-type]
