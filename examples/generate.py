"""Several prompts at once, with the likeliest alternatives of each token."""

import headrace as hr

with hr.LLM("smollm2") as llm:
    prompts = ["The capital of France is", "Water boils at", "1, 1, 2, 3, 5,"]
    for prompt, out in zip(prompts, llm.generate(prompts, hr.Sampling(max_tokens=8, temperature=0.0, logprobs=3))):
        print(prompt + out.text)
        for token in out.logprobs or []:
            print("   ", ", ".join(f"{other.token!r} {other.logprob:.2f}" for other in token.top))
