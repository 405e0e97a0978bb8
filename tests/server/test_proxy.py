"""The server behind a proxy that ends TLS: cookies, host checks, origins, and the audit log."""

import http.client
import json
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest

from .servers import ServerThread

TOKEN = "a-secret-of-the-laboratory"
NAME = "gait.example"


class Proxy:
    """A reverse proxy as nginx is configured in docs/server.md: it ends TLS, keeps Host and states the protocol."""

    def __init__(self, upstream: str, certificate: str, *, keep_host: bool = True) -> None:
        target = urlsplit(upstream)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
                if not keep_host:
                    headers["Host"] = target.netloc
                connection = http.client.HTTPConnection(target.hostname, target.port, timeout=20)
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run([*make, "-keyout", path.with_suffix(".key"), "-out", path], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".key").read_bytes())
    return str(path)


@pytest.fixture
def server(folder):
    server = ServerThread(folder, token=TOKEN)
    yield server
    server.stop()


def connect(proxy, **headers):
    address = f"https://127.0.0.1:{proxy.port}"
    return httpx.Client(base_url=address, verify=False, headers={"Host": NAME, **headers}, timeout=20)


def test_cookie_is_secure_and_origins_are_compared_by_the_outer_name(server, certificate):
    proxy = Proxy(server.address, certificate)
    with connect(proxy) as client:
        assert client.get("/api/people").status_code == 401
        page = client.get(f"/?token={TOKEN}")
        assert page.status_code in (200, 303, 307)
        cookie = page.headers["set-cookie"]
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert TOKEN not in cookie
        assert "http://" not in page.headers.get("location", "")
        own = {"Cookie": cookie.split(";")[0]}
        assert client.get("/api/people", headers=own).status_code == 200
        assert client.post("/api/people/a/rename", headers={**own, "Origin": "https://evil.example"}).status_code == 403
        changed = client.post("/api/recordings/move", headers={**own, "Origin": f"https://{NAME}"}, json={})
        assert changed.status_code != 403
    proxy.close()


def test_token_and_audit_log_work_through_the_proxy(server, certificate, probe):
    proxy = Proxy(server.address, certificate)
    with connect(proxy, Authorization=f"Bearer {TOKEN}") as client:
        answer = client.post("/api/search", files={"files": ("walk.npz", probe)})
        assert answer.status_code == 200
        log = client.get("/api/audit").text
        assert "searched" in json.dumps(json.loads(log))
        assert "203.0.113.9" not in log  # addresses of clients are personal data, and are not recorded
    proxy.close()


def test_without_a_token_a_proxy_is_refused(folder, certificate):
    server = ServerThread(folder)
    proxy = Proxy(server.address, certificate)
    with connect(proxy) as client:
        assert client.get("/api/people").status_code in (400, 403, 421)
    proxy.close()
    server.stop()


def test_rewritten_host_is_refused_for_changes_of_a_page(server, certificate):
    proxy = Proxy(server.address, certificate, keep_host=False)
    with connect(proxy, Authorization=f"Bearer {TOKEN}", Origin=f"https://{NAME}") as client:
        assert client.post("/api/recordings/move", json={}).status_code == 403
    proxy.close()
