"""Random splits (KGBD, KS20): for each person, which recordings are gallery, probe and training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from himpc.reading import natural_key

__all__ = ["draw_split"]


def draw_split(
    units: Mapping[str, Sequence[str]], seed: int, galleries: int = 1
) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Draw the part of each unit (a recording or a session) of each person.

    Each person has a random stream of its own, so that the draw does not depend on who else is there. A person who has
    too few units for the full number of galleries, one probe and one to train on has one gallery; training goes short
    before the probe; a person with a single unit is only trained on.

    Parameters
    ----------
    units : mapping of str to sequence of str
        By person, the names of its units.
    seed : int
        One seed gives one split.
    galleries : int
        Units in the gallery.

    Returns
    -------
    parts : dict of (person, unit) to {"train", "gallery", "probe"}
    notes : list of str
        A line on people who have too few units.
    """
    parts: dict[tuple[str, str], str] = {}
    few = []
    for person in sorted(units, key=natural_key):
        names = sorted(units[person], key=natural_key)
        key = int.from_bytes(person.encode()[:16], "big")
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key]))).permutation(len(names))
        shuffled = [names[i] for i in order]
        enough = len(names) >= galleries + 2
        if not enough:
            few.append(f"{person} ({len(names)})")
        taken = 0 if len(names) == 1 else galleries if enough else 1
        for place, name in enumerate(shuffled):
            drawn = "gallery" if place < taken else "probe" if 0 < place == taken else "train"
            parts[person, name] = drawn
    if not few:
        return parts, []
    return parts, [
        f"{len(few)} of {len(units)} people have too few recordings for {galleries} in the gallery, 1 probe and 1 to "
        f"train on: {', '.join(few[:5])}{', ...' if len(few) > 5 else ''}; see the split for what they got"
    ]
