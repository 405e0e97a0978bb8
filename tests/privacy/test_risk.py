"""`himpc.risk`, its report and its verb: attackers, what cannot be tested, and inputs that cannot be used."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import ConfigError, DataError
from himpc.model import IdentityScoring
from himpc.privacy import Comparer, Knowledge, Measure, RiskReport, find_knowledge, learn_from_others, own_rank
from himpc.recordings import Origin, save
from himpc.reporting import write_risk
from himpc.skeleton import get_layout

METHODS = ("noise:150", "offset:400")


pytestmark = pytest.mark.xdist_group("risk")  # one worker makes the report


@pytest.fixture(scope="module")
def walks() -> list[himpc.Recording]:
    return himpc.simulate(people=9, recordings=4, seconds=1.2, difficulty="easy", seed=6)


@pytest.fixture(scope="module")
def report(walks) -> RiskReport:
    return himpc.risk(walks, METHODS)


def any_other(count: int) -> Knowledge:
    return Knowledge("any other recording", "", np.zeros(count, np.int64), None)


def rank_1(report: RiskReport, *, informed: bool = True) -> dict[str, float]:
    return {each.method: each.attack(informed=informed).measures["rank_1"].value for each in report.assessments}


def test_people_of_recordings_as_they_are_are_found(report):
    attack = report.assessments[0].attack()
    assert attack.measures["rank_1"].value > 0.9
    assert attack.measures["anonymity_set"].value < 1.5
    assert (attack.n_probes, attack.n_people, report.n_people, report.n_recordings) == (36, 9, 9, 36)


def test_a_strong_transformation_lowers_the_risk_and_the_utility(report):
    by_method = {each.method: each for each in report.assessments}
    strong = by_method["offset:400"]
    assert rank_1(report)["offset:400"] < 0.5 * rank_1(report)["none"]
    assert strong.attack().measures["anonymity_set"].value > 3
    assert strong.utility.position_error > 300
    assert by_method["none"].utility.position_error == 0


def test_an_attacker_who_adapts_is_at_least_as_strong(report):
    plain = rank_1(report, informed=False)
    assert all(value >= plain[method] for method, value in rank_1(report).items())
    assert sum(rank_1(report).values()) > sum(plain.values())


def test_a_method_that_only_looks_safe_is_called_so(report, tmp_path):
    seen = replace(report.assessments[1], gap=Measure(0.5, 0.3, 0.7))
    assert seen.only_looks_safe
    assert "only looks safe: an attacker who does not adapt finds" in seen.verdict()
    unclear = [replace(seen, gap=gap) for gap in (Measure(0.5, -0.1, 0.9), Measure(0.05, 0.01, 0.1), Measure(np.nan))]
    assert not any(each.only_looks_safe for each in [*unclear, report.assessments[0]])
    warned = replace(report, assessments=(report.assessments[0], seen))
    assert "only looks safe" in warned.table()
    assert "warning" not in replace(report, assessments=report.assessments[:1]).table()
    assert "only looks safe" in write_risk(tmp_path, warned)[0].read_text(encoding="utf-8")


def test_attackers_follow_from_the_labels(report, walks):
    known = {each.knowledge for each in report.assessments[0].attacks}
    assert known == {"any other recording", "same session", "other session", "other sensor"}
    assert any(text.startswith("other activity: the recordings state no activity") for text in report.untested)
    attackers, untested = find_knowledge(walks, "session")
    assert [each.name for each in attackers][1:] == ["same activity", "other activity", "other sensor"]
    assert untested == ["other session: the recordings state no session"]


def test_what_an_attacker_holds_and_what_is_published():
    labels = np.array([0, 0, 1, -1])
    same, other = (Knowledge("", "", labels, each) for each in (True, False))
    assert same.eligible(0).tolist() == [True, True, False, False]
    assert other.eligible(0).tolist() == [False, False, True, False]
    assert not same.eligible(3).any()


def test_people_are_in_the_order_of_their_risk(report):
    people = report.assessments[-1].attack().people
    assert len(people) == 9
    assert sum(person.probes for person in people) == 36
    assert [person.rank_1 for person in people] == sorted((person.rank_1 for person in people), reverse=True)


@pytest.mark.parametrize("counts", [[2] * 20, [1, 3, 6, 9] * 5])
def test_vectors_that_tell_nothing_stay_at_chance(counts):
    """Neither the number of recordings nor the folds of the training may give a person away."""
    persons = np.repeat(np.arange(20), counts)
    found = []
    for seed in range(20):
        vectors = np.random.default_rng(seed).normal(size=(len(persons), 12))
        scoring = IdentityScoring(np.ones(12), np.full(12, 0.3), noise=1.0)
        one = np.zeros((1, 1), np.int64)
        fixed = Comparer(vectors[None], vectors[None], (scoring,), one, np.zeros(20, np.int64))
        learned = learn_from_others(vectors, vectors, vectors, persons)
        for comparer in (fixed, learned):
            scores, probes = comparer.score(any_other(len(persons)), persons)
            found.append((own_rank(scores, persons[probes]) == 1).mean())
    assert np.mean(found) == pytest.approx(1 / 20, abs=0.015)


def test_training_on_other_people_finds_what_tells_people_apart():
    rng = np.random.default_rng(1)
    persons = np.repeat(np.arange(20), 4)
    vectors = rng.normal(size=(80, 12)) * 10
    vectors[:, :4] = rng.normal(size=(20, 4))[persons] + 0.2 * rng.normal(size=(80, 4))
    comparer = learn_from_others(vectors, vectors, vectors, persons)
    scores, probes = comparer.score(any_other(80), persons)
    assert (own_rank(scores, persons[probes]) == 1).mean() > 0.5
    assert learn_from_others(vectors[:20], vectors[:20], vectors[:20], persons[:20]) is None


def test_a_person_with_one_recording_is_no_probe_but_hides_others(walks):
    report = himpc.risk(walks[:9])
    assert report.n_people == 3
    assert report.assessments[0].attack().n_probes == 8


def test_parts_of_one_recording_are_one(walks, tmp_path):
    parts = []
    for number, walk in enumerate(walks[:16]):
        origin = Origin(tmp_path / f"{number}.csv")
        for part, rows in enumerate((slice(0, 20), slice(20, None)), start=1):
            parts.append(walk.with_(joints=walk.joints[rows], origin=Origin(origin.path, None, part)))
    report = himpc.risk(parts)
    assert report.n_recordings == report.assessments[0].attack().n_probes == 16


@pytest.mark.parametrize(
    "make",
    [
        lambda walk: walk.to(
            walk.layout.subset(["left_hip", "left_knee", "left_ankle", "right_hip", "right_knee"], "legs")
        ),
        lambda walk: walk.with_(joints=walk.joints * [300, 300, 0], dimensions=2),
        lambda walk: walk.to(get_layout("coco-17")) if walk.layout.has("nose") else walk.with_(fps=None),
    ],
    ids=["legs", "pixels", "no frame rate"],
)
def test_any_layout_is_attacked(walks, make):
    report = himpc.risk([make(walk) for walk in walks], ["drop:left_ankle"])
    assert report.assessments[0].attack().measures["rank_1"].value > 0.3


def test_a_method_that_most_recordings_do_not_allow_is_not_assessed(walks):
    report = himpc.risk([walk.with_(fps=None) for walk in walks[:20]], ["smooth:0.1", "noise:5"])
    assert [each.method for each in report.assessments] == ["none", "noise:5"]
    assert any("smooth:0.1: 20 of 20 recordings do not allow it" in text for text in report.untested)


def test_recordings_that_cannot_be_used_are_left_out(walks):
    joints = walks[1].joints.copy()
    joints[3, 2] = np.nan
    report = himpc.risk([walks[0].with_(joints=walks[0].joints[:3]), walks[1].with_(joints=joints), *walks[2:20]])
    assert ["expected 6 or more" in problem.message for problem in report.problems] == [True, False]
    assert report.n_recordings == 18


def test_recordings_stay_as_they_are(walks):
    before = [walk.joints.copy() for walk in walks[:8]]
    first, second = (himpc.risk(walks[:8], ["noise:50"], seed=2).to_dict() for _ in range(2))
    assert all((walk.joints == copy).all() for walk, copy in zip(walks, before, strict=False))
    assert json.dumps(first) == json.dumps(second)


def test_wrong_arguments(walks):
    with pytest.raises(DataError, match="1 of 2 recordings have no person"):
        himpc.risk([walks[0], walks[1].with_(person=None)])
    with pytest.raises(DataError, match=r"found 1 person in 4 recordings"):
        himpc.risk(walks[:4])
    with pytest.raises(DataError, match=r"found 9 people in 9 recordings"):
        himpc.risk(walks[::4])
    with pytest.raises(DataError, match=r"found 0 people in 0 recordings"):
        himpc.risk([])
    with pytest.raises(ConfigError, match="unknown method 'blur'"):
        himpc.risk(walks, ["blur"])
    with pytest.raises(ConfigError, match="found 5"):
        himpc.risk(walks, [5])
    with pytest.raises(ConfigError, match="activity must be"):
        himpc.risk(walks, activity="person")
    with pytest.raises(ConfigError, match="seed"):
        himpc.risk(walks, seed=-1)


def test_report_says_what_was_tested_and_promises_nothing(report, tmp_path):
    paths = write_risk(tmp_path / "report", report)
    assert [path.name for path in paths] == ["risk.html", "trade-off.png", "attacks.csv", "people.csv"]
    page = paths[0].read_text(encoding="utf-8")
    for text in ("no promise of anonymity", "What was not tested", "other activity", "Serjantov"):
        assert text in page
    assert "http" not in page.replace("https://www.w3.org", "")
    with paths[3].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["person"] for row in rows} == {f"person-{n:03d}" for n in range(9)}


def test_names_are_escaped_on_the_page(walks, tmp_path):
    named = [walk.with_(person=f"<script>{walk.person}") for walk in walks[:12]]
    page = write_risk(tmp_path, himpc.risk(named))[0].read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;person-000" in page


def test_verb(walks, tmp_path, capsys):
    save(walks[:16], tmp_path / "walks.npz")
    arguments = ["risk", str(tmp_path / "walks.npz"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--method", "noise:50", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["method"] for each in document["assessments"]] == ["none", "noise:50"]
    assert main(arguments) == 0
    assert "no number here is a promise of anonymity" in capsys.readouterr().out
    assert main([*arguments, "--method", "blur"]) == 1
    assert "unknown method 'blur'" in capsys.readouterr().err


def test_real_walks_only_look_anonymous_on_a_standard_body(shared_data):
    recordings = himpc.read(shared_data / "trc-walking", name="{person}/{session}/*.trc")
    report = himpc.risk(recordings, ["standard-body"])
    assert rank_1(report)["none"] > 0.95
    assert rank_1(report, informed=False)["standard-body:1"] < 0.3
    assert rank_1(report)["standard-body:1"] > 0.8
    assert report.assessments[1].only_looks_safe
