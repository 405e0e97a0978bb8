"""What a distance means in one gallery: thresholds, likelihood ratios and probabilities, from its own recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.gallery.calibration.comparisons import Fold, compare_left_out, compare_within
from himpc.gallery.calibration.curve import Curve
from himpc.gallery.calibration.likelihood import LikelihoodRatio
from himpc.gallery.validation import fields_of, whole

__all__ = ["Calibration", "Fold", "calibrate"]

Source = Literal["recordings", "halves"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What distances mean in one gallery, as plain data; a person matches where the distance is a threshold or less.

    Attributes
    ----------
    source : {"recordings", "halves"}
        Where genuine comparisons come from: two recordings of a person, or, where nobody has two, the halves of a
        recording, which resemble each other more than recordings of two days do: ratios and probabilities are then
        optimistic, thresholds are not touched.
    unseen : bool
        Whether each recording was compared by a model that has never seen its person. If not, and the gallery's people
        were trained on, rates hold for people who were trained on too: strangers come nearer than they say.
    persons, recordings : int
        In the gallery.
    impostor, stranger : Curve
        Distances to each other person (FMR), and to the nearest other person (FPIR).
    ratio : LikelihoodRatio
    """

    source: Source
    unseen: bool
    persons: int
    recordings: int
    impostor: Curve
    stranger: Curve
    ratio: LikelihoodRatio

    @property
    def smallest_fmr(self) -> float:
        """The smallest false match rate that the gallery can tell."""
        return self.impostor.smallest

    @property
    def smallest_fpir(self) -> float:
        """The smallest false positive identification rate that the gallery can tell."""
        return self.stranger.smallest * self.persons / (self.persons - 1)

    def threshold(self, fmr: float) -> float:
        """Return the distance up to which another person matches in a share `fmr` of comparisons at most.

        Comparisons of the same two persons depend on each other, so pairs of persons are what counts: P persons tell
        rates from ``1 / (P (P - 1) / 2 + 1)`` on.

        Raises
        ------
        ConfigError
            If the rate does not lie between 0 and 1.
        DataError
            If the gallery has too few persons to know it.
        """
        self._check("fmr", fmr, self.smallest_fmr)
        return self.impostor.threshold(fmr)

    def threshold_fpir(self, fpir: float) -> float:
        """Return the distance up to which a stranger is given a name in a share `fpir` of searches at most.

        Each of P persons was searched among P - 1, a stranger is searched among P: by symmetry that is named at most
        ``P / (P - 1)`` times as often, which is taken off. P persons tell rates from ``P / (P - 1) / (P + 1)`` on.

        Raises
        ------
        ConfigError
            If the rate does not lie between 0 and 1.
        DataError
            If the gallery has too few persons to know it.
        """
        self._check("fpir", fpir, self.smallest_fpir)
        return self.stranger.threshold(fpir * (self.persons - 1) / self.persons)

    def likelihood_ratio(self, distance: NDArray[np.floating] | float) -> Floats:
        """Return how many times likelier a distance is between recordings of one person than of two; any shape."""
        return self.ratio(_distances(distance))

    def probabilities(self, distances: NDArray[np.floating], enrolled: float = 0.5) -> tuple[Floats, float]:
        """Return the probability of each person, and that of somebody who is not in the gallery.

        Bayes' rule: the prior `enrolled` is shared equally by the P persons, each times its likelihood ratio, and
        ``1 - enrolled`` is that of a stranger. A nearer person never has a lower probability.

        Parameters
        ----------
        distances : array ``(P,)``
            To each person, the smallest to one of its recordings.
        enrolled : float
            Probability, before looking, that the probe shows somebody of the gallery; between 0 and 1.

        Returns
        -------
        persons : array ``(P,)``
        unknown : float
            All sum to 1.

        Raises
        ------
        ConfigError
            If `enrolled` is out of range.
        DataError
            If distances are no list of numbers of 0 or more.
        """
        if not 0 < enrolled < 1:
            raise ConfigError(f"enrolled must lie between 0 and 1, found {enrolled}")
        distances = _distances(distances)
        if distances.ndim != 1:
            raise DataError(f"distances have shape {distances.shape}, expected one a person: (P,)")
        if not len(distances):
            return np.empty(0), 1.0
        joint = enrolled / len(distances) * self.ratio(distances)
        total = joint.sum() + 1 - enrolled
        return joint / total, float((1 - enrolled) / total)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        plain = asdict(self)
        for name in ("impostor", "stranger"):
            plain[name] = {key: list(value) if key != "independent" else value for key, value in plain[name].items()}
        return plain

    @classmethod
    def from_dict(cls, plain: object) -> Calibration:
        """Return what `to_dict` gave.

        Raises
        ------
        DataError
            If it is anything else.
        """
        table = fields_of(plain, cls, "calibration")
        if table["source"] not in ("recordings", "halves"):
            raise DataError(f"a calibration's source is {table['source']!r}, expected 'recordings' or 'halves'")
        if not isinstance(table["unseen"], bool):
            raise DataError(f"a calibration's unseen is {table['unseen']!r}, expected true or false")
        return cls(
            source=table["source"],
            unseen=table["unseen"],
            persons=whole(table["persons"], "calibration's persons", 2),
            recordings=whole(table["recordings"], "calibration's recordings", 2),
            impostor=Curve.from_dict(table["impostor"]),
            stranger=Curve.from_dict(table["stranger"]),
            ratio=LikelihoodRatio.from_dict(table["ratio"]),
        )

    def _check(self, name: str, rate: float, smallest: float) -> None:
        if not 0 < rate < 1:
            raise ConfigError(f"{name} must lie between 0 and 1, found {rate}")
        if rate < smallest - 1e-12:
            raise DataError(
                f"{name} {rate:g} cannot be known from {self.persons} persons: the smallest rate they tell is "
                f"{smallest:.3g}; ask for that, or enrol more persons"
            )


