"""Who gets in: tokens, hosts and origins; so many bytes, seconds and requests, and not more."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from himpc.errors import ConfigError
from himpc.server import ServeConfig
from himpc.server.config import is_loopback

TOKEN = "correct-horse-battery"


def test_without_the_token_nothing_is_told(serving, probe, sent, detail):
    client = serving(token=TOKEN)
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "himpc=" + TOKEN},
    ):
        for path in ("/api/gallery", "/api/people", "/metrics", "/docs", "/openapi.json", "/api/jobs/x", "/nothing"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "token" in detail(answer)
        assert client.post("/api/search", **sent(probe), headers=headers).status_code == 401
    assert client.get("/api/health").status_code == client.get("/").status_code == 200
    assert client.get("/api/people", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_page_gets_a_cookie_that_does_not_tell_the_token(serving):
    client = serving(token=TOKEN)
    assert client.get("/", params={"token": "wrong"}).status_code == 401
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert TOKEN not in cookie
    assert client.get("/api/people").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "10.0.0.1", "[", ""])
def test_a_name_that_leads_here_by_a_trick_is_refused(client, host):
    assert client.get("/api/people", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "127.0.0.2"])
def test_this_machine_may_ask_by_all_its_names(client, host):
    assert client.get("/api/people", headers={"Host": host}).status_code == 200


def test_with_a_token_any_name_may_lead_here(serving):
    client = serving(token=TOKEN, host="0.0.0.0", headers={"Authorization": f"Bearer {TOKEN}"})
    assert client.get("/api/people", headers={"Host": "gait.example"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_web_page_may_not_ask(client, headers, probe, sent):
    assert client.delete("/api/people/person-000", headers=headers).status_code == 403
    assert client.post("/api/search", **sent(probe), headers=headers).status_code == 403
    assert client.get("/api/people/person-000").status_code == 200


def test_our_own_page_may_ask(client):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "X-Himpc": "1"}
    assert client.delete("/api/people/person-000", headers=headers).status_code == 200


def test_every_answer_is_kept_from_caches_and_other_pages(client):
    for path in ("/", "/api/people", "/api/nothing", "/docs", "/metrics", "/page/api.js"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/page") else "no-store")


def test_what_is_too_large_is_refused_while_it_is_read(serving, probe, sent, detail):
    client = serving(upload_limit=100_000)
    assert client.post("/api/search", **sent(probe)).status_code == 200
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    for body in (bytes(200_000), iter([head, *[bytes(50_000)] * 9])):  # of a length that is stated, or not
        answer = client.post("/api/search", content=body, headers=headers)
        assert answer.status_code == 413
        assert "send fewer files" in detail(answer)
    assert client.post("/api/people/a/merge", json={"others": ["x" * 200_000]}).status_code == 413


def test_more_than_may_wait_are_sent_away_at_once(serving, probe, sent, monkeypatch, detail):
    client = serving(workers=1, queue=2)
    go = threading.Event()
    monkeypatch.setattr(
        "himpc.server.desk.Desk.search", lambda *_, **__: go.wait(20) and {"answers": [], "left_out": []}
    )
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(client.post, "/api/search", **sent(probe)) for _ in range(3)]
        while "himpc_requests_inside 3.0" not in client.get("/metrics").text:
            time.sleep(0.01)
        assert "himpc_requests_waiting 2.0" in client.get("/metrics").text
        began = time.monotonic()
        answer = client.post("/api/search", **sent(probe))
        assert time.monotonic() - began < 1
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "too much" in detail(answer)
        assert client.get("/api/health").status_code == 200
        go.set()
        assert [each.result().status_code for each in asked] == [200] * 3
    assert client.post("/api/search", **sent(probe)).status_code == 200


def test_a_request_has_a_limit_of_time_and_counts_until_its_thread_is_done(serving, probe, sent, monkeypatch, detail):
    client = serving(workers=1, queue=0, timeout=0.3)
    go = threading.Event()
    monkeypatch.setattr(
        "himpc.server.desk.Desk.search", lambda *_, **__: go.wait(20) and {"answers": [], "left_out": []}
    )
    late = client.post("/api/search", **sent(probe))
    assert (late.status_code, late.headers["retry-after"]) == (503, "5")
    assert "longer than 0.3 s" in detail(late)
    assert "too much" in detail(client.post("/api/search", **sent(probe)))
    go.set()
    while client.post("/api/search", **sent(probe)).status_code == 503:
        time.sleep(0.01)


def test_what_waited_too_long_is_never_done(serving, monkeypatch):
    client = serving(timeout=0.5)
    go = threading.Event()
    gallery = client.app.state.desk.gallery
    monkeypatch.setattr(gallery, "rename", lambda *_: go.wait(20))
    with ThreadPoolExecutor(1) as threads:
        blocking = threads.submit(client.post, "/api/people/person-000/rename", json={"name": "A"})
        time.sleep(0.1)
        assert client.delete("/api/people/person-001").status_code == 503
        go.set()
        blocking.result()
    assert client.get("/api/people/person-001").status_code == 200


def test_a_fault_is_told_without_what_is_behind_it(client, monkeypatch, detail, caplog):
    def broken(*_):
        raise ZeroDivisionError("secret of person-000")

    monkeypatch.setattr("himpc.server.desk.Desk.people", broken)
    answer = client.get("/api/people")
    assert answer.status_code == 500
    assert detail(answer) == "a fault of the server; its log says where"
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_the_log_has_routes_and_no_names_or_tokens(serving, caplog):
    caplog.set_level("INFO", "himpc.server")
    client = serving(token=TOKEN)
    client.get("/", params={"token": TOKEN})
    client.get("/api/people/person-000")
    assert "GET /api/people/{name} 200" in caplog.text
    assert TOKEN not in caplog.text
    assert "person-000" not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "0.0.0.0"},
        {"host": "gait.example"},
        {"token": "short"},
        {"token": "with a space in it ..."},
        {"port": 70000},
        {"queue": -1},
        {"timeout": 0},
        {"upload_limit": 0},
        {"workers": 0},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError):
        ServeConfig(**wrong)


def test_a_token_is_not_printed():
    assert TOKEN not in repr(ServeConfig(token=TOKEN))


def test_addresses_of_this_machine_are_known():
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "[::1]", "0.0.0.0", "a.b")] == [
        True
    ] * 4 + [False] * 2


def test_jobs_that_wait_are_bounded_and_the_last_that_ended_are_known():
    from himpc.server.jobs import Jobs
    from himpc.server.problems import Busy

    jobs, go = Jobs(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        first = [jobs.start(threads, lambda _: {"waited": go.wait(20)})[0] for _ in range(16)]
        with pytest.raises(Busy):
            jobs.start(threads, lambda _: {})
        go.set()
    with ThreadPoolExecutor(1) as threads:
        for _ in range(120):
            job, ended = jobs.start(threads, lambda _: {})
            ended.result()
    assert jobs.get(first[0].id) is None
    assert jobs.get(job.id).state == "done"


def test_a_slow_upload_ends_when_its_time_is_over(serving):
    app = serving(timeout=0.2).app

    async def slow():
        yield b"--b"
        await asyncio.sleep(5)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            return await client.post("/api/search", content=slow(), headers=headers)

    began = time.monotonic()
    assert asyncio.run(ask()).status_code == 503
    assert time.monotonic() - began < 2


def test_who_comes_when_it_stops_is_sent_away_and_hears_why(client, sent, detail):
    gate = client.app.state.gate
    gate.stopping = True
    asked = [client.get("/api/health"), client.get("/"), client.post("/api/enroll", **sent(bytes(2**22)))]
    for answer in asked:
        assert (answer.status_code, answer.headers["connection"]) == (503, "close")
        assert "is stopping" in detail(answer)
        assert int(answer.headers["Retry-After"]) >= 1
    assert gate.sent_away == len(asked)
    gate.stopping = False
    assert client.get("/api/people").status_code == 200
