"""A gallery of simulated walkers, files to upload, and `himpc serve` on it as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from himpc.recordings import Recording, clean, save
from himpc.simulation import simulate

NAMES = ["Ann", "Ben", "Cara", "Dev", "Eva", "Finn", "Gül", "Ian", "Jo", "Nils", "Hana"]
STRANGER = "Hana"
UNNAMED = "Nils"
RECORDINGS = 5


@dataclass(frozen=True)
class Walks:
    """A gallery on the disk, and files of recordings that are not in it.

    Attributes
    ----------
    gallery : Path
        Everybody in `NAMES`, four recordings each, but the stranger. ``unnamed-1`` is somebody whom nobody has named
        yet.
    uploads : Path
        For each name ``NAME.npz``, the fifth recording; for the stranger also ``NAME-0.npz`` to ``NAME-3.npz``.
    """

    gallery: Path
    uploads: Path


def make_walks(folder: Path) -> Walks:
    """Simulate, train and enroll."""
    import himpc

    walks = [_named(number, walk) for number, walk in enumerate(_simulated())]
    learner = himpc.HiMPC(settings={"max_epochs": 2, "hidden": 16}).fit(walks)
    found = Walks(folder / "Gait lab", folder / "uploads")
    found.uploads.mkdir()
    known = [walk for number, walk in enumerate(walks) if number % RECORDINGS < 4 and walk.person != STRANGER]
    with himpc.Gallery.create(found.gallery, learner.model_) as gallery:
        gallery.enroll([walk for walk in known if walk.person != UNNAMED])
        nameless = [walk.with_(person="found") for walk in known if walk.person == UNNAMED]
        gallery.enroll(nameless)
        gallery.move([each.id for each in gallery.recordings("found")])
    for number, walk in enumerate(walks):
        take, name = number % RECORDINGS, str(walk.person)
        if take == 4:
            save([walk.with_(person=None)], found.uploads / f"{name}.npz")
        elif name == STRANGER:
            save([walk.with_(person=None)], found.uploads / f"{name}-{take}.npz")
    return found


def _simulated() -> list[Recording]:
    walks = simulate(people=len(NAMES), recordings=RECORDINGS, seconds=2.5, difficulty="easy", seed=5)
    found = [part for walk in walks for part in clean(walk)]
    assert len(found) == len(walks), "a recording was split: choose another seed"
    return found


def _named(number: int, walk: Recording) -> Recording:
    name = NAMES[number // RECORDINGS]
    return walk.with_(person=name, source=f"corridor/{walk.session}/{walk.camera}-{number:02d}")


class Server:
    """``himpc serve`` on a gallery, until `stop`."""

    def __init__(self, gallery: Path, token: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "himpc", "serve", "--gallery", str(gallery), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"HIMPC_TOKEN": token},
        )
        self._gallery, self._address = gallery, ""

    @property
    def address(self) -> str:
        """Where it answers; the first time, this waits until it does."""
        while not self._address:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            assert line, f"himpc serve ended with exit code {self._process.wait(10)}"
            found = re.search(r"http://\S+", line)
            self._address = found.group() if found else ""
        return self._address

    def get(self, *path: str) -> Any:
        """Return what it answers under /api."""
        with urlopen(f"{self.address}/api/{'/'.join(quote(part, safe='') for part in path)}", timeout=20) as answer:
            return json.load(answer)

    def move(self, person: str) -> str:
        """Say that a person's first recording shows somebody else; return the name that it is given."""
        number = self.get("people", person)["recordings"][0]["id"]
        headers = {"Content-Type": "application/json", "X-Himpc": "1"}
        body = json.dumps({"ids": [number], "person": None}).encode()
        with urlopen(Request(f"{self.address}/api/recordings/move", body, headers), timeout=20) as answer:
            return str(json.load(answer)["person"])

    def people(self) -> dict[str, int]:
        """Return how many recordings each person has."""
        return {person["name"]: person["recordings"] for person in self.get("people")["people"]}

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        finally:
            assert self._process.stdout is not None
            self._process.stdout.close()
