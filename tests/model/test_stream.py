"""Embedding frame by frame equals embedding in one batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.model import Model, Network
from himpc.recordings import Recording, Windows
from himpc.skeleton import LEVELS, get_layout

KINECT = get_layout("kinect-v1")


def make(length: int, *, align: bool = False, normalise: bool = False) -> Model:
    return Model(Network(KINECT, LEVELS, 8, 2, seed=1, normalise=normalise), KINECT, length, align=align)


def batch(model: Model, joints: np.ndarray) -> np.ndarray:
    return model.embed(Windows.cut([Recording(joints, KINECT)], model.window_length, stride=1))


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 40), st.booleans(), st.booleans())
def test_each_push_embeds_the_last_frames(length, frames, align, normalise):
    model = make(length, align=align, normalise=normalise)
    joints = np.random.default_rng(frames).normal(size=(frames, 20, 3)) + 3
    stream = model.stream()
    embedded = [stream.push(frame) for frame in joints]
    assert all(vector is None for vector in embedded[: length - 1])
    if frames >= length:
        np.testing.assert_allclose(embedded[length - 1 :], batch(model, joints), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_embedding_equals_the_batch_after_20_000_frames():
    model = make(7)
    rng = np.random.default_rng(0)
    stream = model.stream()
    for size in rng.lognormal(sigma=3, size=20_000 // 20):
        for frame in size * rng.normal(size=(20, 20, 3)):
            vector = stream.push(frame)
    joints = rng.normal(size=(7, 20, 3))
    for frame in joints:
        vector = stream.push(frame)
    np.testing.assert_allclose(vector, batch(model, joints)[0], rtol=1e-5, atol=1e-5)


def test_large_frame_has_no_effect_after_it_left_the_window():
    model, joints = make(6), np.random.default_rng(0).normal(size=(40, 20, 3))
    stream = model.stream()
    for frame in np.concatenate([joints, [1e30 * joints[0]], joints]):
        vector = stream.push(frame)
    np.testing.assert_allclose(vector, batch(model, joints)[-1], rtol=1e-5, atol=1e-5)


def test_reset_forgets_all_frames():
    model, joints = make(6), np.random.default_rng(0).normal(size=(20, 20, 3))
    stream, other = model.stream(), model.stream()
    for frame in joints:
        stream.push(frame + 1)
    stream.reset()
    for frame in joints[:6]:
        embedded, expected = stream.push(frame), other.push(frame)
    np.testing.assert_array_equal(embedded, expected)
    assert model.stream(2).length == 2


def test_invalid_frame_raises_and_is_not_added():
    model, joints = make(2), np.random.default_rng(0).normal(size=(2, 20, 3))
    stream = model.stream()
    stream.push(joints[0])
    hidden = joints[1].copy()
    hidden[[0, 3]] = np.nan
    with pytest.raises(DataError, match=r"lacks joints \(pelvis, head\); skip it"):
        stream.push(hidden)
    with pytest.raises(DataError, match=r"shape \(19, 3\), expected \(20 joints of layout 'kinect-v1', 3\)"):
        stream.push(hidden[1:])
    np.testing.assert_allclose(stream.push(joints[1]), batch(model, joints)[0], rtol=1e-5, atol=1e-5)
