"""Groups of real walkers, some of true and some of assumed size, with and without scaling to one size.

    python perf/unequal_sizes.py

The recordings are those of `video-walkers`, whose sizes MediaPipe assumed. True sizes are made up: each person's
recordings are scaled to a height, from 1.62 to 1.94 m.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import himpc
from himpc.evaluation import grouping_agreement
from himpc.recordings import Recording, scale_bodies
from himpc.skeleton import stature

WALKERS = Path(__file__).parents[1] / ".." / "shared" / "data" / "video-walkers" / "recordings.npz"
HEIGHTS = (1.62, 1.70, 1.78, 1.86, 1.94)


def main() -> None:
    warnings.simplefilter("ignore", himpc.errors.LayoutWarning)
    assumed = list(himpc.read(WALKERS))
    people = sorted({str(each.person) for each in assumed})
    true = [_give_height(each, HEIGHTS[people.index(str(each.person))]) for each in assumed]
    mixed = [a if a.camera == "far" else t for a, t in zip(assumed, true, strict=True)]
    print("| recordings | compared | groups | ARI |\n|---|---|---:|---:|")
    _print_row("all of assumed size", "as they are (shipped)", assumed)
    _print_row("all of assumed size", "by proportions", scale_bodies(assumed))
    _print_row("all of true size", "as they are (shipped)", true)
    _print_row("near of true size, far of assumed size", "by proportions (shipped)", mixed)
    _print_row("near of true size, far of assumed size", "as they are", [m.with_(true_size=True) for m in mixed])


def _give_height(recording: Recording, height: float) -> Recording:
    factor = np.float32(height / stature(recording.joints, recording.layout))
    return recording.with_(joints=recording.joints * factor, true_size=True)


def _print_row(name: str, compared: str, recordings: Sequence[Recording]) -> None:
    groups = himpc.group(recordings).groups
    agreement = grouping_agreement(groups, [each.person for each in recordings])
    print(f"| {name} | {compared} | {agreement.n_groups} | {agreement.ari:.2f} |", flush=True)


if __name__ == "__main__":
    main()
