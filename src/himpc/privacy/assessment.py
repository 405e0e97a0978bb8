"""`risk`: attack recordings as they are, and as each method would publish them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from himpc.anonymization import Chain, measure_utility
from himpc.errors import ConfigError, count_noun
from himpc.evaluation import bootstrap_interval, error_rates, evaluate_open_set, grouping_agreement
from himpc.learning import MIN_RECORDINGS, group_recordings
from himpc.model import Model
from himpc.privacy.comparison import (
    MIN_TRAINING_PEOPLE,
    Comparer,
    adapt_prior,
    describe,
    learn_from_others,
    prior_comparer,
)
from himpc.privacy.knowledge import ActivityLabel, Knowledge, find_knowledge
from himpc.privacy.measures import anonymity_set, linkability, own_rank, singled_out
from himpc.privacy.results import Assessment, Attack, GroupingAttack, Measure, PersonRisk, RiskReport
from himpc.privacy.versions import check_people, indices_in_all, leave_out_unusable, transform
from himpc.recordings import Progress, Recording, Recordings, number_whole_recordings, to_common_layout

__all__ = ["risk"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

FPIR = 0.1
"""Rate of false identifications at which the detection and identification rate is measured."""

MIN_PROBES = 5
MIN_PROBE_PEOPLE = 3
"""An attacker with fewer recordings, or recordings of fewer people, is not reported."""

BOOTSTRAP_SAMPLES = 200
"""Number of bootstrap samples of the open-set rates."""

Version = list[Recording]


def risk(
    recordings: Sequence[Recording],
    methods: Sequence[str | Chain] = (),
    *,
    activity: ActivityLabel | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> RiskReport:
    """Measure how well a person can be found again by someone who holds another recording of them.

    Each recording in turn is held by the attacker, while the others are published, as they are or transformed. An
    attacker who adapts (informed) knows the method, applies it to their own recordings, and learns from the published
    ones. An attacker who does not (uninformed) compares transformed recordings as if they had not been transformed. Of
    several ways to compare (docs/risk.md), the strongest counts. The measures describe these attackers only: others may
    find more.

    Parameters
    ----------
    recordings : sequence of Recording
        With known people; parts of one recording count as one.
    methods : sequence of str or Chain
        Methods to compare, each as in `himpc.anonymize`. The recordings as they are always come first.
    activity : {"session", "camera"}, optional
        The label that states the activity, such as the folder names ``Straight`` and ``Turn`` in place of a session.
    seed : int
        Seed of noise, folds and bootstrap.
    progress : callable, optional
        Wraps the loop over methods.

    Returns
    -------
    RiskReport

    Raises
    ------
    DataError
        If a recording has no person, there are fewer than two people, or no person has two recordings.
    ConfigError
        If a method or an option is invalid.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=4, recordings=3, seconds=1.0, difficulty="easy")
    >>> report = himpc.risk(walks, ["offset:500"])
    >>> [round(each.attack().measures["rank_1"].value, 1) for each in report.assessments][0]
    1.0
    """
    if activity not in (None, "session", "camera"):
        raise ConfigError(f"activity must be 'session' or 'camera', found {activity!r}")
    if not (isinstance(seed, int) and seed >= 0):
        raise ConfigError(f"seed must be a whole number, 0 or more, found {seed!r}")
    given = [methods] if isinstance(methods, str | Chain) else methods
    chains = list({str(each): each for each in (Chain(), *map(Chain.parse, given))}.values())
    check_people(recordings)
    usable, problems = leave_out_unusable(recordings)
    versions, untested, refused = transform(usable, chains, seed)
    kept = indices_in_all(versions, len(usable))
    problems += [problem for index, problem in refused if index not in kept]
    if isinstance(recordings, Recordings):
        problems = [*recordings.problems, *problems]
    originals = [usable[index] for index in kept]
    check_people(originals)
    study = _Study.of(originals, activity, seed)
    items: Iterable[str] = list(versions)
    if progress is not None:
        items = progress(items, len(versions), "attacking each method")
    assessments = tuple(study.assess(name, [versions[name][index] for index in kept]) for name in items)
    wholes = int(number_whole_recordings(originals).max()) + 1
    attackers = MappingProxyType({each.name: each.summary for each in study.attackers})
    return RiskReport(assessments, len(study.names), wholes, attackers, (*study.untested, *untested), tuple(problems))


@dataclass(frozen=True, eq=False)
class _Study:
    """The attackers, and the recordings that they hold."""

    originals: Version
    names: list[str]
    persons: Ints
    """The person of each whole recording, an index into `names`."""
    attackers: list[Knowledge]
    untested: list[str]
    model: Model | None
    seed: int

    @classmethod
    def of(cls, originals: Version, activity: ActivityLabel | None, seed: int) -> _Study:
        """Find the people and the attackers of recordings, and adapt the identity prior to them."""
        first = np.unique(number_whole_recordings(originals), return_index=True)[1]
        wholes = [originals[index] for index in first]
        names, persons = np.unique([recording.person or "" for recording in wholes], return_inverse=True)
        attackers, untested = find_knowledge(wholes, activity)
        for attacker in attackers[1:]:
            held = [persons[probe] for probe in range(len(wholes)) if _has_target(attacker, probe, persons)]
            if len(held) < MIN_PROBES or len(set(held)) < MIN_PROBE_PEOPLE:
                attackers.remove(attacker)
                found = f"{count_noun(len(held), 'recording')} of {count_noun(len(set(held)), 'person', 'people')}"
                untested.append(f"{attacker.name}: only {found} can be held while another one is published")
        model, reason = adapt_prior(originals)
        if model is None:
            untested.append(f"comparison by the identity prior: {reason}")
        if len(names) < MIN_TRAINING_PEOPLE:
            found = count_noun(len(names), "person", "people")
            untested.append(f"training on other people: {found}, {MIN_TRAINING_PEOPLE} are needed")
        return cls(originals, names.tolist(), persons.astype(np.int64), attackers, untested, model, seed)

    def assess(self, method: str, published: Version) -> Assessment:
        """Attack one published version by all attackers."""
        adapted = self.model if method == "none" else adapt_prior(published)[0]
        described = _describe_all(self.originals, published)
        plain = self._comparers({"as they are": (self.originals, published, self.model, *described, described[0])})
        sides = {
            "own recordings transformed": (published, published, adapted, described[1], described[1], described[1]),
            "own recordings as they are": (self.originals, published, adapted, *described, described[1]),
        }
        informed = plain if method == "none" else plain | self._comparers(sides)
        attacks: list[Attack] = []
        hits: list[Array] = []
        for informs, comparers in ((False, plain), (True, informed)):
            if method == "none" and not informs:
                continue
            strategy = self._strongest(comparers)
            for number, knowledge in enumerate(self.attackers):
                attack, hit = self._attack(knowledge, informs, strategy, comparers[strategy])
                attacks.append(attack)
                hits += [hit] if number == 0 else []
        attacks.sort(key=lambda attack: [each.name for each in self.attackers].index(attack.knowledge))
        gap = Measure(0.0, 0.0, 0.0) if len(hits) < 2 else self._mean(hits[1] - hits[0], self._probe_names())
        return Assessment(
            method, tuple(attacks), self._group(published, adapted), measure_utility(self.originals, published), gap
        )

    def _comparers(
        self, sides: dict[str, tuple[Version, Version, Model | None, Array, Array, Array]]
    ) -> dict[str, Comparer]:
        """Return all ways to compare, by name."""
        found: dict[str, Comparer | None] = {}
        for name, (held, published, model, held_rows, published_rows, training) in sides.items():
            found[f"identity prior, {name}"] = prior_comparer(model, held, published)
            learned = learn_from_others(held_rows, published_rows, training, self.persons, seed=self.seed)
            found[f"trained on other people, {name}"] = learned
        usable = {name: each for name, each in found.items() if each is not None}
        if not usable and sides:
            name, (_, _, _, held_rows, published_rows, _) = next(iter(sides.items()))
            usable[f"description of the pose, {name}"] = Comparer.by_distance(held_rows, published_rows, self.persons)
        return usable

    def _strongest(self, comparers: dict[str, Comparer]) -> str:
        """Return the name of the comparer with the highest Rank-1, then mean reciprocal rank, of the first attacker."""

        def strength(name: str) -> tuple[float, float]:
            scores, probes = comparers[name].score(self.attackers[0], self.persons)
            ranks = own_rank(scores, self.persons[probes])
            return float((ranks == 1).mean()), float((1 / ranks).mean())

        return max(comparers, key=strength)

    def _attack(self, knowledge: Knowledge, informed: bool, strategy: str, comparer: Comparer) -> tuple[Attack, Array]:
        scores, probes = comparer.score(knowledge, self.persons)
        own = self.persons[probes]
        ranks = own_rank(scores, own)
        per_probe = {
            **{f"rank_{k}": (ranks <= k).astype(np.float64) for k in (1, 5, 10)},
            "singled_out": singled_out(scores, own).astype(np.float64),
            "linkability": linkability(scores, own),
            "anonymity_set": anonymity_set(scores, own),
        }
        measures = {name: self._mean(values, own) for name, values in per_probe.items()}
        measures["detection"] = self._detect(scores, own)
        matches = np.arange(scores.shape[1]) == own[:, None]
        measures["eer"] = Measure(error_rates(-scores[matches], -scores[~matches]).eer)
        people = [self._person(number, own == number, ranks, per_probe) for number in np.unique(own)]
        people.sort(key=lambda each: (-each.rank_1, each.anonymity_set, each.person))
        attack = Attack(knowledge.name, informed, strategy, measures, tuple(people), len(probes), len(self.names))
        return attack, per_probe["rank_1"]

    def _detect(self, scores: Array, own: Ints) -> Measure:
        """Compute DIR at `FPIR`: each probe also searches for its person where that person is not published."""
        if scores.shape[1] < 3:
            return Measure(math.nan)
        hidden = -scores.copy()
        hidden[np.arange(len(own)), own] = hidden.max() + 1
        unknown = [f"unknown {number}" for number in own]
        names = [f"known {number}" for number in range(scores.shape[1])]
        result = evaluate_open_set(
            np.concatenate([-scores, hidden]),
            [*(names[number] for number in own), *unknown],
            names,
            fpirs=(FPIR,),
            draws=BOOTSTRAP_SAMPLES,
            seed=self.seed,
        )
        return Measure(result.dir[1, FPIR], *result.dir_intervals[1, FPIR])

    def _person(self, number: int, rows: NDArray[np.bool_], ranks: Ints, per_probe: dict[str, Array]) -> PersonRisk:
        means = {name: float(values[rows].mean()) for name, values in per_probe.items()}
        return PersonRisk(
            self.names[number],
            int(rows.sum()),
            means["rank_1"],
            float(ranks[rows].mean()),
            means["singled_out"],
            means["linkability"],
            means["anonymity_set"],
        )

    def _probe_names(self) -> Ints:
        """Return the people of the probes of an attacker with any other recording."""
        return self.persons[np.bincount(self.persons)[self.persons] > 1]

    def _mean(self, values: Array, people: Ints) -> Measure:
        low, high = bootstrap_interval(values, people, seed=self.seed)
        return Measure(float(values.mean()), float(low), float(high))

    def _group(self, published: Version, model: Model | None) -> tuple[GroupingAttack, ...]:
        """Group the published recordings without any label, with and without the number of people."""
        comparer = prior_comparer(model, published, published)
        if comparer is None or len(self.persons) < MIN_RECORDINGS:
            return ()
        vectors, rows = comparer.published[0], np.arange(len(self.persons))
        found = []
        for known in (False, True):
            people = len(self.names) if known else None
            grouping = group_recordings(vectors, rows, len(rows), people, whiten=False, scoring=comparer.scorings[0])
            agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), self.persons.tolist())
            found.append(GroupingAttack(known, grouping.people, agreement.precision, agreement.recall))
        return tuple(found)


def _has_target(attacker: Knowledge, probe: int, persons: NDArray[np.integer]) -> bool:
    """Return whether the person of a probe has another recording that the attacker may find."""
    usable = attacker.eligible(probe) & (persons == persons[probe])
    usable[probe] = False
    return bool(usable.any())


def _describe_all(originals: Version, published: Version) -> tuple[Array, Array]:
    """Describe both versions by the joints that they share, and by what is known of all recordings."""
    common = to_common_layout([*originals, *published])[0]
    sides = [describe(common[: len(originals)]), describe(common[len(originals) :])]
    known = np.isfinite(np.concatenate(sides)).all(axis=0)
    return sides[0][:, known], sides[1][:, known]
