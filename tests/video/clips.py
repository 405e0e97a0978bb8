"""Small videos of any codec, size and frame times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


def write(
    path: Path,
    *,
    pictures: int = 20,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    fps: int = 25,
    times: list[float] | None = None,
    look: Any = None,
) -> Path:
    """Write a video; `look(i)` gives frame i, by default each is of another grey."""
    import av

    width, height = size
    tick = Fraction(1, fps) if times is None else Fraction(1, 1000)
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = tick
        for i in range(pictures):
            image = np.full((height, width, 3), (11 * i) % 256, np.uint8) if look is None else look(i)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.time_base = tick
            frame.pts = i if times is None else round(1000 * times[i])
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_sound(path: Path) -> Path:
    """Write a file of sound only."""
    import av

    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return path
