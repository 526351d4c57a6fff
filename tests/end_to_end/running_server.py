"""Starts `headrace serve` for the tests of the server, and talks to it byte by byte."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

BINARY = os.environ.get("HEADRACE_BIN", "")
MODEL = os.environ.get("HEADRACE_TEST_MODEL", "")

needs_model = pytest.mark.skipif(not BINARY or not MODEL, reason="HEADRACE_BIN and HEADRACE_TEST_MODEL are not set: make test sets them")


class RunningServer:
    """A server on a free port; stopped by SIGTERM when the context ends."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [BINARY, "serve", MODEL, "--port", "0", "--json", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        about = json.loads(line)
        self.port, self.url, self.model = about["port"], about["url"], about["model"]

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
            assert status == 0, self.process.stderr.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def request(self, method: str, path: str, body: bytes | dict | None = None, headers: str = "") -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body of one answer on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(as_request(method, path, body, headers + "Connection: close\r\n"))
            return split(read_to_end(connection))

    def metric(self, name: str, label: str = "") -> float:
        """The value of a metric's first sample whose labels hold `label`."""
        text = urllib.request.urlopen(f"{self.url}/metrics", timeout=30).read().decode()
        for line in text.splitlines():
            if line.startswith(name + "{") and label in line:
                return float(line.rsplit(" ", 1)[1])
        raise KeyError(name)


def as_request(method: str, path: str, body: bytes | dict | None = None, headers: str = "") -> bytes:
    data = json.dumps(body).encode() if isinstance(body, dict) else body or b""
    length = f"Content-Length: {len(data)}\r\nContent-Type: application/json\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{length}{headers}\r\n".encode() + data


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def read_until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while end not in received:
        piece = connection.recv(65536)
        assert piece, f"the connection ended before {end!r}: {received[-500:]!r}"
        received += piece
    return received


def split(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines[1:]))
    return int(lines[0].split()[1]), headers, body


def soon(condition, seconds: float = 20) -> bool:
    """Whether the condition becomes true within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
