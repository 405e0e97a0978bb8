"""A gallery from end to end: the same questions to both stores."""

import dataclasses
import json

import numpy as np
import pytest
import sqlalchemy as sql
from safetensors.numpy import load_file, save_file

import himpc
from himpc.errors import ConfigError, DataError, FormatError, GalleryError, LayoutError, ModelError, RunFolderError
from himpc.gallery import Gallery, export_gallery, get_service, import_gallery
from himpc.gallery.catalog.tables import skeletons
from himpc.model import BASELINES, Model, Network
from himpc.recordings import Origin, save
from himpc.skeleton import LEVELS, get_layout

from .stores import one_store


def people_of(gallery):
    return {person.name: person.recordings for person in gallery.people()}


def test_search_finds_enrolled_people(gallery, walks):
    enrolled = gallery.enroll(walks("a", "b", "c", days=("1",)))
    assert (enrolled.recordings, enrolled.people) == (6, ("a", "b", "c"))
    answers = gallery.search(walks("a", "b", "c", days=("2",)), people=2)
    assert [answer.matches[0].person for answer in answers] == ["a", "a", "b", "b", "c", "c"]
    assert all(len(answer.matches) == 2 and answer.threshold is not None for answer in answers)
    assert all(answer.matches[0].probability > answer.matches[1].probability for answer in answers)


def test_answer_equals_the_definition(gallery, walks):
    """The distance to a person is the least between means of windows; a threshold decides."""
    known, (probe, *_) = walks("a", "b", "c"), walks("a", days=("3",))
    gallery.enroll(known)
    answer = gallery.search([probe], people=3, fmr=0.3)[0]
    means = himpc.embed(gallery.model, known).pooled.astype(float)
    asked = himpc.embed(gallery.model, [probe]).pooled[0].astype(float)
    distances = np.linalg.norm(means - asked, axis=1)
    plain = {name: distances[[walk.person == name for walk in known]].min() for name in "abc"}
    assert {match.person: match.distance for match in answer.matches} == pytest.approx(plain, rel=1e-4)
    assert [match.person for match in answer.matches] == sorted(plain, key=plain.get)
    assert (answer.person is not None) == (min(plain.values()) <= answer.threshold)
    assert answer.margin == pytest.approx(
        1 - np.sort(list(plain.values()))[0] / np.sort(list(plain.values()))[1], rel=1e-3
    )
    assert sum(match.probability for match in answer.matches) + answer.nobody == pytest.approx(1)


@one_store
def test_moments_point_to_the_most_similar_windows(gallery, walks):
    known, (probe, *_) = walks("a", "b"), walks("a", days=("3",))
    gallery.enroll(known)
    match = gallery.search([probe])[0].matches[0]
    moment = match.moments[0]
    source = next(r.source for r in gallery.recordings() if r.id == moment.recording)
    other = next(walk for walk in known if walk.source == source)
    length = gallery.model.window_length
    one = himpc.embed(gallery.model, [probe.with_(joints=probe.joints[moment.start : moment.start + length])])
    two = himpc.embed(
        gallery.model, [other.with_(joints=other.joints[moment.recording_start : moment.recording_start + length])]
    )
    assert np.linalg.norm(one.vectors[0] - two.vectors[0]) == pytest.approx(moment.distance, rel=1e-4)
    assert 0 < match.agreement <= 1


@one_store
def test_threshold_depends_on_the_rate(gallery, walks):
    gallery.enroll(walks("a", "b", "c", "d"))
    impostors = [walk.with_(joints=walk.joints[:, ::-1].copy()) for walk in walks("e")]  # an impossible body
    strict = gallery.search(impostors, fmr=get_service(gallery).calibration().smallest_fmr)
    assert all(answer.person is None for answer in strict)
    known = gallery.search(walks("a", days=("3",)), fpir=0.99)
    assert [answer.person for answer in known] == ["a", "a"]
    assert all(one.nobody > 0.5 > two.nobody for one in strict for two in known)


@one_store
def test_search_of_an_empty_or_tiny_gallery_explains_itself(gallery, walks):
    with pytest.raises(DataError, match="no person is enrolled"):
        gallery.search(walks("a"))
    gallery.enroll(walks("a"))
    answer = gallery.search(walks("a", days=("3",)))[0]
    assert answer.person is None
    assert answer.probability is None
    assert answer.matches[0].person == "a"
    assert "cannot set a threshold" in answer.note
    with pytest.raises(DataError, match="two"):
        gallery.search(walks("a"), fmr=0.1)


