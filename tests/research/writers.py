"""Writers of simulated walkers as the owners of the five data sets distribute them, and as the authors' arrays."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Recording, save
from himpc.skeleton import get_layout

Walk = tuple[int, NDArray[np.float64]]
"""Whom a recording shows, and its joints ``(frames, J, 3)``."""

KGBD_NAMES = [
    *("Head", "Shoulder-Center", "Shoulder-Right", "Shoulder-Left", "Elbow-Right", "Elbow-Left", "Wrist-Right"),
    *("Wrist-Left", "Hand-Right", "Hand-Left", "Spine", "Hip-centro", "Hip-Right", "Hip-Left", "Knee-Right"),
    *("Knee-Left", "Ankle-Right", "Ankle-Left", "Foot-Right", "Foot-Left"),
]
KGBD_ORDER = [3, 2, 8, 4, 9, 5, 10, 6, 11, 7, 1, 0, 16, 12, 17, 13, 18, 14, 19, 15]


Walkers = Callable[..., list[list[NDArray[np.float64]]]]
"""Makes the recordings of each of some people."""

VIEWS = ["frontal", "left_diagonal", "left_lateral", "right_diagonal", "right_lateral"]


def write_skel(folder: Path, joints: NDArray[np.float64], untracked: Sequence[int] = ()) -> None:
    """Write frames as BIWI and IAS-Lab do: id, x y z, x y in the image, state, quality, link, quaternion."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(joints):
        lines = [
            f"3,{x:.6f},{y:.6f},{z:.6f},{310 + i},{220 - i},{0 if number in untracked and i == 7 else 2},0,{i},{i},"
            "0.012,0.998,-0.021,0.043"
            for i, (x, y, z) in enumerate(frame)
        ]
        (folder / f"{number:06d}-a_{636389042 + 33 * number}_skel.txt").write_text("\n".join(lines) + "\n")
        (folder / f"{number:06d}-a_{636389042 + 33 * number}_rgb.jpg").write_bytes(b"\xff\xd8")


def write_ks20(folder: Path, session: int, person: int, joints: NDArray[np.float64]) -> None:
    """Write frames as KS20 does: 25 lines of joint, x, y, z."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(joints):
        lines = [f"{i},{x:.6f},{y:.6f},{z:.6f}" for i, (x, y, z) in enumerate(frame)]
        (folder / f"gc{session}_body{person}_{98000 + 33 * number}_tail.txt").write_text("\n".join(lines) + "\n")


def write_kgbd(path: Path, joints: NDArray[np.float64]) -> None:
    """Write a recording as KGBD does: 20 lines a frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{name};{frame[j, 0]:.6f};{frame[j, 1]:.6f};{frame[j, 2]:.6f}"
        for frame in joints
        for name, j in zip(KGBD_NAMES, KGBD_ORDER, strict=True)
    ]
    path.write_text("\r\n".join(rows) + "\r\n")


def plain_windows(walks: Sequence[Walk], length: int, how: str) -> list[Walk]:
    """Cut windows by the plainest loops: how is "apart", "half", or "offsets" (docs/benchmarks.md)."""
    windows = []
    for offset in range(length if how == "offsets" else 1):
        for person, joints in walks:
            start, i = offset, 0
            while start + length <= len(joints):
                windows.append((person, joints[start : start + length]))
                i += 1
                start = offset + (i * length if how == "apart" else i * length // 2)
    return windows


def write_arrays(folder: Path, name: str, length: int, windows: Sequence[Walk], test: bool = False) -> None:
    """Write windows as the authors' arrays, with the pickle that lies beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.concatenate([joints for _, joints in windows])
    for axis, values in zip("xyz", np.moveaxis(rows, 2, 0), strict=True):
        np.save(folder / f"{'t_' * test}source_{axis}_{name}_{length}.npy", values)
    np.save(folder / f"frame_id_{name}_{length}.npy", np.array([person for person, _ in windows]))
    (folder / f"ids_{name}_{length}.npy").write_bytes(b"\x93NUMPY a pickle that must not be opened")


def raw_biwi(root: Path, walkers: Walkers) -> dict[str, Walk]:
    """Write BIWI, three people to train and two to test, and return what must be left of each recording."""
    left = {}
    for take, part in enumerate(["Training", "Testing/Still", "Testing/Walking"]):
        for person, walks in enumerate(walkers(3 if take == 0 else 2, 3, 40)):
            untracked = [0, 15, 39] if person == 0 else []
            write_skel(root / "BIWI" / part / f"{person:03d}", walks[take], untracked)
            left[f"{part}/{person:03d}"] = person, np.delete(walks[take], untracked, axis=0)[10:-10]
    (root / "BIWI" / "Testing" / "Still" / "notes.txt").write_text("extra files are ignored")
    (root / "BIWI" / "License").write_text("terms")
    return left


def raw_ias(root: Path, walkers: Walkers) -> dict[str, Walk]:
    """Write IAS-Lab, whose people are numbered otherwise than they are listed; training is clipped at its start."""
    left = {}
    for person, walks in zip([10, 2, 0], walkers(3, 3, 32), strict=True):
        for walk, part in zip(walks, ["Training", "TestingA", "TestingB"], strict=True):
            write_skel(root / "IAS" / part / str(person), walk)
            left[f"{part}/{person}"] = person, walk[10:] if part == "Training" else walk[10:-10]
    return left


def raw_kgbd(root: Path, walkers: Walkers) -> dict[str, Walk]:
    """Write KGBD, four people of five recordings each, one of three."""
    left = {}
    for person, walks in enumerate(walkers(4, 5, 33), start=1):
        for number, walk in enumerate(walks[: 3 if person == 2 else 5], start=1):
            name = f"Person{person:03d}/{number}.txt"
            write_kgbd(root / "KGBD" / "kinect gait raw dataset" / name, walk)
            left[name] = person, walk[10:-10]
    (root / "KGBD" / "kinect gait raw dataset" / "person-data.csv").write_text("extra")
    return left


def raw_ks20(root: Path, walkers: Walkers) -> dict[str, Walk]:
    """Write KS20, three people in three sessions and five views."""
    left = {}
    for person, walks in zip([1, 7, 11], walkers(3, 15, 14, "kinect-v2"), strict=True):
        for number, walk in enumerate(walks):
            view, session = VIEWS[number % 5], number // 5 + 1
            write_ks20(root / "KS20" / view, session, person, walk)
            left[f"{view}/gc{session}_body{person}"] = person, walk
    return left


def raw_casia_b(root: Path, walkers: Walkers) -> dict[str, Walk]:
    """Write CASIA-B, two people who train and two who are tested, in three conditions and two views."""
    left = {}
    (root / "CASIA-B").mkdir(parents=True)
    for person, walks in zip([2, 61, 63, 124], walkers(4, 6, 25, "openpose-14"), strict=True):
        for number, walk in enumerate(walks):
            name = f"{person:03d}-{('nm', 'bg', 'cl')[number % 3]}-01-{90 * (number // 3):03d}.npz"
            save([Recording(walk, get_layout("openpose-14"))], root / "CASIA-B" / name)
            left[f"{name}#1"] = person, walk
    (root / "CASIA-B" / "readme.txt").write_text("extra")
    return left
