"""Errors in Python: each kind an exception of its own, with a sentence."""

import pytest
from python_package import MODEL, needs_model, needs_package

pytestmark = needs_package


@pytest.fixture(scope="module")
def hr():
    import headrace

    return headrace


@pytest.fixture(scope="module")
def llm(hr):
    with hr.LLM(MODEL, context=64) as llm:
        yield llm


def test_a_file_that_is_not_there(hr):
    with pytest.raises(FileNotFoundError, match="no/such.gguf") as raised:
        hr.LLM("no/such.gguf")
    assert isinstance(raised.value, hr.NotFound) and isinstance(raised.value, hr.HeadraceError)


def test_a_file_that_is_no_model(hr, tmp_path):
    path = tmp_path / "text.gguf"
    path.write_text("this is no model file at all, whatever its name says")
    with pytest.raises(hr.InvalidData, match="text.gguf"):
        hr.LLM(path)


@needs_model
@pytest.mark.parametrize("settings", [{"threads": 0}, {"isa": "mmx"}, {"memory": "lots"}, {"memory": -1}, {"context": 0}], ids=str)
def test_settings_that_make_no_sense(hr, settings):
    with pytest.raises(ValueError):
        hr.LLM(MODEL, **settings)


@needs_model
def test_a_memory_limit_that_is_too_small(hr):
    with pytest.raises(MemoryError, match="20.0 MB"):
        hr.LLM(MODEL, memory="20MB")


@needs_model
def test_a_prompt_that_does_not_fit_names_both_numbers(hr, llm):
    with pytest.raises(hr.OutOfRange, match="64"):
        llm.generate([5] * 100)


@needs_model
@pytest.mark.parametrize(
    "values", [{"temperature": -1.0}, {"top_p": 2.0}, {"n": 0}, {"n": 3, "best_of": 2}, {"min_p": -0.1}], ids=str
)
def test_sampling_out_of_range(hr, llm, values):
    with pytest.raises(ValueError):
        llm.generate("a", hr.Sampling(**values))


@needs_model
@pytest.mark.parametrize(
    "values", [{"temperature": "hot"}, {"stop": [1]}, {"logit_bias": {"a": 1.0}}, {"logprobs": -1}, {"seed": 1.5}], ids=str
)
def test_sampling_of_the_wrong_type_names_the_field(hr, llm, values):
    with pytest.raises(TypeError, match=next(iter(values))):
        llm.generate("a", hr.Sampling(**values))


def test_max_tokens_of_nothing(hr):
    with pytest.raises(hr.InvalidArgument, match="max_tokens"):
        hr.Sampling(max_tokens=0)


@needs_model
def test_ids_outside_the_vocabulary(hr, llm):
    with pytest.raises(ValueError):
        llm.tokenizer.decode([10**6])
    with pytest.raises(hr.HeadraceError):
        llm.generate([10**6])
    with pytest.raises(hr.HeadraceError):
        llm.logits([10**6])


@needs_model
def test_an_empty_prompt(hr, llm):
    with pytest.raises(hr.InvalidArgument):
        llm.generate([""])
    with pytest.raises(hr.HeadraceError):
        llm.logits([])


@needs_model
def test_messages_that_the_template_refuses_or_json_cannot_hold(hr, llm):
    with pytest.raises(TypeError):
        llm.chat([{"role": "user", "content": object()}])


@needs_model
def test_a_closed_llm(hr):
    llm = hr.LLM(MODEL, context=64)
    llm.close()
    llm.close()
    assert "closed" in repr(llm)
    with pytest.raises(hr.InvalidArgument, match="closed"):
        llm.generate("a")
    assert llm.tokenizer.encode("Hello world") == [19556, 905]


@needs_model
def test_closing_ends_what_runs(hr):
    import threading

    llm = hr.LLM(MODEL)
    raised = []

    def generate():
        try:
            llm.generate("Once", hr.Sampling(max_tokens=4000, ignore_eos=True))
        except hr.Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=generate)
    thread.start()
    while llm.stats["running"] == 0:
        pass
    llm.close()
    thread.join(10)
    assert not thread.is_alive() and len(raised) == 1


@needs_model
def test_one_bad_prompt_cancels_the_others(hr, llm):
    with pytest.raises(hr.OutOfRange):
        llm.generate(["a", [5] * 100, "b"])
    assert llm.generate("1, 2, 3, 4,", hr.Sampling(max_tokens=1, temperature=0))[0].text == " "
