"""Measure latency and shutdown of `himpc serve` under load: ``python perf/serve.py``.

The gallery contains synthetic embeddings around recordings of simulated walkers: two recordings per person, two windows
each. One file is searched at a fixed rate (an open loop), each search on its own connection; latency counts from the
time at which a search is due. Then the server is stopped under the same load: every search that has a connection must
get a complete answer or the status 503. The load is generated on the same machine and uses a part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from himpc.evaluation import markdown_table
from himpc.gallery import Gallery, get_service
from himpc.gallery.recordings import EmbeddedRecording, embed_recordings
from himpc.recordings import clean, save

_BATCH_SIZE = 10_000
_TIMEOUT = 30.0


def fill(folder: Path, recordings: int, hidden: int, probe: Path) -> None:
    """Create the gallery, and the file to search: a recording of simulated walkers."""
    walks = [part for walk in himpc.simulate(people=16, recordings=4, seconds=3.0, seed=1) for part in clean(walk)]
    model = himpc.HiMPC(settings={"max_epochs": 2, "hidden": hidden}).fit(walks).model_
    save([walks[0].with_(person=None, source="probe")], probe)
    real = embed_recordings(model, walks)
    rng = np.random.default_rng(0)
    pooled = np.stack([take.pooled for take in real])
    within = np.concatenate([take.windows - take.pooled for take in real])
    with Gallery.create(folder, model, keep_skeletons=False, actor="benchmark") as gallery:
        for first in range(0, recordings, _BATCH_SIZE):
            count = min(_BATCH_SIZE, recordings - first)
            mixed = rng.normal(size=(count, len(pooled))) / len(pooled) ** 0.5
            mixed[1::2] = mixed[: count - count % 2 : 2]  # two of each person
            centres = pooled.mean(axis=0) + 2 * mixed @ (pooled - pooled.mean(axis=0))
            some = [_synthetic_recording(first + i, centres[i], within, rng) for i in range(count)]
            get_service(gallery).add_embedded(some, [None] * count)
            print(f"{first + count} recordings are enrolled", file=sys.stderr, flush=True)


def _synthetic_recording(
    number: int, centre: np.ndarray, within: np.ndarray, rng: np.random.Generator
) -> EmbeddedRecording:
    windows = (centre + within[rng.integers(len(within), size=2)]).astype(np.float32)
    return EmbeddedRecording(
        source=f"recording-{number}",
        person=f"person-{number // 2}",
        session=None,
        camera=None,
        fps=30.0,
        frames=12,
        joints=None,
        fingerprint=f"{number:064x}",
        quality=1.0,
        pooled=windows.mean(axis=0),
        windows=windows,
        starts=np.array([0, 6]),
    )


class Load:
    """Searches at a fixed rate, and the outcome of each."""

    def __init__(self, address: str, file: Path) -> None:
        place = urlsplit(address)
        self._host, self._port = place.hostname, place.port
        form = (
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="walk.npz"\r\n\r\n'
            + file.read_bytes()
            + b"\r\n--b--\r\n"
        )
        head = (
            f"POST /api/search HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n\r\n"
        )
        self._request = head.encode() + form
        self.seconds: list[float] = []
        self.ends: Counter[str] = Counter()

    async def search(self, due: float) -> None:
        """Search once, and count the outcome."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                end = await self._request_once()
        except TimeoutError:
            end = "no answer in time"
        self.ends[end] += 1
        if end == "answered":
            self.seconds.append(time.monotonic() - due)

    async def _request_once(self) -> str:
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            return "refused"  # nothing was sent
        try:
            writer.write(self._request)
            await writer.drain()
            answer = await reader.read(-1)
        except OSError:
            return "lost"
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if not length or len(body) != int(length[1]):
            return "lost"
        status = head.split(b" ", 2)[1].decode()
        return "answered" if status == "200" and b'"answers":[{' in body else f"status {status}"

    async def run(self, rate: float, seconds: float, meanwhile: Coroutine[None, None, None] | None = None) -> None:
        """Search at a rate for a duration."""
        also = [asyncio.ensure_future(meanwhile)] if meanwhile else []
        began = time.monotonic()
        tasks = []
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.ensure_future(self.search(due)))
        await asyncio.gather(*tasks, *also)


def measure(folder: Path, file: Path, rate: float, seconds: float) -> dict[str, str]:
    """Start the server, load it, stop it under load, and return a row of the table."""
    command = [sys.executable, "-m", "himpc", "serve", "--gallery", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split(" at ")[1].split(" ")[0]
        warm, loaded, stopped = (Load(address, file) for _ in range(3))
        asyncio.run(warm.run(5, 2))
        asyncio.run(loaded.run(rate, seconds))

        async def stop() -> None:
            await asyncio.sleep(2)
            server.send_signal(signal.SIGTERM)

        asyncio.run(stopped.run(rate, 4, stop()))
        code = server.wait(60)
    print(dict(loaded.ends), dict(stopped.ends), f"exit code {code}", file=sys.stderr)
    times = 1000 * np.array(loaded.seconds)
    ends = stopped.ends
    return {
        "searches a second": f"{rate:g}",
        "searches": f"{sum(loaded.ends.values()):,}",
        "p50, ms": f"{np.percentile(times, 50):.0f}",
        "p99, ms": f"{np.percentile(times, 99):.0f}",
        "slowest, ms": f"{times.max():.0f}",
        "not answered": str(sum(loaded.ends.values()) - loaded.ends["answered"]),
        "at shutdown: answered": str(ends["answered"]),
        "refused": str(ends["refused"]),
        "status 503": str(ends["status 503"]),
        "lost": str(sum(ends.values()) - ends["answered"] - ends["refused"] - ends["status 503"]),
    }


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--hidden", type=int, default=64, help="numbers of one level; an embedding has three levels")
    parser.add_argument("--rate", type=float, default=50, help="searches a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--keep", type=Path, help="a folder for the gallery, to measure again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = options.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        gallery, probe = place / "gallery", place / "probe.npz"
        if not gallery.exists():
            fill(gallery, options.recordings, options.hidden, probe)
        row = measure(gallery, probe, options.rate, options.seconds)
    print(f"\n{options.recordings:,} recordings of {options.recordings // 2:,} people, {os.cpu_count()} cores")
    print(markdown_table([row]))


if __name__ == "__main__":
    main()
