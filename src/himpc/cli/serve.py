"""``himpc serve``: serve a gallery over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber


def serve(
    *,
    location: Annotated[str, Parameter(name="--gallery")] = "gallery",
    host: str = "127.0.0.1",
    port: WholeNumber = 8000,
    token: str | None = None,
    token_file: Path | None = None,
    upload_limit: WholeNumber = 64,
    timeout: float = 30.0,
    queue: WholeNumber = 64,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Serve a gallery: a page for the browser and an HTTP API (docs/server.md).

    Ctrl-C or SIGTERM stops the server after the accepted requests are answered; a second signal stops it at once. Each
    request is logged by its route on standard error, without names of people.

    Parameters
    ----------
    location
        The gallery: a folder, or postgresql://USER:PASSWORD@HOST/DATABASE.
    host
        The address to listen on. Any other than 127.0.0.1 requires a token, since other machines can reach it.
    port
        The port to listen on; 0 chooses a free one.
    token
        The secret that clients must send. Other users of this machine can see a command line: prefer the environment
        variable HIMPC_TOKEN, or a file.
    token_file
        A file whose first line is the token.
    upload_limit
        Maximum size of a request, in megabytes.
    timeout
        Maximum duration of a request, in seconds.
    queue
        Maximum number of waiting requests; further ones are rejected.
    """
    from himpc._extras import require
    from himpc.errors import ConfigError

    require("fastapi", "serve")  # before the gallery, whose extra is a part of this one

    from himpc.gallery import Gallery
    from himpc.server import ServerConfig, is_loopback
    from himpc.server import serve as run

    console = output.console()
    secret = _read_token(token, token_file)
    if secret is None and not is_loopback(host):
        raise ConfigError(
            f"other machines can reach {host}, so a token is required",
            hint="set the environment variable HIMPC_TOKEN or {token_file}, or leave out {host}",
        )
    config = ServerConfig(
        host=host, port=port, token=secret, upload_limit=upload_limit * 2**20, timeout=timeout, queue=queue
    )
    gallery = Gallery.open(location, actor="himpc serve")

    def on_ready(address: str) -> None:
        console.print(f"serving {gallery.location} at {address} (stop with Ctrl-C)")
        console.result({"gallery": gallery.location, "address": address})

    run(gallery, config, on_ready)
    return console.exit_code


def _read_token(token: str | None, file: Path | None) -> str | None:
    from himpc.errors import ConfigError

    if token is not None and file is not None:
        raise ConfigError("found two tokens", hint="set {token} or {token_file}, not both")
    if file is None:
        return token if token is not None else os.environ.get("HIMPC_TOKEN") or None
    lines = file.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].strip():
        raise ConfigError(f"{file}: expected the token in the first line, which is empty")
    return lines[0].strip()
