"""Files whose joints fit several layouts are read in that of the gallery."""

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import FormatError
from himpc.gallery import Gallery
from himpc.model import Model, Network
from himpc.reading.formats.csv import layout as csv_layout
from himpc.skeleton import LEVELS, Layout, get_layout

pytest.importorskip("lancedb")


@pytest.fixture
def layout(monkeypatch):
    """Return a layout with the joints of ``common-15`` in another tree, as a built-in one."""
    table = get_layout("common-15").to_dict()
    twin = Layout.from_dict(table | {"name": "twin", "parents": table["parents"] | {"left_hip": "right_hip"}})
    monkeypatch.setattr(csv_layout, "exact_layouts", lambda names: (get_layout("common-15"), twin))
    return twin


def test_ambiguous_file_has_the_layout_of_the_gallery(tmp_path, standing, layout):
    header = ",".join(f"{joint}_{axis}" for joint in layout.joints for axis in "xyz")
    (tmp_path / "inbox").mkdir()
    path = tmp_path / "inbox" / "walk.csv"
    rows = standing(layout, 40, 0).reshape(40, -1)
    np.savetxt(path, rows, delimiter=",", header=f"# unit: m\n# fps: 30\n{header}", comments="")
    with pytest.raises(FormatError, match="several layouts"):
        himpc.read(path)
    place = ["--gallery", str(tmp_path / "g")]
    Gallery.create(tmp_path / "g", Model(Network(layout, LEVELS, 8, 0, seed=1), layout, 6)).close()
    assert main(["gallery", "enroll", str(path), "--person", "Ann", *place]) == 0
    assert main(["gallery", "search", str(path), *place]) == 0
    assert main(["gallery", "watch", str(tmp_path / "inbox"), "--once", *place]) == 0


def test_ambiguous_upload_has_the_layout_of_the_gallery(tmp_path, standing, layout):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from himpc.server import ServerConfig
    from himpc.server.app import create_app

    header = ",".join(f"{joint}_{axis}" for joint in layout.joints for axis in "xyz")
    rows = "\n".join(",".join(map(str, row)) for row in standing(layout, 40, 0).reshape(40, -1))
    Gallery.create(tmp_path / "g", Model(Network(layout, LEVELS, 8, 0, seed=1), layout, 6)).close()
    with TestClient(create_app(Gallery.open(tmp_path / "g"), ServerConfig()), base_url="http://localhost") as client:
        files = {"files": ("walk.csv", f"# unit: m\n# fps: 30\n{header}\n{rows}")}
        assert client.post("/api/enroll", files=files, data={"person": "Ann"}).json()["people"] == ["Ann"]
