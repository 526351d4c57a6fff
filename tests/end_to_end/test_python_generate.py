"""Generating from Python."""

import gc
import math
import pickle
import threading

import pytest
from python_package import MODEL, needs_model

pytestmark = needs_model

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def hr():
    import headrace

    return headrace


@pytest.fixture(scope="module")
def llm(hr):
    with hr.LLM(MODEL) as llm:
        yield llm


@pytest.fixture(scope="module")
def greedy(hr):
    return hr.Sampling(max_tokens=6, temperature=0.0)


def test_the_lines_of_the_readme(hr, llm):
    ids = llm.tokenizer.encode("text")
    assert llm.tokenizer.decode(ids) == "text"
    logits = llm.logits(ids)
    assert logits.shape == (len(ids), llm.tokenizer.vocabulary_size) and logits.dtype == np.float32
    out = llm.generate(["1, 2, 3, 4,", llm.tokenizer.encode("a, b, c,")], hr.Sampling(max_tokens=8, temperature=0.0, logprobs=5))
    assert out[0].text.startswith(" 5, 6") and out[1].text.startswith(" d")
    assert len(out[0].token_ids) == 8 == out[0].usage.completion_tokens
    assert out[0].finish_reason == "length"
    assert [len(token.top) for token in out[0].logprobs] == [5] * 8
    assert "".join(llm.stream("1, 2, 3, 4,", hr.Sampling(max_tokens=8, temperature=0.0))) == out[0].text
    assert "Rome" in llm.chat([{"role": "user", "content": "Name the capital of Italy."}], hr.Sampling(temperature=0.0, max_tokens=20)).text


def test_outputs_come_in_the_order_of_the_prompts(llm, greedy):
    prompts = [f"{i}, {i + 1}, {i + 2}," for i in range(20)]
    together = [out.text for out in llm.generate(prompts, greedy)]
    assert together == [llm.generate(prompt, greedy)[0].text for prompt in prompts]


def test_a_single_prompt_gives_a_list_of_one(llm, greedy):
    text = llm.generate("1, 2, 3, 4,", greedy)
    ids = llm.generate(llm.tokenizer.encode("1, 2, 3, 4,"), greedy)
    array = llm.generate(np.array(llm.tokenizer.encode("1, 2, 3, 4,")), greedy)
    assert len(text) == len(ids) == len(array) == 1
    assert text[0].token_ids == ids[0].token_ids == array[0].token_ids


def test_no_prompts_give_no_outputs(llm):
    assert llm.generate([]) == []


def test_a_seed_gives_the_same_text_whatever_runs_beside_it(hr, llm):
    sampling = hr.Sampling(max_tokens=12, seed=3)
    alone = llm.generate("Once upon a time", sampling)[0].text
    beside = llm.generate(["Once upon a time"] + [f"Other {i}" for i in range(10)], sampling)[0].text
    assert alone == beside


def test_n_gives_several_choices(hr, llm):
    (out,) = llm.generate("The", hr.Sampling(n=3, seed=1, max_tokens=5))
    assert [choice.index for choice in out.choices] == [0, 1, 2]
    assert len({choice.text for choice in out.choices}) > 1
    assert out.text == out.choices[0].text


def test_stop_ends_a_text_before_it(hr, llm):
    (out,) = llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=20, temperature=0, stop=["7"]))
    assert out.text == " 5, 6, " and out.finish_reason == "stop" and out.choices[0].stop_text == "7"


def test_echo_puts_the_prompt_first(hr, llm):
    (out,) = llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=2, temperature=0, echo=True, logprobs=0))
    ids = llm.tokenizer.encode("1, 2, 3, 4,")
    assert out.text.startswith("1, 2, 3, 4, 5") and out.token_ids[: len(ids)] == ids
    assert [token.token_id for token in out.logprobs] == out.token_ids
    assert out.logprobs[0].logprob is None and out.logprobs[1].logprob < 0


