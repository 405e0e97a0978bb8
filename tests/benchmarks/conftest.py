"""Simulated walkers, written as the owners of the five data sets distribute them, and as the authors' arrays."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from himpc.data import Recording, simulate
from himpc.data.simulation import Sensor

Walk = tuple[int, NDArray[np.float64]]
"""Whom a recording shows, and its joints ``(frames, J, 3)``."""

KGBD_NAMES = [
    *("Head", "Shoulder-Center", "Shoulder-Right", "Shoulder-Left", "Elbow-Right", "Elbow-Left", "Wrist-Right"),
    *("Wrist-Left", "Hand-Right", "Hand-Left", "Spine", "Hip-centro", "Hip-Right", "Hip-Left", "Knee-Right"),
    *("Knee-Left", "Ankle-Right", "Ankle-Left", "Foot-Right", "Foot-Left"),
]
KGBD_ORDER = [3, 2, 8, 4, 9, 5, 10, 6, 11, 7, 1, 0, 16, 12, 17, 13, 18, 14, 19, 15]


@pytest.fixture(scope="session")
def walkers() -> Callable[..., list[list[NDArray[np.float64]]]]:
    """Make the recordings of each of some people, each ``(frames, J, 3)``, rounded as text files are."""

    def make(people: int, recordings: int, frames: int, layout: str = "kinect-v1") -> list[list[NDArray[np.float64]]]:
        walks: Sequence[Recording] = simulate(
            people=people,
            recordings=recordings,
            seconds=frames / 30,
            layout=layout,
            sensor=Sensor(),
            difficulty="easy",
            seed=3,
        )
        joints = [np.round(walk.joints.astype(np.float64), 6) for walk in walks]
        return [joints[i : i + recordings] for i in range(0, len(joints), recordings)]

    return make


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
    """Cut windows by the plainest loops: how is "apart", "half", or "offsets" (METHOD section 8)."""
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


@pytest.fixture(scope="session")
def biwi(tmp_path_factory, walkers) -> tuple[Path, dict[str, list[Walk]]]:
    """BIWI raw, three people to train and two to test, and what must be left of each part."""
    root = tmp_path_factory.mktemp("biwi") / "BIWI"
    parts: dict[str, list[Walk]] = {}
    for take, part in enumerate(["Training", "Testing/Still", "Testing/Walking"]):
        for person, walks in enumerate(walkers(3 if take == 0 else 2, 3, 40)):
            untracked = [0, 15, 39] if person == 0 else []
            write_skel(root / part / f"{person:03d}", walks[take], untracked)
            kept = np.delete(walks[take], untracked, axis=0)
            parts.setdefault(part, []).append((person, kept[10:-10]))
    (root / "Testing" / "Still" / "notes.txt").write_text("extra files are ignored")
    (root / "License").write_text("terms")
    return root, parts


@pytest.fixture(scope="session")
def biwi_arrays(tmp_path_factory, biwi) -> Path:
    root = tmp_path_factory.mktemp("arrays")
    folder = root / "Datasets" / "BIWI" / "6"
    _, parts = biwi
    write_arrays(folder / "train_npy_data", "BIWI", 6, plain_windows(parts["Training"], 6, "offsets"))
    for test in ("Still", "Walking"):
        windows = plain_windows(parts[f"Testing/{test}"], 6, "apart")
        write_arrays(folder / "test_npy_data" / test, "BIWI", 6, windows, test=True)
    return root
