"""Slow clients of each kind, more connections than a server can hold, and too few file descriptors."""

import logging
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import httpx
import pytest

from himpc.server.connections import MAX_REPEATS, LogLimit

from .servers import ServerThread, http

HEAD = b"POST /api/search HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def start_thread(folder):
    """Start a server in a thread, with some settings."""
    servers = []

    def start(**settings):
        servers.append(ServerThread(folder, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def connect(server):
    host, _, port = server.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def is_dropped(connection, seconds=6.0):
    """Return whether the server closes a connection within some seconds, whatever it sends before."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def drip(connection, end):
    """Send a byte at a time until the server closes the connection, or an end on the clock."""
    with suppress(OSError):
        while time.monotonic() < end:
            connection.sendall(b"X")
            time.sleep(0.1)


@pytest.mark.parametrize("begin", [b"", b"G", b"GET / HTTP/1.1\r\n", HEAD])
def test_half_sent_heads_are_dropped(start_thread, begin):
    server = start_thread(head_timeout=0.4)
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(20)]
        for connection in connections:
            connection.sendall(begin)
        assert all(is_dropped(connection) for connection in connections)
    assert http.get(f"{server.address}/api/health").status_code == 200


def test_head_that_drips_is_dropped(start_thread):
    server = start_thread(head_timeout=0.4)
    with connect(server) as connection:
        began = time.monotonic()
        drip(connection, began + 6)
        assert time.monotonic() - began < 5


def test_second_head_that_drips_is_dropped(start_thread):
    server = start_thread(head_timeout=0.4)
    with connect(server) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in connection.recv(65536)
        connection.sendall(b"GET /api")
        assert is_dropped(connection, 4)


@pytest.mark.parametrize("path", [b"/", b"/api/health", b"/api/search", b"/nowhere"])
def test_slow_bodies_are_dropped(start_thread, path):
    server = start_thread(head_timeout=0.4, timeout=0.5)
    with connect(server) as connection:
        kind = b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b"
        connection.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + kind)
        began = time.monotonic()
        drip(connection, began + 8)
        assert time.monotonic() - began < 7


def test_client_that_does_not_read_is_dropped(start_thread):
    server = start_thread(timeout=0.5)
    with connect(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with suppress(OSError):
            for _ in range(2_000):
                connection.sendall(request)
        began = time.monotonic()
        drip(connection, began + 8)
        assert time.monotonic() - began < 7
    assert http.get(f"{server.address}/api/health").status_code == 200


def test_new_connection_replaces_one_without_a_request(start_thread):
    server = start_thread(connections=8)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(8)]
        time.sleep(1.2)
        assert http.get(f"{server.address}/api/health").status_code == 200
        assert sum(is_dropped(each, 0.2) for each in silent) == 1


def test_connections_beyond_the_limit_are_refused_with_a_reason(start_thread):
    server = start_thread(connections=3)
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client()) for _ in range(3)]
        assert {client.get(f"{server.address}/api/health").status_code for client in clients} == {200}
        refused = http.get(f"{server.address}/api/health")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "too many connections" in refused.json()["detail"]
    time.sleep(0.3)
    assert http.get(f"{server.address}/api/health").status_code == 200


@pytest.mark.slow
def test_server_with_few_descriptors_survives_and_stays_quiet(folder, tmp_path):
    """Half-sent heads, more than it has file descriptors, and then 300 requests."""
    command = ["sh", "-c", f"ulimit -n 128; exec {sys.executable} -u -m himpc serve --gallery {folder} --port 0"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().partition(" at ")[2].split()[0]
        port = int(address.rpartition(":")[2])
        with ExitStack() as stack:
            for _ in range(300):
                try:
                    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
                    connection.sendall(HEAD)
                except OSError:
                    pass

            def is_answered() -> bool:
                with suppress(httpx.HTTPError):
                    return http.get(f"{address}/api/people", timeout=5).status_code == 200
                return False

            end = time.monotonic() + 60
            while not is_answered():  # until it drops the half-sent heads
                assert time.monotonic() < end
                time.sleep(0.1)
            assert sum(is_answered() for _ in range(300)) > 270
        assert process.poll() is None
        text = (tmp_path / "log").read_text()
        assert "Traceback" not in text
        assert sum("GET /api/people 200" not in line for line in text.splitlines()) < 100
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_repeated_log_lines_are_limited(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("himpc.server.connections.time.monotonic", lambda: now[0])
    limit = LogLimit()

    def logged(text, level=logging.ERROR):
        record = logging.LogRecord("x", level, "f", 1, text, (), None)
        return record.getMessage() if limit.filter(record) else None

    assert [logged("no room\nsocket 1") for _ in range(1_000)].count("no room\nsocket 1") == MAX_REPEATS
    assert logged("another") == "another"
    assert [logged("request", logging.INFO) for _ in range(100)].count("request") == 100
    now[0] += 61
    assert "995 more like this" in logged("no room\nsocket 1")
