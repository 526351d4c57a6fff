"""Measures Headrace's server with streaming clients over plain sockets."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import threading
import time


class Server:
    """`headrace serve` on a free port, while the context lasts."""

    def __init__(self, binary: str, model: str, threads: int) -> None:
        self.process = subprocess.Popen(
            [binary, "serve", model, "--port", "0", "--json", "--threads", str(threads)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("headrace serve did not start")
        self.port = json.loads(line)["port"]
        self.model = json.loads(line)["model"]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def stream(self, prompt: list[int], tokens: int) -> list[float]:
        """The times at which the events of one streamed completion came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        body = {"model": self.model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
        connection.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"the server said {response.status}: {response.read(400)!r}")
        times = []
        while line := response.readline():
            if line.startswith(b"data: {"):
                times.append(time.perf_counter())
        return times


def _prompt(length: int, seed: int) -> list[int]:
    """Ordinary ids, none alike between seeds."""
    state = seed * 2654435761 + 12345
    ids = []
    for _ in range(length):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        ids.append(300 + (state >> 33) % 40000)
    return ids


def clients(server: Server, count: int, prompt: int, tokens: int, seed: int) -> float:
    """Tokens per second of `count` clients together, from the moment when each has its first
    event until the first of them is done: the decode phase, at the positions at which
    `headrace bench` measures it. The prompts are in the prefix cache by then."""
    results: list[list[float]] = [[] for _ in range(count)]
    prompts = [_prompt(prompt, seed * 1000 + index) for index in range(count)]
    for each in prompts:
        server.stream(each, 1)

    def work(index: int) -> None:
        # A few more than `tokens`: the last clients begin some steps after the first.
        results[index] = server.stream(prompts[index], tokens + 32)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begin = max(times[0] for times in results)
    end = min(times[-1] for times in results)
    if end <= begin:
        raise RuntimeError("the first client was done before the last had begun; ask for more tokens")
    return sum(sum(begin < t <= end for t in times) for times in results) / (end - begin)


def gaps_beside_prompts(server: Server, streams: int, prompts: int, seed: int) -> tuple[float, float]:
    """p50 and p99 of the gap between tokens of running streams while 2,000-token prompts arrive."""
    results: list[list[float]] = [[] for _ in range(streams)]

    def run(index: int) -> None:
        results[index] = server.stream(_prompt(128, seed * 1000 + index), 1500)

    running = [threading.Thread(target=run, args=(i,)) for i in range(streams)]
    for thread in running:
        thread.start()
    time.sleep(2)
    begin = time.perf_counter()
    for i in range(prompts):
        server.stream(_prompt(2000, seed * 1000 + 500 + i), 1)
    end = time.perf_counter()
    for thread in running:
        thread.join()
    gaps = sorted(b - a for times in results for a, b in zip(times, times[1:]) if begin <= b <= end)
    if len(gaps) < 20:
        raise RuntimeError("the streams ended before the prompts had arrived")
    return statistics.median(gaps), gaps[int(0.99 * (len(gaps) - 1))]