def calibrate(
    vectors: NDArray[np.floating],
    person: NDArray[np.integer],
    halves: NDArray[np.floating] | None = None,
    folds: Sequence[Fold] = (),
) -> Calibration:
    """Learn what distances mean from the gallery's own recordings: each is left out and searched among the others.

    A model puts people it was trained on farther apart than strangers. Where the gallery's people were trained on, the
    stated rates therefore hold for strangers only with `folds`, models trained again without some of the people; the
    price is that fewer people are found (docs/results.md, open set). People enrolled after training need none.

    Parameters
    ----------
    vectors : array ``(R, D)``
        A vector a recording.
    person : int array ``(R,)``
        Whom each shows; any numbers.
    halves : array ``(R, 2, D)``, optional
        Vectors of the first and the second half of each recording, NaN where it is too short for two. Used only where
        nobody has two recordings.
    folds : sequence of Fold, optional
        Models trained as the gallery's own was, each person left out by one of them: a recording is compared by the
        model that has never seen its person.

    Raises
    ------
    DataError
        If arrays do not fit, vectors are not finite, there are fewer than two persons, or nobody has two recordings
        and there are no halves.
    """
    found = compare_within(vectors, person)
    if folds:
        found = compare_left_out(folds, person)
    source: Source = "recordings" if found.with_two else "halves"
    genuine, known = (found.genuine, found.genuine_weight), found.with_two
    if source == "halves":
        own = [Fold(vectors, np.ones(len(vectors), dtype=bool), halves)]
        genuine, known = _from_halves(folds or own)
    pairs = found.persons * (found.persons - 1) // 2
    return Calibration(
        source=source,
        unseen=bool(folds),
        persons=found.persons,
        recordings=len(vectors),
        impostor=Curve.of(found.impostor, found.impostor_weight, pairs),
        stranger=Curve.of(found.stranger, found.stranger_weight, found.persons),
        ratio=LikelihoodRatio.fit(genuine, (found.impostor, found.impostor_weight), known),
    )


def _from_halves(folds: Sequence[Fold]) -> tuple[tuple[Floats, Floats], int]:
    """Return distances between the halves of each recording, their weights, and how many there are."""
    parts = []
    for fold in folds:
        if fold.halves is None:
            raise DataError(
                "nobody in the gallery has two recordings, so how alike two of one person are is not known: enrol a "
                "second recording of somebody, or give halves"
            )
        expected = (len(fold.vectors), 2, fold.vectors.shape[1])
        if fold.halves.shape != expected:
            raise DataError(f"halves have shape {fold.halves.shape}, expected {expected}")
        pairs = fold.halves[fold.left_out].astype(np.float64)
        parts.append(np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1))
    distances = np.concatenate(parts)
    distances = np.sort(distances[np.isfinite(distances)])
    if not len(distances):
        raise DataError("no recording of the gallery is long enough for two halves: enrol longer recordings")
    return (distances, np.full(len(distances), 1 / len(distances))), len(distances)


def _distances(values: NDArray[np.floating] | float) -> Floats:
    distances = np.asarray(values, dtype=np.float64)
    if not (distances >= 0).all():
        raise DataError("distances must be numbers of 0 or more")
    return distances
