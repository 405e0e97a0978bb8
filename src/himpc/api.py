"""The main operations on recordings: `embed`, `evaluate` and `group`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, LayoutWarning, ModelError, count_noun
from himpc.evaluation import Evaluation, LabelledEmbeddings, evaluate_embeddings, pool_recordings
from himpc.learning import (
    MIN_SPANNING,
    SINGLE_PROCESS,
    Config,
    Grouping,
    ProcessGroup,
    SystemEffects,
    TrainingResult,
    centre_systems,
    check_people,
    group_recordings,
    heading_vectors,
    remove_view_effect,
    resolve_prior,
    system_effects,
    train,
)
from himpc.model import IdentityScoring, Model, RankingScoring
from himpc.recordings import (
    Recording,
    Windows,
    camera_headings,
    cannot_link,
    describe_sizes,
    number_systems,
    number_whole_recordings,
    to_common_layout,
)
from himpc.skeleton import Level, missing_joints

__all__ = [
    "Embedder",
    "RecordingEmbeddings",
    "embed",
    "evaluate",
    "fit",
    "fit_and_group",
    "group",
    "group_embedded",
    "unify_layouts",
]


class Embedder(Protocol):
    """An object that embeds windows: a trained `himpc.Model`, or a baseline of `himpc.model.BASELINES`."""

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Compute one vector per window, ``(N, D)``."""
        ...


@dataclass(frozen=True, eq=False)
class RecordingEmbeddings:
    """The result of `embed`.

    Attributes
    ----------
    vectors : float32 array ``(N, D)``
        One vector per window.
    pooled : float32 array ``(R, D)``
        One vector per recording, the mean of its windows; NaN for a recording that is shorter than a window.
    windows : Windows
        The windows, in the order of `vectors`.
    """

    vectors: NDArray[np.float32]
    pooled: NDArray[np.float32]
    windows: Windows


def embed(
    model: Embedder, recordings: Sequence[Recording], *, window_length: int | None = None, level: Level | None = None
) -> RecordingEmbeddings:
    """Compute embeddings of recordings, one per window and one per recording.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline of `himpc.model.BASELINES`.
    recordings : sequence of Recording
        Of any layouts. They are converted to that of a trained model, or for a baseline to the joints that they share;
        a `himpc.errors.LayoutWarning` says so.
    window_length : int, optional
        Frames per window; by default that of the model (6 for baselines). Windows do not overlap.
    level : {"joint", "component", "limb"}, optional
        Compute the features of one level instead of the multi-level representation (docs/method.md, section 5).

    Raises
    ------
    DataError
        If the recordings cannot be used together, or all are shorter than a window.
    ModelError
        If they do not fit the model, or it has no such level.
    LayoutError
        If a recording lacks joints of the model, or they share too few.

    Examples
    --------
    >>> import himpc
    >>> from himpc.model import BASELINES
    >>> walks = himpc.simulate(people=2, recordings=2, seconds=1.0, difficulty="easy")
    >>> embed(BASELINES["bones"], walks).pooled.shape
    (4, 19)
    """
    recordings = unify_layouts(recordings, model)
    windows = Windows.cut(recordings, choose_window_length(model, window_length))
    if level is None:
        vectors = model.embed(windows)
    elif isinstance(model, Model):
        vectors = model.embed_level(windows, level)
    else:
        raise ModelError(f"a baseline has no {level} level", hint="leave out {level}")
    scoring = _scoring(model, level)
    scale = None if scoring is None else scoring.pose_scale
    pooled = pool_recordings(vectors, windows.recording, len(recordings), scale)
    return RecordingEmbeddings(vectors, pooled, windows)


def _scoring(model: Embedder, level: Level | None = None) -> IdentityScoring | None:
    return model.scoring if isinstance(model, Model) and level is None else None


def _ranking_network(model: Embedder, recordings: Sequence[Recording]) -> Model | None:
    """Return the network by which a model ranks, too, or None with a warning if recordings lack its joints."""
    network = model.ranking_network if isinstance(model, Model) else None
    if network is None:
        return None
    lacking = [each for each in recordings if missing_joints(each.layout, network.input_layout)]
    if not lacking:
        return network
    warnings.warn(
        f"{lacking[0].source or 'a recording'} lacks joints of the trained network, so that the ranking is that of the "
        "adapted identity prior alone",
        LayoutWarning,
        stacklevel=3,
    )
    return None


