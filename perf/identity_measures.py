"""What perf/identity.py measures of a method: ranking, grouping with its confidence, and open-set rates."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import himpc
from himpc.api import Embedder
from himpc.errors import HimpcError
from himpc.evaluation import grouping_agreement
from himpc.gallery import get_service
from himpc.recordings import Recording, number_whole_recordings

LEVELS = ("window", "recording")
STATED_FMR = 0.01
PEOPLE_ALONE = 3
"""Number of people whose recordings are each grouped alone."""

Scores = dict[str, Any]
Parts = dict[str, list[Recording]]
Fit = Callable[[Sequence[Recording]], Embedder]


def ranking(model: Embedder, parts: Parts) -> Scores:
    """Measure Rank-1 and mAP of windows and recordings, in %."""
    result = himpc.evaluate(model, parts["gallery"], parts["probe"], without_match="skip")
    return {
        f"{level} {title}": round(100 * getattr(result, level).ranking.metrics[key], 2)
        for level in LEVELS
        for key, title in (("rank_1", "Rank-1"), ("mAP", "mAP"))
    }


def grouping(walks: Sequence[Recording], model: Embedder) -> Scores:
    """Group recordings with and without the number of people, and list the precision of each by its confidence."""
    names = {str(walk.person) for walk in walks}
    first = np.unique(number_whole_recordings(walks), return_index=True)[1]
    persons = np.array([str(walks[i].person) for i in first])
    scores: Scores = {"people": len(names)}
    for title, people in (("given", len(names)), ("estimated", None)):
        found = himpc.group(walks, model, people=people)
        groups, confidence = found.groups[first], found.confidence[first]
        agreement = grouping_agreement(np.where(groups > 0, groups, -1), persons.tolist())
        scores[f"ARI {title}"] = round(agreement.ari, 3)
        if people is None:
            scores |= {"groups": found.people, "purity": round(agreement.purity, 3), "F1": round(agreement.f1, 3)}
            scores["ungrouped"] = round(found.ungrouped / len(groups), 3)
            if (groups > 0).any():
                grouped = grouping_agreement(groups[groups > 0], persons[groups > 0].tolist())
                scores["ARI of grouped"] = round(grouped.ari, 3)
            scores |= {"plausible": found.plausible, "mean confidence": _mean_confidence(confidence)}
            scores["precision"] = precision_by_recording(groups, confidence, persons)
    return scores


def _mean_confidence(confidence: Any) -> float | None:
    known = confidence[~np.isnan(confidence)]
    return round(float(known.mean()), 3) if len(known) else None


def precision_by_recording(groups: Any, confidence: Any, persons: Any) -> list[tuple[float, float]]:
    """List, for each recording that is grouped with others, its confidence and the share of them who are the person."""
    together = (groups[:, None] == groups) & (groups > 0)[:, None]
    np.fill_diagonal(together, False)
    others = together.sum(axis=1)
    same = (together & (persons[:, None] == persons)).sum(axis=1)
    rows = np.flatnonzero((others > 0) & ~np.isnan(confidence))
    return [(round(float(confidence[i]), 3), round(float(same[i] / others[i]), 3)) for i in rows]


def groups_of_one_person(parts: Parts, fit: Fit) -> list[int]:
    """Group the recordings of some people, each person's alone, and return the numbers of groups; 1 would be right."""
    walks = _distinct(parts)
    counts = []
    for name in sorted({str(walk.person) for walk in walks})[:PEOPLE_ALONE]:
        own = [walk for walk in walks if walk.person == name]
        try:
            counts.append(himpc.group(own, fit(own)).people)
        except HimpcError:  # too few recordings to estimate a number of people without the prior
            continue
    return counts


def open_set(parts: Parts, fit: Fit, enrolled: int, seed: int) -> Scores:
    """Enroll some people, search for the probes of all, and count matches at a stated false match rate of 1 %.

    Only the training recordings of the enrolled people are used to fit the model. Where a gallery cannot state 1 %, it
    states the smallest rate that it can.
    """
    people = sorted({str(walk.person) for walk in parts["probe"]})
    known = set(np.random.default_rng(seed).permutation(people)[:enrolled].tolist())
    own = {part: [walk for walk in walks if walk.person in known] for part, walks in parts.items()}
    model = fit(own["train"])
    with (
        tempfile.TemporaryDirectory() as folder,
        himpc.Gallery.create(Path(folder) / "gallery", model, keep_skeletons=False) as gallery,
    ):
        gallery.enroll(own["gallery"])
        try:
            stated = max(STATED_FMR, get_service(gallery).calibration().default_fmr)
            answers = gallery.search(parts["probe"], people=len(people), fmr=stated)
        except HimpcError as error:
            return {"problem": str(error)}
    first = np.unique(number_whole_recordings(parts["probe"]), return_index=True)[1]
    counts = dict.fromkeys(("impostors", "false matches", "genuine", "misses", "unknown", "named unknown"), 0)
    counts |= dict.fromkeys(("known", "found", "wrong names"), 0)
    for person, answer in zip([str(parts["probe"][i].person) for i in first], answers, strict=True):
        if not answer.windows or answer.threshold is None:
            continue
        matched = {match.person: match.distance <= answer.threshold for match in answer.matches}
        is_known = person in known
        counts["impostors"] += len(matched) - is_known
        counts["false matches"] += sum(matched.values()) - matched.get(person, False)
        counts["genuine"] += is_known
        counts["misses"] += is_known and not matched.get(person, False)
        counts["unknown"] += not is_known
        counts["named unknown"] += not is_known and answer.person is not None
        counts["known"] += is_known
        counts["found"] += is_known and answer.person == person
        counts["wrong names"] += is_known and answer.person not in (None, person)
    return {"stated": stated} | {name: int(count) for name, count in counts.items()}


def _distinct(parts: Parts) -> list[Recording]:
    return list({id(walk): walk for walks in parts.values() for walk in walks}.values())
