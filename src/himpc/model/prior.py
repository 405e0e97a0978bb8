"""The identity prior: how bodies differ between people, and between recordings of one person, in public data sets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import make_folder, write_atomically
from himpc.errors import ModelError
from himpc.model.tensors import read_arrays, write_arrays
from himpc.skeleton import COMMON_LAYOUT, Layout, get_layout, missing_joints

__all__ = ["MIN_PRIOR_JOINTS", "IdentityPrior", "load_prior"]

PRIOR_FOLDER = Path(__file__).with_name("identity_prior")
MATRICES_FILE = "prior.safetensors"
PRIOR_CARD_FILE = "prior.json"

MIN_PRIOR_JOINTS = 6
"""Number of joints, as of two legs, from which a part of the prior is adapted."""


@dataclass(frozen=True, eq=False)
class IdentityPrior:
    """Covariance matrices of features of bodies, pooled over labelled public recordings of other people.

    The features of a frame are the D inputs of the joint level of `Network` with distances: the coordinates of the
    joints of `layout` in the body frame, then the distances between them, in metres; D is 150 for ``common-15``.

    Attributes
    ----------
    within : float64 array ``(D, D)``
        Covariance of the means of recordings around the mean of their person, divided by its trace.
    between : float64 array ``(D, D)``
        Covariance of the means of people, in square metres.
    card : dict
        What the prior was trained on, and how, as plain data.
    layout : Layout
        The joints of the features: ``common-15``, or a part of it.
    """

    within: NDArray[np.float64]
    between: NDArray[np.float64]
    card: dict[str, Any] = field(default_factory=dict)
    layout: Layout = field(default_factory=lambda: get_layout(COMMON_LAYOUT))

    def for_layout(self, layout: Layout) -> IdentityPrior | None:
        """Return the prior of its joints that a layout gives: all, or a part.

        None if these are fewer than `MIN_PRIOR_JOINTS`, or lack both hips and both shoulders, which show the heading.
        """
        missing = set(missing_joints(layout, self.layout))
        if not missing:
            return self
        joints = [joint for joint in self.layout.joints if joint not in missing]
        girdles = [{f"left_{joint}", f"right_{joint}"} for joint in ("hip", "shoulder")]
        if len(joints) < MIN_PRIOR_JOINTS or not any(girdle <= set(joints) for girdle in girdles):
            return None
        return self._part(self.layout.subset(joints, f"{self.layout.name}-{len(joints)}"))

    def _part(self, layout: Layout) -> IdentityPrior:
        """Return the prior of the joints of a part of `IdentityPrior.layout` alone.

        Its features are linear functions of those of the whole body: coordinates relative to the root of the part, and
        distances.
        """
        count, joints = len(self.layout), [self.layout.index(name) for name in layout.joints]
        centring = np.eye(len(layout))
        centring[:, list(layout.root)] -= 1 / len(layout.root)
        number = np.zeros((count, count), dtype=np.int64)
        first, second = np.triu_indices(count, 1)
        number[first, second] = number[second, first] = 3 * count + np.arange(len(first))
        a, b = np.triu_indices(len(layout), 1)
        size = 3 * len(layout)
        matrix = np.zeros((size + len(a), len(self.within)))
        columns = (3 * np.array(joints)[:, None] + np.arange(3)).ravel()
        matrix[:size, columns] = np.kron(centring, np.eye(3))
        matrix[size + np.arange(len(a)), number[np.array(joints)[a], np.array(joints)[b]]] = 1
        within, between = (matrix @ each @ matrix.T for each in (self.within, self.between))
        return IdentityPrior(within / np.trace(within), between, self.card, layout)

    def save(self, folder: str | Path) -> None:
        """Write ``prior.safetensors`` and its card, ``prior.json``, to a folder."""
        folder = make_folder(folder)
        matrices = {"within": self.within, "between": self.between}
        write_arrays(folder / MATRICES_FILE, {name: each.astype(np.float32) for name, each in matrices.items()})
        write_atomically(folder / PRIOR_CARD_FILE, json.dumps(self.card, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> IdentityPrior:
        """Read a prior that `save` wrote.

        Raises
        ------
        ModelError
            If a file is missing, damaged, or of another size.
        """
        folder = Path(folder)
        nodes = len(get_layout(COMMON_LAYOUT))
        size = 3 * nodes + nodes * (nodes - 1) // 2
        shape = ("F32", (size, size))
        arrays = read_arrays(folder / MATRICES_FILE, {"within": shape, "between": shape})
        try:
            card = json.loads((folder / PRIOR_CARD_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder / PRIOR_CARD_FILE}: cannot be read: {error}") from error
        return cls(arrays["within"].astype(np.float64), arrays["between"].astype(np.float64), card)


@cache
def load_prior() -> IdentityPrior:
    """Return the prior that comes with himpc."""
    return IdentityPrior.load(PRIOR_FOLDER)
