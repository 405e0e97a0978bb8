"""A simulated walker 1.75 m tall with Plug-in-Gait markers, and writers of C3D and TRC files that state what one wants.

The writers follow the formats and check nothing, so that tests can write files that contradict themselves.
"""

import struct
from pathlib import Path

import numpy as np

# Metres: x forward, y left, z up.
MARKERS = {
    "LFHD": (0.08, 0.07, 1.7),
    "RFHD": (0.08, -0.07, 1.7),
    "LBHD": (-0.08, 0.07, 1.7),
    "RBHD": (-0.08, -0.07, 1.7),
    "C7": (-0.06, 0, 1.48),
    "T10": (-0.1, 0, 1.25),
    "CLAV": (0.06, 0, 1.44),
    "STRN": (0.1, 0, 1.26),
    "LSHO": (0, 0.19, 1.45),
    "RSHO": (0, -0.19, 1.45),
    "LELB": (0, 0.25, 1.15),
    "RELB": (0, -0.25, 1.15),
    "LWRA": (0.03, 0.25, 0.9),
    "LWRB": (-0.03, 0.27, 0.9),
    "RWRA": (0.03, -0.25, 0.9),
    "RWRB": (-0.03, -0.27, 0.9),
    "LFIN": (0.02, 0.26, 0.82),
    "RFIN": (0.02, -0.26, 0.82),
    "LASI": (0.1, 0.12, 1),
    "RASI": (0.1, -0.12, 1),
    "LPSI": (-0.1, 0.05, 1.02),
    "RPSI": (-0.1, -0.05, 1.02),
    "LKNE": (0.02, 0.15, 0.52),
    "RKNE": (0.02, -0.15, 0.52),
    "LANK": (-0.02, 0.13, 0.09),
    "RANK": (-0.02, -0.13, 0.09),
    "LTOE": (0.15, 0.1, 0.04),
    "RTOE": (0.15, -0.1, 0.04),
    "LHEE": (-0.07, 0.1, 0.04),
    "RHEE": (-0.07, -0.1, 0.04),
}
LABELS = list(MARKERS)
HEIGHT = 1.71
"""Length of the body from head to ankle along its joints, in metres, to within a centimetre."""


def walk(frames: int = 60, fps: float = 100.0, size: float = 1.0, aside: float = 0.0) -> np.ndarray:
    """Return markers ``(frames, 30, 3)`` of a walker along x at 1.2 m/s, in metres, z up."""
    seconds = np.arange(frames) / fps
    points = np.tile(np.array(list(MARKERS.values())) * size, (frames, 1, 1))
    for i, label in enumerate(LABELS):
        side = {"L": 1, "R": -1}[label[0]] if label[1:] in ("KNE", "ANK", "TOE", "HEE") else 0
        points[:, i, 0] += 1.2 * seconds + side * 0.15 * np.sin(2 * np.pi * seconds)
        points[:, i, 1] += aside
        points[:, i, 2] += 0.01 * np.sin(4 * np.pi * seconds)
    return points


