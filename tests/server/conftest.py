"""A small gallery of simulated walkers, a recording to search for, and clients of the app that serves it."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("lancedb")

import httpx
from fastapi.testclient import TestClient

from himpc.gallery import Gallery
from himpc.model import Model, Network
from himpc.recordings import Recording, clean, save
from himpc.server import ServeConfig
from himpc.server.app import create_app
from himpc.simulation import simulate


def walks_of():
    made = simulate(people=4, recordings=3, seconds=1.0, difficulty="easy", seed=1)
    return [part for walk in made for part in clean(walk)]


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Path:
    """A gallery in a folder, to copy; one recording of each person is left out of it."""
    walks = walks_of()
    model = Model(Network(walks[0].layout, ("joint", "limb"), hidden=8, heads=2, seed=0), walks[0].layout, 6)
    folder = tmp_path_factory.mktemp("serve") / "filled"
    with Gallery.create(folder, model, actor="test") as gallery:
        gallery.enroll([walk for i, walk in enumerate(walks) if i % 3])
    return folder


@pytest.fixture
def folder(filled, tmp_path) -> Path:
    """A gallery of one's own."""
    return Path(shutil.copytree(filled, tmp_path / "gallery"))


@pytest.fixture(scope="session")
def probe(tmp_path_factory) -> bytes:
    """A file with one recording of the first person, which is not in the gallery."""
    path = tmp_path_factory.mktemp("probe") / "probe.npz"
    save([walks_of()[0].with_(person=None, source="probe")], path)
    return path.read_bytes()


@pytest.fixture
def serving(folder, tmp_path, monkeypatch):
    """Make a client of the app, with any settings; `client.uploads` is where it keeps files while it reads them."""
    opened = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def start(headers=None, where=folder, **settings) -> TestClient:
        app = create_app(Gallery.open(where, actor="test"), ServeConfig(**settings))
        client = TestClient(app, base_url="http://localhost", headers=headers, raise_server_exceptions=False)
        opened.append(client.__enter__())
        client.uploads = app.state.folder
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serving) -> TestClient:
    """A client of the app as it is set up by default."""
    return serving()


@pytest.fixture(scope="session")
def walks() -> list[Recording]:
    """Three recordings of each of four people; the first of each is not in the gallery."""
    return walks_of()


@pytest.fixture(scope="session")
def sent():
    """What httpx takes to send a file."""

    def form(content: bytes, name: str = "walk.npz") -> dict:
        return {"files": [("files", (name, content))]}

    return form


@pytest.fixture(scope="session")
def detail():
    """Why something was not done: one line, and nothing else."""

    def said(answer: httpx.Response) -> str:
        assert answer.json().keys() == {"detail"}
        assert "\n" not in answer.json()["detail"]
        assert "Traceback" not in answer.text
        return answer.json()["detail"]

    return said
