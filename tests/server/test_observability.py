"""Metrics, log, security headers, and the answer to an unexpected exception."""

TOKEN = "correct-horse-battery"


def test_responses_have_security_headers(shared_client):
    for path in ("/", "/api/people", "/api/nothing", "/docs", "/metrics", "/page/api.js"):
        headers = shared_client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/page") else "no-store")


def test_unexpected_exception_is_answered_without_details(client, monkeypatch, detail, caplog):
    def fail(*_):
        raise ZeroDivisionError("secret of person-000")

    monkeypatch.setattr("himpc.server.service.Service.people", fail)
    response = client.get("/api/people")
    assert response.status_code == 500
    assert detail(response) == "internal error of the server; see its log"
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_log_has_routes_and_neither_names_nor_tokens(start_client, caplog):
    caplog.set_level("INFO", "himpc.server")
    client = start_client(token=TOKEN)
    client.get("/", params={"token": TOKEN})
    client.get("/api/people/person-000")
    assert "GET /api/people/{name} 200" in caplog.text
    assert TOKEN not in caplog.text
    assert "person-000" not in caplog.text


def test_metrics_count_routes_and_name_no_person(client, probe, as_form):
    client.get("/api/people/person-000")
    client.post("/api/search", **as_form(probe))
    client.get("/nothing/here")
    text = client.get("/metrics").text
    assert 'himpc_requests_total{method="GET",route="/api/people/{name}",status="200"} 1.0' in text
    assert 'himpc_request_seconds_count{route="/api/search"} 1.0' in text
    assert "himpc_gallery_people 4.0" in text
    assert "himpc_gallery_recordings 8.0" in text
    assert 'route="other",status="404"' in text
    assert "person-000" not in text
