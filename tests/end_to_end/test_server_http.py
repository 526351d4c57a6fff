"""The server, byte by byte: what clients do wrong, and what happens when they or it go away."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from command_line import SLOWER
from running_server import BINARY, MODEL, RunningServer, as_request, needs_model, read_until, soon, split

pytestmark = needs_model


@pytest.fixture(scope="module")
def server():
    with RunningServer("--max-body", "1MiB", "--model-id", "m") as running:
        yield running


def long_stream(tokens: int = 100_000, **more) -> dict:
    return {"model": "m", "prompt": "Go on:", "max_tokens": tokens, "ignore_eos": True, "stream": True, **more}


def error(answer: tuple[int, dict[str, str], bytes]) -> dict:
    """The error of an answer, after checking its shape."""
    inner = json.loads(answer[2])["error"]
    assert set(inner) == {"message", "type", "param", "code"}
    assert inner["message"]
    return inner


def test_a_body_that_is_no_json_is_400(server):
    for body in (b"", b"{", b"[]", b"hello", b'{"model": "m",}', b'{"a": "\xff"}'):
        answer = server.request("POST", "/v1/chat/completions", body)
        assert answer[0] == 400, body
        assert error(answer)["type"] == "invalid_request_error"


def test_json_nested_100000_deep_is_400(server):
    for opening in (b"[", b'{"a":'):
        answer = server.request("POST", "/v1/chat/completions", b'{"a":' + opening * 100_000)
        assert answer[0] == 400
        assert "nested" in error(answer)["message"]


def test_a_body_over_the_limit_is_413(server):
    answer = server.request("POST", "/v1/completions", b" " * (2 << 20))
    assert answer[0] == 413
    error(answer)


def test_curl_is_told_413_before_it_sends_the_body(server, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    body = tmp_path / "body"
    body.write_bytes(b" " * (8 << 20))
    told = subprocess.run(
        ["curl", "-s", "-o", tmp_path / "out", "-w", "%{http_code} %{size_upload}", "--data-binary", f"@{body}", f"{server.url}/v1/completions"],
        capture_output=True, text=True, timeout=60,
    )
    assert told.stdout == "413 0"


def test_curl_streams_a_chat(server):
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    body = {"model": "m", "stream": True, "max_tokens": 4, "messages": [{"role": "user", "content": "Say hello"}]}
    told = subprocess.run(
        ["curl", "-sN", f"{server.url}/v1/chat/completions", "-H", "content-type: application/json", "-d", json.dumps(body)],
        capture_output=True, text=True, timeout=60,
    )
    lines = [line for line in told.stdout.splitlines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[0][6:])["object"] == "chat.completion.chunk"


def test_another_method_is_405_and_says_which_is_allowed(server):
    status, headers, body = answer = server.request("GET", "/v1/completions")
    assert status == 405
    assert headers["allow"] == "POST"
    error(answer)
    assert server.request("DELETE", "/v1/models")[1]["allow"] == "GET, HEAD"


def test_an_unknown_path_is_404(server):
    answer = server.request("GET", "/v2/nothing")
    assert answer[0] == 404
    error(answer)


def test_head_has_the_headers_of_get_and_no_body(server):
    status, headers, body = server.request("HEAD", "/v1/models")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) == len(server.request("GET", "/v1/models")[2])


def test_one_connection_serves_many_requests(server):
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(as_request("GET", "/health"))
            assert b'{"status":"ok"}' in read_until(connection, b'"ok"}')
        connection.sendall(as_request("GET", "/health") + as_request("GET", "/version"))  # pipelined
        assert b'"version"' in read_until(connection, b'"version"')


def test_a_stream_leaves_its_connection_usable(server):
    with server.connect() as connection:
        connection.sendall(as_request("POST", "/v1/completions", long_stream(3)))
        read_until(connection, b"data: [DONE]\n\n\r\n0\r\n\r\n")
        connection.sendall(as_request("GET", "/health"))
        assert b"200 OK" in read_until(connection, b'"ok"}')


def test_what_is_not_http_is_400(server):
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")  # a TLS hello
        assert split(connection.recv(65536))[0] == 400


def test_a_client_that_leaves_is_cancelled(server):
    aborted = server.metric("vllm:request_success_total", "abort")
    for body in (long_stream(4000), long_stream(4000, stream=False)):
        connection = server.connect()
        connection.sendall(as_request("POST", "/v1/completions", body))
        assert soon(lambda: server.metric("vllm:num_requests_running") == 1)
        connection.close()
        assert soon(lambda: server.metric("vllm:num_requests_running") == 0, 10)
    assert server.metric("vllm:request_success_total", "abort") == aborted + 2


def test_a_client_that_does_not_read_holds_nobody_up(server):
    """A stalled stream goes on into its bounded buffer while another client is served."""
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect(("127.0.0.1", server.port))
    stalled.sendall(as_request("POST", "/v1/completions", long_stream(2000, logprobs=20)))
    assert soon(lambda: server.metric("vllm:num_requests_running") == 1)
    status, _, body = server.request("POST", "/v1/completions", {"model": "m", "prompt": "Hello", "max_tokens": 4})
    assert status == 200
    assert json.loads(body)["usage"]["completion_tokens"] == 4
    stalled.close()
    assert soon(lambda: server.metric("vllm:num_requests_running") == 0, 10)


def test_it_survives_clients_that_cut_themselves_off_anywhere(server):
    whole = as_request("POST", "/v1/completions", long_stream(50))
    for length in range(1, len(whole), 7):
        with server.connect() as connection:
            connection.sendall(whole[:length])
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(whole)
            connection.recv(1)
    assert server.request("GET", "/health")[0] == 200
    assert soon(lambda: server.metric("vllm:num_requests_running") == 0, 20)


def test_a_full_queue_is_429_with_retry_after():
    with RunningServer("--max-queue", "1", "--max-sequences", "1", "--model-id", "m") as server:
        connections = [server.connect() for _ in range(6)]
        for connection in connections:
            connection.sendall(as_request("POST", "/v1/completions", long_stream(300)))
        answers = []
        threads = [threading.Thread(target=lambda c=c: answers.append(c.recv(65536))) for c in connections]
        for thread in threads:
            thread.start()
        assert soon(lambda: any(b"HTTP/1.1 429" in answer for answer in list(answers)))
        refused = next(answer for answer in answers if b"HTTP/1.1 429" in answer)
        status, headers, body = split(refused)
        assert int(headers["retry-after"]) >= 1
        assert error((status, headers, body))["type"] == "rate_limit_error"
        for connection in connections:
            with contextlib.suppress(OSError):  # one that was refused may be closed on the other side already
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for connection in connections:
            connection.close()


def test_sigterm_lets_a_running_answer_end():
    with RunningServer("--model-id", "m") as server:
        connection = server.connect()
        connection.sendall(as_request("POST", "/v1/completions", long_stream(100)))
        read_until(connection, b"data: {")
        server.process.send_signal(signal.SIGTERM)
        rest = read_until(connection, b"data: [DONE]")
        assert rest.count(b"data: {") > 10
        connection.close()
        assert server.process.wait(20) == 0
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_sigterm_before_the_ready_line_is_out_ends_the_server_in_good_order():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b" " * 4096)
    os.set_blocking(write_end, True)  # the server shares this with us: it waits at its ready line while the pipe is full
    process = subprocess.Popen([BINARY, "serve", MODEL, "--port", str(port), "--json"], stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=60):
            return True
        return False

    assert soon(answers, 60)
    process.send_signal(signal.SIGTERM)
    with open(read_end, encoding="utf-8") as pipe:
        assert json.loads(pipe.read())["port"] == port
    assert process.wait(20) == 0, process.stderr.read()


def test_a_second_signal_does_not_wait():
    with RunningServer("--model-id", "m") as server:
        connection = server.connect()
        connection.sendall(as_request("POST", "/v1/completions", long_stream(7000)))
        read_until(connection, b"data: {")
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGINT)
        began = time.monotonic()
        server.process.wait(20)
        assert time.monotonic() - began < 5 * SLOWER
        connection.close()


def test_a_key_is_asked_for():
    with RunningServer("--api-key", "secret", "--model-id", "m") as server:
        assert server.request("GET", "/health")[0] == 200
        answer = server.request("GET", "/v1/models")
        assert answer[0] == 401
        assert error(answer)["code"] == "invalid_api_key"
        assert server.request("GET", "/v1/models", headers="Authorization: Bearer secret\r\n")[0] == 200


def test_a_port_in_use_is_one_clear_sentence(server):
    second = subprocess.run([BINARY, "serve", MODEL, "--port", str(server.port)], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"port {server.port}" in second.stderr and "in use" in second.stderr
    assert second.stderr.count("\n") == 1
