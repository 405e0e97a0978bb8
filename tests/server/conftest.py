"""A small gallery of simulated walkers, a recording to search for, and clients of the app that serves it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("lancedb")

import httpx
from fastapi.testclient import TestClient

from himpc.gallery import Gallery
from himpc.model import Model, Network
from himpc.recordings import Recording, clean, save
from himpc.server import ServerConfig
from himpc.server.app import create_app
from himpc.simulation import simulate


@pytest.fixture(scope="session")
def walks() -> list[Recording]:
    """Three recordings of each of four people; the first of each is not in the gallery."""
    simulated = simulate(people=4, recordings=3, seconds=1.0, difficulty="easy", seed=1)
    return [part for walk in simulated for part in clean(walk)]


@pytest.fixture(scope="session")
def gallery_template(walks: list[Recording], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery in a folder, to copy; one recording of each person is not enrolled."""
    model = Model(Network(walks[0].layout, ("joint", "limb"), hidden=8, heads=2, seed=0), walks[0].layout, 6)
    folder = tmp_path_factory.mktemp("server") / "template"
    with Gallery.create(folder, model, actor="test") as gallery:
        gallery.enroll([walk for i, walk in enumerate(walks) if i % 3])
    return folder


@pytest.fixture
def folder(gallery_template: Path, tmp_path: Path) -> Path:
    """A gallery for one test."""
    return Path(shutil.copytree(gallery_template, tmp_path / "gallery"))


@pytest.fixture(scope="session")
def probe(walks: list[Recording], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with one recording of the first person, which is not enrolled."""
    path = tmp_path_factory.mktemp("probe") / "probe.npz"
    save([walks[0].with_(person=None, source="probe")], path)
    return path.read_bytes()


def make_client(folder: Path, headers: dict[str, str] | None = None, **settings: object) -> TestClient:
    app = create_app(Gallery.open(folder, actor="test"), ServerConfig(**settings))
    return TestClient(app, base_url="http://localhost", headers=headers, raise_server_exceptions=False)


@pytest.fixture
def start_client(folder: Path) -> Iterator[Callable[..., TestClient]]:
    """Start a client of an app with some settings, for one test."""
    with ExitStack() as stack:
        yield lambda headers=None, **settings: stack.enter_context(make_client(folder, headers, **settings))


@pytest.fixture
def client(start_client: Callable[..., TestClient]) -> TestClient:
    """A client of an app for one test, which may change the gallery."""
    return start_client()


@pytest.fixture(scope="session")
def shared_client(gallery_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client for tests that do not change the gallery."""
    folder = shutil.copytree(gallery_template, tmp_path_factory.mktemp("shared") / "gallery")
    with make_client(folder) as client:
        yield client


@pytest.fixture(scope="session")
def as_form() -> Callable[..., dict[str, object]]:
    """Return the arguments with which httpx sends a file."""
    return lambda content, name="walk.npz": {"files": [("files", (name, content))]}


@pytest.fixture(scope="session")
def detail() -> Callable[[httpx.Response], str]:
    """Return the only line of a problem document."""

    def read(response: httpx.Response) -> str:
        assert response.json().keys() == {"detail"}
        assert "\n" not in response.json()["detail"]
        assert "Traceback" not in response.text
        return response.json()["detail"]

    return read
