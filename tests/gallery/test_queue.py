"""The queue: which questions are asked, decisions, and undoing them."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lancedb")

from himpc.cli import main
from himpc.errors import ConfigError, DataError, GalleryError
from himpc.gallery import Answer, EnrolledRecording, Gallery, Match, QueueItem, calibrate
from himpc.gallery.catalog.decisions import Fact
from himpc.gallery.quality import assess_people
from himpc.gallery.queue import build_queue
from himpc.gallery.ranking import DecisionRule
from himpc.gallery.records import Person


def make_case(persons, seed=0, size=16):
    """Return recordings of some people, and vectors: a centre for each true person, and noise."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(26, size)) * 4
    recordings, vectors = [], []
    for number, (name, true) in enumerate(persons):
        recordings.append(
            EnrolledRecording(number + 1, name, f"{name}.csv", None, None, 30.0, 90, 9, 1.0, "2026", True)
        )
        vectors.append(centres[ord(true) - ord("a")] + generator.normal(size=size) * 0.4)
    return recordings, np.array(vectors)


def ask(persons, facts=(), unnamed=("unnamed-1", "unnamed-2", "unnamed-10"), simultaneous=()):
    recordings, vectors = make_case([*persons, *[(name, name) for name in "klmnopqrst" for _ in range(2)]])
    _, code = np.unique([each.person for each in recordings], return_inverse=True)
    calibration = calibrate(*_true_vectors())
    rule = DecisionRule(calibration, calibration.threshold(0.01), 0.5, code.max() + 1)
    present = {name for name in unnamed if name in {each.person for each in recordings}}
    return build_queue(recordings, present, vectors, rule, facts, simultaneous)


def _true_vectors():
    recordings, vectors = make_case([(name, name) for name in "abcdefghijklmnopqrst" for _ in range(2)])
    return vectors, np.unique([each.person for each in recordings], return_inverse=True)[1]


def test_unnamed_person_near_a_named_one_is_a_merge():
    (item,) = ask([("a", "a"), ("a", "a"), ("unnamed-1", "a")])
    assert (item.kind, item.person, item.candidate, item.contradicts) == ("merge", "unnamed-1", "a", False)
    assert item.recordings == (3,)
    assert item.probability > 0.5
    assert "unnamed-1 may be a" in item.reason


def test_people_seen_at_one_time_are_no_merge():
    (item,) = ask([("a", "a"), ("a", "a"), ("unnamed-1", "a")], simultaneous=[(1, 3)])
    assert (item.kind, item.person, item.candidate) == ("unknown", "unnamed-1", None)
    assert item.nearest != "a"


def test_recording_is_not_said_to_show_a_person_seen_beside_it():
    people = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("a", "a")]
    assert [item.kind for item in ask(people)] == ["doubtful"]
    assert ask(people, simultaneous=[(3, 4)]) == []


def test_two_unnamed_people_are_asked_about_once():
    (item,) = ask([("unnamed-2", "a"), ("unnamed-10", "a")])
    assert (item.person, item.candidate) == ("unnamed-10", "unnamed-2")


def test_people_named_by_hand_are_offered_only_if_a_match_and_marked():
    (item,) = ask([("a", "a"), ("a", "a"), ("b", "a"), ("b", "a"), ("b", "a")])
    assert (item.kind, item.person, item.candidate, item.contradicts) == ("merge", "a", "b", True)
    assert item.probability >= 0.9
    assert "both were named by hand" in item.reason


def test_person_far_from_all_is_unknown_with_the_nearest():
    (item,) = ask([("unnamed-1", "b")])
    assert (item.kind, item.person, item.candidate) == ("unknown", "unnamed-1", None)
    assert item.nearest in set("klmnopqrst")


