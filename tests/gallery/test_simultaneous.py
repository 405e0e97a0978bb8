"""Two people of one picture never get one name: in searches, in enrollment without names, and in a watched folder."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from himpc.gallery import (
    Answer,
    FolderWatcher,
    Gallery,
    Match,
    export_gallery,
    get_service,
    give_different_people,
    import_gallery,
)
from himpc.reading import plan
from himpc.recordings import Origin, save

from .stores import one_store

FILM = Origin(Path("/films/hall.mp4"))


def together(*walks):
    """Return recordings of one film, whose people walk side by side without names."""
    return [
        walk.with_(
            joints=walk.joints + np.float32([number, 0, 0]),
            person=None,
            source=f"hall.mp4#{number}",
            origin=Origin(FILM.path, number),
            start=0.0,
            clock=FILM,
        )
        for number, walk in enumerate(walks)
    ]


def twins(walks, count=2):
    """Return two of one person's recordings of another day: a search alone finds the same person in both."""
    return walks("a", days=("3",))[:count]


@one_store
def test_two_people_of_one_film_get_two_names(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    alone = gallery.search([walk.with_(person=None) for walk in twins(walks)], fmr=0.25)
    assert [answer.person for answer in alone] == ["a", "a"]
    answers = gallery.search(together(*twins(walks)), fmr=0.25)
    names = [answer.person for answer in answers]
    assert names.count("a") == 1
    other = answers[1 - names.index("a")]
    assert "a is another person at the same time" in other.note
    assert all(len(answer.matches) <= 5 for answer in answers)


@one_store
def test_other_films_are_searched_as_before(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    probes = together(walks("a", days=("3",))[0], walks("b", days=("3",))[0])
    alone = [each.with_(start=None, clock=None) for each in probes]
    assert gallery.search(probes, fmr=0.25) == gallery.search(alone, fmr=0.25)


@one_store
def test_unnamed_people_of_one_film_are_enrolled_as_two(gallery, walks):
    gallery.enroll(together(*twins(walks)), unnamed=True)
    assert len(gallery.people()) == 2


@one_store
def test_watched_folder_keeps_people_of_one_film_apart(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b", "c"))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    save(together(*twins(walks)), inbox / "film.npz")
    (arrival,) = FolderWatcher(gallery, inbox, lambda: plan([inbox]), fmr=0.25).poll(immediate=True)
    assert len(arrival.people) == 2
    assert "a" in arrival.people


def pairs_of(gallery):
    """Return which recordings of a gallery overlap in time, by the names of their files."""
    recordings = gallery.recordings()
    others = get_service(gallery).simultaneous([each.id for each in recordings])
    return {
        each.source: [recordings[other].source for other in own] for each, own in zip(recordings, others, strict=True)
    }


def test_gallery_stores_who_was_seen_together_until_it_is_erased(gallery, walks, bytes_on_disk):
    gallery.enroll(together(*twins(walks), walks("b")[0]), unnamed=True)
    assert pairs_of(gallery)["hall.mp4#1"] == ["hall.mp4#0", "hall.mp4#2"]
    catalog = get_service(gallery)._catalog
    gallery.remove(recordings=[gallery.recordings()[0].id])
    assert pairs_of(gallery) == {"hall.mp4#1": ["hall.mp4#2"], "hall.mp4#2": ["hall.mp4#1"]}
    gallery.remove(*[person.name for person in gallery.people()])
    with catalog.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM himpc_simultaneous").scalar() == 0


@pytest.fixture
def film_gallery(walkers_model, walks, tmp_path):
    """A gallery in which one person's recordings are enrolled as two people of one film, and others."""
    with Gallery.create(tmp_path / "film gallery", walkers_model) as made:
        made.enroll(walks("b", "c", "d"))
        made.enroll(together(*twins(walks)), unnamed=True)
        yield made


def test_people_of_one_film_are_neither_grouped_nor_offered_as_one(film_gallery, walks, tmp_path):
    recordings, grouping = get_service(film_gallery).group(4)
    group_of = dict(zip([each.source for each in recordings], grouping.groups.tolist(), strict=True))
    assert group_of["hall.mp4#0"] != group_of["hall.mp4#1"]
    assert grouping.kept_apart == 1
    assert not [item for item in film_gallery.queue(fmr=0.3) if item.kind == "merge"]
    with Gallery.create(tmp_path / "without times", film_gallery.model) as other:
        other.enroll(walks("b", "c", "d"))
        for walk in together(*twins(walks)):
            other.enroll([walk], unnamed=True)
        assert [item for item in other.queue(fmr=0.3) if item.kind == "merge"]
        recordings, grouping = get_service(other).group(4)
        group_of = dict(zip([each.source for each in recordings], grouping.groups.tolist(), strict=True))
        assert group_of["hall.mp4#0"] == group_of["hall.mp4#1"]


def test_recordings_enrolled_again_together_are_then_kept_apart(film_gallery, walks, tmp_path):
    with Gallery.create(tmp_path / "one by one", film_gallery.model) as other:
        for walk in together(*twins(walks)):
            other.enroll([walk], unnamed=True)
        assert pairs_of(other)["hall.mp4#0"] == []
        for _ in range(2):
            assert other.enroll(together(*twins(walks)), unnamed=True).recordings == 0
            assert pairs_of(other)["hall.mp4#0"] == ["hall.mp4#1"]


def test_export_keeps_pairs_and_headings(film_gallery, tmp_path):
    export_gallery(film_gallery, tmp_path / "film.safetensors")
    import_gallery(tmp_path / "film.safetensors", tmp_path / "again")
    headings = headings_of(film_gallery)
    assert any(mean is not None for _, mean in headings.values())
    with Gallery.open(tmp_path / "again") as again:
        assert pairs_of(again) == pairs_of(film_gallery)
        assert headings_of(again) == headings


def headings_of(gallery):
    recordings = gallery.recordings()
    found = get_service(gallery).headings([each.id for each in recordings])
    return dict(zip([each.source for each in recordings], found, strict=True))


def test_gallery_of_version_3_gets_headings_from_its_skeletons(film_gallery, tmp_path):
    expected = headings_of(film_gallery)
    film_gallery.close()
    with sqlite3.connect(tmp_path / "film gallery" / "catalogue.sqlite") as connection:
        connection.execute("DROP TABLE himpc_simultaneous")
        for column in ("heading_sectors", "heading_x", "heading_y"):
            connection.execute(f"ALTER TABLE himpc_recordings DROP COLUMN {column}")
        connection.execute("UPDATE himpc_facts SET value = ?, digest = NULL WHERE name = 'version'", (b"3",))
    connection.close()
    with Gallery.open(tmp_path / "film gallery") as opened:
        assert opened.verify() == []
        assert pairs_of(opened)["hall.mp4#0"] == []
        found = headings_of(opened)
    for source, (sectors, mean) in expected.items():
        assert found[source][0] == sectors
        assert found[source][1] == pytest.approx(mean, abs=1e-6)


def answer(*distances, names="ABC", threshold=2.0):
    matches = tuple(Match(n, d, 0.5, 0.0, (), ()) for n, d in zip(names, distances, strict=False))
    matches = tuple(sorted(matches, key=lambda match: match.distance))
    person = matches[0].person if matches and matches[0].distance <= threshold else None
    return Answer("probe", person, 0.5, 0.1, 0.0, threshold, 1, matches)


def test_the_sum_of_the_evidence_decides_not_the_best_match():
    # The first is nearest to A but about as near to B; the second matches A alone.
    found = give_different_people([answer(0.5, 0.6, 3.0), answer(0.7, 3.0, 3.0)])
    assert [each.person for each in found] == ["B", "A"]
    assert found[0].matches[0].person == "B"
    assert found[0].probability == pytest.approx(1.0)  # 0.5 of what the other leaves
    assert found[1].note == ""


def test_who_matches_nobody_else_is_unknown():
    found = give_different_people([answer(0.5, 3.0, 3.0), answer(0.7, 3.0, 3.0)])
    assert [each.person for each in found] == ["A", None]
    assert found[1].probability == pytest.approx(0.2)
    assert give_different_people([]) == []


def test_answers_of_different_people_stay():
    answers = [answer(0.5, 3.0, 3.0), answer(3.0, 0.7, 3.0), replace(answer(), person=None)]
    assert give_different_people(answers) == answers
