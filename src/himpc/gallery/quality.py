"""How well each person is enrolled."""

from __future__ import annotations

from collections.abc import Sequence

from himpc.gallery.records import EnrolledRecording, Person, PersonQuality

MIN_SECONDS = 5.0
"""Shorter than this in total, a person is poorly enrolled."""

MIN_QUALITY = 0.7
"""Below this share of usable frames, a recording is poor."""

DEFAULT_FPS = 30.0


def assess_people(people: Sequence[Person], recordings: Sequence[EnrolledRecording]) -> list[PersonQuality]:
    """Assess how well each person is enrolled; those with most problems first, then by name."""
    own: dict[str, list[EnrolledRecording]] = {}
    for each in recordings:
        own.setdefault(each.person, []).append(each)
    assessed = [_assess(person, own[person.name]) for person in people if person.name in own]
    return sorted(assessed, key=lambda each: (-len(each.problems), each.person))


def _assess(person: Person, recordings: Sequence[EnrolledRecording]) -> PersonQuality:
    sessions = {each.session for each in recordings if each.session is not None}
    cameras = {each.camera for each in recordings if each.camera is not None}
    seconds = sum(each.frames / (each.fps or DEFAULT_FPS) for each in recordings)
    quality = min(each.quality for each in recordings)
    poor = sum(each.quality < MIN_QUALITY for each in recordings)
    problems = {
        "one recording": len(recordings) == 1,
        "one session": len(recordings) > 1 and len(sessions) == 1,
        "one view": len(recordings) > 1 and len(cameras) == 1,
        f"short: {seconds:.1f} s in total": seconds < MIN_SECONDS,
        f"{poor} of {len(recordings)} with less than {MIN_QUALITY:.0%} usable frames": poor > 0,
    }
    found = tuple(problem for problem, is_found in problems.items() if is_found)
    return PersonQuality(
        person.name, person.named, len(recordings), len(sessions), len(cameras), round(seconds, 1), quality, found
    )
