"""Authenticate clients by a token, and reject requests from other web pages.

A dependency of the routes would come too late: the framework reads uploads before it resolves dependencies, and answers
unknown paths without them (`test_nothing_is_answered_without_the_token`). Starlette's TrustedHostMiddleware does not
know the addresses of this machine (`test_loopback_names_are_accepted`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from himpc.server.config import ServerConfig, is_loopback
from himpc.server.problems import problem

__all__ = ["AuthMiddleware"]

COOKIE = "himpc"
PUBLIC_PATHS = frozenset({"/", "/page", "/api/health"})
"""Paths without secrets: the page, which asks for the token, and the health check."""


class AuthMiddleware:
    """Reject requests without the token, for other hosts, and from other web pages.

    Without a token, any web page that a user of this machine visits could send requests here: through a host name that
    it resolves to this address (DNS rebinding), or through a form. So `Host` must then be a name of this machine, and
    `Origin`, if present, must be the `Host`. With a token, such a page has neither the header nor the cookie.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app, self._token, self._host = app, config.token, config.host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        forbidden = self._forbid(scope["path"], headers)
        if forbidden is not None:
            await problem(403, forbidden)(scope, receive, send)
        elif self._token is not None and scope["path"] == "/" and (token := _query_token(scope)) is not None:
            await self._sign_in(token, scope, receive, send)
        elif self._token is not None and not _is_public(scope["path"]) and not self._is_authenticated(headers):
            detail = "the token is missing or wrong: send the header  Authorization: Bearer TOKEN"
            await problem(401, detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _forbid(self, path: str, headers: Mapping[str, str]) -> str | None:
        """Return the reason to reject a request by its host and origin, if there is one."""
        host = headers.get("host", "")
        if self._token is None and not self._is_own_host(host):
            return "without a token, this server answers to names of its own machine only"
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        site = headers.get("sec-fetch-site", "none")
        if foreign or (site not in ("none", "same-origin") and not _is_public(path)):
            return "requests from other web pages are not allowed"
        return None

    def _is_own_host(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name == self._host.strip("[]").lower()

    def _is_authenticated(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _are_equal(token.strip(), self._token or ""):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and _are_equal(cookie.value, self._cookie())

    def _cookie(self) -> str:
        """Derive the value of the cookie: it proves knowledge of the token and does not contain it."""
        return hmac.new((self._token or "").encode(), b"himpc serve", hashlib.sha256).hexdigest()

    async def _sign_in(self, token: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not _are_equal(token, self._token or ""):
            await problem(401, "the token in the address is wrong")(scope, receive, send)
            return
        response = RedirectResponse("/", status_code=303)
        secure = scope.get("scheme") == "https"
        response.set_cookie(COOKIE, self._cookie(), httponly=True, samesite="strict", secure=secure)
        await response(scope, receive, send)


def _are_equal(first: str, second: str) -> bool:
    return hmac.compare_digest(first.encode(), second.encode())


def _is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith("/page/")


def _query_token(scope: Scope) -> str | None:
    tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    return tokens[0] if tokens else None
