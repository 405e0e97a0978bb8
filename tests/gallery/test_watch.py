"""A watched folder: known people are matched, others are new, no file is handled twice."""

import json
import re

import pytest

from himpc.cli import main
from himpc.errors import GalleryError
from himpc.gallery import FolderWatcher, Gallery, suggest_merges
from himpc.reading import plan
from himpc.recordings import save

from .stores import one_store


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(folder, name, recordings):
    save([recording.with_(person=None) for recording in recordings], folder / name)


def people_of(gallery):
    return {person.name: person.recordings for person in gallery.people()}


def test_known_people_are_matched_and_others_are_new(gallery, walks, inbox):
    gallery.enroll(walks("a", "b", "c"))
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]), fmr=0.25)
    put(inbox, "known.npz", walks("a", days=("3",)))
    put(inbox, "other.npz", [walk.with_(joints=walk.joints[:, ::-1].copy()) for walk in walks("e", days=("3",))])
    assert watcher.poll() == []  # a file may still be growing
    known, other = watcher.poll()
    assert (known.path, known.people, known.new) == ("known.npz", ("a",), False)
    assert known.probability > 0.5
    assert (known.verdict, other.verdict) in {("likely", "unknown"), ("match", "unknown")}
    assert (other.path, other.new) == ("other.npz", True)
    assert all(name.startswith("unnamed-") for name in other.people)
    assert people_of(gallery)["a"] == 6


def test_no_file_is_handled_twice(gallery, home, walks, inbox):
    put(inbox, "one.npz", walks("a"))
    assert len(FolderWatcher(gallery, inbox, lambda: plan([inbox])).poll(immediate=True)) == 1
    before = people_of(gallery)
    (inbox / "copy.npz").write_bytes((inbox / "one.npz").read_bytes())
    (inbox / "one.npz").rename(inbox / "renamed.npz")
    with Gallery.open(home) as later:
        assert FolderWatcher(later, inbox, lambda: plan([inbox])).poll(immediate=True) == []
        assert people_of(later) == before


def test_removed_person_is_not_enrolled_again(gallery, walks, inbox, bytes_on_disk):
    put(inbox, "person.npz", walks("a"))
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]))
    watcher.poll(immediate=True)
    for name in people_of(gallery):
        gallery.remove(name)
    assert b"person.npz" not in bytes_on_disk()
    assert FolderWatcher(gallery, inbox, lambda: plan([inbox])).poll(immediate=True) == []
    assert gallery.people() == []


@one_store
def test_unreadable_file_is_reported_once(gallery, walks, inbox):
    (inbox / "rubbish.npz").write_bytes(b"PK\3\4 rubbish")
    (inbox / "empty.csv").write_bytes(b"")
    put(inbox, "good.npz", walks("a"))
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]))
    problems = {arrival.path: arrival.problem for arrival in watcher.poll(immediate=True)}
    assert problems["rubbish.npz"]
    assert problems["empty.csv"]
    assert not problems["good.npz"]
    assert watcher.poll(immediate=True) == []


def test_failed_write_is_retried(gallery, walks, inbox, monkeypatch):
    put(inbox, "one.npz", walks("a"))
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]))

    def fail(*_):
        raise GalleryError("the disk is full")

    monkeypatch.setattr("himpc.gallery.catalog.changes.add_files", fail)
    with pytest.raises(GalleryError):
        watcher.poll(immediate=True)
    monkeypatch.undo()
    assert gallery.people() == []
    assert len(watcher.poll(immediate=True)) == 1


@one_store
def test_merges_are_suggested_only(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    gallery.move([recording.id for recording in gallery.recordings("a")[:2]])
    suggestions = suggest_merges(gallery, fmr=0.25)
    assert ("a", "unnamed-1") in {(each.person, each.other) for each in suggestions}
    assert people_of(gallery)["unnamed-1"] == 2


def test_verb_with_once_handles_the_folder_and_exits(walks, walkers_model, inbox, tmp_path, capsys):
    walkers_model.save(tmp_path / "model")
    put(inbox, "one.npz", walks("a", "b"))
    command = ["gallery", "watch", str(inbox), "--gallery", str(tmp_path / "g"), "--once"]
    assert main([*command, "--json"]) == 1  # there is no gallery, and no model for one
    assert "--model" in capsys.readouterr().err
    assert main([*command, "--model", str(tmp_path / "model"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["arrivals"]) == 1
    (inbox / "rubbish.npz").write_bytes(b"no")
    assert main(command) == 3
    assert "rubbish.npz" in capsys.readouterr().err


@one_store
def test_empty_folder_is_no_error(gallery, walks, inbox):
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]))
    assert watcher.poll() == []
    put(inbox, "one.npz", walks("a"))
    assert [arrival.path for arrival in watcher.poll(immediate=True)] == ["one.npz"]


@one_store
def test_problem_of_a_file_is_worded_for_the_caller(gallery, inbox):
    (inbox / "joints.csv").write_text("chest_x,chest_y,chest_z\n1,2,3\n")
    watcher = FolderWatcher(gallery, inbox, lambda: plan([inbox]), spell=lambda reference: f"<{reference.name}>")
    (seen,) = watcher.poll(immediate=True)
    assert "<layout>" in seen.problem


@pytest.mark.parametrize("known", [("b", "c", "d", "e"), ()])
@one_store
def test_two_walks_of_an_unknown_person_that_arrive_together_are_one_new_person(gallery, walks, inbox, known):
    if known:
        gallery.enroll(walks(*known))
    before = set(people_of(gallery))
    for number, walk in enumerate(walks("a", days=("1",))):
        put(inbox, f"{number}.npz", [walk])
    arrivals = FolderWatcher(gallery, inbox, lambda: plan([inbox])).poll(immediate=True)
    assert {arrival.people for arrival in arrivals} == {("unnamed-1",)}
    assert set(people_of(gallery)) - before == {"unnamed-1"}


@one_store
def test_walks_of_two_unknown_people_that_arrive_together_are_two_new_people(gallery, walks, inbox):
    for person in "ab":
        for number, walk in enumerate(walks(person, days=("1",))):
            put(inbox, f"{person}{number}.npz", [walk])
    arrivals = FolderWatcher(gallery, inbox, lambda: plan([inbox])).poll(immediate=True)
    assert [arrivals[i].people == arrivals[i + 1].people for i in (0, 1, 2)] == [True, False, True]


@one_store
def test_two_uploaded_walks_of_an_unknown_person_are_one_new_person(gallery, walks):
    gallery.enroll(walks("b", "c", "d", "e"))
    result = gallery.enroll([walk.with_(person=None) for walk in walks("a", days=("1",))], unnamed=True)
    assert result.people == ("unnamed-1",)


def test_verb_prints_the_word_of_each_answer(walks, walkers_model, inbox, tmp_path, capsys):
    with Gallery.create(tmp_path / "g", walkers_model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
    put(inbox, "known.npz", walks("a", days=("3",)))
    put(inbox, "other.npz", [walk.with_(joints=walk.joints[:, ::-1].copy()) for walk in walks("e", days=("3",))])
    assert main(["gallery", "watch", str(inbox), "--gallery", str(tmp_path / "g"), "--once", "--fmr", "0.25"]) == 0
    known, other, *_ = sorted(line for line in capsys.readouterr().out.splitlines() if ".npz:" in line)
    assert re.fullmatch(r"known.npz: a \((match|likely), probability 0\.\d\d\)", known)
    assert re.fullmatch(r"other.npz: unnamed-.* \(new, unknown\)", other)
