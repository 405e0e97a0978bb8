"""Two people of one film never get one name, verb by verb: each reads a film of two recordings of one walker.

A search alone gives both recordings one name, and grouping alone puts both into one group, since the bodies are equal.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from himpc.cli import main
from himpc.gallery import Gallery
from himpc.learning.pseudo_labels import compute_pseudo_labels
from himpc.recordings import Origin, save

pytest.importorskip("lancedb")


def make_film(walks, path, *, timed=True):
    """Write the recordings of a film in which people walk side by side; without times on request."""
    clock = Origin(Path("/films/hall.mp4"))
    film = [
        walk.with_(
            joints=walk.joints + np.float32([number, 0, 0]),
            person=None,
            source=f"hall.mp4#{number}",
            origin=Origin(clock.path, number),
            start=0.0 if timed else None,
            clock=clock if timed else None,
        )
        for number, walk in enumerate(walks)
    ]
    save(film, path)
    return film


@pytest.fixture(params=[True, False], ids=["timed", "without times"])
def timed(request):
    return request.param


@pytest.fixture
def inbox(walks, tmp_path, timed):
    """A folder with the film of two recordings of person a on the third day."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    make_film(walks("a", days=("3",)), folder / "film.npz", timed=timed)
    return folder


@pytest.fixture
def location(walks, walkers_model, tmp_path):
    """A gallery in which persons a, b and c are enrolled."""
    with Gallery.create(tmp_path / "gallery", walkers_model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
    return str(tmp_path / "gallery")


def test_identify_gives_two_names(inbox, location, capsys, timed):
    assert main(["identify", str(inbox), "--gallery", location, "--fmr", "0.25", "--json"]) == 0
    names = [answer["person"] for answer in json.loads(capsys.readouterr().out)["answers"]]
    assert names.count("a") == (1 if timed else 2)


def test_watch_gives_two_names(inbox, location, capsys, timed):
    assert main(["gallery", "watch", str(inbox), "--gallery", location, "--once", "--fmr", "0.25", "--json"]) == 0
    (arrival,) = json.loads(capsys.readouterr().out)["arrivals"]
    assert len(set(arrival["people"])) == (2 if timed else 1)
    assert "a" in arrival["people"]


def test_enroll_without_names_makes_two_people(inbox, location, capsys, timed):
    with Gallery.open(location) as gallery:
        gallery.remove("a")
    assert main(["gallery", "enroll", str(inbox), "--gallery", location, "--unnamed"]) == 0
    with Gallery.open(location) as gallery:
        unnamed = {person.name for person in gallery.people()} - {"b", "c"}
    assert len(unnamed) == (2 if timed else 1)


@pytest.fixture
def archive(inbox, walks):
    """The film, and recordings of others."""
    save([walk.with_(person=None) for walk in walks("b", "c", "d")], inbox / "others.npz")
    return inbox


@pytest.mark.parametrize("people", [(), ("--people", "4")])
def test_group_makes_two_groups(archive, tmp_path, timed, people):
    out = tmp_path / "groups"
    assert main(["group", str(archive), "--out", str(out), *people]) == 0
    with (out / "groups.csv").open(newline="") as file:
        groups = [row["group"] for row in csv.DictReader(file) if "hall.mp4" in row["recording"]]
    assert len(groups) == 2
    assert len(set(groups)) == (2 if timed else 1)


def test_training_contrasts_the_two(archive, tmp_path, timed, monkeypatch):
    shared = []

    def compute(network, features, windows, *others):
        labels = compute_pseudo_labels(network, features, windows, *others)["joint"].numpy()
        one, other = (set(labels[windows.whole_recording == number].tolist()) - {-1} for number in (0, 1))
        assert one
        shared.append(bool(one & other))
        return dict.fromkeys(features, torch.from_numpy(labels))

    monkeypatch.setattr("himpc.learning.epoch.compute_pseudo_labels", compute)
    settings = ["--prior", "none", "--max-epochs", "2", "--hidden", "16", "--grouped", "recordings"]
    assert main(["train", str(archive), "--out", str(tmp_path / "run"), *settings]) == 0
    assert shared[-1] != timed
