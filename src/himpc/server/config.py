"""How a server is set up, checked before anything starts."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field

from himpc.errors import ConfigError

__all__ = ["ServeConfig", "is_loopback"]

_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ServeConfig:
    """How a gallery is served.

    Attributes
    ----------
    host, port : str, int
        Where to listen; port 0 takes any that is free.
    token : str, optional
        What whoever asks has to know; needed where other machines can reach the server.
    upload_limit : int
        Bytes of one request.
    timeout : float
        Seconds a request may take, its upload and its waiting included.
    queue : int
        Requests that may wait; more are sent away at once.
    workers : int
        Requests that are worked on at once; as many as there are cores, but 8 at most, if not given.

    Raises
    ------
    ConfigError
        If a value is out of its range, or other machines could reach the server without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    upload_limit: int = 64 * 2**20
    timeout: float = 30.0
    queue: int = 64
    workers: int = min(8, os.cpu_count() or 1)

    def __post_init__(self) -> None:
        for name, found, least in (
            ("upload-limit", self.upload_limit, 1),
            ("timeout", self.timeout, 0.1),
            ("queue", self.queue, 0),
            ("workers", self.workers, 1),
        ):
            if not found >= least:
                raise ConfigError(f"{name} must be {least} or more, found {found}")
        if not 0 <= self.port < 2**16:
            raise ConfigError(f"port must be from 0 to 65535, found {self.port}")
        if self.token is None and not is_loopback(self.host):
            raise ConfigError(
                f"other machines can reach {self.host}, so a token is needed: put one into the environment variable "
                "HIMPC_TOKEN or a file (--token-file), or leave --host out to serve this machine only"
            )
        if self.token is not None and (
            len(self.token) < _SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable()
        ):
            raise ConfigError(
                f"a token must be {_SHORTEST_TOKEN} or more printable ASCII characters: "
                'python -c "import secrets; print(secrets.token_urlsafe())" makes one'
            )
        if self.token is not None and " " in self.token:
            raise ConfigError("a token must not hold spaces")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host name or address."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
