"""`Calibration`: thresholds and probabilities of distances in one gallery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from himpc._schema import parse, to_plain, validated
from himpc.errors import ConfigError, DamagedGalleryError, DataError
from himpc.gallery.calibration.comparisons import Comparisons, Fold, compare_left_out, compare_within
from himpc.gallery.calibration.curve import Curve
from himpc.gallery.calibration.duplicates import find_duplicates
from himpc.gallery.calibration.likelihood import LikelihoodRatio
from himpc.model import IdentityScoring

DEFAULT_FMR = 0.01
DEFAULT_FPIR = 0.1
"""The default rates of a search: the stricter one decides. An FMR is a rate per comparison, so that in a gallery of
1,000 people nearly all non-enrolled people have a match at 0.01; few people can show no FPIR of 0.1."""

DRAWS, MAX_SIMULATED_RECORDINGS = 4_000, 8
"""Number of simulated pairs of people from which a quantile of distances is estimated, and of the recordings of one."""

Source = Literal["recordings", "halves"]
Measure = Literal["FMR", "FPIR"]
Count = Annotated[int, Field(ge=2, le=2**53)]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and the rate of errors for which it was chosen.

    Attributes
    ----------
    measure : {"FMR", "FPIR"}
        What the rate counts: false matches among comparisons, or among searches for non-enrolled people.
    rate : float
    threshold : float
        The largest distance that is a match.
    """

    measure: Measure
    rate: float
    threshold: float


@validated
class Calibration:
    """The calibration of distances in one gallery. A person matches if the distance is at most a threshold.

    Attributes
    ----------
    source : {"recordings", "halves"}
        The origin of genuine comparisons: two recordings of a person; or, if no person has two, the two halves of a
        recording. Halves resemble each other more than recordings of two days, so that likelihood ratios and
        probabilities are then optimistic. Thresholds do not depend on them.
    unseen : bool
        Whether each recording was compared by a model that was not trained on its person. If not, and the model was
        trained on the gallery's people, impostors match more often than the rates state.
    persons, recordings : int
        The size of the gallery.
    impostor, stranger : Curve
        Distances to every other person (for the FMR), and to the nearest other person (for the FPIR). The names are
        those of the saved document.
    ratio : LikelihoodRatio
    prior_threshold : float, optional
        The distance of an FMR of `DEFAULT_FMR` by the identity prior, for galleries of too few people to estimate it.
    """

    source: Source
    unseen: bool
    persons: Count
    recordings: Count
    impostor: Curve
    stranger: Curve
    ratio: LikelihoodRatio
    prior_threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @property
    def smallest_fmr(self) -> float:
        """The smallest false match rate that can be estimated from this number of people."""
        return self.impostor.smallest_rate

    @property
    def smallest_fpir(self) -> float:
        """The smallest false positive identification rate that can be estimated from this number of people."""
        return self.stranger.smallest_rate * self.persons / (self.persons - 1)

    @property
    def default_fmr(self) -> float:
        """The default false match rate: 0.01, or `smallest_fmr` if that is larger and there is no prior."""
        return DEFAULT_FMR if self.prior_threshold is not None else max(DEFAULT_FMR, self.smallest_fmr)

    def operating_point(self, fmr: float | None = None, fpir: float | None = None) -> OperatingPoint:
        """Return the threshold of a stated rate; without one, the default.

        The default is the stricter of `default_fmr` and, if the gallery has enough people to show it, an FPIR of 0.1.

        Raises
        ------
        ConfigError
            If the rate is not between 0 and 1.
        DataError
            If the gallery has too few people for it.
        """
        if fpir is not None:
            return OperatingPoint("FPIR", fpir, self.threshold_fpir(fpir))
        if fmr is not None:
            return OperatingPoint("FMR", fmr, self.threshold(fmr))
        by_fmr = self.operating_point(fmr=self.default_fmr)
        if self.smallest_fpir > DEFAULT_FPIR:
            return by_fmr
        return min(by_fmr, self.operating_point(fpir=DEFAULT_FPIR), key=lambda point: point.threshold)

    def threshold(self, fmr: float) -> float:
        """Return the distance up to which at most a share `fmr` of comparisons with another person match.

        Comparisons of the same two people depend on each other, so only pairs of people count: P people
        suffice for rates from ``1 / (P (P - 1) / 2 + 1)``.

        Raises
        ------
        ConfigError
            If the rate is not between 0 and 1.
        DataError
            If the gallery has too few people for it.
        """
        if self.prior_threshold is not None and DEFAULT_FMR <= fmr < self.smallest_fmr:
            return min(self.prior_threshold, self.impostor.threshold(self.smallest_fmr))
        self._check_rate("fmr", fmr, self.smallest_fmr)
        return self.impostor.threshold(fmr)

    def threshold_fpir(self, fpir: float) -> float:
        """Return the distance up to which at most a share `fpir` of searches for non-enrolled people find a match.

        Each of P people was searched among P - 1, a non-enrolled person is searched among P. By symmetry that finds
        a match at most ``P / (P - 1)`` times as often, so the rate is reduced by this factor. P people
        suffice for rates from ``P / (P - 1) / (P + 1)``.

        Raises
        ------
        ConfigError
            If the rate is not between 0 and 1.
        DataError
            If the gallery has too few people for it.
        """
        self._check_rate("fpir", fpir, self.smallest_fpir)
        return self.stranger.threshold(fpir * (self.persons - 1) / self.persons)

    def likelihood_ratio(self, distance: NDArray[np.floating] | float) -> Floats:
        """Compute the likelihood ratio of "same person" to "different persons" for distances of any shape."""
        return self.ratio(_distances(distance))

    def probabilities(self, distances: NDArray[np.floating], enrolled: float = 0.5) -> tuple[Floats, float]:
        """Compute the probability of each person, and of a person who is not enrolled.

        Bayes' rule: each of P people has the prior ``enrolled / P`` times its likelihood ratio, and a person who is
        not enrolled has the prior ``1 - enrolled``. A nearer person never has a lower probability.

        Parameters
        ----------
        distances : array ``(P,)``
            The distance to each person's nearest recording.
        enrolled : float
            The prior probability that the probe shows an enrolled person; between 0 and 1.

        Returns
        -------
        persons : array ``(P,)``
        unknown : float
            The sum of all is 1.

        Raises
        ------
        ConfigError
            If `enrolled` is out of range.
        DataError
            If distances are not a list of numbers of 0 or more.
        """
        if not 0 < enrolled < 1:
            raise ConfigError(f"enrolled must lie between 0 and 1, found {enrolled}")
        distances = _distances(distances)
        if distances.ndim != 1:
            raise DataError(f"distances have shape {distances.shape}, expected one per person: (P,)")
        if not len(distances):
            return np.empty(0), 1.0
        joint = enrolled / len(distances) * self.ratio(distances)
        total = joint.sum() + 1 - enrolled
        return joint / total, float((1 - enrolled) / total)

    def _check_rate(self, name: str, rate: float, smallest: float) -> None:
        if not 0 < rate < 1:
            raise ConfigError(f"{name} must lie between 0 and 1, found {rate}")
        if rate < smallest - 1e-12:
            raise DataError(
                f"an {name.upper()} of {rate:g} cannot be estimated from {self.persons} people: the smallest rate for "
                f"that number is {smallest:.3g}",
                hint="use that rate, or enroll more people",
            )


