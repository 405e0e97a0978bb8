"""Groups of people, not of the sides from which they were seen, in the API, on the command line and in reports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.evaluation import grouping_agreement
from himpc.recordings import Recording, camera_headings
from himpc.simulation import Camera, Sensor, get_difficulty, simulate
from himpc.skeleton import body_frame, centre, headings

CAMERAS = (Camera("front", pitch=0.0), Camera("back", angle=180.0, pitch=0.0))


def estimated(walk: Recording, effect: float) -> Recording:
    """A walk as an estimator sees it that gives each joint an offset which turns with the heading, in metres."""
    shape = (len(walk.layout), 3)
    offset = effect * np.random.default_rng(0).normal(size=shape)
    angles = np.radians(camera_headings(walk))
    joints = body_frame(centre(walk.joints.astype(np.float64), walk.layout), walk.layout)
    joints += np.cos(angles)[:, None, None] * offset
    own = headings(walk.joints, walk.layout)
    cosine, sine = np.cos(own)[:, None], np.sin(own)[:, None]
    x, z = cosine * joints[..., 0] + sine * joints[..., 2], cosine * joints[..., 2] - sine * joints[..., 0]
    root = walk.joints[:, list(walk.layout.root)].mean(axis=1, keepdims=True)
    return walk.with_(joints=np.stack([x, joints[..., 1], z], axis=-1) + root)


@pytest.fixture(scope="module")
def exact() -> list[Recording]:
    difficulty = get_difficulty("easy").__class__(speed=0.03, headings=10.0)
    return simulate(
        6, 4, seconds=1.5, difficulty=difficulty, sensor=Sensor(jitter=0.003, bias=0.002), cameras=CAMERAS, seed=2
    )


@pytest.fixture(scope="module")
def biased(exact: list[Recording]) -> list[Recording]:
    return [estimated(walk, 0.03) for walk in exact]


def one_way(walks: list[Recording]) -> list[Recording]:
    """The recordings in which each person faces one way: every second person is seen from behind."""
    return [walk for walk in walks if (walk.camera == "back") == int(str(walk.person)[-1]) % 2]


def test_people_are_found_across_the_sides(biased):
    grouping = himpc.group(biased)
    assert grouping.view_effect_removed
    assert "was removed" in grouping.note
    assert grouping.views is not None
    assert grouping.views.spanning > 0.8
    assert grouping_agreement(grouping.groups, [walk.person for walk in biased]).ari > 0.9
    learner = himpc.HiMPC()
    np.testing.assert_array_equal(learner.fit_predict(biased), grouping.groups)
    np.testing.assert_array_equal(learner.confidence_, grouping.confidence)


def test_a_given_model_groups_views_and_warns(biased):
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(biased).model_
    grouping = himpc.group(biased, model)
    assert not grouping.view_effect_removed
    assert grouping.views is not None
    assert grouping.views.verdict == "views"
    assert "one person may be in several groups" in grouping.warning
    assert np.nanmax(grouping.confidence) <= 0.5


def test_people_who_each_face_one_way_raise_no_alarm(exact):
    grouping = himpc.group(one_way(exact))
    assert grouping.views is not None
    assert (grouping.views.verdict, grouping.views.warning, grouping.note) == ("people", "", "")


def test_biased_people_who_each_face_one_way_cannot_be_told(biased):
    walks = one_way(biased)
    grouping = himpc.group(walks)
    assert not grouping.view_effect_removed
    assert "cannot be distinguished" in grouping.warning
    assert grouping_agreement(grouping.groups, [walk.person for walk in walks]).ari > 0.9


def test_the_command_and_the_report_state_views(biased, tmp_path, capsys):
    (tmp_path / "walks").mkdir()
    himpc.save(one_way(biased), tmp_path / "walks" / "one-way.npz")
    assert main(["group", str(tmp_path / "walks"), "--out", str(tmp_path / "groups"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["views"]["verdict"] == "unclear"
    assert "cannot be distinguished" in document["doubt"]
    assert main(["report", str(tmp_path / "groups"), "--out", str(tmp_path / "report.html")]) == 0
    assert "cannot be distinguished" in Path(tmp_path / "report.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["info", str(tmp_path / "walks"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["recordings"]
    assert {row["heading"] for row in rows} == {"towards", "away"}
    assert all(sum(row["facing"].values()) == pytest.approx(1) for row in rows)


def test_search_notes_that_a_person_is_enrolled_from_other_sides(exact, tmp_path):
    pytest.importorskip("lancedb")
    from himpc.gallery import Gallery

    front, back = ([walk for walk in exact if walk.camera == camera] for camera in ("front", "back"))
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(exact).model_
    with Gallery.create(tmp_path / "gallery", model) as gallery:
        gallery.enroll(front)
        assert all("from other sides only" in answer.note for answer in gallery.search(back))
        unknown = [walk.with_(joints=walk.joints - walk.joints.mean(axis=(0, 1))) for walk in back]
        assert not any("sides" in answer.note for answer in gallery.search([*front, *unknown]))
    with Gallery.create(tmp_path / "both", model) as gallery:
        gallery.enroll(front[::2] + back[::2])
        assert not any("sides" in answer.note for answer in gallery.search(front[1::2] + back[1::2]))
    with Gallery.create(tmp_path / "without", model, keep_skeletons=False) as gallery:
        gallery.enroll(front)
        assert all("from other sides only" in answer.note for answer in gallery.search(back))


def test_motion_capture_has_no_views(exact):
    moved = [walk.with_(joints=walk.joints - np.float32([0, walk.joints[..., 1].min(), 0])) for walk in exact]
    assert himpc.group(moved, people=6).views is None
