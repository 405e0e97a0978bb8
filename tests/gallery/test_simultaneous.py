"""Two people of one picture never get one name: in searches, in enrollment without names, and in a watched folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from himpc.gallery import Answer, FolderWatcher, Match, give_different_people
from himpc.reading import plan
from himpc.recordings import Origin, save

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


def test_other_films_are_searched_as_before(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    probes = together(walks("a", days=("3",))[0], walks("b", days=("3",))[0])
    alone = [each.with_(start=None, clock=None) for each in probes]
    assert gallery.search(probes, fmr=0.25) == gallery.search(alone, fmr=0.25)


def test_unnamed_people_of_one_film_are_enrolled_as_two(gallery, walks):
    gallery.enroll(together(*twins(walks)), unnamed=True)
    assert len(gallery.people()) == 2


def test_watched_folder_keeps_people_of_one_film_apart(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b", "c"))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    save(together(*twins(walks)), inbox / "film.npz")
    (arrival,) = FolderWatcher(gallery, inbox, lambda: plan([inbox]), fmr=0.25).poll(immediate=True)
    assert len(arrival.people) == 2
    assert "a" in arrival.people


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
