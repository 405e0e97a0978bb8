"""Labels as integers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = Sequence[Hashable] | NDArray[Any]


def encode_labels(*sequences: Labels) -> tuple[list[NDArray[np.int64]], int]:
    """Encode labels of one or more sequences as integers from 0: equal where the labels are.

    Parameters
    ----------
    *sequences : sequence ``(N,)``
        Labels. Each None is a label of its own.

    Returns
    -------
    codes : list of int array ``(N,)``
        One array per sequence.
    n_labels : int
        Number of different labels.
    """
    code_of: dict[object, int] = {}
    codes = []
    for labels in sequences:
        keys = [object() if label is None else label for label in labels]
        codes.append(np.array([code_of.setdefault(key, len(code_of)) for key in keys], dtype=np.int64))
    return codes, len(code_of)
