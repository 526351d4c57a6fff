"""The server, driven by the openai package as its users drive it."""

from __future__ import annotations

import openai
import pytest

from running_server import RunningServer, needs_model, soon

pytestmark = needs_model

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one short sentence."}]


@pytest.fixture(scope="module")
def server():
    with RunningServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=120) as made:
        yield made


def test_lists_its_model(client, server):
    assert [model.id for model in client.models.list()] == [server.model]
    assert client.models.retrieve(server.model).owned_by == "headrace"


def test_answers_a_question(client, server):
    answer = client.chat.completions.create(model=server.model, messages=QUESTION, temperature=0, max_tokens=40)
    assert "Paris" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.role == "assistant"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.id.startswith("chatcmpl-")


def test_streams_the_same_answer(client, server):
    whole = client.chat.completions.create(model=server.model, messages=QUESTION, temperature=0, max_tokens=40)
    stream = client.chat.completions.create(
        model=server.model, messages=QUESTION, temperature=0, max_tokens=40, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == "stop" and not any(reasons[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_seed_gives_the_same_text_again(client, server):
    def once(seed: int) -> str:
        answer = client.chat.completions.create(
            model=server.model, messages=[{"role": "user", "content": "Tell me a story."}], seed=seed, temperature=1.2, max_tokens=24
        )
        return answer.choices[0].message.content

    assert once(5) == once(5)
    assert once(5) != once(6)


def test_n_gives_several_choices_that_differ(client, server):
    answer = client.chat.completions.create(
        model=server.model, messages=[{"role": "user", "content": "Invent a name."}], n=3, temperature=1.5, max_tokens=16, seed=1
    )
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) > 1


def test_a_stop_text_ends_the_answer_and_is_left_out(client, server):
    answer = client.completions.create(model=server.model, prompt="1, 2, 3, 4, 5,", temperature=0, max_tokens=40, stop=[" 8"])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].text == " 6, 7,"


def test_max_completion_tokens_is_the_new_max_tokens(client, server):
    answer = client.chat.completions.create(model=server.model, messages=QUESTION, max_completion_tokens=3)
    assert answer.usage.completion_tokens == 3
    assert answer.choices[0].finish_reason == "length"


def test_logit_bias_forbids_a_token(client, server):
    plain = client.completions.create(model=server.model, prompt="The capital of France is", temperature=0, max_tokens=1, logprobs=1)
    token = next(iter(plain.choices[0].logprobs.top_logprobs[0]))
    ids = client.post("/../tokenize", body={"prompt": token, "add_special_tokens": False}, cast_to=object)["tokens"]
    biased = client.completions.create(
        model=server.model, prompt="The capital of France is", temperature=0, max_tokens=1, logit_bias={str(ids[0]): -100}
    )
    assert biased.choices[0].text != plain.choices[0].text


def test_chat_logprobs_spell_the_answer(client, server):
    answer = client.chat.completions.create(model=server.model, messages=QUESTION, temperature=0, max_tokens=8, logprobs=True, top_logprobs=3)
    content = answer.choices[0].logprobs.content
    assert b"".join(bytes(token.bytes) for token in content).decode().startswith(answer.choices[0].message.content)
    for token in content:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        assert token.logprob == token.top_logprobs[0].logprob  # greedy takes the first
        assert [top.logprob for top in token.top_logprobs] == sorted((top.logprob for top in token.top_logprobs), reverse=True)


def test_streamed_logprobs_are_those_of_the_whole_answer(client, server):
    options = {"model": server.model, "messages": QUESTION, "temperature": 0, "max_tokens": 8, "logprobs": True}
    whole = client.chat.completions.create(**options)
    streamed = [
        token
        for chunk in client.chat.completions.create(**options, stream=True)
        for choice in chunk.choices
        if choice.logprobs
        for token in choice.logprobs.content
    ]
    assert streamed == whole.choices[0].logprobs.content


def test_text_completion_takes_text_ids_and_lists(client, server):
    text = client.completions.create(model=server.model, prompt="Water flows", temperature=0, max_tokens=5).choices[0].text
    ids = client.post("/../tokenize", body={"prompt": "Water flows"}, cast_to=object)["tokens"]
    assert client.completions.create(model=server.model, prompt=ids, temperature=0, max_tokens=5).choices[0].text == text
    several = client.completions.create(model=server.model, prompt=[ids, ids], temperature=0, max_tokens=5)
    assert [choice.text for choice in several.choices] == [text, text]
    assert [choice.index for choice in several.choices] == [0, 1]


def test_echo_scores_a_prompt(client, server):
    answer = client.completions.create(model=server.model, prompt="Paris is the capital of France", max_tokens=0, echo=True, logprobs=2)
    choice = answer.choices[0]
    assert choice.text == "Paris is the capital of France"
    assert "".join(choice.logprobs.tokens) == choice.text
    assert choice.logprobs.token_logprobs[0] is None
    assert all(value <= 0 for value in choice.logprobs.token_logprobs[1:])
    assert choice.logprobs.text_offset[:2] == [0, len(choice.logprobs.tokens[0])]
    assert answer.usage.completion_tokens == 0


def test_best_of_returns_the_most_likely(client, server):
    answer = client.completions.create(model=server.model, prompt="Once upon a time", max_tokens=6, n=1, best_of=4, temperature=1, seed=3)
    assert len(answer.choices) == 1
    assert answer.usage.completion_tokens == 24


def test_a_second_turn_reuses_the_first(client, server):
    messages = [{"role": "user", "content": "Remember this list: " + ", ".join(str(n) for n in range(100, 180))}]
    first = client.chat.completions.create(model=server.model, messages=messages, temperature=0, max_tokens=8)
    messages += [{"role": "assistant", "content": first.choices[0].message.content}, {"role": "user", "content": "Thank you."}]
    second = client.chat.completions.create(model=server.model, messages=messages, temperature=0, max_tokens=8)
    cached = second.usage.prompt_tokens_details.cached_tokens
    assert cached >= first.usage.prompt_tokens - 32
    assert cached < second.usage.prompt_tokens


def test_extension_fields_pass_through(client, server):
    answer = client.completions.create(
        model=server.model, prompt="Hello", max_tokens=10, temperature=0,
        extra_body={"top_k": 5, "min_p": 0.1, "typical_p": 0.9, "repetition_penalty": 1.1, "ignore_eos": True, "min_tokens": 10},
    )
    assert answer.usage.completion_tokens == 10


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"temperature": 9}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"n": 0}, "n"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"logit_bias": {"1": 200}}, "logit_bias"),
        ({"max_tokens": 1_000_000}, "messages"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"extra_body": {"bogus": 1}}, None),
    ],
)
def test_refuses_what_it_cannot_do(client, server, options, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": server.model, "messages": QUESTION, **options})
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-9", messages=QUESTION)
    assert caught.value.code == "model_not_found"


def test_a_prompt_that_is_too_long_is_told_both_numbers(client, server):
    limit = client.post("/../tokenize", body={"prompt": "x"}, cast_to=object)["max_model_len"]
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=server.model, prompt=[5] * (limit + 7))
    assert caught.value.code == "context_length_exceeded"
    assert str(limit) in caught.value.message and str(limit + 7) in caught.value.message


def test_leaving_a_stream_cancels_it(client, server):
    before = server.metric("vllm:request_success_total", "abort")
    with client.completions.create(
        model=server.model, prompt="Count to a million:", max_tokens=2000, stream=True, extra_body={"ignore_eos": True}
    ) as stream:
        next(iter(stream))
    assert soon(lambda: server.metric("vllm:num_requests_running") == 0)
    assert soon(lambda: server.metric("vllm:request_success_total", "abort") == before + 1)
