"""``himpc layout`` and ``himpc info`` on points of no known body."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from himpc.cli import main
from himpc.skeleton import Layout


@pytest.fixture
def walks(tmp_path):
    """Write three TRC files of an arm of two rigid segments with unknown names."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(-0.15, 0.15, (2, 4, 3)) + np.array([[[0, 0.2, 0]], [[0, -0.2, 0]]])
    names = [f"k{i}" for i in rng.permutation(8)]
    for number in range(3):
        time = np.linspace(0, 6, 60)[:, None]
        swings = np.sin(2 * time) * [0, 0, 0.6], np.sin(3 * time + number) * [0.8, 0, 0]
        turned = [
            np.stack([Rotation.from_rotvec(s).apply(p) for p in part], 1) for s, part in zip(swings, shape, strict=True)
        ]
        joints = np.concatenate(turned, axis=1) + time[:, None] * [0.3, 0, 0] + [0, 1, 0]
        rows = [f"{i + 1}\t{i / 50}\t" + "\t".join(f"{v * 1000:.3f}" for v in f.ravel()) for i, f in enumerate(joints)]
        head = ["PathFileType\t4\t(X/Y/Z)\tw.trc", "DataRate\tNumFrames\tNumMarkers\tUnits", f"50\t{len(rows)}\t8\tmm"]
        labels = "Frame#\tTime\t" + "\t\t\t".join(names)
        (tmp_path / f"{number}.trc").write_text("\n".join([*head, labels, "", *rows]) + "\n")
    return tmp_path


def test_a_discovered_layout_is_written_drawn_and_read_again(walks, capsys):
    mine, picture = walks / "mine.toml", walks / "layout.png"
    data = [str(path) for path in sorted(walks.glob("*.trc"))]
    assert main(["layout", *data, "--out", str(mine), "--picture", str(picture), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    layout = Layout.from_toml(mine)
    assert layout.to_dict() == document["layout"]
    assert sorted(map(len, layout.components)) == [4, 4]
    assert picture.stat().st_size > 10_000
    assert main(["info", *data, "--layout", str(mine), "--json"]) == 0
    assert {row["layout"] for row in json.loads(capsys.readouterr().out)["recordings"]} == {"discovered"}


def test_info_shows_what_was_discovered(walks, capsys):
    assert main(["info", str(walks)]) == 0
    text = capsys.readouterr().out
    assert "discovered from 3 recordings of 8 points: 8 points, 2 segments, 1 limb" in text
    assert "limb_1_part_1: " in text


def test_known_layouts_are_written_too(tmp_path):
    walks, out = tmp_path / "walks.npz", tmp_path / "known.toml"
    assert (
        main(["simulate", "--people", "1", "--recordings", "1", "--seconds", "1", "--out", str(walks), "--quiet"]) == 0
    )
    assert main(["layout", str(walks), "--out", str(out), "--picture", str(tmp_path / "known.svg"), "--quiet"]) == 0
    assert len(Layout.from_toml(out)) == 20
