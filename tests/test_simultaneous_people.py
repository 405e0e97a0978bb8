"""Time is evidence: people who are seen at one time are never joined, from the file to groups and training."""

import json
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import ConfigError
from himpc.learning import Config
from himpc.learning.pseudo_labels import compute_pseudo_labels
from himpc.learning.reproducibility import fingerprint
from himpc.model import Network, window_features
from himpc.recordings import Origin, Windows, cannot_link, save
from himpc.reporting.run_data import collect
from himpc.reporting.run_files import read_run


@pytest.fixture(scope="module")
def films():
    """Three films of four people, who walk side by side; all have one body, so that only time tells them apart."""
    walks = himpc.simulate(people=1, recordings=12, seconds=1.0, difficulty="easy", seed=4)
    return [
        walk.with_(
            joints=walk.joints + np.float32([number % 4, 0, 0]),
            person=None,
            source=f"film{number // 4}.mp4#{number % 4}",
            origin=Origin(Path(f"/film{number // 4}.mp4"), number % 4),
            start=0.0,
            clock=Origin(Path(f"/film{number // 4}.mp4")),
        )
        for number, walk in enumerate(walks)
    ]


@pytest.fixture(scope="module")
def pairs(films):
    found = cannot_link(films)
    assert len(found) == 3 * 6
    return found


def holds_pair(labels, pairs):
    return any(labels[a] == labels[b] for a, b in pairs.tolist())


@pytest.mark.parametrize("settings", [{"prior": "identity"}, {"prior": "none", "max_epochs": 1, "hidden": 8}])
@pytest.mark.parametrize("people", [None, 4])
def test_no_group_holds_two_people_of_one_film(films, pairs, settings, people):
    learner = himpc.HiMPC(settings=settings, people=people)
    groups = learner.fit_predict(films)
    assert not holds_pair(groups, pairs)
    assert people is None or set(groups.tolist()) == {1, 2, 3, 4}


def test_fewer_people_than_are_seen_at_one_time_are_refused(films):
    with pytest.raises(ConfigError, match="people is 3, but 4 recordings overlap in time"):
        himpc.group(films, himpc.HiMPC(settings={"prior": "identity"}).fit(films).model_, people=3)


@pytest.mark.parametrize("grouped", ["windows", "recordings"])
def test_pseudo_labels_never_join_two_people_of_one_film(films, pairs, grouped):
    config = Config(hidden=8, heads=2, grouped=grouped)
    windows = Windows.cut(films, 6)
    network = Network(windows.layout, config.levels, hidden=8, heads=2, seed=0)
    labels = compute_pseudo_labels(network, window_features(network, windows), windows, config)
    for level in config.levels:
        of_film = [set(labels[level][windows.whole_recording == r].tolist()) - {-1} for r in range(len(films))]
        assert any(of_film)
        assert all(not of_film[a] & of_film[b] for a, b in pairs.tolist())


def test_a_run_with_other_pairs_is_another_run(films):
    without = Windows.cut([each.with_(start=None, clock=None) for each in films], 6)
    assert fingerprint(Windows.cut(films, 6)) != fingerprint(without)


def test_group_and_info_show_what_overlaps(films, tmp_path, capsys):
    save(films, tmp_path / "films.npz")
    folder = tmp_path / "groups"
    assert main(["group", str(tmp_path / "films.npz"), "--out", str(folder), "--max-epochs", "1"]) == 0
    assert "18 pairs of recordings overlap in time and were kept apart" in capsys.readouterr().out
    assert main(["group", str(tmp_path / "films.npz"), "--out", str(folder), "--people", "3"]) == 1
    assert "4 recordings overlap in time" in capsys.readouterr().err
    assert main(["info", str(tmp_path / "films.npz"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["recordings"]
    assert {(row["start"], row["clock"]) for row in rows} == {(0.0, f"/film{n}.mp4") for n in range(3)}


def test_report_of_a_run_keeps_simultaneous_people_apart(films, pairs, tmp_path):
    himpc.HiMPC(settings={"prior": "none", "max_epochs": 1, "hidden": 8}).fit(films, out=tmp_path / "run")
    comparison = collect(read_run(tmp_path / "run"), films).comparison
    assert comparison is not None
    assert not holds_pair(comparison.groups, pairs)
