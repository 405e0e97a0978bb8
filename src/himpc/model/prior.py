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
from himpc.skeleton import Layout, get_layout

__all__ = ["IdentityPrior", "load_prior"]

PRIOR_FOLDER = Path(__file__).with_name("identity_prior")
MATRICES_FILE = "prior.safetensors"
PRIOR_CARD_FILE = "prior.json"


@dataclass(frozen=True, eq=False)
class IdentityPrior:
    """Covariance matrices of features of bodies, pooled over labelled public recordings of other people.

    The features of a frame are the D = 150 inputs of the joint level of `Network` with distances: the coordinates of
    the 15 joints of the layout ``common-15`` in the body frame, then the distances between them, in metres.

    Attributes
    ----------
    within : float64 array ``(D, D)``
        Covariance of the means of recordings around the mean of their person, divided by its trace.
    between : float64 array ``(D, D)``
        Covariance of the means of people, in square metres.
    card : dict
        What the prior was trained on, and how, as plain data.
    """

    within: NDArray[np.float64]
    between: NDArray[np.float64]
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """The joints of the features."""
        return get_layout("common-15")

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
        nodes = len(get_layout("common-15"))
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
