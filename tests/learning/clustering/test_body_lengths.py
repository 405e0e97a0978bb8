"""Lengths of bodies: weighted by their errors, they tell people apart where an embedding alone would not."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import himpc
from himpc.learning.clustering.body_lengths import MIN_ERROR, body_lengths, join_descriptions
from himpc.learning.clustering.number_of_people import smallest_cut
from himpc.learning.grouping import group_recordings
from himpc.recordings import Windows
from himpc.skeleton import get_layout


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(people=2, recordings=2, seconds=1.0, difficulty="easy", seed=6)


def test_lengths_do_not_depend_on_place_or_heading_and_grow_with_the_body(walks):
    lengths = body_lengths(Windows.cut(walks, 6))
    assert lengths.shape == (4, 105)
    turned = [walk.with_(joints=walk.joints[..., [2, 1, 0]] * np.float32([1, 1, -1]) + np.float32(3)) for walk in walks]
    np.testing.assert_allclose(body_lengths(Windows.cut(turned, 6)), lengths, rtol=1e-3)
    taller = [walk.with_(joints=walk.joints * np.float32(1.1)) for walk in walks]
    differences = body_lengths(Windows.cut(taller, 6)) - lengths
    assert (differences > 0).all()
    assert differences.max() <= np.log(1.1) / MIN_ERROR + 1


def test_a_length_that_varies_within_recordings_weighs_little(walks):
    wrist = walks[0].layout.joints.index("left_wrist")
    steady, drifting = [], []
    for number, walk in enumerate(walks):
        for group, drift in ((steady, 0.0), (drifting, 0.1)):
            joints = walk.joints.copy()
            joints[:, wrist, 1] += 0.05 * number  # what differs between recordings
            joints[: len(joints) // 2, wrist, 1] += drift
            group.append(walk.with_(joints=joints))
    before, after = (np.ptp(body_lengths(Windows.cut(each, 6)), axis=0) for each in (steady, drifting))
    joints = get_layout("common-15").joints
    of_wrist = np.array(["left_wrist" in pair for pair in combinations(joints, 2)])
    assert np.median(after[of_wrist] / before[of_wrist]) < 0.5
    np.testing.assert_allclose(after[~of_wrist], before[~of_wrist], rtol=1e-4)


def test_parts_are_one_recording_and_single_frames_have_no_error(walks):
    windows = Windows.cut([walk.with_(joints=walk.joints[:1]) for walk in walks], 1)
    assert np.isfinite(body_lengths(windows)).all()


def test_flat_skeletons_have_no_lengths(walks):
    assert body_lengths(Windows.cut([walk.with_(dimensions=2) for walk in walks], 6)) is None


def test_lengths_and_embeddings_count_whatever_their_scale():
    rng = np.random.default_rng(1)
    vectors, lengths = rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
    np.testing.assert_allclose(join_descriptions(7 * vectors + 1, lengths / 9), join_descriptions(vectors, lengths))
    assert np.isfinite(join_descriptions(np.ones((3, 2)), np.ones((3, 2)))).all()


def test_lengths_join_what_two_cameras_separate():
    rng = np.random.default_rng(2)
    person, camera = np.repeat(np.arange(5), 6), np.tile([0, 0, 0, 1, 1, 1], 5)
    of_person, of_camera = rng.normal(size=(5, 8)), rng.normal(size=(5, 2, 8))
    vectors = of_person[person] + 0.6 * of_camera[person, camera] + 0.02 * rng.normal(size=(30, 8))
    lengths = 3 * rng.normal(size=(5, 20))[person] + rng.normal(size=(30, 20))
    windows, recording = np.repeat(vectors, 4, axis=0), np.repeat(np.arange(30), 4)
    found = group_recordings(windows, recording, 30, whiten=False, lengths=lengths)
    assert adjusted_rand_score(person, found.groups) > 0.95
    assert found.fewest_tried == smallest_cut(30, 8) == 4


def test_near_and_far_are_one_person(shared_data):
    path = shared_data / "video-walkers" / "recordings.npz"
    if not path.is_file():
        pytest.skip(f"the films of walkers are not at {path}")
    recordings = himpc.read(path)
    grouping = himpc.group(recordings)
    assert 4 <= grouping.people <= 7
    assert adjusted_rand_score([each.person for each in recordings], grouping.groups) >= 0.9
