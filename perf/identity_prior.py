"""Train the identity prior that comes with himpc: ``python perf/identity_prior.py --data ../shared/data``.

The prior is two covariance matrices of features of bodies, pooled over labelled recordings of other people whose terms
allow it: ``c3d-walking`` (Apache-2.0), ``kinect-v1-actions`` (MIT) and ``trc-walking`` (CC BY 4.0). Each set counts the
same. The matrix between people also counts synthetic people: each person's motion, with the errors of its sensor, is
given to `BODIES` other bodies (retargeting), whose sizes and proportions are drawn at random.

With ``--leave-out SET`` a set is left out, to measure the prior on it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import himpc
from himpc._version import __version__
from himpc.anonymization import bone_lengths, set_bone_lengths
from himpc.model import IdentityPrior, Network
from himpc.recordings import Recording, Windows
from himpc.skeleton import Layout, get_layout

SETS = {
    "c3d-walking": ("{person}/{session}/*.c3d", "Apache-2.0, biomechZoo"),
    "kinect-v1-actions": ("Seq{session}_{person}.csv", "MIT, David Jardim, PRECOG"),
    "trc-walking": ("{person}/{session}/*.trc", "CC BY 4.0, Schreiber and Moissenet 2019, Scientific Data 6:111"),
}
MIN_FRAMES = 20
"""Shorter recordings, such as static trials of two equal frames, are left out."""

BODIES = 13
"""Synthetic bodies per person."""

SIZE, PROPORTION, LIMB, ASYMMETRY = 0.06, 0.04, 0.02, 0.01
"""Standard deviations of the logarithms of body size, of each length, of all lengths of a limb, and between sides. The
size is a little wider than that of adults (stature: 4 to 5 % within a sex, and 7 % between the sexes' means)."""

Array = NDArray[np.float64]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--leave-out", choices=sorted(SETS), action="append", default=[])
    arguments.add_argument("--out", type=Path, default=Path("src/himpc/model/identity_prior"))
    options = arguments.parse_args()
    train_prior(options.data, options.leave_out).save(options.out)
    print(f"Wrote {options.out}")


def train_prior(data: Path, leave_out: Sequence[str] = ()) -> IdentityPrior:
    """Train the prior on the sets in a folder, without those to leave out."""
    scatters, described = [], []
    for name, (pattern, terms) in SETS.items():
        if name in leave_out:
            continue
        recordings = [each for each in himpc.read(data / name, name=pattern) if is_usable(each)]
        scatters.append(scatter(recordings))
        people = len({each.person for each in recordings})
        described.append({"set": name, "people": people, "recordings": len(recordings), "terms": terms})
    within, between = (np.mean(each, axis=0) for each in zip(*scatters, strict=True))
    card = {
        "format": "himpc-identity-prior",
        "version": 1,
        "himpc": __version__,
        "layout": "common-15",
        "features": "joints in the body frame and their distances, in metres; means of recordings",
        "trained_on": described,
        "synthetic_people": f"{BODIES} bodies in the motion of each person, for the matrix between people",
        "command": "python perf/identity_prior.py",
        "labels_used": "the persons of these public recordings; none of the recordings that the prior is adapted to",
    }
    return IdentityPrior(within, between, card)


def is_usable(recording: Recording) -> bool:
    """Return whether a recording shows a moving person."""
    return len(recording) >= MIN_FRAMES and recording.session not in ("Static", "static")


def scatter(recordings: list[Recording]) -> tuple[Array, Array]:
    """Compute the scatter within people, of trace 1, and between people, each ``(D, D)``, from means of recordings."""
    layout = get_layout("common-15")
    bodies = [recording.to(layout) for recording in recordings]
    means = mean_features(bodies)
    names, person = np.unique([recording.person or "" for recording in recordings], return_inverse=True)
    centres = np.stack([means[person == number].mean(axis=0) for number in range(len(names))])
    residuals = means - centres[person]
    within = residuals.T @ residuals / max(len(means) - len(names), 1)
    rng = np.random.default_rng(0)
    synthetic = [centres]
    for _ in range(BODIES):
        scales = np.stack([draw_scales(layout, rng) for _ in names])
        means = mean_features([retarget(each, scales[number]) for each, number in zip(bodies, person, strict=True)])
        synthetic.append(np.stack([means[person == number].mean(axis=0) for number in range(len(names))]))
    return within / np.trace(within), np.cov(np.concatenate(synthetic).T)


def mean_features(recordings: list[Recording]) -> Array:
    """Compute the mean features ``(R, D)`` of recordings of the layout ``common-15``."""
    layout = recordings[0].layout
    windows = Windows.cut(recordings, 1).aligned()
    network = Network(layout, ["joint"], 1, 0, distances=True)
    features = network.describe(torch.from_numpy(windows.frames), "joint").numpy().astype(np.float64)
    starts = np.flatnonzero(np.diff(windows.recording, prepend=-1))
    sums: Array = np.add.reduceat(features, starts, axis=0)
    return sums / np.bincount(windows.recording)[:, None]


def draw_scales(layout: Layout, rng: np.random.Generator) -> Array:
    """Draw a factor for the length from each joint to its parent, ``(J,)``."""
    logarithms = rng.normal(0, PROPORTION, len(layout))
    for joints in layout.limbs:
        logarithms[list(joints)] += rng.normal(0, LIMB)
    for left, right in layout.pairs:
        logarithms[right] = logarithms[left]
    logarithms += rng.normal(0, SIZE) + rng.normal(0, ASYMMETRY, len(layout))
    factors: Array = np.exp(logarithms)
    return factors


def retarget(recording: Recording, scales: Array) -> Recording:
    """Give the motion of a recording, with its errors, to another body: scale each bone in every frame."""
    layout, joints = recording.layout, recording.joints.astype(np.float64)
    lengths = bone_lengths(joints, layout) * scales[[joint for joint, _ in layout.bones]]
    return recording.with_(joints=set_bone_lengths(joints, layout, lengths).astype(np.float32))


if __name__ == "__main__":
    main()
