"""A conversation, streamed; each turn computes only what is new."""

import headrace as hr

with hr.LLM("smollm2") as llm:
    messages = [{"role": "system", "content": "Answer in one sentence."}]
    for question in ["What is a headrace?", "And what turns in it?"]:
        print(">", question)
        messages.append({"role": "user", "content": question})
        answer = ""
        for piece in llm.chat_stream(messages, hr.Sampling(max_tokens=60, temperature=0.7, top_p=0.95, seed=1)):
            print(piece, end="", flush=True)
            answer += piece
        print()
        messages.append({"role": "assistant", "content": answer})
