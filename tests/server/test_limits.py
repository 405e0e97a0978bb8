"""Limits of the number, size and duration of requests, and what is answered while the server drains."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from himpc.server.schemas import SearchResult


@pytest.fixture
def blocked_search(monkeypatch):
    """Let searches wait for an event."""
    go = threading.Event()
    answer = SearchResult(answers=[], left_out=[])
    monkeypatch.setattr("himpc.server.service.Service.search", lambda *_, **__: go.wait(20) and answer)
    return go


def test_oversized_request_is_rejected_while_it_is_read(start_client, probe, as_form, detail):
    client = start_client(upload_limit=100_000)
    assert client.post("/api/search", **as_form(probe)).status_code == 200
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    for body in (bytes(200_000), iter([head, *[bytes(50_000)] * 9])):  # with and without a stated length
        response = client.post("/api/search", content=body, headers=headers)
        assert response.status_code == 413
        assert "send fewer files" in detail(response)
    assert client.post("/api/people/a/merge", json={"others": ["x" * 200_000]}).status_code == 413


def test_requests_beyond_the_queue_are_rejected_at_once(start_client, probe, as_form, blocked_search, detail):
    client = start_client(workers=1, queue=2)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(client.post, "/api/search", **as_form(probe)) for _ in range(3)]
        while "himpc_requests_inside 3.0" not in client.get("/metrics").text:
            time.sleep(0.01)
        assert "himpc_requests_waiting 2.0" in client.get("/metrics").text
        start = time.monotonic()
        response = client.post("/api/search", **as_form(probe))
        assert time.monotonic() - start < 10  # the others wait for up to 20 s
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert "too many" in detail(response)
        assert client.get("/api/health").status_code == 200
        blocked_search.set()
        assert [each.result().status_code for each in waiting] == [200] * 3
    assert client.post("/api/search", **as_form(probe)).status_code == 200


def test_request_times_out_and_counts_until_its_thread_ends(start_client, probe, as_form, blocked_search, detail):
    client = start_client(workers=1, queue=0, timeout=1.0)  # a busy machine needs 0.3 s to read the upload
    late = client.post("/api/search", **as_form(probe))
    assert (late.status_code, late.headers["retry-after"]) == (503, "5")
    assert "longer than 1 s" in detail(late)
    assert "too many" in detail(client.post("/api/search", **as_form(probe)))
    blocked_search.set()
    while client.post("/api/search", **as_form(probe)).status_code == 503:
        time.sleep(0.01)


def test_change_that_waited_too_long_is_never_made(start_client, monkeypatch):
    client = start_client(timeout=0.5)
    begun, go = threading.Event(), threading.Event()
    writer = client.app.state.service.gallery.writer
    monkeypatch.setattr(writer, "rename", lambda *_: begun.set() or go.wait(20))
    with ThreadPoolExecutor(1) as threads:
        blocking = threads.submit(client.post, "/api/people/person-000/rename", json={"name": "A"})
        assert begun.wait(20)
        assert client.delete("/api/people/person-001").status_code == 503
        go.set()
        blocking.result()
    assert client.get("/api/people/person-001").status_code == 200


def test_slow_upload_times_out(start_client):
    app = start_client(timeout=0.2).app

    async def slow_body():
        yield b"--b"
        await asyncio.sleep(20)

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            return await client.post("/api/search", content=slow_body(), headers=headers)

    start = time.monotonic()
    assert asyncio.run(post()).status_code == 503
    assert time.monotonic() - start < 10


def test_requests_while_draining_are_rejected_with_a_reason(client, as_form, detail):
    workers = client.app.state.workers
    workers.draining = True
    responses = [client.get("/api/health"), client.get("/"), client.post("/api/enroll", **as_form(bytes(2**22)))]
    for response in responses:
        assert (response.status_code, response.headers["connection"]) == (503, "close")
        assert "is stopping" in detail(response)
        assert int(response.headers["Retry-After"]) >= 1
    assert workers.rejected == len(responses)
    workers.draining = False
    assert client.get("/api/people").status_code == 200
