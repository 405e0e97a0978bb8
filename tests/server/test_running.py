"""`himpc serve` as a process: it starts, is told to stop in the middle of its work, and loses nothing of it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from himpc.cli import main
from himpc.gallery import Gallery

pytestmark = pytest.mark.slow


@pytest.fixture
def started(folder, tmp_path):
    """Start the server, and return the process and its address."""
    processes = []
    (tmp_path / "temporary").mkdir()

    def start(*options, **environment):
        command = [sys.executable, "-m", "himpc", "serve", "--gallery", str(folder), "--port", "0", *options]
        own = os.environ | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path / "temporary")} | environment
        log = (tmp_path / "log").open("w")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=own)
        processes.append(process)
        line = process.stdout.readline()
        address = re.search(r"at (http://\S+) ", line)
        assert address, (tmp_path / "log").read_text()
        return process, address[1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_nothing_that_was_accepted_is_lost_when_it_stops_under_load(started, folder, tmp_path, probe, sent):
    process, address = started("--queue", "500")
    stop, counts, lock = threading.Event(), Counter(), threading.Lock()

    def ask():
        while not stop.is_set():
            try:
                answer = httpx.post(f"{address}/api/search", **sent(probe), timeout=60)
                end = "answered" if answer.status_code == 200 else f"status {answer.status_code}"
            except httpx.ConnectError:  # it was told so before it sent anything
                end = "refused"
            except httpx.HTTPError as error:
                end = f"lost: {error!r}"
            if end != "answered":
                stop.set()
            with lock:
                counts[end] += 1

    with ThreadPoolExecutor(12) as threads:
        for _ in range(12):
            threads.submit(ask)
        while counts["answered"] < 20 and not stop.is_set():
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        stop.set()
    assert set(counts) <= {"answered", "status 503", "refused"}
    assert list((tmp_path / "temporary").glob("himpc-serve-*")) == []
    with Gallery.open(folder) as gallery:
        assert gallery.verify() == []
        assert sum(event.action == "searched" for event in gallery.audit()) == counts["answered"]


def test_an_enrolment_that_was_accepted_is_done_when_it_stops(started, folder, probe, sent):
    process, address = started()
    answer = []
    asking = threading.Thread(
        target=lambda: answer.append(
            httpx.post(f"{address}/api/enroll", **sent(probe), data={"person": "Ann"}, timeout=60)
        )
    )
    asking.start()
    while "himpc_requests_inside 1.0" not in httpx.get(f"{address}/metrics").text and not answer:
        pass
    process.send_signal(signal.SIGINT)
    asking.join()
    assert process.wait(60) == 0
    assert answer[0].json()["people"] == ["Ann"]
    with Gallery.open(folder) as gallery:
        assert len(gallery.recordings("Ann")) == 1


def test_whoever_comes_when_it_stops_is_told_so(started):
    process, address = started()
    with socket.create_connection(address.removeprefix("http://").split(":")) as slow:  # has asked nothing yet
        while not httpx.get(f"{address}/api/health").is_success:
            pass
        process.send_signal(signal.SIGTERM)
        while (answer := httpx.get(f"{address}/api/health")).is_success:
            pass
        assert answer.status_code == 503
        slow.sendall(b"GET /api/people HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.makefile().readline().split()[1] == "503"
    assert process.wait(30) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/api/health")


def test_a_second_signal_ends_it_at_once(started, tmp_path):
    process, address = started("--timeout", "60")
    with httpx.Client() as client:
        client.get(f"{address}/api/health")

        def slowly():
            yield b"--b"
            time.sleep(4)

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(httpx.post, f"{address}/api/search", content=slowly(), headers=headers, timeout=30)
            while "himpc_requests_inside 1.0" not in client.get(f"{address}/metrics").text:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(1) == 128 + signal.SIGTERM
            assert isinstance(asked.exception(), httpx.HTTPError)
    assert list((tmp_path / "temporary").glob("himpc-serve-*")) == []


def test_a_token_comes_from_the_environment_or_a_file(started, tmp_path, capsys, folder, monkeypatch):
    token = "a-token-of-some-length"
    _, address = started(HIMPC_TOKEN=token)
    assert httpx.get(f"{address}/api/people").status_code == 401
    assert httpx.get(f"{address}/api/people", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    httpx.get(f"{address}/?token={token}")
    assert token not in (tmp_path / "log").read_text()
    file = tmp_path / "token"
    file.write_text(f"{token}\n")
    _, address = started("--token-file", str(file), "--host", "0.0.0.0")
    assert httpx.get(address.replace("0.0.0.0", "127.0.0.1") + "/api/people").status_code == 401


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "HIMPC_TOKEN"),
        (["--token", "x" * 20, "--token-file", "x"], "not both"),
        (["--host", "192.0.2.1", "--token", "x" * 20], "cannot listen on 192.0.2.1 port 8000"),
        (["--port", "70000"], "port must be"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(folder, capsys, monkeypatch, options, said):
    monkeypatch.delenv("HIMPC_TOKEN", raising=False)
    assert main(["serve", "--gallery", str(folder), *options]) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1
