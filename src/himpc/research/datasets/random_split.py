"""Random splits (KGBD, KS20): which recordings of a person are gallery, probe and training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from himpc.reading import natural_key
from himpc.recordings import Recording
from himpc.research.partition import Partition


def split_randomly(
    partition: Partition,
    recordings: Sequence[Recording],
    unit_of: Callable[[Recording], str],
    seed: int,
    galleries: int = 1,
) -> None:
    """Add recordings to the train, gallery and probe parts of a partition, by a draw for each person.

    Parameters
    ----------
    unit_of : function
        Returns the unit of a recording that must not be divided: its own source, or its session.
    seed, galleries
        As in `draw_split`.
    """
    units: dict[str, dict[str, None]] = {}
    for each in recordings:
        units.setdefault(str(each.person), {})[unit_of(each)] = None
    parts, notes = draw_split({person: list(names) for person, names in units.items()}, seed, galleries)
    partition.notes += notes
    partition.tests |= {"gallery": [], "probe": []}
    for each in recordings:
        partition.parts[parts[str(each.person), unit_of(each)]].append(each)


def draw_split(
    units: Mapping[str, Iterable[str]], seed: int, galleries: int = 1
) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Draw the part of each unit (a recording or a session) of each person.

    Each person has an independent random stream, so the draw does not depend on other people. A person with fewer
    units than the galleries, one probe and one for training has one gallery; training has none before the probe has
    none; a single unit is used for training.

    Parameters
    ----------
    units : mapping of str to iterable of str
        The names of the units of each person.
    seed : int
        One seed gives one split.
    galleries : int
        Units in the gallery.

    Returns
    -------
    parts : dict of (person, unit) to {"train", "gallery", "probe"}
    notes : list of str
        A remark on people with too few units.
    """
    parts: dict[tuple[str, str], str] = {}
    incomplete = []
    for person in sorted(units, key=natural_key):
        names = sorted(units[person], key=natural_key)
        key = int.from_bytes(person.encode()[:16], "big")
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key]))).permutation(len(names))
        complete = len(names) >= galleries + 2
        if not complete:
            incomplete.append(f"{person} ({len(names)})")
        in_gallery = 0 if len(names) == 1 else galleries if complete else 1
        for place, index in enumerate(order):
            part = "gallery" if place < in_gallery else "probe" if 0 < place == in_gallery else "train"
            parts[person, names[index]] = part
    if not incomplete:
        return parts, []
    return parts, [
        f"{len(incomplete)} of {len(units)} people have too few recordings for {galleries} in the gallery, 1 probe and "
        f"1 for training: {', '.join(incomplete[:5])}{', ...' if len(incomplete) > 5 else ''}; see the split"
    ]
