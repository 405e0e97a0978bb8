"""`himpc serve` as a process: it starts, is stopped in the middle of its work, and loses nothing accepted."""

import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from himpc.cli import main
from himpc.gallery import Gallery

from .servers import ServerProcess, http

pytestmark = pytest.mark.slow


@pytest.fixture
def temporary(tmp_path):
    """The folder for temporary files of the server."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.fixture
def start_server(folder, tmp_path, temporary):
    """Start the server with some options and environment variables."""
    servers = []

    def start(*options, **environment):
        log = tmp_path / f"log-{len(servers)}"
        servers.append(ServerProcess(folder, log, *options, TMPDIR=str(temporary), **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def test_nothing_accepted_is_lost_on_stop_under_load(start_server, folder, temporary, probe, as_form):
    server = start_server("--queue", "500")
    address = server.address
    stop, counts, lock = threading.Event(), Counter(), threading.Lock()

    def search():
        while not stop.is_set():
            try:
                response = http.post(f"{address}/api/search", **as_form(probe), timeout=60)
                end = "answered" if response.status_code == 200 else f"status {response.status_code}"
            except httpx.ConnectError:  # nothing was sent
                end = "refused"
            except httpx.HTTPError as error:
                end = f"lost: {error!r}"
            if end != "answered":
                stop.set()
            with lock:
                counts[end] += 1

    with ThreadPoolExecutor(12) as threads:
        for _ in range(12):
            threads.submit(search)
        while counts["answered"] < 20 and not stop.is_set():
            time.sleep(0.01)
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        stop.set()
    assert set(counts) <= {"answered", "status 503", "refused"}
    assert list(temporary.glob("himpc-serve-*")) == []
    with Gallery.open(folder) as gallery:
        assert gallery.verify() == []
        assert sum(event.action == "searched" for event in gallery.audit()) == counts["answered"]


def test_accepted_enrollment_is_done_on_stop(start_server, folder, probe, as_form):
    server = start_server()
    responses = []
    enrolling = threading.Thread(
        target=lambda: responses.append(
            http.post(f"{server.address}/api/enroll", **as_form(probe), data={"person": "Ann"}, timeout=60)
        )
    )
    assert server.address
    enrolling.start()
    while "himpc_requests_inside 1.0" not in http.get(f"{server.address}/metrics").text and not responses:
        pass
    server.send_signal(signal.SIGINT)
    enrolling.join()
    assert server.wait(60) == 0
    assert responses[0].json().get("people", ["Ann"]) == ["Ann"]  # on a busy machine the answer is a job
    with Gallery.open(folder) as gallery:
        assert len(gallery.recordings("Ann")) == 1


def test_requests_during_shutdown_get_503(start_server):
    server = start_server()
    address = server.address
    with socket.create_connection(address.removeprefix("http://").split(":")) as silent:
        while not http.get(f"{address}/api/health").is_success:
            pass
        server.send_signal(signal.SIGTERM)
        while (response := http.get(f"{address}/api/health")).is_success:
            pass
        assert response.status_code == 503
        silent.sendall(b"GET /api/people HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert silent.makefile().readline().split()[1] == "503"
    assert server.wait(30) == 0
    with pytest.raises(httpx.ConnectError):
        http.get(f"{address}/api/health")


def test_second_signal_exits_at_once(start_server, temporary):
    server = start_server("--timeout", "60")
    address = server.address
    ended = threading.Event()

    def endless_body():
        yield b"--b"
        ended.wait(60)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with ThreadPoolExecutor(1) as threads:
        request = threads.submit(http.post, f"{address}/api/search", content=endless_body(), headers=headers)
        while "himpc_requests_inside 1.0" not in http.get(f"{address}/metrics").text:
            time.sleep(0.01)
        server.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(1)
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 128 + signal.SIGTERM
        ended.set()
        assert isinstance(request.exception(), httpx.HTTPError)
    assert list(temporary.glob("himpc-serve-*")) == []


def test_token_comes_from_the_environment_or_a_file(start_server, tmp_path):
    token = "a-token-of-some-length"
    file = tmp_path / "token"
    file.write_text(f"{token}\n")
    server = start_server(HIMPC_TOKEN=token)
    other = start_server("--token-file", str(file), "--host", "0.0.0.0")
    assert http.get(f"{server.address}/api/people").status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    assert http.get(f"{server.address}/api/people", headers=headers).status_code == 200
    http.get(f"{server.address}/?token={token}")
    assert token not in server.log.read_text()
    assert http.get(other.address.replace("0.0.0.0", "127.0.0.1") + "/api/people").status_code == 401


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--host", "0.0.0.0"], "HIMPC_TOKEN"),
        (["--token", "x" * 20, "--token-file", "x"], "not both"),
        (["--host", "192.0.2.1", "--token", "x" * 20], "cannot listen on 192.0.2.1 port 8000"),
        (["--port", "70000"], "port should be"),
    ],
)
def test_impossible_options_are_refused_in_one_line(folder, capsys, monkeypatch, options, expected):
    monkeypatch.delenv("HIMPC_TOKEN", raising=False)
    assert main(["serve", "--gallery", str(folder), *options]) == 1
    printed = capsys.readouterr().err
    assert expected in printed
    assert printed.count("\n") == 1