@one_store
def test_arguments_out_of_range_are_refused(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    for arguments in (
        {"fmr": 0.1, "fpir": 0.1},
        {"fmr": 0},
        {"fpir": 1.5},
        {"people": 0},
        {"enrolled": 1},
        {"people": "3"},
    ):
        with pytest.raises(ConfigError):
            gallery.search(walks("a"), **arguments)
    with pytest.raises(DataError, match="smallest rate"):
        gallery.search(walks("a"), fmr=1e-6)


def test_closed_gallery_says_so(gallery, walks):
    gallery.close()
    with pytest.raises(GalleryError, match="the gallery was closed"):
        gallery.search(walks("a"))


def test_copies_are_enrolled_once(gallery, walks):
    first = walks("a", "b")
    gallery.enroll(first)
    again = gallery.enroll([*first, *walks("a", days=("3",))])
    assert (again.recordings, len(again.already)) == (2, 8)
    with pytest.raises(DataError, match="enrolled already, as 'a'"):
        gallery.enroll([first[0].with_(person="b")])
    with pytest.raises(DataError, match="same recording"):
        gallery.enroll([walks("c")[0], walks("c")[0].with_(person="d")])
    assert people_of(gallery) == {"a": 6, "b": 4}


def test_failed_enrolment_enrolls_nothing(gallery, walks, monkeypatch):
    gallery.enroll(walks("a"))
    monkeypatch.setattr("himpc.gallery.catalog.changes.add_recordings", _fail)
    with pytest.raises(GalleryError):
        gallery.enroll(walks("b"))
    monkeypatch.undo()
    assert people_of(gallery) == {"a": 4}
    assert gallery.verify() == []


def _fail(*arguments, **options):
    raise GalleryError("the disk is full")


@one_store
def test_bad_recordings_are_refused_before_anything_is_written(gallery, walks):
    good = walks("a")
    for bad, error in (
        ([good[0].with_(person=None)], DataError),
        ([good[0].with_(person=" ")], DataError),
        ([good[0].with_(person="x\n")], DataError),
        ([good[0].with_(joints=good[0].joints[:3])], DataError),
        ([], DataError),
        ([_in_layout("coco-17")], LayoutError),
        ([good[0].with_(dimensions=2)], ModelError),
    ):
        with pytest.raises(error):
            gallery.enroll(bad)
    assert gallery.people() == []


def _in_layout(name):
    layout = get_layout(name)
    joints = np.random.default_rng(0).normal(size=(20, len(layout), 3))
    return himpc.Recording(joints, layout, person="a", source="other")


@one_store
def test_short_recordings_are_named_and_left_out(gallery, walks):
    one, two, *_ = walks("a")
    done = gallery.enroll([one, two.with_(joints=two.joints[:3])])
    assert (done.recordings, done.short) == (1, (two.source,))
    answer = gallery.search([two.with_(joints=two.joints[:3])])[0]
    assert (answer.person, answer.windows, answer.matches) == (None, 0, ())
    assert "shorter than a window" in answer.note


@one_store
def test_parts_of_a_recording_are_joined(gallery, walks):
    whole = walks("a")[0]
    parts = [
        whole.with_(joints=whole.joints[:30], origin=Origin(body="a", part=1, whole_source=whole.source)),
        whole.with_(joints=whole.joints[40:], origin=Origin(body="a", part=2, whole_source=whole.source)),
    ]
    gallery.enroll(parts)
    (recording,) = gallery.recordings()
    assert (recording.source, recording.frames) == (whole.source, len(whole) - 10)
    np.testing.assert_array_equal(
        get_service(gallery).joints(recording.id), np.concatenate([part.joints for part in parts])
    )
    assert len(gallery.search(parts)) == 1


@one_store
def test_files_of_one_name_in_two_folders_are_enrolled_apart(gallery, walks, tmp_path):
    both = []
    for day, walk in zip(("monday", "tuesday"), (*walks("a")[:1], *walks("b")[:1]), strict=True):
        joints = walk.joints.copy()
        joints[25:35] = np.nan
        (tmp_path / day).mkdir()
        save([walk.with_(joints=joints, source="")], tmp_path / day / "walk.npz")
        both += himpc.read(tmp_path / day)
    assert [part.whole_source for part in both] == ["walk.npz#1"] * 4
    assert gallery.enroll(both).recordings == 2
    assert len(gallery.search(both)) == 2
    assert [len(gallery.recordings(person)) for person in ("a", "b")] == [1, 1]
    groups = himpc.group(both, BASELINES["body"], people=2).groups
    assert groups[0] == groups[1] != groups[2] == groups[3]


@one_store
def test_unnamed_people_are_grouped_and_can_be_named(gallery, walks):
    known = walks("a", "b")
    nameless = [walk.with_(person=None) for walk in walks("c", "d")]
    with pytest.raises(DataError, match="unnamed=True"):
        gallery.enroll([*known, *nameless])
    gallery.enroll([*known, *nameless], unnamed=True)
    unnamed = [person for person in gallery.people() if not person.named]
    assert sum(person.recordings for person in unnamed) == len(nameless)
    assert all(person.name.startswith("unnamed-") for person in unnamed)
    gallery.rename(unnamed[0].name, "Cleo")
    assert {person.name: person.named for person in gallery.people()}["Cleo"]


def test_merge_move_and_rename_correct_mistakes(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    assert gallery.merge("a", "b") == 4
    with pytest.raises(DataError, match="no other person"):
        gallery.merge("a", "a")
    assert people_of(gallery) == {"a": 8, "c": 4}
    wrong = [recording.id for recording in gallery.recordings("a") if "/b/" in recording.source]
    assert gallery.move(wrong, "Bea") == "Bea"
    assert gallery.move([gallery.recordings("c")[0].id]) == "unnamed-1"
    assert people_of(gallery) == {"a": 4, "Bea": 4, "c": 3, "unnamed-1": 1}
    with pytest.raises(GalleryError, match="merge"):
        gallery.rename("a", "Bea")
    for call in (lambda: gallery.rename("x", "y"), lambda: gallery.merge("a", "x"), lambda: gallery.move([5], "a")):
        with pytest.raises(GalleryError, match="gallery"):
            call()
    assert people_of(gallery) == {"a": 4, "Bea": 4, "c": 3, "unnamed-1": 1}


def test_audit_lists_all_events_without_names_of_removed_people(gallery, walks):
    gallery.enroll(walks("a", "b"))
    gallery.search(walks("a"))
    gallery.rename("a", "Ann")
    gallery.remove("Ann")
    events = gallery.audit()
    actions = ["created", "enrolled", "enrolled", "named", "removed", "searched"]
    assert sorted(event.action for event in events) == actions
    assert [event.number for event in events] == [1, 2, 3, 4, 5, 6]
    assert not any(event.person in ("a", "Ann") for event in events)
    assert {event.person for event in events if event.action == "removed"}.pop().startswith("gone-")


def test_removed_person_leaves_no_bytes(gallery, walks, bytes_on_disk):
    gallery.enroll(walks("a", "b"))
    get_service(gallery).build_index()
    gone = gallery.recordings("a")
    entries = get_service(gallery).embeddings([recording.id for recording in gone])
    joints = get_service(gallery).joints(gone[0].id)
    kept = get_service(gallery).joints(gallery.recordings("b")[0].id)
    marks = [
        *(row[:8].astype("<f4").tobytes() for row in entries.pooled),
        *(row[:8].astype("<f4").tobytes() for row in entries.windows[::5]),
        joints[3, :4].astype("<f4").tobytes(),
        gone[0].source.encode(),
    ]
    assert all(mark in bytes_on_disk() for mark in marks[-2:])
    assert gallery.remove("a") == 4
    content = bytes_on_disk()
    assert not any(mark in content for mark in marks)
    assert kept[3, :4].astype("<f4").tobytes() in content
    assert [answer.matches[0].person for answer in gallery.search(walks("a"))] == ["b"] * 4
    assert gallery.verify() == []


def test_exported_gallery_is_imported_into_another_store(gallery, walks, tmp_path):
    gallery.enroll([*walks("a", "b"), *(w.with_(person=None) for w in walks("c"))], unnamed=True)
    assert export_gallery(gallery, tmp_path / "g.safetensors") == 12
    added, already = import_gallery(tmp_path / "g.safetensors", tmp_path / "other")
    assert (added, already) == (12, 0)
    assert import_gallery(tmp_path / "g.safetensors", tmp_path / "other") == (0, 12)
    with Gallery.open(tmp_path / "other") as other:
        assert other.model.fingerprint == gallery.model.fingerprint
        assert other.people() == gallery.people()
        assert other.verify() == []
        expected = [dataclasses.replace(recording, id=0) for recording in gallery.recordings()]
        assert [dataclasses.replace(recording, id=0) for recording in other.recordings()] == expected
        for one, two in zip(gallery.search(walks("a")), other.search(walks("a")), strict=True):
            assert one.matches[0].distance == pytest.approx(two.matches[0].distance, rel=1e-5)


@one_store
def test_import_refuses_another_model(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b"))
    export_gallery(gallery, tmp_path / "g.safetensors")
    other = Model(Network(gallery.model.layout, LEVELS, 8, 0, seed=1), gallery.model.layout, 6)
    Gallery.create(tmp_path / "other", other).close()
    with pytest.raises(GalleryError, match="cannot be compared"):
        import_gallery(tmp_path / "g.safetensors", tmp_path / "other")


@one_store
def test_reranking_keeps_distances_and_probabilities(gallery, walks):
    gallery.enroll(walks("a", "b", "c", "d"))
    plain = gallery.search(walks("a", "b", days=("3",)), people=4)
    ordered = gallery.search(walks("a", "b", days=("3",)), people=4, rerank=True)
    for one, two in zip(plain, ordered, strict=True):
        assert {m.person: m.distance for m in one.matches} == {m.person: m.distance for m in two.matches}
        assert {m.person: m.probability for m in one.matches} == {m.person: m.probability for m in two.matches}


def test_reopened_gallery_is_unchanged(home, gallery, walks):
    gallery.enroll(walks("a", "b"))
    with Gallery.open(home) as again:
        assert again.people() == gallery.people()
        assert again.model.fingerprint == gallery.model.fingerprint
        again.rename("a", "Ann")
    assert people_of(gallery) == {"Ann": 4, "b": 4}
    with pytest.raises(GalleryError, match="holds a gallery already"):
        Gallery.create(home, gallery.model)


@one_store
def test_calibrate_uses_models_trained_without_the_people_compared(gallery, home, walks):
    gallery.enroll(walks("a", "b", "c", "d"))
    probe = walks("a", days=("3",))
    assert "calibrate the gallery" in gallery.search(probe)[0].note
    plain = get_service(gallery).calibration()
    folded = gallery.calibrate(2)
    assert (plain.unseen, folded.unseen) == (False, True)
    assert folded.impostor.distances != plain.impostor.distances
    with Gallery.open(home) as again:
        answer = again.search(probe)[0]
        assert answer.note == ""
        assert answer.threshold == folded.operating_point().threshold
        assert not again.calibrate(0).unseen
        assert again.search(probe)[0].note == ""
    for folds, error in ((1, ConfigError), (-1, ConfigError)):
        with pytest.raises(error):
            gallery.calibrate(folds)


@one_store
def test_calibrate_needs_skeletons(home, walkers_model, walks):
    with Gallery.create(home, walkers_model, keep_skeletons=False) as bare:
        bare.enroll(walks("a", "b", "c"))
        with pytest.raises(DataError, match="skeleton"):
            bare.calibrate()
        with pytest.raises(GalleryError, match="no skeleton"):
            get_service(bare).joints(bare.recordings()[0].id)


@one_store
def test_unnamed_people_do_not_change_the_threshold(gallery, walks):
    """One person under several names would make what is near seem far."""
    gallery.enroll(walks("a", "b", "c"))
    before = get_service(gallery).calibration()
    gallery.enroll([walk.with_(person=None) for walk in walks("d")[:3]], unnamed=True)
    for recording in gallery.recordings("unnamed-1")[1:]:
        gallery.move([recording.id])
    assert len(gallery.people()) == 6
    assert get_service(gallery).calibration() == before


def test_verify_finds_data_changed_on_the_disk(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b"))
    first, second = gallery.recordings()[:2]
    entries = get_service(gallery).embeddings([first.id])
    entries.windows[0, 0] += 1
    get_service(gallery)._store.remove(entries.ids)
    get_service(gallery)._store.add(entries)
    joints = sql.update(skeletons).where(skeletons.c.recording == second.id)
    with get_service(gallery)._catalog.write() as connection:
        connection.execute(joints.values(joints=get_service(gallery).joints(second.id)[::-1].tobytes()))
    with pytest.raises(GalleryError, match="repair"):
        export_gallery(gallery, tmp_path / "g.safetensors")
    wrong = gallery.verify()
    assert len(wrong) == 2
    assert f"remove recording {first.id} " in wrong[0]
    assert f"remove recording {second.id} " in wrong[1]


@pytest.fixture(scope="module")
def exported(walkers_model, walks, tmp_path_factory):
    """A gallery of two people as a file."""
    folder = tmp_path_factory.mktemp("exported")
    with Gallery.create(folder / "from", walkers_model) as source:
        source.enroll(walks("a", "b"))
        export_gallery(source, folder / "g.safetensors")
    return folder / "g.safetensors"


@pytest.mark.parametrize(
    "lie",
    [
        {"fps": float("nan")},
        {"fps": 10**400},
        {"quality": 7},
        {"session": "\udcff"},
        {"camera": "\x1b[2J"},
        {"enrolled": "now"},
        {"fingerprint": "0" * 64},
        {"frames": 7},
        {"frames": True},
        {"simultaneous": [8]},
        {"simultaneous": [-1]},
        {"heading": [2, 0]},
        {"sectors": -1},
    ],
)
def test_import_refuses_a_manipulated_file(exported, tmp_path, lie):
    arrays = load_file(exported)
    rows = json.loads(arrays["recordings"].tobytes())
    rows[1] |= lie
    arrays["recordings"] = np.frombuffer(json.dumps(rows).encode(), np.uint8)
    save_file(arrays, tmp_path / "g.safetensors", metadata={"himpc_gallery": "1"})
    with pytest.raises(FormatError, match="is damaged"):
        import_gallery(tmp_path / "g.safetensors", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_export_to_a_missing_folder_raises(walkers_model, walks, tmp_path):
    with Gallery.create(tmp_path / "from", walkers_model) as source:
        source.enroll(walks("a"))
        with pytest.raises(RunFolderError, match=r"nowhere.*choose another place"):
            export_gallery(source, tmp_path / "nowhere" / "g.safetensors")


def test_import_refuses_changed_vectors(exported, tmp_path):
    arrays = load_file(exported)
    arrays["pooled"][1, 0] *= 1.5
    save_file(arrays, tmp_path / "g.safetensors", metadata={"himpc_gallery": "1"})
    with pytest.raises(FormatError, match="do not fit"):
        import_gallery(tmp_path / "g.safetensors", tmp_path / "to")


@one_store
def test_import_takes_over_the_calibration(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b", "c"))
    learned = gallery.calibrate(2)
    export_gallery(gallery, tmp_path / "g.safetensors")
    import_gallery(tmp_path / "g.safetensors", tmp_path / "other")
    with Gallery.open(tmp_path / "other") as other:
        assert get_service(other).calibration() == learned


def test_cached_vectors_give_the_answers_of_the_store(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    plain = gallery.search(walks("a", "b", days=("3",)))
    get_service(gallery).cache_vectors()
    cached = gallery.search(walks("a", "b", days=("3",)))
    for one, two in zip(plain, cached, strict=True):
        assert [m.person for m in one.matches] == [m.person for m in two.matches]
        assert [m.distance for m in one.matches] == pytest.approx([m.distance for m in two.matches], rel=1e-4)
    gallery.enroll(walks("d"))  # found at once, cached or not
    assert gallery.search(walks("d", days=("3",)))[0].matches[0].person == "d"
    gallery.remove("a")
    assert all(m.person != "a" for answer in gallery.search(walks("a")) for m in answer.matches)


def test_calibrating_an_adapted_model_checks_the_folds(tmp_path, walks):
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks("a", "b", "c")).model_
    with Gallery.create(tmp_path / "g", model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
        with pytest.raises(ConfigError, match="folds must be 2 or more, or 0 for none, found -1"):
            gallery.calibrate(-1)
        assert gallery.calibrate(2) is not None
