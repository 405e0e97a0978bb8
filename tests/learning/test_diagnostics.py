"""Diagnostics: they know clear people from chance, agree with plain formulas, and say what to do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from himpc.errors import count_noun
from himpc.learning import Config, Diagnosis, diagnose, train
from himpc.learning.clustering.number_of_people import silhouette_gain
from himpc.learning.diagnostics import (
    CLEAR_MARGIN,
    MIN_MARGIN,
    _halves_gain,
    _level_agreement,
    _narrowest_arc,
    _nearest_gain,
)
from himpc.recordings import Recording, Windows
from himpc.simulation import simulate
from himpc.skeleton import body_frame, headings

from .conftest import KINECT, make_recordings

SEEDS = st.integers(0, 1000)
KNOWN = Diagnosis(recordings=40, groups=12, margin=0.6, nearest=0.8, halves=0.8, levels=0.7)


def model_of(windows):
    return train(windows, Config.preset("tracklet").with_(hidden=16, max_epochs=1)).model


def test_clear_persons_are_reported_as_clear(windows):
    diagnosis = diagnose(model_of(windows), windows)
    assert (diagnosis.recordings, diagnosis.groups) == (8, 4)
    assert diagnosis.margin > CLEAR_MARGIN
    assert min(diagnosis.nearest, diagnosis.halves) > 0.5
    assert diagnosis.advice[0].startswith("people are distinguished clearly: 4 groups of 8 recordings")


def test_unrelated_recordings_are_not_joined_and_reported():
    unrelated = Windows.cut(make_recordings(people=30, each=1), length=6)
    diagnosis = diagnose(model_of(unrelated), unrelated)
    assert (diagnosis.groups, diagnosis.margin) == (30, 0)
    assert "no two of 30 recordings were found to show the same person" in diagnosis.advice[0]


def test_parts_of_a_whole_recording_count_once(windows):
    joined = replace(windows, whole_numbers=np.arange(8) // 2)
    assert diagnose(model_of(windows), joined).recordings == 4


def test_models_of_one_level_or_with_heads_are_diagnosed(windows):
    one = train(windows, Config(hidden=8, heads=2, levels=("limb",), max_epochs=1)).model
    assert diagnose(one, windows).levels is None
    three = train(windows, Config(hidden=8, heads=2, max_epochs=1)).model
    assert 0 <= diagnose(three, windows).levels <= 1


@given(SEEDS)
def test_margin_is_the_gain_of_the_silhouette(seed):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(5), 4)
    vectors = 10 * np.eye(5)[labels] + rng.normal(size=(20, 5))
    margin = silhouette_gain(vectors, labels)
    assert 0.2 < margin < silhouette_score(vectors, labels)
    assert silhouette_gain(rng.normal(size=(20, 5)), rng.permutation(labels)) < 0
    assert silhouette_gain(vectors, np.arange(20)) == silhouette_gain(vectors, np.zeros(20, int)) == 0


@given(SEEDS)
def test_nearest_and_agreement_equal_plain_formulas(seed):
    rng = np.random.default_rng(seed)
    means, other = rng.normal(size=(2, 9, 4))
    shares, same = [], []
    for row in range(9):
        apart = [np.linalg.norm(means[row] - means[column]) for column in range(9) if column != row]
        shares.append(min(apart) / np.median(apart))
        gone = np.delete(np.arange(9), row)
        nearest = [gone[np.argmin(cdist(m[[row]], m[gone]))] for m in (means, other)]
        same.append(nearest[0] == nearest[1])
    assert _nearest_gain(means) == pytest.approx(1 - np.median(shares))
    assert _level_agreement([means, other]) == pytest.approx(np.mean(same))
    assert _level_agreement([means, means, means]) == 1


@given(SEEDS)
def test_halves_are_consecutive_and_share_no_frame(seed):
    rng = np.random.default_rng(seed)
    starts = np.concatenate([np.arange(0, 27, 3), 100 + np.arange(0, 12, 3), [200]])  # of windows of 6 frames
    take = np.repeat([0, 1, 2], [9, 4, 1])
    vectors = rng.normal(size=(14, 3))
    early = np.array([vectors[0:5].mean(axis=0), vectors[9:11].mean(axis=0)])
    late = np.array([vectors[6:9].mean(axis=0), vectors[12:13].mean(axis=0)])  # those that touch the early half are out
    distances = cdist(early, late)
    order = rng.permutation(14)
    expected = 1 - np.trace(distances) / (distances[0, 1] + distances[1, 0])
    assert _halves_gain(vectors[order], take[order], starts[order], 6) == pytest.approx(expected)
    assert _halves_gain(vectors[-1:], np.zeros(1, int), starts[-1:], 6) is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_recordings_give_advice_to_add_more(windows, count):
    few = Windows.cut(make_recordings(people=count, each=1), length=6)
    diagnosis = diagnose(model_of(windows), few)
    assert diagnosis.groups == count
    assert diagnosis.advice == (
        f"found {count_noun(count, 'recording')}, too few to group by person, so each counted as another person; add "
        "recordings, at least 4",
    )


def test_equal_or_short_recordings_give_numbers(windows):
    still = [Recording(np.ones((6, 20, 3)), KINECT) for _ in range(6)]
    diagnosis = diagnose(model_of(windows), Windows.cut(still, length=6))
    assert (diagnosis.margin, diagnosis.nearest, diagnosis.halves) == (0, 0, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "distinguished clearly: 12 groups of 40 recordings, 0.60 above random data"),
        ({"margin": (CLEAR_MARGIN + MIN_MARGIN) / 2}, "distinguished, but not clearly"),
        ({"margin": MIN_MARGIN / 2}, "look similar, or differ much between recordings"),
        ({"groups": 40}, "add more recordings of each"),
        ({"groups": 7}, "7 groups is the smallest number that is tried for 40 recordings"),
        ({"levels": 0.2}, "disagree (the same nearest recording for only 20%)"),
    ],
)
def test_advice_follows_from_the_numbers(change, words):
    diagnosis = replace(KNOWN, **change)
    assert words in "; ".join(diagnosis.advice)
    assert len(diagnosis.advice) == 1 + bool({"levels"} & set(change) or change.get("groups") == 7)
    assert diagnosis.to_dict()["advice"] == list(diagnosis.advice)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"confidence": 0.9}, "distinguished clearly: 12 groups of 40 recordings, with a mean confidence of 0.90"),
        ({"confidence": 0.6}, "distinguished, but not clearly"),
        ({"confidence": 0.3}, "look similar, or differ much between recordings"),
        ({"confidence": 1.0, "groups": 40}, "no two of 40 recordings were found to show the same person"),
    ],
)
def test_advice_of_an_adapted_model_follows_from_its_confidence(change, words):
    (sentence,) = replace(KNOWN, **change).advice
    assert words in sentence


def turned(recording, degrees):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    return recording.with_(joints=recording.joints @ turn)


def ahead(people, each):
    """Simulated walkers who all face +z in the mean."""
    walks = simulate(people=people, recordings=each, seconds=1.0, difficulty="easy", seed=0)
    faced = [np.angle(np.exp(1j * headings(walk.joints, walk.layout)).mean(), deg=True) for walk in walks]
    return [turned(walk, -degrees) for walk, degrees in zip(walks, faced, strict=True)]


def facing(walks):
    windows = Windows.cut(walks, length=6)
    return _narrowest_arc(windows, windows.recording)


def test_recordings_from_one_side_are_reported():
    walks = ahead(people=4, each=3)
    narrow = Windows.cut([turned(walk, 15 * (i % 3)) for i, walk in enumerate(walks)], length=6)
    around = Windows.cut([turned(walk, 90 * (i % 4)) for i, walk in enumerate(walks)], length=6)
    model = model_of(around)
    one, many = diagnose(model, narrow), diagnose(model, around)
    assert one.facing == pytest.approx(30, abs=5)
    assert many.facing == pytest.approx(270, abs=5)
    assert "face one direction (within 30 degrees)" in one.advice[-1]
    assert not any("face one direction" in sentence for sentence in many.advice)


def test_arc_wraps_around_and_leaves_out_a_tenth():
    walks = ahead(people=4, each=5)
    assert facing([turned(walk, 170 + i) for i, walk in enumerate(walks)]) == pytest.approx(17, abs=3)
    assert facing([turned(walk, 90 if i in (3, 8) else 0) for i, walk in enumerate(walks)]) < 5


def test_heading_is_the_rotation_of_the_alignment():
    walk = make_recordings(people=1, each=1)[0]
    angle = headings(walk.joints, walk.layout)
    turn_back = np.stack([turned(walk, np.degrees(-a)).joints[i] for i, a in enumerate(angle)])
    np.testing.assert_allclose(turn_back, body_frame(walk.joints, walk.layout), atol=1e-5)
    assert np.isnan(headings(np.zeros((1, len(walk.layout), 3)), walk.layout)).all()
