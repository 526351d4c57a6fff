"""How surprising a text is to a model, from the logits of every position."""

import math

import headrace as hr
import numpy as np

TEXT = "A headrace is the channel that carries water to the wheel of a mill."

with hr.LLM("smollm2") as llm:
    ids = llm.tokenizer.encode(TEXT)
    logits = llm.logits(ids).astype(np.float64)
    logprobs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    surprise = [-logprobs[row, following] for row, following in enumerate(ids[1:])]
    for following, nats in zip(ids[1:], surprise):
        print(f"{nats:6.2f}  {llm.tokenizer.token_text(following)!r}")
    print(f"perplexity {math.exp(np.mean(surprise)):.2f}")
