"""Recordings of another system than those enrolled: their offset is estimated and removed, or the answer says so."""

from dataclasses import replace

import numpy as np
import pytest

import himpc
from himpc.api import fit
from himpc.gallery import Gallery
from himpc.gallery.gallery import get_service
from himpc.gallery.systems import learn_offsets
from himpc.gallery.transfer import export_gallery, import_gallery
from himpc.learning import Config
from himpc.learning.views import add_in_body_frame
from himpc.recordings import Recording

pytestmark = pytest.mark.filterwarnings("ignore::himpc.errors.LayoutWarning")

PEOPLE = 8


def displace(walk: Recording, metres: float) -> Recording:
    """Displace each joint of a body, both sides alike, as another system might."""
    change = np.random.default_rng(5).normal(0, metres, (len(walk.layout), 3))
    for left, right in walk.layout.pairs:
        change[right] = change[left] * [-1, 1, 1]
    return walk.with_(joints=add_in_body_frame(walk.joints, np.broadcast_to(change, walk.joints.shape), walk.layout))


@pytest.fixture(scope="module")
def kinect() -> list[Recording]:
    """Two recordings of each person by a depth camera."""
    walks = himpc.simulate(PEOPLE, 4, layout="kinect-v1", seconds=1.5, seed=3, difficulty="easy")
    return [walk for number, walk in enumerate(walks) if number % 4 < 2]


@pytest.fixture(scope="module")
def suit() -> list[Recording]:
    """Two other recordings of each person by a suit, which displaces joints by 2 cm."""
    walks = himpc.simulate(PEOPLE, 4, layout="humanoid", seconds=1.5, seed=3, difficulty="easy")
    return [displace(walk, 0.02) for number, walk in enumerate(walks) if number % 4 >= 2]


@pytest.fixture(scope="module")
def model(kinect):
    return fit(kinect, Config.preset("tracklet"), prefer_prior=True).model


@pytest.fixture
def gallery(model, kinect, tmp_path):
    with Gallery.create(tmp_path / "gallery", model) as made:
        made.enroll(kinect)
        yield made


def test_recordings_of_several_people_by_another_system_are_named(gallery, suit):
    answers = gallery.search(suit)
    assert [answer.person for answer in answers] == [walk.person for walk in suit]
    for answer in answers:
        assert "no recording of humanoid is enrolled: how it differs from kinect-v1" in answer.note
        assert f"estimated from {PEOPLE} enrolled people" in answer.note
        assert all(moment.distance < 40 for match in answer.matches[:1] for moment in match.moments)


def test_a_single_recording_by_another_system_is_unsure_and_says_why(gallery, suit):
    (answer,) = gallery.search(suit[:1])
    assert (answer.person, answer.verdict, answer.probability) == (None, "unsure", None)
    assert "another system made the recording" in answer.reason
    assert "enroll 2 people or more by both" in answer.note


def test_people_who_are_not_enrolled_get_no_name(model, kinect, suit, tmp_path):
    enrolled, others = {walk.person for walk in kinect[:8]}, {walk.person for walk in kinect[8:]}
    with Gallery.create(tmp_path / "half", model) as half:
        half.enroll([walk for walk in kinect if walk.person in enrolled])
        answers = half.search([walk for walk in suit if walk.person in others])
    assert {answer.verdict for answer in answers} == {"unsure"}
    assert not any(answer.person for answer in answers)


def test_advice_works_after_people_are_enrolled_by_both_systems(gallery, suit):
    gallery.enroll(suit[:6])
    probes = suit[6:]
    for answer, probe in zip((gallery.search([each])[0] for each in probes), probes, strict=True):
        assert answer.matches[0].person == probe.person
        assert answer.person in (probe.person, None)
        assert answer.person or answer.system_doubt or answer.note
    rows = get_service(gallery).searcher.systems.get(get_service(gallery).revision())
    assert rows.linked["humanoid"] == {"humanoid", "kinect-v1"}


def test_systems_without_common_people_are_compared_apart(model, kinect, suit, tmp_path):
    with Gallery.create(tmp_path / "apart", model) as apart:
        apart.enroll([*kinect[:8], *suit[8:]])
        answers = apart.search(suit[:8])
    people = {walk.person for walk in suit[8:]}
    for answer in answers:
        assert {match.person for match in answer.matches} <= people
        assert answer.person is None
        assert "fewer than 2 people are enrolled by both humanoid and kinect-v1" in answer.note


def test_one_system_is_searched_as_before(gallery, kinect):
    systems = get_service(gallery).searcher.systems.get(get_service(gallery).revision())
    assert (dict(systems.people), dict(systems.offsets)) == ({"kinect-v1": PEOPLE}, {})
    (answer,) = gallery.search(kinect[:1])
    assert answer.person == kinect[0].person
    assert answer.matches[0].recordings[0].source == kinect[0].source
    assert answer.matches[0].distance < 0.1 * answer.matches[1].distance


def test_unnamed_recordings_of_several_systems_are_grouped_without_offsets(kinect, suit, tmp_path):
    model = fit([*kinect, *suit], Config.preset("tracklet"), prefer_prior=True).model
    with Gallery.create(tmp_path / "unnamed", model) as unnamed:
        enrolled = unnamed.enroll([walk.with_(person=None) for walk in [*kinect, *suit]], unnamed=True)
        assert len(enrolled.people) == PEOPLE
        assert any("found by more than one of 2 systems" in note for note in enrolled.notes)
        _, grouping = get_service(unnamed).group()
        assert grouping.people == PEOPLE


def test_an_exported_gallery_keeps_systems(gallery, suit, tmp_path):
    gallery.enroll(suit[:4])
    ids = [each.id for each in gallery.recordings()]
    before = get_service(gallery).systems(ids)
    export_gallery(gallery, tmp_path / "g.safetensors")
    import_gallery(tmp_path / "g.safetensors", tmp_path / "other")
    with Gallery.open(tmp_path / "other") as other:
        after = get_service(other).systems([each.id for each in other.recordings()])
    assert sorted(map(str, before)) == sorted(map(str, after)) == ["humanoid"] * 4 + ["kinect-v1"] * 2 * PEOPLE


def test_offsets_of_known_people_are_recovered(model):
    rng, scoring = np.random.default_rng(0), model.scoring
    people = rng.normal(0, np.sqrt(scoring.between), (12, model.size)) / np.maximum(scoring.pose_scale, 1e-9)
    vectors = np.concatenate([people, people + 3.0])
    vectors[:, scoring.pose_scale == 0] = 0
    names = ["one"] * 12 + ["other"] * 12
    found = learn_offsets(model, {"one": 12, "other": 12}, vectors, np.tile(np.arange(12), 2), names)
    used = scoring.pose_scale > 0
    difference = (found.offsets["other"] - found.offsets["one"])[used]
    assert np.median(np.abs(difference - 3.0)) < 0.5
    corrected = found.correct(vectors, names)
    assert np.linalg.norm(corrected[:12] - corrected[12:]) < 0.3 * np.linalg.norm(vectors[:12] - vectors[12:])
    assert found.linked["one"] == {"one", "other"}


def test_recordings_of_an_unknown_system_are_compared_as_they_are(gallery, kinect):
    service = get_service(gallery)
    with service._catalog.write() as connection:
        connection.exec_driver_sql("UPDATE himpc_recordings SET system = NULL")
    (answer,) = gallery.search([displace(kinect[0], 0.0).with_(source="again")])
    assert answer.person == kinect[0].person
    assert replace(answer, note="").system_doubt == ""