def test_logprobs_are_those_of_the_logits(hr, llm):
    prompt = llm.tokenizer.encode("1, 2, 3, 4,")
    (out,) = llm.generate(prompt, hr.Sampling(max_tokens=1, temperature=0, logprobs=3))
    last = llm.logits(prompt)[-1].astype(np.float64)
    logprobs = last - last.max() - math.log(np.exp(last - last.max()).sum())
    assert out.token_ids == [int(last.argmax())]
    for token in out.logprobs[0].top:
        assert token.logprob == pytest.approx(logprobs[token.token_id], abs=1e-4)


def test_logits_reach_numpy_and_dlpack_without_a_copy(llm):
    logits = llm.logits([1, 2, 3])
    assert not logits.flags.owndata
    again = np.from_dlpack(logits)
    assert again.__array_interface__["data"] == logits.__array_interface__["data"]


def test_a_tensor_gives_its_memory_to_all_who_ask(hr, llm):
    tensor = llm._engine.logits([1, 2, 3])
    assert repr(tensor) == "Tensor(shape=(3, 49152), dtype=float32)"
    view, array, again = memoryview(tensor), np.asarray(tensor), np.asarray(tensor)
    assert view.shape == array.shape == (3, 49152) and view.format == "f"
    assert array.__array_interface__["data"][0] == again.__array_interface__["data"][0]
    del tensor, view
    gc.collect()
    assert np.isfinite(array).all() and np.array_equal(array, again)


def test_logits_of_a_prefix_are_the_rows_before(llm):
    ids = llm.tokenizer.encode("The sea is calm and the wind")
    assert llm.logits(ids)[:3].tobytes() == llm.logits(ids[:3]).tobytes()


def test_stream_pieces_say_when_and_why_they_end(hr, llm, greedy):
    pieces = list(llm.stream("1, 2, 3, 4,", greedy))
    assert all(isinstance(piece, str) for piece in pieces)
    assert sum((piece.token_ids for piece in pieces), []) == llm.generate("1, 2, 3, 4,", greedy)[0].token_ids
    assert pieces[-1].finish_reason == "length" and pieces[-1].usage.completion_tokens == 6
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)


def test_a_stream_that_is_left_is_cancelled(hr, llm):
    for _ in llm.stream("Once", hr.Sampling(max_tokens=4000, ignore_eos=True)):
        break
    for _ in range(200):
        if llm.stats["running"] == 0:
            break
        threading.Event().wait(0.05)
    assert llm.stats["running"] == 0


def test_a_second_turn_finds_the_first_in_the_cache(hr, llm):
    messages = [{"role": "user", "content": "Tell me something about rivers and the land around them."}]
    first = llm.chat(messages, hr.Sampling(temperature=0, max_tokens=40))
    messages += [{"role": "assistant", "content": first.text}, {"role": "user", "content": "More."}]
    assert llm.chat(messages, hr.Sampling(temperature=0, max_tokens=4)).usage.cached_tokens > 32


