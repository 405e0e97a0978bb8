"""``himpc serve``: a gallery by HTTP, for programs and in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from himpc.cli.options import Output


def serve(
    *,
    where: Annotated[str, Parameter(name="--gallery")] = "gallery",
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    token_file: Path | None = None,
    upload_limit: int = 64,
    timeout: float = 30.0,
    queue: int = 64,
    output: Output = Output(),
) -> int:
    """Serve a gallery: a page in the browser, and the same for programs (docs/serve.md).

    Ctrl-C or SIGTERM stops it when what was accepted is answered; a second one at once. A line for each request goes to
    standard error: what was asked for, never who.

    Parameters
    ----------
    where
        The gallery: a folder, or postgresql://USER:PASSWORD@HOST/DATABASE.
    host
        Where to listen. Other machines reach another host than 127.0.0.1, so that needs a token.
    port
        The port; 0 takes any that is free.
    token
        What whoever asks has to know. Other users of this machine see a command line: rather use the environment
        variable HIMPC_TOKEN, or a file.
    token_file
        A file whose first line is the token.
    upload_limit
        Megabytes that one request may bring.
    timeout
        Seconds that one request may take.
    queue
        Requests that may wait; more are told to come back.
    """
    from himpc.gallery import Gallery
    from himpc.server import ServeConfig
    from himpc.server import serve as run

    console = output.console()
    config = ServeConfig(
        host=host,
        port=port,
        token=_token(token, token_file),
        upload_limit=upload_limit * 2**20,
        timeout=timeout,
        queue=queue,
    )
    gallery = Gallery.open(where, actor="himpc serve")

    def ready(address: str) -> None:
        console.say(f"serving {gallery.where} at {address} (Ctrl-C stops)")
        console.result({"gallery": gallery.where, "address": address})

    run(gallery, config, ready)
    return console.exit_code


def _token(given: str | None, file: Path | None) -> str | None:
    from himpc.errors import ConfigError

    if given is not None and file is not None:
        raise ConfigError("give --token or --token-file, not both")
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        if not lines or not lines[0].strip():
            raise ConfigError(f"{file}: its first line should be the token, but it is empty")
        return lines[0].strip()
    return given if given is not None else os.environ.get("HIMPC_TOKEN") or None
