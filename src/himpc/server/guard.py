"""Who may ask: whoever knows the token, and no web page of somebody else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from himpc.server.config import ServeConfig, is_loopback
from himpc.server.problems import problem

__all__ = ["Guard"]

_COOKIE = "himpc"
_OPEN = ("/page/",)
"""What holds no secret: the page, which asks for the token, and whether the server lives."""

_OPEN_PATHS = frozenset({"/", "/page", "/api/health"})


class Guard:
    """Middleware that refuses requests without the token, for other hosts, and from other web pages.

    Without a token any web page that a user of this machine visits could ask the server, by a name that it lets lead
    here (DNS rebinding) or by a form. So the Host must then be this machine's, and an Origin must always be the Host.
    With a token such a page has neither the header nor the cookie, which only goes to the name that it was set by.
    """

    def __init__(self, app: ASGIApp, config: ServeConfig) -> None:
        self._app, self._token, self._host = app, config.token, config.host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refused(scope, headers)
        if refused is not None:
            await problem(*refused)(scope, receive, send)
        elif self._token is not None and scope["path"] == "/" and (given := _query_token(scope)) is not None:
            await self._signed_in(given, scope, receive, send)
        elif self._token is not None and not _open(scope["path"]) and not self._knows(headers):
            await problem(401, "the token is missing or wrong: send the header  Authorization: Bearer TOKEN")(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)

    def _refused(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if self._token is None and not self._ours(host):
            return 403, "this server answers to localhost only: start it with a token to use it by another name"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "another web page may not ask this server"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not _open(scope["path"]):
            return 403, "another web page may not ask this server"
        return None

    def _ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name == self._host.strip("[]").lower()

    def _knows(self, headers: Mapping[str, str]) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._same(given.strip(), self._token or ""):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._same(cookie.value, self._cookie())

    @staticmethod
    def _same(given: str, known: str) -> bool:
        return hmac.compare_digest(given.encode(), known.encode())

    def _cookie(self) -> str:
        """Return what the cookie holds: it proves that the token was known, and does not tell it."""
        return hmac.new((self._token or "").encode(), b"himpc serve", hashlib.sha256).hexdigest()

    async def _signed_in(self, given: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._same(given, self._token or ""):
            await problem(401, "the token in the address is wrong")(scope, receive, send)
            return
        answer = RedirectResponse("/", status_code=303)
        secure = scope.get("scheme") == "https"
        answer.set_cookie(_COOKIE, self._cookie(), httponly=True, samesite="strict", secure=secure)
        await answer(scope, receive, send)


def _open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN)


def _query_token(scope: Scope) -> str | None:
    found = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    return found[0] if found else None
