"""Whitening: what a person does not keep has unit variance, and a plain slow formula gives the same."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from himpc.errors import DataError
from himpc.learning.clustering.recordings import means_by_label
from himpc.learning.whitening import TILT_STD, discriminant_axes, fit_whitening, tilt
from himpc.model import Network
from himpc.recordings import Origin, Recording, Windows
from himpc.skeleton import LEVELS, body_frame, get_layout, mirror

from .conftest import KINECT, make_recordings

SEEDS = st.integers(0, 1000)


def draw(seed, recordings=12, each=9, size=5):
    """Return vectors of some recordings, the recording of each, and the covariance of something else."""
    rng = np.random.default_rng(seed)
    take = rng.permutation(np.repeat(np.arange(recordings), each))
    shape = rng.normal(size=(size, size))
    vectors = rng.normal(size=(recordings, size))[take] + rng.normal(size=(len(take), size)) @ shape
    other = rng.normal(size=(20, size))
    return vectors, take, other.T @ other / 20


def plain_within(vectors, take):
    """Return the covariance of vectors around the mean of their recording, shrunk, recording by recording."""
    around = [vectors[take == r] - vectors[take == r].mean(axis=0) for r in np.unique(take)]
    return ledoit_wolf(np.concatenate(around), assume_centered=True)[0]


def between(vectors):
    return np.linalg.norm(vectors[:, None] - vectors, axis=2)


@given(SEEDS)
def test_whitened_nuisance_is_the_identity(seed):
    vectors, take, nuisance = draw(seed)
    offset, axes = discriminant_axes(vectors, take, nuisance, size=5)
    unwanted = plain_within(vectors, take) + nuisance
    np.testing.assert_allclose(axes.T @ unwanted @ axes, np.eye(5), atol=1e-8)
    means = np.array([vectors[take == r].mean(axis=0) for r in range(12)])
    np.testing.assert_allclose(offset, means.mean(axis=0))
    spread = np.cov(((means - offset) @ axes).T)
    np.testing.assert_allclose(spread, np.diag(np.diag(spread)), atol=1e-8 * spread.max())
    assert (np.diff(np.diag(spread)) <= 0).all()  # the axis that tells most recordings apart is first


@given(SEEDS)
def test_distances_on_all_axes_are_mahalanobis_distances(seed):
    vectors, take, nuisance = draw(seed)
    offset, axes = discriminant_axes(vectors, take, nuisance, size=5)
    inverse = np.linalg.inv(plain_within(vectors, take) + nuisance)
    gaps = vectors[:, None] - vectors
    expected = np.sqrt(np.einsum("abi,ij,abj->ab", gaps, inverse, gaps))
    np.testing.assert_allclose(between((vectors - offset) @ axes), expected, rtol=1e-6, atol=1e-6)


@given(SEEDS, st.floats(0.01, 100))
def test_scale_rotation_and_offset_change_no_distance(seed, scale):
    vectors, take, nuisance = draw(seed)
    turn = scale * np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    one, other = (
        discriminant_axes(vectors, take, nuisance, 3),
        discriminant_axes(vectors @ turn + 7, take, turn.T @ nuisance @ turn, 3),
    )
    np.testing.assert_allclose(
        between((vectors - one[0]) @ one[1]), between((vectors @ turn + 7 - other[0]) @ other[1]), rtol=1e-5, atol=1e-5
    )


def test_number_of_axes_is_limited_by_recordings():
    vectors, take, nuisance = draw(0, recordings=3)
    assert discriminant_axes(vectors, take, nuisance, size=64)[1].shape == (5, 2)
    assert discriminant_axes(np.ones((6, 4)), np.repeat([0, 1], 3), 0, size=4)[1].shape == (4, 0)
    vectors, take, nuisance = draw(0)
    few, many = (discriminant_axes(vectors, take, nuisance, size)[1] for size in (2, 5))
    np.testing.assert_array_equal(few, many[:, :2])


def test_a_direction_that_never_changes_gives_finite_axes():
    vectors, take, _ = draw(1)
    vectors[:, 0] = take  # the same in all windows of a recording
    offset, axes = discriminant_axes(vectors, take, 0, size=5)
    assert np.isfinite((vectors - offset) @ axes).all()


@given(SEEDS)
def test_means_by_label_equal_plain_means(seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.concatenate([np.arange(4), rng.integers(0, 4, 20)]))
    vectors = rng.normal(size=(24, 3)).astype(np.float32)
    plain = [vectors[labels == k].astype(float).mean(axis=0) for k in range(4)]
    np.testing.assert_allclose(means_by_label(vectors, labels), plain, atol=1e-12)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_tilt_rotates_without_scaling(dimensions):
    joints = np.random.default_rng(0).normal(size=(500, 20, 3)).astype(np.float32)
    if dimensions == 2:
        joints[..., 2] = 0
    leaning = tilt(joints, np.random.default_rng(1), dimensions=dimensions)
    assert leaning.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(leaning, axis=2), np.linalg.norm(joints, axis=2), rtol=1e-5)
    np.testing.assert_allclose(between(leaning[0]), between(joints[0]), atol=1e-5)
    upright = np.zeros((5000, 1, 3))
    upright[..., 1] = 1
    x, y, z = tilt(upright, np.random.default_rng(1), dimensions=dimensions)[:, 0].T
    assert np.arcsin(x).std() == pytest.approx(TILT_STD, rel=0.05)
    assert np.arctan2(z, y).std() == pytest.approx(TILT_STD if dimensions == 3 else 0, rel=0.05)


def fitted(windows, *, align=False, hidden=8, distances=True):
    network = Network(windows.layout, LEVELS, hidden, 0, distances=distances, whiten=True)
    fit_whitening(network, windows, align=align)
    return network


@pytest.mark.parametrize(("align", "sides"), [(False, True), (True, True), (False, False)])
def test_fitted_encoder_equals_the_plain_formula(windows, align, sides):
    """Each level: mean descriptions of windows, and what mirror images, where sides are known, and a lean change."""
    seen = windows.aligned() if align else windows
    seen = seen if sides else dataclasses.replace(seen, layout=dataclasses.replace(KINECT, pairs=()))
    network = fitted(seen, align=align)
    frames = seen.frames[np.unique(seen.frames_of(slice(None)))]
    leaning = tilt(frames, np.random.default_rng(0))
    leaning = body_frame(leaning, KINECT).astype(np.float32) if align else leaning
    for level in LEVELS:

        def described(joints, level=level):
            return network.describe(torch.from_numpy(joints), level).double().numpy()

        vectors = np.array([described(joints).mean(axis=0) for joints in seen[:]])
        nuisance = 0
        for other in [leaning, *([mirror(frames, KINECT)] if sides else [])]:
            change = described(other) - described(frames)
            nuisance = nuisance + np.mean([np.outer(d, d) for d in change], axis=0)
        offset, axes = discriminant_axes(vectors, seen.recording, nuisance, 8)
        encoder = network.encoder(level)
        np.testing.assert_allclose(encoder.offset.numpy(), offset, rtol=1e-4, atol=1e-5)
        found, expected = encoder.axes.double().numpy()[:, : axes.shape[1]], axes
        np.testing.assert_allclose(
            between((vectors - offset) @ found), between((vectors - offset) @ expected), rtol=1e-3, atol=1e-3
        )


def test_an_untrained_encoder_gives_whitened_features(windows):
    network = fitted(windows)
    joints = torch.from_numpy(windows.frames[:10])
    for level in LEVELS:
        encoder = network.encoder(level)
        white = (network.describe(joints, level) - encoder.offset) @ encoder.axes
        torch.testing.assert_close(network.encode(joints, level), white)


def halves(recordings, *, parts):
    """Return two recordings of each one, as its parts or as recordings of their own."""
    return [
        Recording(
            whole.joints[20 * part : 20 * (part + 1)],
            KINECT,
            origin=Origin(Path("walks.npz"), n, part + 1) if parts else None,
        )
        for n, whole in enumerate(recordings)
        for part in range(2)
    ]


def test_parts_of_a_whole_recording_are_one_recording():
    whole = make_recordings()
    as_parts, apart = (fitted(Windows.cut(halves(whole, parts=parts), 6)) for parts in (True, False))
    rows = Windows.cut(halves(whole, parts=False), 6)
    taken = dataclasses.replace(rows, recording=rows.recording // 2, n_recordings=len(whole))
    for name, value in fitted(taken).state_dict().items():
        torch.testing.assert_close(as_parts.state_dict()[name], value)
    assert not torch.equal(as_parts.encoder("limb").axes, apart.encoder("limb").axes)
    with pytest.raises(DataError, match="found 1 recording as long as a window, expected at least two"):
        fitted(Windows.cut(halves(whole[:1], parts=True), 6))


@pytest.mark.parametrize("name", ["kinect-v2", "coco-17"])
def test_2d_and_other_layouts_are_whitened_too(name):
    layout = get_layout(name)
    rng = np.random.default_rng(0)
    joints = rng.normal(size=(4, 1, len(layout), 3)) + 0.1 * rng.normal(size=(4, 20, len(layout), 3))
    joints[..., 2] = 0
    windows = Windows.cut([Recording(j, layout, dimensions=2) for j in joints], length=6)
    network = fitted(windows)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    assert network.encoder("joint").axes[:, :3].any()