def save_calibration(calibration: Calibration) -> bytes:
    """Serialise a calibration to a JSON document."""
    return json.dumps(to_plain(calibration)).encode()


def load_calibration(document: bytes | str) -> Calibration:
    """Read a calibration from the document of `save_calibration`.

    Raises
    ------
    DataError
        If the document is invalid.
    """
    try:
        data = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the calibration is not valid JSON: {error}") from None
    return parse(Calibration, data, source="calibration", error=DataError)


def load_stored_calibration(document: bytes, location: str) -> Calibration:
    """Read the calibration that a gallery stores.

    Raises
    ------
    DamagedGalleryError
        If the document is invalid.
    """
    try:
        return load_calibration(document)
    except DataError as error:
        raise DamagedGalleryError(
            f"{location}: its calibration is damaged ({error})", hint="{Gallery.calibrate()} computes it again"
        ) from error


def calibrate(
    vectors: NDArray[np.floating],
    person: NDArray[np.integer],
    halves: NDArray[np.floating] | None = None,
    folds: Sequence[Fold] = (),
    scoring: IdentityScoring | None = None,
) -> Calibration:
    """Calibrate distances by leave-one-out comparisons of the gallery's own recordings.

    A model separates people it was trained on better than other people. If it was trained on the gallery's people,
    the rates hold for non-enrolled people only with `folds`, models trained again without some of the people,
    at the cost of a higher miss rate (docs/results.md, open set). People enrolled after the training need no folds.

    Parameters
    ----------
    vectors : array ``(R, D)``
        One vector per recording.
    person : int array ``(R,)``
        The person of each; any numbers.
    halves : array ``(R, 2, D)``, optional
        The vectors of the first and the second half of each recording, NaN if it is too short for two. Used only if
        no person has two recordings.
    folds : sequence of Fold, optional
        Models trained as the gallery's own was; each person is left out by one of them, which compares that person's
        recordings.
    scoring : IdentityScoring, optional
        That of an adapted model, for typical recordings: distances are `IdentityScoring.to_distance` of its
        log-likelihood ratios instead of Euclidean ones. It has no folds, because the model was not trained.

    Raises
    ------
    ConfigError
        If there are folds and a scoring.
    DataError
        If arrays do not fit or are not finite, there are fewer than two people, or no person has two recordings and
        there are no halves.
    """
    if folds and scoring is not None:
        raise ConfigError("an adapted model has a scoring and was not trained, so it has no folds")
    comparisons = _compare(vectors, person, folds, scoring)
    if len(duplicates := find_duplicates(vectors, person, scoring)):
        stays = ~np.isin(person, duplicates)
        vectors, person, halves = vectors[stays], person[stays], None if halves is None else halves[stays]
        folds = [fold.select(stays) for fold in folds]
        comparisons = _compare(vectors, person, folds, scoring)
    source: Source = "recordings" if comparisons.genuine_persons else "halves"
    genuine, genuine_persons = (comparisons.genuine, comparisons.genuine_weight), comparisons.genuine_persons
    if source == "halves":
        single_fold = [Fold(vectors, np.ones(len(vectors), dtype=bool), halves)]
        genuine, genuine_persons = _compare_halves(folds or single_fold, scoring)
    pairs = comparisons.persons * (comparisons.persons - 1) // 2
    return Calibration(
        source=source,
        unseen=bool(folds),
        persons=comparisons.persons,
        recordings=len(vectors),
        impostor=Curve.fit(comparisons.impostor, comparisons.impostor_weight, pairs),
        stranger=Curve.fit(comparisons.nearest_impostor, comparisons.nearest_impostor_weight, comparisons.persons),
        ratio=LikelihoodRatio.fit(genuine, (comparisons.impostor, comparisons.impostor_weight), genuine_persons),
        prior_threshold=None if scoring is None else _prior_threshold(vectors, person, scoring),
    )