def test_recording_of_another_person_is_doubtful():
    (item,) = ask([("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("a", "a")])
    assert (item.kind, item.person, item.candidate, item.nearest) == ("doubtful", "a", "a", "b")
    assert item.recordings == (3,)


def test_what_was_decided_is_not_asked_again():
    merge = [("a", "a"), ("a", "a"), ("unnamed-1", "a")]
    assert [item.kind for item in ask(merge, [Fact(3, 1, False)])] == ["unknown"]
    assert ask(merge, [Fact(3, 1, False), Fact(3, None, False)]) == []
    doubtful = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]
    assert ask(doubtful, [Fact(3, 1, True)]) == []
    assert ask([("a", "a"), ("b", "b")]) == []


def test_large_queue_is_compared_in_blocks_with_the_same_result(monkeypatch):
    persons = [(f"unnamed-{i % 5 + 1}", "abcde"[i % 5]) for i in range(40)]
    unnamed = tuple(f"unnamed-{i}" for i in range(1, 6))
    whole = ask(persons, unnamed=unnamed)
    monkeypatch.setattr("himpc.evaluation.distances._BLOCK_CELLS", 150)
    assert ask(persons, unnamed=unnamed) == whole


def test_gallery_without_calibration_asks_for_names_only():
    recordings, vectors = make_case([("unnamed-1", "a"), ("unnamed-2", "a")])
    items = build_queue(recordings, {"unnamed-1", "unnamed-2"}, vectors, DecisionRule(), [])
    assert [item.kind for item in items] == ["unknown", "unknown"]
    assert build_queue([], set(), np.empty((0, 4)), DecisionRule(), []) == []
    vectors[:] = np.nan
    assert len(build_queue(recordings, {"unnamed-1", "unnamed-2"}, vectors, DecisionRule(), [])) == 2


# Decisions


def fill(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    gallery.rename("a", "Ann")
    gallery.move([each.id for each in gallery.recordings("b")])


@pytest.fixture
def filled(gallery, walks):
    """A gallery in either store, of two named people and one without a name."""
    fill(gallery, walks)
    return gallery


@pytest.fixture
def in_folder(tmp_path, walks, walkers_model):
    """The same in a folder."""
    with Gallery.create(tmp_path / "gallery", walkers_model, actor="test") as gallery:
        fill(gallery, walks)
        yield gallery


def people_of(gallery):
    return {person.name: person.recordings for person in gallery.people()}


def item_of(gallery, kind="unknown"):
    return next(item for item in gallery.queue() if item.kind == kind)


def test_unknown_person_is_enrolled_and_the_decision_undone(filled):
    before = people_of(filled)
    item = item_of(filled)
    assert item.person == "unnamed-1"
    (number,) = filled.decide(item.id, decision="enroll", person="Ben")
    assert people_of(filled) == {"Ann": 4, "Ben": 4, "c": 4}
    event = filled.audit()[-1]
    assert (event.action, event.person, event.former, event.number) == ("assigned", "Ben", ("unnamed-1",), number)
    assert filled.undo() == number
    assert people_of(filled) == before
    assert not next(person for person in filled.people() if person.name == "unnamed-1").named
    assert filled.audit()[-1].action == "undone"
    assert not any((event.person or "").startswith("gone-") for event in filled.audit())
    with pytest.raises(DataError, match="no decision to undo"):
        filled.undo()


def test_rejected_item_is_not_asked_again_until_undone(in_folder):
    item = item_of(in_folder)
    in_folder.decide(item.id, decision="reject")
    assert item.person not in {each.person for each in in_folder.queue()}
    with pytest.raises(DataError, match="not in the queue"):
        in_folder.decide(item.id, decision="reject")
    in_folder.undo()
    assert item.id in {each.id for each in in_folder.queue()}


def test_decisions_are_refused_all_or_none(in_folder):
    item = item_of(in_folder)
    before = people_of(in_folder), len(in_folder.audit())
    for arguments, error in (
        ({"decision": "confirm"}, ConfigError),
        ({"decision": "enroll"}, ConfigError),
        ({"decision": "reject", "person": "Ben"}, ConfigError),
        ({"decision": "enroll", "person": "\n"}, DataError),
    ):
        with pytest.raises(error):
            in_folder.decide(item.id, **arguments)
    with pytest.raises(DataError, match="0000beef is not in the queue"):
        in_folder.decide(item.id, "0000beef", decision="enroll", person="Ben")
    assert (people_of(in_folder), len(in_folder.audit())) == before


def test_undo_is_refused_where_recordings_have_been_moved_since(in_folder):
    in_folder.decide(item_of(in_folder).id, decision="enroll", person="Ben")
    in_folder.move([each.id for each in in_folder.recordings("Ben")], "Bea")
    with pytest.raises(DataError, match="moved since"):
        in_folder.undo()
    assert people_of(in_folder)["Bea"] == 4


def test_removal_erases_what_was_decided(filled, bytes_on_disk):
    filled.rename("c", "Carmen Former")
    item = item_of(filled)
    filled.decide(item.id, decision="enroll", person="Carmen Former")
    filled.undo()
    filled.decide(item_of(filled).id, decision="enroll", person="Benedikt Gone")
    filled.remove("Benedikt Gone")
    assert b"Benedikt Gone" not in bytes_on_disk()
    assert b"unnamed-1" not in bytes_on_disk()
    with pytest.raises(DataError, match="no decision to undo"):
        filled.undo()


def test_undone_decision_leaves_former_names_with_their_people(filled, bytes_on_disk):
    filled.rename("unnamed-1", "Bert Former")
    filled.rename("Bert Former", "Bert")
    number = filled.recordings("Bert")[0].id
    filled.move([number], None)
    assert people_of(filled)["Bert"] == 3
    item = next(each for each in filled.queue() if each.kind != "doubtful")
    filled.decide(item.id, decision="enroll", person="Ann")
    filled.undo()
    filled.remove("Bert", *[each for each in people_of(filled) if each.startswith("unnamed")])
    assert b"Bert" not in bytes_on_disk()


@pytest.fixture
def asking(monkeypatch):
    """Make the queue ask one question, which `ask` sets."""
    items = []
    monkeypatch.setattr("himpc.gallery.review.build_queue", lambda *_: items)
    return items


def test_confirmed_merge_moves_all_recordings_and_is_undone(in_folder, asking):
    own = tuple(each.id for each in in_folder.recordings("unnamed-1"))
    other = in_folder.recordings("Ann")[0].id
    asking.append(make_item("merge", "unnamed-1", own, candidate="Ann", other=other))
    in_folder.decide("00000001", decision="confirm")
    assert people_of(in_folder) == {"Ann": 8, "c": 4}
    assert in_folder.audit()[-1].former == ("unnamed-1",)
    in_folder.undo()
    assert people_of(in_folder) == {"Ann": 4, "c": 4, "unnamed-1": 4}
    in_folder.decide("00000001", decision="reject")
    assert people_of(in_folder) == {"Ann": 4, "c": 4, "unnamed-1": 4}
    in_folder.merge("c", "unnamed-1")
    with pytest.raises(DataError, match="has changed"):
        in_folder.decide("00000001", decision="confirm")


def test_doubtful_recording_stays_or_becomes_a_new_person(in_folder, asking):
    first, second = (each.id for each in in_folder.recordings("Ann")[:2])
    asking.append(make_item("doubtful", "Ann", (first,), candidate="Ann", other=second))
    in_folder.decide("00000001", decision="confirm")
    assert people_of(in_folder)["Ann"] == 4
    in_folder.decide("00000001", decision="reject")
    assert people_of(in_folder) == {"Ann": 3, "c": 4, "unnamed-1": 4, "unnamed-2": 1}
    in_folder.undo()
    assert people_of(in_folder) == {"Ann": 4, "c": 4, "unnamed-1": 4}
    assert [event.action for event in in_folder.audit()][-3:] == ["confirmed", "rejected", "undone"]


def make_item(kind, person, recordings, candidate, other):
    return QueueItem(
        "00000001",
        kind,
        person,
        recordings,
        recordings[0],
        "x.csv",
        candidate,
        "Ann",
        other,
        1.0,
        0.9,
        "",
        False,
        "2026",
    )


def test_verb_lists_decides_and_undoes(in_folder, tmp_path, capsys):
    item = item_of(in_folder)
    place = ["--gallery", str(tmp_path / "gallery")]
    assert main(["gallery", "queue", *place]) == 0
    assert item.id in capsys.readouterr().out
    assert main(["gallery", "queue", "--enroll", item.id, "--person", "Ben", *place]) == 0
    assert "Decided 1 question" in capsys.readouterr().out
    assert people_of(in_folder)["Ben"] == 4
    assert main(["gallery", "queue", "--undo", "--kind", "unknown", *place]) == 0
    assert item.id in capsys.readouterr().out
    assert main(["gallery", "queue", "--enroll", item.id, *place]) == 1
    assert "--person" in capsys.readouterr().err
    assert main(["gallery", "quality", *place]) == 0
    assert "poorly enrolled" in capsys.readouterr().out


# Quality and words


def test_quality_names_what_is_poor():
    person = Person("a", True, 1, 9, (), "2026", "2026")
    one = EnrolledRecording(1, "a", "a.csv", "s1", "front", 30.0, 90, 9, 0.5, "2026", True)
    (found,) = assess_people([person], [one])
    assert found.problems == ("one recording", "short: 3.0 s in total", "1 of 1 with less than 70% usable frames")
    more = [replace(one, id=i, quality=1.0, frames=300) for i in range(3)]
    (found,) = assess_people([person], more)
    assert found.problems == ("one session", "one view")
    assert assess_people([person], [more[0], replace(more[1], session="s2", camera="side")])[0].problems == ()


def match(person, distance, probability):
    return Match(person, distance, probability, 0.8, (), ())


@pytest.mark.parametrize(
    ("person", "probability", "threshold", "windows", "word", "reason"),
    [
        ("a", 0.95, 2.0, 10, "match", "within the threshold 2.00, and 8 of 10 windows"),
        ("a", 0.6, 2.0, 10, "likely", "within the threshold"),
        ("a", 0.3, 2.0, 10, "unsure", "not enrolled is about as likely"),
        (None, 0.7, 0.5, 10, "unsure", "beyond the threshold 0.50"),
        (None, 0.2, 0.5, 10, "unknown", "beyond the threshold 0.50"),
        (None, 0.2, 0.9996, 10, "unknown", "the distance 1.0000 is beyond the threshold 0.9996"),
        (None, 0.9, 2.0, 10, "unsure", "was not named"),
        (None, None, None, 10, "unsure", "no threshold yet"),
        (None, None, 2.0, 0, "unknown", "too short"),
    ],
)
def test_answer_has_a_word_and_a_reason(person, probability, threshold, windows, word, reason):
    matches = (match("a", 1.0, probability), match("b", 3.0, 0.01)) if windows else ()
    answer = Answer("x", person, probability, 0.3, 0.5, threshold, windows, matches)
    assert answer.verdict == word
    assert reason in answer.reason


def test_gallery_of_version_2_gets_the_tables_of_decisions(in_folder, tmp_path):
    folder = tmp_path / "gallery"
    in_folder.close()
    with sqlite3.connect(folder / "catalogue.sqlite") as connection:
        connection.execute("DROP TABLE himpc_decisions")
        connection.execute("DROP TABLE himpc_decision_moves")
        connection.execute("UPDATE himpc_facts SET value = ?, digest = NULL WHERE name = 'version'", (b"2",))
    connection.close()
    with Gallery.open(folder) as opened:
        opened.decide(item_of(opened).id, decision="reject")
        opened.undo()
        assert opened.verify() == []
    with sqlite3.connect(folder / "catalogue.sqlite") as connection:
        connection.execute("DROP TABLE himpc_decisions")
    connection.close()
    with pytest.raises(GalleryError, match="himpc_decisions"):
        Gallery.open(folder)