def unify_layouts(recordings: Sequence[Recording], model: Embedder | None = None) -> list[Recording]:
    """Convert recordings to the layout of a trained model, or else to the joints that they share, with a warning.

    Bodies are scaled to one size where those of the model were, or where sizes differ in kind.

    Raises
    ------
    DataError, LayoutError
        As `himpc.recordings.to_common_layout`.
    """
    if isinstance(model, Model):
        size = model.body_size
        converted, notes = to_common_layout(recordings, model.input_layout, owner="the model", size=size)
        if model.scoring is not None:  # it has the common joints for any system
            notes = describe_sizes(recordings, size)
    else:
        converted, notes = to_common_layout(recordings)
    for note in notes:
        warnings.warn(note, LayoutWarning, stacklevel=3)
    return converted


def choose_window_length(model: Embedder, window_length: int | None) -> int:
    """Return the given window length, or that of a trained model, or for a baseline that of the default settings."""
    if window_length is not None:
        return window_length
    return model.window_length if isinstance(model, Model) else Config().window_length


def fit(
    recordings: Sequence[Recording],
    config: Config,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
    processes: ProcessGroup = SINGLE_PROCESS,
    prefer_prior: bool = False,
) -> TrainingResult:
    """Train a model on recordings of any layouts; see `himpc.HiMPC.fit` for the arguments.

    `prefer_prior` is as in `himpc.learning.train`; without it, the result for many recordings of one activity is the
    adapted model with a network that was trained on them (`Model.ranking_network`). Where the identity prior is adapted
    to recordings of several systems, their mean bodies are made equal first, so that it separates people, not systems.
    """
    unified = unify_layouts(recordings)
    system, _ = number_systems(recordings)
    windows = _cut_for_training(unified, system, config, prefer_prior=prefer_prior).windows
    start, start_of_groups = (resolve_prior(config, windows, prefer_prior=each).prior for each in (prefer_prior, True))
    model = None
    if start != start_of_groups:
        model = train(  # first, since it refuses some bodies
            _cut_for_training(unified, system, config, prefer_prior=True).windows,
            config,
            device=device,
            prefer_prior=True,
        ).model
    trained = train(
        windows,
        config,
        out=out,
        device=device,
        resume=resume,
        overwrite=overwrite,
        callbacks=callbacks,
        processes=processes,
        prefer_prior=prefer_prior,
    )
    if model is None:
        return trained
    model.ranking_network = trained.model
    if out is not None and processes.is_first:
        model.save(out)
    return TrainingResult(model, trained.history)


def evaluate(
    model: Embedder,
    gallery: Sequence[Recording],
    probe: Sequence[Recording] | None = None,
    *,
    window_length: int | None = None,
    level: Level | None = None,
    exclude: Literal["camera", "session"] | None = None,
    without_match: Literal["error", "skip", "count"] = "error",
    seed: int = 0,
) -> Evaluation:
    """Evaluate how well a model ranks the gallery for each probe (closed-set identification).

    An adapted model ranks by the log-likelihood ratio of one person against two (`himpc.Model.scoring`), to which a
    network trained on the same recordings adds its similarity (`himpc.model.RankingScoring`); any other ranks by
    Euclidean distance.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline of `himpc.model.BASELINES`.
    gallery, probe : sequence of Recording
        Recordings with known people, of any layouts (see `embed`). Without a probe,
        each recording of the gallery is a query to the others.
    window_length, level
        As in `embed`.
    exclude : {"camera", "session"}, optional
        Exclude gallery entries of the query's person from the same camera or session.
    without_match : {"error", "skip", "count"}
        Treatment of a query whose person is not in the gallery: raise an error, skip it, or count it as a failure.
    seed : int
        Seed of the bootstrap over people for the 95 % intervals.

    Returns
    -------
    Evaluation
        Rank-k, CMC and the metrics of `himpc.evaluation.METRICS`, of windows (as in the paper) and of whole recordings.

    Raises
    ------
    DataError
        If a recording has no person, the gallery is empty, a recording is in both gallery and probe, or a query has no
        match and `without_match` is "error".

    Examples
    --------
    >>> import himpc
    >>> from himpc.model import BASELINES
    >>> walks = himpc.simulate(people=4, recordings=3, seconds=1.0, difficulty="easy")
    >>> print(evaluate(BASELINES["bones"], walks).table().splitlines()[4])
    | Rank-1 (95 %) |    100.0 (100.0–100.0) |    100.0 (100.0–100.0) |
    """
    in_gallery = {id(recording) for recording in gallery}
    if both := [recording for recording in probe or () if id(recording) in in_gallery]:
        raise DataError(
            f"gallery and probe share {count_noun(len(both), 'recording')}, which would match itself (the first is "
            f"{both[0].source or 'nameless'})",
            hint="remove them from one of the two, or leave out {probe}",
        )

    everyone = [*gallery, *(probe or ())]
    unified = unify_layouts(everyone, model)
    scoring: IdentityScoring | RankingScoring | None = _scoring(model, level)
    network = None
    if isinstance(scoring, IdentityScoring) and (network := _ranking_network(model, everyone)):
        scoring = RankingScoring(scoring, network.size)
        for_network = unify_layouts(everyone, network)

    def side(part: slice) -> LabelledEmbeddings:
        recordings = unified[part]
        embedded = embed(model, recordings, window_length=window_length, level=level)
        vectors = embedded.vectors
        if network is not None:
            by_network = embed(network, for_network[part], window_length=window_length)
            vectors = np.concatenate([vectors, by_network.vectors], axis=1)
        whole = number_whole_recordings(recordings)
        labels = [recordings[i] for i in np.unique(whole, return_index=True)[1]]
        return LabelledEmbeddings.from_recordings(vectors, whole[embedded.windows.recording], labels, scoring)

    return evaluate_embeddings(
        side(slice(len(gallery))),
        None if probe is None else side(slice(len(gallery), None)),
        exclude=exclude,
        without_match=without_match,
        seed=seed,
    )


