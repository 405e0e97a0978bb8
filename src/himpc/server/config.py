"""The settings of a server, checked before anything starts."""

from __future__ import annotations

import ipaddress
import os
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from himpc._schema import field, validated
from himpc.errors import ConfigError

_MIN_TOKEN_LENGTH = 16


@validated
class ServerConfig:
    """How a gallery is served.

    Raises
    ------
    ConfigError
        If a value is out of its range, or other machines can reach the server without a token.
    """

    host: str = "127.0.0.1"
    """The name or address to listen on."""
    port: Annotated[int, Field(ge=0, lt=2**16)] = 8000
    """The port to listen on; 0 takes any free one."""
    token: str | None = field(default=None, repr=False)
    """The secret that clients must send; required if other machines can reach `host`."""
    upload_limit: Annotated[int, Field(ge=1)] = 64 * 2**20
    """Largest request, in bytes."""
    timeout: Annotated[float, Field(ge=0.1)] = 30.0
    """Longest request, in seconds, upload and queueing included."""
    queue: Annotated[int, Field(ge=0)] = 64
    """Requests that may wait for a worker; further ones are rejected."""
    workers: Annotated[int, Field(ge=1)] = min(8, os.cpu_count() or 1)
    """Requests that are worked on at the same time."""
    head_timeout: Annotated[float, Field(ge=0.1)] = 10.0
    """Longest time until the head of a request is complete, in seconds."""
    connections: Annotated[int, Field(ge=1)] | None = None
    """Connections that may be open; by default 1,000, or fewer if the process may open fewer files."""

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: str | None) -> str | None:
        if token is None:
            return None
        if len(token) < _MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError(
                f"a token must be {_MIN_TOKEN_LENGTH} or more printable ASCII characters without spaces",
                hint='make one: python -c "import secrets; print(secrets.token_urlsafe())"',
            )
        return token

    @model_validator(mode="after")
    def _check_reachable(self) -> ServerConfig:
        if self.token is None and not is_loopback(self.host):
            raise ConfigError(
                f"other machines can reach {self.host}, so a token is required",
                hint="set {token}, or serve this machine only with {host=127.0.0.1}",
            )
        return self


def is_loopback(host: str) -> bool:
    """Check whether only this machine can reach a host name or address.

    >>> is_loopback("[::1]"), is_loopback("0.0.0.0")
    (True, False)
    """
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
