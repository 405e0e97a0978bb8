"""People who were recorded by several systems that measure bodies differently."""

import numpy as np
import pytest

import himpc
import himpc.api
from himpc.evaluation import grouping_agreement
from himpc.learning import centre_systems
from himpc.recordings import Recording, number_systems, to_common_layout
from himpc.skeleton import body_frame, centre, headings

pytestmark = pytest.mark.filterwarnings("ignore::himpc.errors.LayoutWarning")

LAYOUTS = ("kinect-v1", "humanoid")


def displace(walk: Recording, seed: int, metres: float) -> Recording:
    """Displace each joint of a body that walks, both sides alike, as another system might."""
    names, rng = walk.layout.joints, np.random.default_rng(seed)
    change = rng.normal(0, metres, (len(names), 3))
    for left, right in walk.layout.pairs:
        change[right] = change[left] * [-1, 1, 1]
    heading = np.nan_to_num(headings(walk.joints, walk.layout))[:, None]
    x, y, z = change.T
    turned = np.stack(
        np.broadcast_arrays(np.cos(heading) * x + np.sin(heading) * z, y, np.cos(heading) * z - np.sin(heading) * x),
        axis=-1,
    )
    return walk.with_(joints=walk.joints + turned.astype(np.float32))


def archive(people: tuple[int, int], metres: float, shared: bool = True) -> list[Recording]:
    """Return two recordings of each person by each of two systems, as many people by either; or none by both."""
    walks = []
    for number, layout in enumerate(LAYOUTS):
        seen = himpc.simulate(sum(people), 4, layout=layout, seconds=1.5, seed=3, difficulty="easy")
        for i, walk in enumerate(seen):
            person, take = divmod(i, 4)
            first = 0 if shared or number == 0 else people[0]
            if first <= person < first + people[number] and take % 2 == number:
                walks.append(displace(walk, number, metres).with_(session=layout))
    return walks


def test_people_are_found_across_systems_that_displace_joints():
    walks = archive((4, 3), 0.02)
    found = himpc.group(walks)
    assert grouping_agreement(found.groups, [walk.person for walk in walks]).ari == 1
    assert found.systems is not None
    assert found.systems.common_people == 3
    assert found.note.startswith("3 people found by more than one of 2 systems")
    assert "from" not in found.warning
    assert np.nanmin(found.confidence) > 0.5


def test_a_model_is_fitted_once(monkeypatch):
    fitted = []
    train = himpc.api.train
    monkeypatch.setattr(himpc.api, "train", lambda *args, **kwargs: fitted.append(1) or train(*args, **kwargs))
    himpc.group(archive((2, 2), 0.02))
    assert len(fitted) == 1


def test_people_of_one_system_each_are_not_joined():
    walks = archive((3, 3), 0.02, shared=False)
    found = himpc.group(walks)
    assert grouping_agreement(found.groups, [walk.person for walk in walks]).ari == 1
    assert "no person was found by more than one of 2 systems (humanoid, kinect-v1)" in found.warning


def test_one_person_by_two_systems_is_doubted_and_not_joined_wrongly():
    walks = archive((1, 1), 0.03)
    found = himpc.group(walks)
    assert found.people == 2
    assert np.nanmax(found.confidence) < 0.5
    assert found.plausible == (1, 2)
    walks = archive((1, 1), 0.0)
    assert himpc.group(walks).people == 1


def test_recordings_of_one_system_have_no_check():
    walks = [walk for walk in archive((3, 3), 0.0) if walk.session == "humanoid"]
    assert himpc.group(walks).systems is None


def test_centred_systems_have_one_mean_body():
    walks = archive((3, 3), 0.05)
    system, _ = number_systems(walks)
    together = to_common_layout(walks)[0]
    layout = together[0].layout
    moved, bodies = centre_systems([walk.joints for walk in together], layout, system)
    poses = np.stack([body_frame(centre(joints, layout), layout).mean(axis=0) for joints in moved])
    means = [poses[system == number].mean(axis=0) for number in (0, 1)]
    np.testing.assert_allclose(means[0], means[1], atol=2e-3)  # the lines of the body that show its heading move, too
    assert bodies.shape == (3, len(layout), 3)
    assert np.abs(bodies[0] - bodies[1]).max() > 0.02