def write_c3d(
    path: Path,
    points: np.ndarray,
    labels: list[str] | None = None,
    *,
    units: str | None = "mm",
    screen: str | None = "+Z",
    rate: float = 100.0,
    header_rate: float | None = None,
    scale: float = -1.0,
    header_scale: float | None = None,
    first: int = 1,
    last: int | None = None,
    header_points: int | None = None,
    analog: int = 0,
    header_analog: int | None = None,
    blocks: int | None = None,
    parameters: tuple[tuple[int, str, int, bytes], ...] = (),
    groups: tuple[str, ...] = (),
) -> Path:
    """Write points ``(frames, n, 3)`` in the file's unit as an Intel C3D file; NaN is a point that was not seen.

    ``parameters`` are (group, name, type, value); ``groups`` names the groups from 2 on.
    """
    labels = labels or LABELS
    frames, n, _ = points.shape
    last = first + frames - 1 if last is None else last
    section = bytearray()

    def record(group: int, name: str, content: bytes) -> None:
        section.extend(struct.pack("bb", len(name), group) + name.encode())
        section.extend(struct.pack("<H", len(content) + 2) + content)

    def texts(items: list[str]) -> bytes:
        width = max(map(len, items))
        return bytes([255, 2, width, len(items)]) + b"".join(item.encode().ljust(width) for item in items) + b"\0"

    for number, name in enumerate(("POINT", *groups), start=1):
        record(-number, name, b"\0")
    record(1, "USED", struct.pack("<bBHb", 2, 0, n, 0))
    record(1, "SCALE", struct.pack("<bBfb", 4, 0, scale, 0))
    record(1, "RATE", struct.pack("<bBfb", 4, 0, rate, 0))
    record(1, "LABELS", texts(labels))
    for name, text in (("UNITS", units), ("Y_SCREEN", screen)):
        if text is not None:
            record(1, name, texts([text]))
    for group, name, kind, value in parameters:
        shape = [] if len(value) == abs(kind) else [len(value) // abs(kind)]
        record(group, name, struct.pack("bB", kind, len(shape)) + bytes(shape) + value + b"\0")
    section.extend(b"\0\0")
    n_blocks = -(-(len(section) + 4) // 512)
    header = struct.pack("<BB5H", 2, 0x50, header_points or n, header_analog or analog, first % 65536, last % 65536, 10)
    header += struct.pack("<f2Hf", header_scale or scale, 2 + n_blocks, 1, rate if header_rate is None else header_rate)
    words = np.zeros((frames, n, 4))
    words[..., :3] = points if scale < 0 else points / scale
    words[np.isnan(points).any(axis=2)] = (0, 0, 0, -1)
    rows = np.concatenate([words.reshape(frames, -1), np.full((frames, analog), 3)], axis=1)
    data = rows.astype("<f4").tobytes() if scale < 0 else rows.round().astype("<i2").tobytes()
    start = bytes([1, 0x50, n_blocks if blocks is None else blocks, 84])
    path.write_bytes(header.ljust(512, b"\0") + (start + section).ljust(n_blocks * 512, b"\0") + data)
    return path


def write_trc(
    path: Path,
    points: np.ndarray,
    labels: list[str] | None = None,
    *,
    rate: float | str = 100,
    seconds: np.ndarray | None = None,
    numbers: np.ndarray | None = None,
    units: str = "mm",
    stated_frames: int | None = None,
    stated_markers: int | None = None,
    separator: str = "\t",
    missing: str = "",
    decimal: str = ".",
    encoding: str = "utf-8",
    newline: str = "\n",
) -> Path:
    """Write points ``(frames, n, 3)`` in the file's unit as a TRC file; NaN is written as `missing`."""
    labels = labels or LABELS
    frames, n, _ = points.shape
    seconds = np.arange(frames) / 100 if seconds is None else seconds
    numbers = np.arange(1, frames + 1) if numbers is None else numbers
    stated = {"DataRate": rate, "CameraRate": rate, "NumFrames": stated_frames or frames}
    stated |= {"NumMarkers": stated_markers or n, "Units": units, "OrigDataRate": rate}
    wide = separator if separator == " " else separator * 3
    lines = [
        separator.join(["PathFileType", "4", "(X/Y/Z)", path.name]),
        separator.join(stated),
        separator.join(map(str, stated.values())),
        separator.join(["Frame#", "Time", wide.join(labels)]),
        separator.join(f"{axis}{i + 1}" for i in range(n) for axis in "XYZ"),
        "",
    ]
    for number, second, frame in zip(numbers, seconds, points, strict=True):
        cells = [missing if np.isnan(value) else f"{value:.5f}" for value in frame.ravel()]
        lines.append(separator.join([str(number), f"{second:.5f}", *cells]).replace(".", decimal))
    path.write_bytes((newline.join(lines) + newline).encode(encoding))
    return path
