"""A folder of four systems, from its files to a gallery."""

import numpy as np
import pytest

import himpc
import mixed_systems
from himpc.cli import main
from himpc.errors import LayoutWarning
from himpc.model import BASELINES
from himpc.recordings import to_common_layout
from himpc.skeleton import body_frame, centre

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    mixed_systems.write_archive(folder, people=3, recordings=4, seed=1, seconds=1.5)
    return folder


def test_each_system_is_read_in_its_layout(archive):
    walks = mixed_systems.read_archive(archive)
    layouts = {walk.session: walk.layout.name for walk in walks}
    assert layouts == {system: layout for system, (layout, _, _) in mixed_systems.SYSTEMS.items()}
    assert len(walks) == 12


def test_systems_see_the_same_bodies(archive):
    together, notes = to_common_layout(mixed_systems.read_archive(archive))
    assert len({walk.layout for walk in together}) == 1
    assert all(layout in notes[0] for layout in ("halpe-26", "humanoid", "kinect-v1", "mediapipe-33"))
    legs: dict[str, list[float]] = {}
    for walk in together:
        hip, knee, ankle = (walk.joints[:, walk.layout.index(f"left_{joint}")] for joint in ("hip", "knee", "ankle"))
        length = np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)
        legs.setdefault(str(walk.person), []).append(float(np.median(length)))
    assert all(np.ptp(lengths) < 0.03 for lengths in legs.values())
    # No system mirrors the body: with the left side on the left, everybody's toes point forwards.
    for walk in together:
        body = body_frame(centre(walk.joints, walk.layout), walk.layout)
        forwards = body[:, walk.layout.index("left_foot"), 2] - body[:, walk.layout.index("left_ankle"), 2]
        assert np.median(forwards) > 0


def test_library_trains_groups_and_searches_with_a_warning(archive, tmp_path):
    walks = mixed_systems.read_archive(archive)
    with pytest.warns(LayoutWarning, match="compared by the 15 joints that all have: 3 recordings of halpe-26"):
        model = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit(walks).model_
    with pytest.warns(LayoutWarning, match="the layout of the model: 3 recordings of halpe-26"):
        assert himpc.group(walks, model, people=3).people == 3
    with himpc.Gallery.create(tmp_path / "gallery", model) as gallery:
        assert gallery.enroll([walk for walk in walks if walk.session != "mocap"]).recordings == 9
        answers = gallery.search([walk for walk in walks if walk.session == "mocap"])
    assert all("recordings of halpe-26 were converted" in answer.note for answer in answers)


def test_baselines_compare_both_sides_by_the_same_joints(archive):
    walks = mixed_systems.read_archive(archive)
    gallery = [walk for walk in walks if walk.session == "kinect"]
    probe = [walk for walk in walks if walk.session == "mocap"]
    with pytest.warns(LayoutWarning, match="joints that all have"):
        result = himpc.evaluate(BASELINES["bones"], gallery, probe)
    assert result.recording.ranking.metrics["rank_1"] > 0.5


def test_verb_prints_the_note_once(archive, tmp_path, capsys):
    words = ["group", str(archive), "--out", str(tmp_path / "out"), "--people", "3", "--max-epochs", "1"]
    assert main(words) == 0
    assert capsys.readouterr().err.count("compared by the 15 joints that all have") == 1
    assert main([*words, "--quiet"]) == 0
    assert "compared by" not in capsys.readouterr().err


def test_model_with_the_prior_computes_joints_alike_for_every_system(archive, tmp_path):
    walks = mixed_systems.read_archive(archive)
    with pytest.warns(LayoutWarning):
        model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    model.save(tmp_path / "model")
    loaded = himpc.Model.load(tmp_path / "model")
    assert not loaded.input_layout.has("spine")
    assert loaded.layout.has("spine")
    pooled = [himpc.embed(loaded, each).pooled for each in (walks, to_common_layout(walks)[0])]
    np.testing.assert_allclose(pooled[0], pooled[1], rtol=1e-4, atol=1e-5)
    kinect = [walk for walk in walks if walk.session == "kinect"]
    assert himpc.HiMPC(settings={"prior": "identity"}).fit(kinect).model_.input_layout is not None
    assert himpc.HiMPC(settings={"prior": "identity"}).fit(kinect).model_.input_layout.has("spine")
