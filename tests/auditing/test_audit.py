"""The audit finds planted errors, and nothing in clean recordings."""

import csv
import json
import re
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import himpc
from himpc.auditing import LEVELS, AuditResult, assignment, audit
from himpc.auditing.sizes import check_sizes
from himpc.cli import main
from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.skeleton import get_layout, mirror


@pytest.fixture(scope="module")
def clean() -> list[Recording]:
    """Eight people in six recordings each, in two sessions."""
    return himpc.simulate(people=8, recordings=6, seconds=1.5, difficulty="easy", seed=5)


def relabel(recordings: list[Recording], **people: str) -> list[Recording]:
    """Give recordings, by number, other labels: ``_3="ann"``."""
    changed = list(recordings)
    for number, person in people.items():
        changed[int(number[1:])] = changed[int(number[1:])].with_(person=person)
    return changed


def of_kind(result: AuditResult, kind: str) -> list[tuple[int, ...]]:
    return [finding.recordings for finding in result.findings if finding.kind == kind]


def edit(recording: Recording, change: Callable[[np.ndarray], np.ndarray], **fields: object) -> Recording:
    return recording.with_(joints=change(recording.joints), source="edited", origin=None, **fields)


def test_clean_recordings_have_no_findings(clean):
    result = audit(clean)
    assert result.findings == ()
    assert all(not each.is_changed and each.probability_wrong < 0.5 for each in result.labels)


def test_a_wrong_label_is_found_with_the_right_person(clean):
    result = audit(relabel(clean, _3="person-005"))
    (finding,) = result.findings
    assert (finding.kind, finding.recordings, finding.alternative) == ("wrong label", (3,), "person-000")
    assert finding.level == "certain"
    assert [each.proposed for each in result.labels] == [walk.person for walk in clean]
    assert clean[finding.references["person-000"]].person == "person-000"


def test_two_swapped_labels_are_one_finding(clean):
    result = audit(relabel(clean, _3="person-002", _14="person-000"))
    (finding,) = result.findings
    assert finding.kind == "swapped labels"
    assert sorted(finding.recordings) == [3, 14]
    assert [each.proposed for each in result.labels] == [walk.person for walk in clean]


def test_labels_of_two_recordings_each_are_found_swapped_but_not_corrected():
    walks = himpc.simulate(people=10, recordings=2, seconds=2.0, difficulty="easy", seed=5, sessions=1)
    result = audit(relabel(walks, _0="person-003", _6="person-000"))
    (finding,) = result.findings
    assert (finding.kind, set(finding.people)) == ("swapped labels", {"person-000", "person-003"})
    assert "nothing says" in finding.why
    assert not any(each.is_changed for each in result.labels)


def test_one_person_under_two_labels_is_found(clean):
    result = audit(relabel(clean, _0="other", _1="other", _2="other"))
    (finding,) = result.findings
    assert (finding.kind, set(finding.people)) == ("one person, two labels", {"person-000", "other"})


def test_two_people_under_one_label_are_found(clean):
    changed = [walk.with_(person="person-000") if walk.person == "person-001" else walk for walk in clean]
    result = audit(changed)
    (finding,) = result.findings
    assert (finding.kind, finding.people) == ("two people, one label", ("person-000",))
    assert len({clean[i].person for i in finding.recordings}) == 1


def test_names_of_people_and_order_of_recordings_change_nothing(clean):
    planted = relabel(clean[:36], _3="person-005", _20="person-001")
    names = {f"person-00{i}": name for i, name in enumerate("hcagbfde")}
    order = np.random.default_rng(0).permutation(len(planted))
    changed = [planted[i].with_(person=names[planted[i].person]) for i in order]
    expected, found = audit(planted), audit(changed)
    assert [(f.kind, f.sources, f.probability) for f in found.findings] == [
        (f.kind, f.sources, f.probability) for f in expected.findings
    ]
    assert [names[f.alternative] for f in expected.findings] == [f.alternative for f in found.findings]
    wrong = {each.source: each.probability_wrong for each in expected.labels}
    assert {each.source: each.probability_wrong for each in found.labels} == wrong
    assert [each.source for each in found.labels] == [walk.source for walk in changed]