def group(
    recordings: Sequence[Recording],
    model: Embedder | None = None,
    *,
    people: int | None = None,
    window_length: int | None = None,
) -> Grouping:
    """Group recordings by person, without labels.

    All parts of a whole recording are in one group. Recordings of one camera that overlap in time are never in one
    group, since they show different people (see `himpc.recordings.cannot_link`).

    Where the headings of bodies relative to their cameras are known, groups are tested for following them
    (`Grouping.views`). If they do, and no model is given, the mean effect of the heading is removed from the
    recordings, and they are grouped again.

    Parameters
    ----------
    recordings : sequence of Recording
        Of any layouts (see `embed`).
    model : Embedder, optional
        A trained model, or a baseline. By default, the preset ``tracklet`` is used: it adapts the identity prior to
        these recordings, or trains a model on them where the prior does not apply (docs/method.md, section 12).
    people : int, optional
        Number of people; by default it is estimated (see `himpc.learning.group_recordings`).
    window_length : int, optional
        As in `embed`.

    Returns
    -------
    Grouping
        ``groups`` ``(R,)``, numbered from 1 by falling size, 0 for a recording in no group (see `Grouping`), and
        ``confidence``.

    Raises
    ------
    DataError
        If the recordings cannot be used together, or are too few (fewer than four without `people`).
    """
    if model is None:
        config = Config.preset("tracklet").with_(window_length=window_length)
        return fit_and_group(recordings, config, people=people)[0]
    unified = unify_layouts(recordings, model)
    degrees = [camera_headings(recording) for recording in recordings]
    check_people(people, len(unified))
    embedded = embed(model, unified, window_length=window_length)
    return group_embedded(unified, embedded, model, people=people, degrees=degrees)


