"""Share of frames in which a person is found, by the person's height in pixels, and what finding costs.

    python perf/detection.py                      # what ships
    python perf/detection.py --tiles 0            # whole frames only

One person walks alone: a mannequin (`drawn`), and the people of the shared film (`real`), scaled into a larger frame.
Time is processor time in this process, in milliseconds a frame.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowd import simulate_crowd
from himpc.video import Video, open_estimator
from lens import Lens
from mannequins import OUTFITS, draw_people

FILM = Path(__file__).parents[1] / ".." / "shared" / "data" / "video" / "one-by-one-person-detection.mp4"
FRAMES = {"landscape": (1280, 720), "portrait": (720, 1280)}
HEIGHTS = (90, 130, 180, 250, 360, 450)
FPS, COUNT = 10, 40
FILM_FROM, FILM_HEIGHT = 10.0, 330
"""Seconds at which one person is visible as a whole, and the height of that person in pixels."""


def drawn(height: int, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of a mannequin of a height in pixels, on a noisy background."""
    generator = np.random.default_rng(height)
    crowd = simulate_crowd(1, COUNT / FPS, FPS, scene="crowd", lens=Lens(*size, 65), seed=3)
    lens = Lens(*size, 65)
    for body in crowd.joints[0]:
        middle = np.nanmean(body, axis=0)
        distance = 1.75 * lens.focal_length / height
        placed = body - middle + np.array([(middle[0] / max(middle[2], 1.0)) * distance * 0.3, 0.0, distance])
        image = draw_people(placed[None], lens, [OUTFITS[1]])
        noise = generator.normal(0, 4, image.shape)
        yield np.clip(image + noise, 0, 255).astype(np.uint8)


def real(height: int, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of the shared film, scaled such that the person has a height, in a larger grey frame."""
    import cv2

    width, rows = size
    scale = height / FILM_HEIGHT
    with Video(FILM, cuts=False) as film:
        for frame in film:
            if frame.seconds < FILM_FROM:
                continue
            if frame.seconds >= FILM_FROM + COUNT / FPS:
                return
            small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:rows]
            left = max(0, (small.shape[1] - width) // 2)
            small = small[:, left : left + width]
            canvas = np.full((rows, width, 3), 120, np.uint8)
            top, at = (rows - small.shape[0]) // 2, (width - small.shape[1]) // 3
            canvas[top : top + small.shape[0], at : at + small.shape[1]] = small
            yield canvas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int)
    tiles = parser.parse_args().tiles
    estimator = open_estimator() if tiles is None else open_estimator(tiles=tiles)
    print(f"| person | frame | {' | '.join(f'{height} px' for height in HEIGHTS)} | ms a frame |")
    print("|---|---|" + "---:|" * (len(HEIGHTS) + 1))
    for name, source in (("drawn", drawn), ("real", real)):
        if source is real and not FILM.exists():
            continue
        for shape, size in FRAMES.items():
            shares, spent, frames = [], 0.0, 0
            for height in HEIGHTS:
                estimator.reset()
                found = []
                for number, image in enumerate(source(height, size)):
                    start = time.process_time()
                    found.append(bool(estimator.detect(image, number / FPS)))
                    spent += time.process_time() - start
                frames += len(found)
                shares.append(float(np.mean(found)))
            rates = " | ".join(f"{share:.2f}" for share in shares)
            print(f"| {name} | {shape} | {rates} | {1000 * spent / frames:.0f} |", flush=True)


if __name__ == "__main__":
    main()
