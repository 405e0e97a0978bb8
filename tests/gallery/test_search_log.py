"""Every search is in the audit log, whatever front end made it; validation of its arguments is not."""

import pytest

from himpc.cli import main
from himpc.errors import DataError
from himpc.gallery import FolderWatcher, Gallery, SearchOptions, get_service
from himpc.reading import plan
from himpc.recordings import save

pytest.importorskip("lancedb")


@pytest.fixture
def location(tmp_path, walkers_model, walks):
    """A gallery of three people."""
    with Gallery.create(tmp_path / "gallery", walkers_model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
    return tmp_path / "gallery"


def searches(location):
    """Return the number of recordings in each search of the log."""
    with Gallery.open(location) as gallery:
        return [event.recordings for event in gallery.audit() if event.action == "searched"]


@pytest.fixture
def probes(walks):
    return [walk.with_(person=None) for walk in walks("a", "b", days=("3",))]


def test_search_in_python_is_logged(location, probes):
    with Gallery.open(location, actor="python") as gallery:
        gallery.search(probes)
        assert [event.actor for event in gallery.audit() if event.action == "searched"] == ["python"]
    assert searches(location) == [4]


def test_search_on_the_command_line_is_logged(location, probes, tmp_path, capsys):
    save(probes, tmp_path / "probes.npz")
    assert main(["gallery", "search", str(tmp_path / "probes.npz"), "--gallery", str(location)]) == 0
    assert searches(location) == [4]


def test_search_by_identify_is_logged_once(location, probes, tmp_path, capsys):
    pytest.importorskip("av")
    save(probes, tmp_path / "probes.npz")
    command = ["identify", str(tmp_path / "probes.npz"), "--out", str(tmp_path / "out"), "--gallery", str(location)]
    assert main(command) == 0
    assert searches(location) == [4]


def test_search_of_a_watched_folder_is_logged(location, probes, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    save(probes[:1], inbox / "one.npz")
    save(probes[1:3], inbox / "two.npz")
    with Gallery.open(location) as gallery:
        FolderWatcher(gallery, inbox, lambda: plan([inbox])).poll(immediate=True)
    assert sorted(searches(location)) == [1, 2]


def test_search_over_http_is_logged(location, probes, tmp_path):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from himpc.server import ServerConfig
    from himpc.server.app import create_app

    save(probes, tmp_path / "probes.npz")
    files = {"files": ("probes.npz", (tmp_path / "probes.npz").read_bytes())}
    with TestClient(create_app(Gallery.open(location), ServerConfig()), base_url="http://localhost") as client:
        assert client.post("/api/search", files=files).status_code == 200
    assert searches(location) == [4]


def test_validation_searches_nothing(location):
    with Gallery.open(location) as gallery:
        searcher = get_service(gallery).searcher
        assert searcher.decision_rule(SearchOptions(fmr=0.3)).threshold is not None
        with pytest.raises(DataError, match="smallest rate"):
            searcher.decision_rule(SearchOptions(fmr=1e-6))
    assert searches(location) == []
