"""Tokens, host names and origins."""

import pytest

TOKEN = "correct-horse-battery"


def test_nothing_is_answered_without_the_token(start_client, probe, as_form, detail):
    client = start_client(token=TOKEN)
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "himpc=" + TOKEN},
    ):
        for path in ("/api/gallery", "/api/people", "/metrics", "/docs", "/openapi.json", "/api/jobs/x", "/nothing"):
            response = client.get(path, headers=headers)
            assert response.status_code == 401, path
            assert response.headers["www-authenticate"] == "Bearer"
            assert "token" in detail(response)
        assert client.post("/api/search", **as_form(probe), headers=headers).status_code == 401
    assert client.get("/api/health").status_code == client.get("/").status_code == 200
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/people", headers=headers).status_code == 200
    document = client.get("/openapi.json", headers=headers).json()
    assert document["paths"]["/api/people"]["get"]["security"] == [{"HTTPBearer": []}]


def test_cookie_of_the_page_does_not_contain_the_token(start_client):
    client = start_client(token=TOKEN)
    assert client.get("/", params={"token": "wrong"}).status_code == 401
    response = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert TOKEN not in cookie
    assert client.get("/api/people").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "10.0.0.1", "[", ""])
def test_foreign_host_names_are_rejected(shared_client, host):
    assert shared_client.get("/api/people", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "127.0.0.2"])
def test_loopback_names_are_accepted(shared_client, host):
    assert shared_client.get("/api/people", headers={"Host": host}).status_code == 200


def test_any_host_name_is_accepted_with_a_token(start_client):
    client = start_client(token=TOKEN, host="0.0.0.0", headers={"Authorization": f"Bearer {TOKEN}"})
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
def test_requests_of_other_web_pages_are_rejected(shared_client, headers, probe, as_form):
    assert shared_client.delete("/api/people/person-000", headers=headers).status_code == 403
    assert shared_client.post("/api/search", **as_form(probe), headers=headers).status_code == 403
    assert shared_client.get("/api/people/person-000").status_code == 200


def test_requests_of_the_own_page_are_accepted(client):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "X-Himpc": "page"}
    assert client.delete("/api/people/person-000", headers=headers).status_code == 200
