"""Loads a running server with streaming clients and prints what they saw.

    headrace serve smollm2 --port 8080 &
    python3 benchmarks/versus/http_clients.py --port 8080                       16 clients at once
    python3 benchmarks/versus/http_clients.py --port 8080 --streams 8 --prompts 6   long prompts beside 8 streams

Any OpenAI-compatible server will do. Standard library only; one process of its own, so
that the server's threads share nothing with it but the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time


def ids(count: int, seed: int) -> list[int]:
    """Ordinary token ids, unlike those of another seed."""
    state = seed * 2654435761 + 12345
    out = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(300 + (state >> 33) % 40000)
    return out


async def stream(options: argparse.Namespace, prompt: list[int], tokens: int) -> tuple[float, list[float]]:
    """When a request was sent, and when each of its tokens came."""
    reader, writer = await asyncio.open_connection(options.host, options.port, limit=1 << 20)
    body = json.dumps(
        {"model": options.model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
    ).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {options.host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    sent = time.perf_counter()
    writer.write(head.encode() + body)
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"the server said {status!r}")
    times: list[float] = []
    while line := await reader.readline():
        if line.startswith(b"data: [DONE]"):
            break
        if line.startswith(b"data: {"):
            times.append(time.perf_counter())
    writer.close()
    return sent, times[:-1] or times  # the last event tells the reason of the end


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(name: str, results: list[tuple[float, list[float]]]) -> None:
    first = [times[0] - sent for sent, times in results]
    gaps = [b - a for _, times in results for a, b in zip(times, times[1:])]
    begin, end = max(times[0] for _, times in results), min(times[-1] for _, times in results)
    together = sum(begin < t <= end for _, times in results for t in times)
    print(json.dumps({
        "test": name,
        "clients": len(results),
        # While all of them decode; null: the first was done before the last began, ask for more tokens.
        "tokens_per_s": round(together / (end - begin), 1) if end > begin else None,
        "ttft_p50_ms": round(percentile(first, 0.5) * 1e3, 1),
        "ttft_max_ms": round(max(first) * 1e3, 1),
        "gap_p50_ms": round(percentile(gaps, 0.5) * 1e3, 1),
        "gap_p99_ms": round(percentile(gaps, 0.99) * 1e3, 1),
        "gap_p99_over_p50": round(percentile(gaps, 0.99) / percentile(gaps, 0.5), 2),
    }))


async def together(options: argparse.Namespace) -> None:
    work = [stream(options, ids(options.prompt, options.seed + i), options.tokens) for i in range(options.streams)]
    report("clients", await asyncio.gather(*work))


async def beside_prompts(options: argparse.Namespace) -> None:
    work = [asyncio.create_task(stream(options, ids(options.prompt, options.seed + i), options.tokens)) for i in range(options.streams)]
    await asyncio.sleep(2)
    for i in range(options.prompts):
        sent, times = await stream(options, ids(2000, options.seed + 1000 + i), 1)
        print(json.dumps({"test": "prompt of 2000", "ttft_ms": round((times[0] - sent) * 1e3, 1)}))
    report("streams beside prompts", await asyncio.gather(*work))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--streams", type=int, default=16, help="streaming clients at once")
    parser.add_argument("--prompt", type=int, default=128, help="tokens of each client's prompt")
    parser.add_argument("--tokens", type=int, default=256, help="tokens that each client asks for")
    parser.add_argument("--prompts", type=int, default=0, help="2,000-token prompts that arrive meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    asyncio.run(beside_prompts(options) if options.prompts else together(options))


if __name__ == "__main__":
    main()
