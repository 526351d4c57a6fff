"""A text with its tokens, and with annotations of one's own, as HTML."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from typing import Any, Callable, Sequence

from .. import Encoding, Tokenizer

STYLE = """\
.headrace-text { font: 1rem/2.2 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.headrace-text { padding: 1em; border: 1px solid #8884; }
.headrace-text .t { padding: .15em 0; border-radius: .2em; box-shadow: inset 0 0 0 1px #8886; }
.headrace-text .even { background: color-mix(in srgb, #4a90d9 22%, transparent); }
.headrace-text .odd { background: color-mix(in srgb, #d9a44a 26%, transparent); }
.headrace-text .several { text-decoration: underline double; }
.headrace-text .special { font-weight: bold; }
.headrace-text .unknown { outline: 2px solid #c22; }
.headrace-text .none { opacity: .55; }
.headrace-text .a { border-bottom: .2em solid; padding-bottom: .1em; }
.headrace-text .a::after { content: attr(data-label); font-size: .6em; vertical-align: super; margin: 0 .3em; }
"""
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Tokens</title><style>{style}</style></head>
<body><div class="headrace-text" dir="auto">{body}</div></body>
</html>
"""
NO_NOTEBOOK = (
    "The page cannot be shown: this is no notebook (the package IPython is not installed). "
    "default_to_notebook=False returns the HTML instead."
)


class Annotation:
    """What a stretch of characters, from `start` up to `end`, is said to be."""

    start: int
    end: int
    label: str

    def __init__(self, start: int, end: int, label: str) -> None:
        self.start = start
        self.end = end
        self.label = label

    def __repr__(self) -> str:
        return f"Annotation({self.start}, {self.end}, {self.label!r})"


AnnotationList = list[Annotation]


def _notebook() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    try:
        from IPython.display import HTML, display
    except ImportError:
        raise ImportError(NO_NOTEBOOK) from None
    return HTML, display


class EncodingVisualizer:
    """Shows a text as `tokenizer` sees it.

    `default_to_notebook`: shows the page in a notebook; otherwise calls return the HTML. `annotation_converter` makes an
    `Annotation` of whatever a call gets as annotations.
    """

    unk_token_regex = re.compile(r"(?:^|\W)(?:unk|oov)(?:\W|$)", re.IGNORECASE)

    def __init__(
        self,
        tokenizer: Tokenizer,
        default_to_notebook: bool = True,
        annotation_converter: Callable[[Any], Annotation] | None = None,
    ) -> None:
        if default_to_notebook:
            _notebook()
        self.tokenizer = tokenizer
        self.default_to_notebook = default_to_notebook
        self.annotation_converter = annotation_converter

    def __call__(self, text: str, annotations: Sequence[Any] | None = None, default_to_notebook: bool | None = None) -> str | None:
        """The HTML of a text and its annotations; None if a notebook shows it. Where annotations overlap, the last one counts."""
        in_notebook = self.default_to_notebook if default_to_notebook is None else default_to_notebook
        tools = _notebook() if in_notebook else None
        notes = [self.annotation_converter(note) if self.annotation_converter else note for note in annotations or ()]
        page = PAGE.format(style=STYLE, body=self._body(text, self.tokenizer.encode(text), notes))
        if tools is None:
            return page
        html, display = tools
        display(html(page))
        return None

    @staticmethod
    def calculate_label_colors(annotations: AnnotationList) -> dict[str, str]:
        """A colour for each label, the same for the same set of labels."""
        labels = sorted({note.label for note in annotations})
        return {label: f"hsl({360 * i // len(labels)},55%,45%)" for i, label in enumerate(labels)}

    def _body(self, text: str, encoding: Encoding, notes: AnnotationList) -> str:
        colors = self.calculate_label_colors(notes)
        titles, classes = self._tokens(encoding)
        note_at: list[int | None] = [None] * len(text)
        for number, note in enumerate(notes):
            first, end = max(note.start, 0), min(note.end, len(text))
            note_at[first:end] = [number] * max(end - first, 0)
        tokens_at: list[list[int]] = [[] for _ in text]
        for token, (start, end) in enumerate(encoding.offsets):
            for place in range(start, min(end, len(text))):
                tokens_at[place].append(token)
        parts = []
        for note_number, places in groupby(range(len(text)), key=note_at.__getitem__):
            inside = "".join(
                _stretch(text[first : last + 1], [titles[token] for token in tokens], [classes[token] for token in tokens])
                for first, last, tokens in _stretches(list(places), tokens_at)
            )
            if note_number is not None:
                label = notes[note_number].label
                inside = f'<span class="a" style="border-color:{colors[label]}" data-label="{escape(label)}">{inside}</span>'
            parts.append(inside)
        return "".join(parts)

    def _tokens(self, encoding: Encoding) -> tuple[list[str], list[str]]:
        """For each token what is said of it, and its classes."""
        tokens, special = encoding.tokens, encoding.special_tokens_mask
        titles = [f"{number} {token}" for number, token in zip(encoding.ids, tokens)]
        classes = []
        for number, token in enumerate(tokens):
            is_unknown = self.unk_token_regex.search(token) is not None
            parity = "odd" if number % 2 else "even"
            classes.append(parity + (" special" if special[number] else "") + (" unknown" if is_unknown else ""))
        return titles, classes


def _stretch(text: str, titles: list[str], classes: list[str]) -> str:
    """Characters of one token, of several (which share a character), or of none."""
    if not titles:
        return f'<span class="none">{escape(text)}</span>'
    several = " several" if len(titles) > 1 else ""
    title = escape("\n".join(titles))
    return f'<span class="t {classes[0]}{several}" title="{title}">{escape(text)}</span>'


def _stretches(places: list[int], tokens_at: list[list[int]]) -> list[tuple[int, int, list[int]]]:
    """Neighbours of the same tokens: first, last, tokens."""
    found = []
    for tokens, same in groupby(places, key=tokens_at.__getitem__):
        of_them = list(same)
        found.append((of_them[0], of_them[-1], tokens))
    return found
