"""``himpc serve`` as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen


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

    def get(self, *path: str) -> Any:
        """Return the JSON at a path below /api."""
        with urlopen(f"{self.address}/api/{'/'.join(quote(part, safe='') for part in path)}", timeout=20) as response:
            return json.load(response)

    def post(self, path: str, body: object) -> Any:
        """Send JSON to a path below /api, and return the JSON of the answer."""
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.address}/api/{path}", json.dumps(body).encode(), headers), timeout=20) as response:
            return json.load(response)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.address  # noqa: B018  its handlers are installed by then
        self.process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for the process, and return its exit code."""
        return self.process.wait(timeout)

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()
