"""What the tests share: the real recordings, where they are, and one thread a worker so that results repeat."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from himpc.gallery import Gallery
    from himpc.model import Model
    from himpc.recordings import Recording
    from himpc.skeleton import Layout

    StorePlace = Any

collect_ignore = ["video/make_networks.py"]  # a tool, which needs onnx
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

settings.register_profile(
    "exhaustive",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize="CI" in os.environ,  # its verdict is of the change; runs by hand look for new examples
)
settings.register_profile("himpc", settings.get_profile("exhaustive"), max_examples=40)
settings.load_profile("himpc")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exhaustive", action="store_true", help="try every damaged file, and whole videos")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("exhaustive"):
        settings.load_profile("exhaustive")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"postgres_url", "worker"} & set(getattr(item, "fixturenames", ())) or "postgres" in item.name:
            item.add_marker(pytest.mark.xdist_group("processes of galleries"))  # started by one worker
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def exhaustive(pytestconfig: pytest.Config) -> bool:
    """Whether tests of large inputs try them all (``make test-exhaustive``), or a share of them."""
    return bool(pytestconfig.getoption("exhaustive"))


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """Each device on which the reference values must come out; cuda is skipped where there is none."""
    import torch

    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return request.param


@pytest.fixture(scope="session")
def walkers() -> list[Recording]:
    """Five people, on each of three days in two recordings of 2 s; easy to tell apart."""
    import himpc

    found = himpc.simulate(people=5, recordings=6, seconds=2.0, difficulty="easy", seed=3)
    people = sorted({walk.person for walk in found})
    walks = []
    for person, name in zip(people, "abcde", strict=True):
        for number, walk in enumerate(walk for walk in found if walk.person == person):
            day = str(number // 2 + 1)
            walks.append(walk.with_(person=name, session=day, camera="hall", source=f"walks/{name}/{day}/{number}.csv"))
    return walks


@pytest.fixture(scope="session")
def walks(walkers: list[Recording]) -> Callable[..., list[Recording]]:
    """Recordings of some people, on some days; the third is for asking."""

    def of(*people: str, days: tuple[str, ...] = ("1", "2")) -> list[Recording]:
        return [walk for walk in walkers if walk.person in people and walk.session in days]

    return of


@pytest.fixture(scope="session")
def walkers_model(walkers: list[Recording]) -> Model:
    """A small model that was trained on them, without their names."""
    import himpc

    return himpc.HiMPC(settings={"max_epochs": 2, "hidden": 16}).fit(walkers).model_


@pytest.fixture
def home(place: StorePlace, tmp_path: Path) -> str:
    """Where a gallery is to be: a folder, or a PostgreSQL database (`place` of tests/gallery)."""
    return str(tmp_path / "gallery") if place.is_folder else place.address.replace("+psycopg", "")


@pytest.fixture
def gallery(home: str, walkers_model: Model) -> Iterator[Gallery]:
    """An empty gallery."""
    from himpc.gallery import Gallery

    with Gallery.create(home, walkers_model, actor="tester") as made:
        yield made


@pytest.fixture
def bytes_on_disk(home: str, place: StorePlace) -> Callable[[], bytes]:
    """All bytes of all files of a gallery, one after the other."""

    def read() -> bytes:
        files = type(place)(home).files() if place.is_folder else place.files()
        return b"".join(files.values())

    return read


_HEIGHTS = {
    **dict.fromkeys(("head", "nose", "eye", "ear", "mouth"), 1.6),
    **dict.fromkeys(("neck", "shoulder", "clavicle"), 1.4),
    "chest": 1.3,
    **dict.fromkeys(("elbow", "spine"), 1.2),
    **dict.fromkeys(("wrist", "hand", "palm", "finger", "thumb", "index", "pinky", "pelvis", "hip"), 0.95),
    **dict.fromkeys(("knee",), 0.5),
    **dict.fromkeys(("ankle", "foot", "toe", "heel"), 0.1),
}

Standing = Callable[["Layout", int, int], "NDArray[np.float64]"]


@pytest.fixture(scope="session")
def standing() -> Standing:
    """Make ``(n_frames, J, 3)`` joints in metres, y up: a body of a layout that stands somewhere and trembles."""

    def make(layout: Layout, n_frames: int, seed: int) -> NDArray[np.float64]:
        generator = np.random.default_rng(seed)
        height = [next(h for word, h in _HEIGHTS.items() if word in name) for name in layout.joints]
        side = [0.2 if "left" in name else -0.2 if "right" in name else 0.01 for name in layout.joints]
        body = np.stack([side, height, np.full(len(layout), 0.03)], axis=1)
        tremble = generator.uniform(-0.02, 0.02, (n_frames, len(layout), 3))
        return np.round(body + generator.uniform(-3, 3, 3) + tremble, 6)

    return make