def _resample(joints: np.ndarray) -> np.ndarray:
    times = np.arange(0, len(joints) - 1, 0.8)
    before = times.astype(int)
    share = (times - before)[:, None, None]
    return joints[before] * (1 - share) + joints[before + 1] * share


LAYOUT = get_layout("kinect-v1")
COPIES = {
    "frame by frame": lambda joints: joints + np.float32([1, 0, 2]),
    "shifted frames": lambda joints: joints[10:],
    "frames cut out": lambda joints: joints[10:35],
    "resampled": _resample,
    "mirrored": lambda joints: mirror(joints, LAYOUT),
    "left and right names": lambda joints: joints[:, list(LAYOUT.mirror_order)],
    "one axis mirrored": lambda joints: joints * np.float32([-1, 1, 1]),
    "times as large": lambda joints: joints * 2.54,
}


@pytest.mark.parametrize("what", COPIES)
def test_a_copy_is_found_and_described(clean, what):
    result = audit([*clean[:18], edit(clean[7], COPIES[what], person="person-001")])
    (copy,) = [finding for finding in result.findings if finding.kind == "copy"]
    assert set(copy.recordings) == {7, 18}
    assert what in copy.why or "frames" in what
    if "frames" in what:
        assert re.search(r"frames \d+ to \d+ of \d+ are those from \d+ of \d+", copy.why)


def test_a_copy_under_another_label_does_not_support_that_label(clean):
    result = audit([*clean, edit(clean[7], lambda joints: joints, person="person-004")])
    (wrong,) = of_kind(result, "wrong label")
    assert wrong == (len(clean),)
    (copy,) = [finding for finding in result.findings if finding.kind == "copy"]
    assert "labels differ" in copy.why


@pytest.mark.parametrize("what", ["left and right names", "one axis mirrored"])
def test_exchanged_sides_are_found_and_the_label_is_still_judged(clean, what):
    changed = list(clean[:24])
    changed[7] = edit(clean[7], COPIES[what])
    result = audit(changed)
    assert of_kind(result, "sides exchanged") == [(7,)]
    assert len(result.findings) == 1


@pytest.mark.parametrize(("factor", "unit"), [(1.1, ""), (0.9, ""), (3.281, "feet"), (1000, "millimetres")])
def test_another_height_is_found(clean, factor, unit):
    changed = list(clean[:24])
    changed[7] = edit(clean[7], lambda joints: joints * np.float32(factor))
    result = audit(changed)
    (finding,) = [finding for finding in result.findings if finding.kind == "other height"]
    assert finding.recordings == (7,)
    assert finding.measures["ratio"] == pytest.approx(factor, rel=0.03)
    assert unit in finding.why
    if unit:  # otherwise it may be another person as well
        assert len(result.findings) == 1


def test_a_height_that_people_in_similar_poses_share_is_no_finding():
    people, is_sitting = np.repeat(np.arange(8), 10), np.arange(80) % 10 == 9
    rng = np.random.default_rng(0)
    poses = is_sitting[:, None] + 0.1 * rng.normal(size=(80, 3))
    sizes = 5 * np.exp(0.01 * rng.normal(size=80)) * np.where(is_sitting, 0.87, 1)
    assert np.nanmax(check_sizes(sizes, people, poses).probability) < 0.5
    sizes[9] /= 0.87
    sizes[12] *= 0.87
    assert np.flatnonzero(check_sizes(sizes, people, poses).probability >= 0.5).tolist() == [12]


def test_what_cannot_be_judged_is_said(clean):
    alone = audit([walk for walk in clean if walk.person == "person-000"])
    assert any("all recordings have one label" in each for each in alone.not_judged)
    once = audit(clean[::6])
    assert any("no person has two recordings" in each for each in once.not_judged)
    assert all(each.probability_wrong is None for each in once.labels)
    single = audit(clean[:13])
    assert any("only recording" in each and "person-002" in each for each in single.not_judged)
    assert alone.findings == once.findings == single.findings == ()


