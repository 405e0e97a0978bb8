"""Running servers: in a process of its own, as users start it, or in a thread, which starts faster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx

from himpc.gallery import Gallery
from himpc.server import ServerConfig
from himpc.server.runner import create_server

http = SimpleNamespace(**{verb: partial(getattr(httpx, verb), verify=False) for verb in ("get", "post", "delete")})
"""`httpx.get` and so on; they would first spend 26 ms on loading certificates."""


class ServerProcess:
    """``himpc serve`` on a free port, until `stop`; `log` is what it writes to standard error."""

    def __init__(self, gallery: Path, log: Path, *options: str, **environment: str) -> None:
        command = [sys.executable, "-u", "-m", "himpc", "serve", "--gallery", str(gallery), "--port", "0", *options]
        self.log, self._address = log, ""
        with log.open("w") as file:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=file, text=True, env=os.environ | environment
            )

    @property
    def address(self) -> str:
        """The address of the server; waits until it is ready, so that several can start at the same time."""
        if not self._address:
            assert self.process.stdout is not None
            match = re.search(r"at (http://\S+) ", self.process.stdout.readline())
            assert match, self.log.read_text()
            self._address = match[1]
        return self._address

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process when it is ready."""
        assert self.address
        self.process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for the process, and return its exit code."""
        return self.process.wait(timeout)

    def kill(self) -> None:
        """Kill the process, if it still runs."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class ServerThread:
    """A server on a free port in a thread of this process, until `stop`."""

    def __init__(self, gallery: Path, **settings: Any) -> None:
        ready = threading.Event()
        server, listener = create_server(Gallery.open(gallery), ServerConfig(port=0, **settings), ready.set)
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = server
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def get(self, *path: str) -> Any:
        """Return the JSON at a path below /api."""
        response = http.get(f"{self.address}/api/{'/'.join(quote(part, safe='') for part in path)}", timeout=20)
        return response.raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        """Send JSON to a path below /api, and return the JSON of the answer."""
        return http.post(f"{self.address}/api/{path}", json=body, timeout=20).raise_for_status().json()

    def stop(self) -> None:
        """Stop the server, and wait for it."""
        self._server.should_exit = True
        self._thread.join(30)