def fit_and_group(
    recordings: Sequence[Recording],
    config: Config,
    *,
    people: int | None = None,
    device: str = "auto",
    callbacks: Sequence[object] = (),
) -> tuple[Grouping, TrainingResult]:
    """Fit a model to recordings and group them; again without the effect of the heading if groups follow it.

    With ``prior="auto"``, the identity prior is adapted to many recordings of one activity, too.

    The second grouping is returned if it finds people on several sides (`himpc.learning.ViewCheck.spanning`). Else
    people may each face one way, and the first one is returned, with a doubt. If several systems made the recordings,
    the identity prior is adapted to them after their mean bodies were made equal.

    Parameters
    ----------
    recordings, people
        As in `group`.
    config : Config
        The settings of the model.
    device, callbacks
        As in `himpc.HiMPC`.

    Returns
    -------
    grouping : Grouping
    trained : TrainingResult
        The model by which they were grouped, and its history.

    Raises
    ------
    DataError, ConfigError
        As `group`.
    """
    unified = unify_layouts(recordings)
    degrees = [camera_headings(recording) for recording in recordings]
    system, names = number_systems(recordings)
    check_people(people, len(unified))

    def fit_once(used: Sequence[Recording]) -> tuple[Grouping, TrainingResult]:
        cut = _cut_for_training(used, system, config, prefer_prior=True)
        trained = train(cut.windows, config, device=device, callbacks=callbacks, prefer_prior=True)
        model, effects = trained.model, None
        if cut.bodies is not None:
            effects = system_effects(model, used[0].layout, cut.bodies, system, names)
        embedded = embed(model, cut.recordings)
        grouping = group_embedded(cut.recordings, embedded, model, people=people, degrees=degrees, systems=effects)
        return grouping, trained

    grouping, trained = fit_once(unified)
    if grouping.views is None or grouping.views.verdict != "views":
        return grouping, trained
    joints = remove_view_effect([recording.joints for recording in unified], unified[0].layout, degrees)
    other, other_trained = fit_once(_with_joints(unified, joints))
    if other.views is None or other.views.spanning < MIN_SPANNING:  # no person was found on two sides
        return replace(grouping, views=replace(grouping.views, verdict="unclear")), trained
    return replace(other, view_effect_removed=True), other_trained


@dataclass(frozen=True, eq=False)
class _TrainingWindows:
    """The windows to train on, the recordings they were cut from, and the mean bodies that were made equal, if any."""

    windows: Windows
    recordings: Sequence[Recording]
    bodies: NDArray[np.float64] | None = None


def _cut_for_training(
    recordings: Sequence[Recording], system: NDArray[np.int64], config: Config, *, prefer_prior: bool
) -> _TrainingWindows:
    """Cut recordings of one layout, and of systems with one mean body if the identity prior is adapted to several."""

    def cut(used: Sequence[Recording]) -> Windows:
        return Windows.cut(used, config.window_length, config.training_stride)

    windows = cut(recordings)
    if not system.any() or resolve_prior(config, windows, prefer_prior=prefer_prior).prior != "identity":
        return _TrainingWindows(windows, recordings)
    joints, bodies = centre_systems([each.joints for each in recordings], recordings[0].layout, system)
    centred = _with_joints(recordings, joints)
    return _TrainingWindows(cut(centred), centred, bodies)


def _with_joints(recordings: Sequence[Recording], joints: Sequence[NDArray[np.float32]]) -> list[Recording]:
    return [each.with_(joints=moved) for each, moved in zip(recordings, joints, strict=True)]


def group_embedded(
    recordings: Sequence[Recording],
    embedded: RecordingEmbeddings,
    model: Embedder,
    *,
    people: int | None = None,
    degrees: Sequence[NDArray[np.float64]] | None = None,
    systems: SystemEffects | None = None,
) -> Grouping:
    """Group recordings by their embeddings, as `group` does.

    Parameters
    ----------
    recordings : sequence of Recording
    embedded : RecordingEmbeddings
        By `model`, as from `embed`.
    model : Embedder
    people : int, optional
        Number of people.
    degrees : sequence of float64 array ``(frames,)``, optional
        The heading in each frame, by default those of the recordings (`himpc.recordings.camera_headings`).
    systems : SystemEffects, optional
        The systems that made the recordings, if there are several (`himpc.learning.system_effects`).

    Raises
    ------
    DataError
        If there are too few recordings.
    """
    if degrees is None:
        degrees = [camera_headings(recording) for recording in recordings]
    whole = number_whole_recordings(recordings)
    grouping = group_recordings(
        embedded.vectors,
        whole[embedded.windows.recording],
        int(whole.max()) + 1,
        people,
        whiten=not (isinstance(model, Model) and model.whitened),
        scoring=model.scoring if isinstance(model, Model) else None,
        cannot_link=cannot_link(recordings),
        headings=heading_vectors(degrees, whole),
        systems=None if systems is None else systems.of(np.unique(whole, return_index=True)[1]),
    )
    per_part = {name: getattr(grouping, name)[whole] for name in ("groups", "confidence", "vectors")}
    is_still = None if grouping.is_still is None else grouping.is_still[whole]
    return replace(grouping, **per_part, is_still=is_still, whole=whole)