def test_recordings_in_the_picture_are_checked_for_copies_only(clean):
    flat = [walk.with_(joints=walk.joints * np.float32([300, 300, 0]), dimensions=2) for walk in clean[:12]]
    result = audit([*flat, edit(flat[2], lambda joints: joints[5:])])
    assert [finding.kind for finding in result.findings] == ["copy"]
    assert any("2D" in each for each in result.not_judged)


def test_points_of_no_known_body_are_compared_by_their_distances(clean):
    from himpc.skeleton import points_layout

    layout = points_layout([f"m{i:02}" for i in range(20)], clean[0].joints)
    points = [walk.with_(layout=layout) for walk in relabel(clean, _3="person-005")]
    result = audit(points)
    assert (3,) in of_kind(result, "wrong label")
    assert any("distances" in note for note in result.notes)


def test_recordings_without_people_are_refused(clean):
    with pytest.raises(DataError, match="no labels to check"):
        audit([walk.with_(person=None) for walk in clean])
    with pytest.raises(DataError, match="at least two"):
        audit(clean[:1])


def test_recordings_without_a_label_do_not_disturb(clean):
    changed = [
        walk.with_(person=None) if i % 6 == 5 else walk for i, walk in enumerate(relabel(clean, _3="person-005"))
    ]
    result = audit(changed)
    assert of_kind(result, "wrong label") == [(3,)]
    assert any("8 recordings without one" in each for each in result.not_judged)


def test_a_set_of_real_recordings_has_its_planted_errors_found(shared_data):
    walks = list(himpc.read(shared_data / "c3d-walking", name="{person}/{session}/*.c3d"))
    assert audit(walks).findings == ()
    changed = walks[0].with_(person=walks[-1].person)
    (finding,) = audit([changed, *walks[1:]]).at_least("likely")
    assert (finding.kind, finding.recordings, finding.alternative) == ("wrong label", (0,), walks[0].person)


def test_the_verb_writes_reports_and_labels_that_reading_takes(clean, tmp_path, capsys):
    planted = relabel(clean, _3="person-005")
    path = tmp_path / "walks.npz"
    himpc.save(planted, path)
    before = path.read_bytes()
    out = tmp_path / "audit"
    assert main(["audit", str(path), "--out", str(out), "--fail-on", "likely", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["findings"][0]["kind"] == "wrong label"
    assert path.read_bytes() == before
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=|https?://(?!www\.w3\.org)", page)
    with (out / "audit.csv").open(encoding="utf-8") as file:
        assert [row["kind"] for row in csv.DictReader(file)] == ["wrong label"]
    corrected = himpc.read(path, labels=out / "labels.csv")
    assert [walk.person for walk in corrected] == [walk.person for walk in clean]
    assert corrected.problems == ()
    assert (
        main(["audit", str(path), "--labels", str(out / "labels.csv"), "--out", str(out), "--fail-on", "possible"]) == 0
    )


def test_levels_are_those_of_the_probabilities():
    assert list(LEVELS) == sorted(LEVELS, key=LEVELS.__getitem__)


def test_labels_are_judged_in_blocks_as_at_once(monkeypatch):
    rng = np.random.default_rng(3)
    true = np.repeat(np.arange(12), [8, 6, 4, 1, 8, 12, 3, 3, 2, 7, 6, 5])
    vectors = 3 * rng.normal(size=(12, 8))[true] + rng.normal(size=(len(true), 8))
    labels = true.copy()
    labels[[0, 9]] = labels[[9, 0]]
    judge = partial(assignment.judge_labels, vectors, np.full(8, 9.0), 1.0, labels, np.arange(len(true)))
    at_once = judge()
    assert at_once.people[[0, 9]].tolist() == true[[0, 9]].tolist()
    monkeypatch.setattr(assignment, "BLOCK_BYTES", 1)
    monkeypatch.setattr(assignment, "OWN_ROWS", 1)
    in_blocks = judge()
    np.testing.assert_allclose(in_blocks.evidence, at_once.evidence, atol=1e-5)
    np.testing.assert_array_equal(in_blocks.people, at_once.people)
