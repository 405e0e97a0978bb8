"""A body that himpc does not know, a horse, is trained on, grouped, enrolled and searched; two are in one file."""

import numpy as np
import pytest

import himpc
from himpc.evaluation import grouping_agreement
from himpc.skeleton import discover_layout

LEGS = {"FL": (0.6, 0.2), "FR": (0.6, -0.2), "HL": (-0.6, 0.2), "HR": (-0.6, -0.2)}


def horse(
    body: int, take: int, frames: int = 150, aside: float = 0.0, bend: float = 1.0
) -> tuple[list[str], np.ndarray]:
    """Return names and points ``(frames, P, 3)`` in metres, z up, of a horse that walks along x.

    With `bend` 1 legs are stiff.
    """
    rng = np.random.default_rng(body)
    size = rng.normal(1, 0.06, 8)
    seconds = np.arange(frames) / 100
    phase = 2 * np.pi * seconds * (0.9 + 0.05 * take) + take
    names, points = [], []
    trunk = {
        "withers": (0.6, 0, 1.6),
        "back": (0, 0, 1.5),
        "croup": (-0.6, 0, 1.55),
        "dock": (-0.8, 0, 1.4),
        "barrel": (0.1, 0.3, 1.2),
    }
    for name, place in trunk.items():
        names.append(name)
        points.append(np.tile(np.array(place) * size[:3], (frames, 1)))
    nod = np.stack([np.cos(0.1 * np.sin(2 * phase)), 0 * phase, np.sin(0.1 * np.sin(2 * phase))], axis=1)
    for name, length in (("poll", 0.7 * size[3]), ("muzzle", 1.1 * size[3])):
        names.append(name)
        points.append(points[0] + length * nod + [0, 0, 0.3 * length])
    for i, (leg, (x, y)) in enumerate(LEGS.items()):
        angle = 0.4 * np.sin(phase + (i % 2) * np.pi + (i // 2) * np.pi / 2)
        joint = np.tile([x * size[0], y * size[1], 1.1 * size[2]], (frames, 1))
        for part, length, turn in (
            ("upper", 0.5 * size[4], angle),
            ("lower", 0.45 * size[5], bend * angle - 0.3),
            ("hoof", 0.1 * size[6], angle - 0.1),
        ):
            end = joint + length * np.stack([np.sin(turn), 0 * turn, -np.cos(turn)], axis=1)
            names += [f"{leg}_{part}_top", f"{leg}_{part}_mid"]
            points += [joint + np.array([0.03, 0, 0]), (joint + end) / 2 + [0, 0.04, 0]]
            joint = end
    moved = np.stack(points, axis=1) + np.stack([1.5 * seconds, 0 * seconds + aside, 0 * seconds], axis=1)[:, None]
    return names, moved + np.random.default_rng([body, take]).normal(0, 0.002, moved.shape)


def write(path, bodies: list[tuple[str, list[str], np.ndarray]]):
    """Write a TRC file of one or more bodies, whose names come before a colon if there are several."""
    labels = [f"{who}:{name}" if len(bodies) > 1 else name for who, names, _ in bodies for name in names]
    points = 1000 * np.concatenate([each for *_, each in bodies], axis=1)
    lines = ["PathFileType\t4\t(X/Y/Z)\tx.trc", "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits"]
    lines += [f"100\t100\t{len(points)}\t{len(labels)}\tmm", "Frame#\tTime\t" + "\t\t\t".join(labels), "\t\tX1\tY1\tZ1"]
    for i, frame in enumerate(points):
        lines.append("\t".join([str(i + 1), f"{i / 100:.2f}", *(f"{value:.3f}" for value in frame.ravel())]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def herd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("herd")
    for body in range(4):
        for take in range(4):
            write(folder / f"h{body}" / f"{take}.trc", [("", *horse(body, take))])
    return himpc.read(folder, name="{person}/*")


@pytest.mark.parametrize("bend", [1.0, 1.8])
def test_legs_of_a_horse_are_limbs(bend):
    walks = [horse(body, take, bend=bend) for body in range(3) for take in range(2)]
    layout = discover_layout(walks[0][0], [points[:, :, [1, 2, 0]] for _, points in walks]).layout
    limbs = {name: {layout.joints[i] for i in limb} for name, limb in zip(layout.limb_names, layout.limbs, strict=True)}
    for leg in LEGS:
        points = {point for point in layout.joints if point.startswith(f"{leg}_") and not point.endswith("upper_top")}
        names = [name for name, limb in limbs.items() if limb == points]
        assert len(names) == 1
        assert names[0].startswith("left_limb" if leg.endswith("L") else "right_limb")
    assert {"withers", "back", "croup", "poll", "muzzle", *(f"{leg}_upper_top" for leg in LEGS)} <= limbs["trunk"]


def test_horses_are_grouped_enrolled_and_searched(herd, tmp_path):
    assert {walk.layout.name for walk in herd} == {"points"}
    trained = himpc.HiMPC(settings={"max_epochs": 2}, device="cpu").fit(list(herd)[::2])
    found = himpc.group(herd, people=4)
    assert grouping_agreement(found.groups, [walk.person for walk in herd]).ari == 1
    with himpc.Gallery.create(tmp_path / "gallery", trained.model_) as gallery:
        gallery.enroll([walk for i, walk in enumerate(herd) if i % 4 < 3])
        probes = [walk for i, walk in enumerate(herd) if i % 4 == 3]
        answers = gallery.search(probes)
    assert [answer.matches[0].person for answer in answers] == [walk.person for walk in probes]


def test_each_body_of_a_file_is_a_recording_of_the_same_points(tmp_path):
    bodies = [("Ann", *horse(0, 0)), ("Ben", *horse(1, 0, aside=3.0))]
    first, second = himpc.read(write(tmp_path / "two.trc", bodies))
    assert (first.person, second.person) == ("Ann", "Ben")
    assert first.layout.joints == second.layout.joints
    alone = himpc.read(write(tmp_path / "one.trc", bodies[:1]))[0]
    np.testing.assert_allclose(first.joints, alone.joints, atol=1e-5)