def test_chat_prompt_is_the_template_applied(llm):
    prompt = llm.chat_prompt([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    assert prompt == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_threads_share_an_llm(llm, greedy):
    expected = {i: llm.generate(f"{i}, {i + 1},", greedy)[0].text for i in range(8)}
    found = {}

    def work(i):
        found[i] = llm.generate(f"{i}, {i + 1},", greedy)[0].text

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_the_gil_is_free_while_generating(hr, llm):
    counted = 0
    done = threading.Event()

    def generate():
        llm.generate("Once", hr.Sampling(max_tokens=40, ignore_eos=True))
        done.set()

    thread = threading.Thread(target=generate)
    thread.start()
    while not done.is_set():
        counted += 1
        done.wait(0.001)
    thread.join()
    assert counted > 20


def test_two_llms_of_different_settings_agree(hr, llm, greedy):
    with hr.LLM(MODEL, threads=1, isa="portable", context=64) as other:
        assert other.info.isa == "portable" and other.info.threads == 1 and other.context <= 64
        assert other.generate("1, 2, 3, 4,", greedy)[0].text == llm.generate("1, 2, 3, 4,", greedy)[0].text
        assert other.logits([1, 2, 3]).tobytes() == llm.logits([1, 2, 3]).tobytes()


def test_keys_and_values_are_int8_and_f16_on_demand_which_say_nearly_the_same(hr, llm, greedy):
    with hr.LLM(MODEL, kv_type="f16", context=64) as other:
        assert (other.info.kv_format, llm.info.kv_format) == ("f16", "int8")
        assert other.generate("1, 2, 3, 4,", greedy)[0].text == llm.generate("1, 2, 3, 4,", greedy)[0].text
    with pytest.raises(hr.InvalidArgument, match="int4"):
        hr.LLM(MODEL, kv_type="int4")


def test_float_weights_are_quantised_on_request(hr, tmp_path):
    pytest.importorskip("gguf")
    from float_model import write_float_model

    path = write_float_model(tmp_path / "floats.gguf")
    with hr.LLM(path) as exact, hr.LLM(path, quantize="q8") as eight, hr.LLM(path, quantize="q4") as four:
        assert [llm.info.quantize for llm in (exact, eight, four)] == [None, "q8", "q4"]
        kept = ["F16 ×15, F32 ×5", "Q8_0 ×15, F32 ×5", "Q4_1 ×12, F32 ×5, Q8_0 ×3"]
        assert [llm.info.weight_types for llm in (exact, eight, four)] == kept
        assert exact.info.tensor_bytes > 1.8 * eight.info.tensor_bytes > 1.8 * 1.3 * four.info.tensor_bytes
        ids = exact.tokenizer.encode("The wheel of the mill turns.")
        expected = exact.logits(ids)
        for llm, part in ((eight, 0.1), (four, 0.5)):
            assert 0 < np.linalg.norm(llm.logits(ids) - expected) < part * np.linalg.norm(expected)
    with pytest.raises(hr.InvalidArgument, match="q8 or q4"):
        hr.LLM(path, quantize="q5")
    with pytest.raises(hr.InvalidArgument, match="nothing to quantise"):
        hr.LLM(MODEL, quantize="q8")


def test_objects_show_what_they_are(hr, llm, greedy):
    (out,) = llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=2, temperature=0, logprobs=1))
    assert repr(out) == "Output(text=' 5', finish_reason='length', completion_tokens=2)"
    assert repr(llm).startswith(f"LLM({MODEL!r}, isa=")
    assert repr(greedy) == "Sampling(max_tokens=6, temperature=0.0)"
    assert "vocabulary_size=49152" in repr(llm.tokenizer)
    assert repr(out.logprobs[0]).startswith("TokenLogprob(")
    assert repr(out.usage).startswith("Usage(prompt_tokens=")
    assert "llama" in repr(llm.info)


def test_sampling_is_a_value(hr):
    sampling = hr.Sampling(max_tokens=3, stop=["a"], logit_bias={1: 2.0})
    assert pickle.loads(pickle.dumps(sampling)) == sampling
    assert sampling.replace(seed=1) != sampling and hash(sampling) == hash(sampling.replace())
    with pytest.raises(AttributeError, match="replace"):
        sampling.seed = 1


def test_a_tokenizer_needs_no_weights(hr):
    tokenizer = hr.Tokenizer(MODEL)
    assert tokenizer.encode("Hello world") == [19556, 905]
    assert tokenizer.encode_batch(["Hello world", ""]) == [[19556, 905], []]
    encoding = tokenizer.encode_with_offsets("é Hello")
    assert [("é Hello")[begin:end] for begin, end in encoding.offsets][-1] == " Hello"
    assert tokenizer.token_id("Hello") == 19556 and tokenizer.token(19556) == "Hello"
    decoder = tokenizer.stream_decoder()
    ids = tokenizer.encode("snow ☃ man")
    assert "".join(decoder.push(token_id) for token_id in ids) + decoder.finish() == "snow ☃ man"
