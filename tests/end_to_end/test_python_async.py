"""Generating in an event loop."""

import asyncio
import time

import pytest
from python_package import MODEL, needs_model

pytestmark = needs_model


@pytest.fixture(scope="module")
def hr():
    import headrace

    return headrace


@pytest.fixture(scope="module")
def llm(hr):
    with hr.LLM(MODEL) as llm:
        yield llm


def test_agenerate_gives_what_generate_gives(hr, llm):
    sampling = hr.Sampling(max_tokens=5, temperature=0)
    prompts = ["1, 2, 3, 4,", "a, b, c,"]
    expected = [out.text for out in llm.generate(prompts, sampling)]
    assert [out.text for out in asyncio.run(llm.agenerate(prompts, sampling))] == expected


def test_many_tasks_run_together(hr, llm):
    sampling = hr.Sampling(max_tokens=4, temperature=0)
    expected = [llm.generate(f"{i}, {i + 1},", sampling)[0].text for i in range(30)]

    async def main():
        return await asyncio.gather(*(llm.agenerate(f"{i}, {i + 1},", sampling) for i in range(30)))

    assert [outputs[0].text for outputs in asyncio.run(main())] == expected


def test_astream_yields_the_pieces(hr, llm):
    sampling = hr.Sampling(max_tokens=8, temperature=0)

    async def main():
        return [piece async for piece in llm.astream("1, 2, 3, 4,", sampling)]

    pieces = asyncio.run(main())
    assert "".join(pieces) == llm.generate("1, 2, 3, 4,", sampling)[0].text
    assert pieces[-1].finish_reason == "length"


def test_achat_answers(hr, llm):
    out = asyncio.run(llm.achat([{"role": "user", "content": "Name the capital of Italy."}], hr.Sampling(temperature=0, max_tokens=20)))
    assert "Rome" in out.text


def test_the_loop_goes_on_while_the_model_works(hr, llm):
    async def main():
        task = asyncio.ensure_future(llm.agenerate("Once", hr.Sampling(max_tokens=60, ignore_eos=True)))
        longest, turns = 0.0, 0
        while not task.done():
            begin = time.monotonic()
            await asyncio.sleep(0.001)
            longest, turns = max(longest, time.monotonic() - begin), turns + 1
        return longest, turns

    longest, turns = asyncio.run(main())
    assert turns > 20 and longest < 0.5


def test_cancelling_a_task_cancels_its_request(hr, llm):
    async def main():
        task = asyncio.ensure_future(llm.agenerate("Once", hr.Sampling(max_tokens=4000, ignore_eos=True)))
        while llm.stats["running"] == 0:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(200):
            if llm.stats["running"] == 0:
                return True
            await asyncio.sleep(0.05)
        return False

    assert asyncio.run(main())


def test_a_stream_that_is_left_is_cancelled(hr, llm):
    async def main():
        stream = llm.astream("Once", hr.Sampling(max_tokens=4000, ignore_eos=True))
        async for _ in stream:
            break
        await stream.aclose()
        for _ in range(200):
            if llm.stats["running"] == 0:
                return True
            await asyncio.sleep(0.05)
        return False

    assert asyncio.run(main())


def test_errors_come_out_of_await(hr, llm):
    with pytest.raises(hr.OutOfRange):
        asyncio.run(llm.agenerate([5] * 100_000))


def test_loops_in_several_threads(hr, llm):
    import threading

    sampling = hr.Sampling(max_tokens=3, temperature=0)
    texts = []
    threads = [threading.Thread(target=lambda: texts.append(asyncio.run(llm.agenerate("1, 2, 3, 4,", sampling))[0].text)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts)) == 1 and len(texts) == 4