def _compare(
    vectors: NDArray[np.floating], person: NDArray[np.integer], folds: Sequence[Fold], scoring: IdentityScoring | None
) -> Comparisons:
    comparisons = compare_within(vectors, person, scoring=scoring)
    return compare_left_out(folds, person) if folds else comparisons


def _prior_threshold(vectors: NDArray[np.floating], person: NDArray[np.integer], scoring: IdentityScoring) -> float:
    """Estimate the distance below which `DEFAULT_FMR` of the pairs of people lie, for galleries too small to measure.

    Pairs are simulated: people are normally distributed with the covariance of the recordings less that of errors, so
    that a sensor that makes all people look alike has a smaller distance. One has a recording, the other as many as
    people have on average, and each recording an error along all axes: a few recordings show few.
    """
    _, number, counts = np.unique(person, return_inverse=True, return_counts=True)
    errors = scoring.error_variance()
    covariance = np.atleast_2d(np.cov(vectors.T, aweights=1 / counts[number])) - np.diag(errors)
    variance, axes = np.linalg.eigh(covariance)
    spread = axes * np.sqrt(np.clip(variance, 0, None))
    rng = np.random.default_rng(0)
    probe, enrolled = rng.normal(size=(2, DRAWS, len(errors))) @ spread.T
    probe += rng.normal(size=probe.shape) * np.sqrt(errors)
    most = np.full(DRAWS, -np.inf)
    for _ in range(min(MAX_SIMULATED_RECORDINGS, round(counts.mean()))):
        recording = enrolled + rng.normal(size=enrolled.shape) * np.sqrt(errors)
        most = np.maximum(most, scoring.log_likelihood_ratio(probe, recording))
    return float(scoring.to_distance(np.quantile(most, 1 - DEFAULT_FMR)))


def _compare_halves(folds: Sequence[Fold], scoring: IdentityScoring | None) -> tuple[tuple[Floats, Floats], int]:
    """Return the distance between the halves of each recording, the weights, and the number of distances."""
    parts = []
    for fold in folds:
        if fold.halves is None:
            raise DataError(
                "no person of the gallery has two recordings, so the distance between recordings of one person "
                "cannot be estimated",
                hint="enroll a second recording of a person",
            )
        expected = (len(fold.vectors), 2, fold.vectors.shape[1])
        if fold.halves.shape != expected:
            raise DataError(f"halves have shape {fold.halves.shape}, expected {expected}")
        pairs = fold.halves[fold.left_out].astype(np.float64)
        parts.append(
            np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1)
            if scoring is None
            else scoring.to_distance(scoring.log_likelihood_ratio(pairs[:, 0], pairs[:, 1]))
        )
    distances = np.concatenate(parts)
    distances = np.sort(distances[np.isfinite(distances)])
    if not len(distances):
        raise DataError(
            "no recording of the gallery is long enough to be split into halves", hint="enroll longer recordings"
        )
    return (distances, np.full(len(distances), 1 / len(distances))), len(distances)


def _distances(values: NDArray[np.floating] | float) -> Floats:
    distances = np.asarray(values, dtype=np.float64)
    if not (distances >= 0).all():
        raise DataError("distances must be numbers of 0 or more")
    return distances
