"""A gallery of simulated walkers, and files to upload."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import himpc
from himpc.recordings import Recording, clean, save
from himpc.simulation import simulate

NAMES = ["Ann", "Ben", "Cara", "Dev", "Eva", "Finn", "Gül", "Ian", "Jo", "Nils", "Hana"]
NOT_ENROLLED = "Hana"
UNNAMED = "Nils"
REMOVED = "Jo"
RECORDINGS = 5


@dataclass(frozen=True)
class PageGallery:
    """A gallery in a folder, and files of recordings.

    Attributes
    ----------
    folder : Path
        A gallery with four recordings of each person in `NAMES` but the non-enrolled one; one person is unnamed.
    uploads : Path
        For each person ``NAME.npz``, the fifth recording; for the non-enrolled person also ``NAME-0.npz`` to
        ``NAME-3.npz``, and ``NAME-enrolled.npz`` for the person that a test removes.
    """

    folder: Path
    uploads: Path


def make_gallery(folder: Path) -> PageGallery:
    """Simulate, train and enroll."""
    walks = _simulate()
    model = himpc.HiMPC(settings={"max_epochs": 2, "hidden": 16}).fit(walks).model_
    uploads = folder / "uploads"
    uploads.mkdir()
    enrolled = [walk for i, walk in enumerate(walks) if i % RECORDINGS < 4 and walk.person != NOT_ENROLLED]
    with himpc.Gallery.create(folder / "Gait lab", model) as gallery:
        gallery.enroll(enrolled)
        gallery.move([each.id for each in gallery.recordings(UNNAMED)])
    for i, walk in enumerate(walks):
        if i % RECORDINGS == 4:
            save([walk.with_(person=None)], uploads / f"{walk.person}.npz")
        elif walk.person == NOT_ENROLLED:
            save([walk.with_(person=None)], uploads / f"{walk.person}-{i % RECORDINGS}.npz")
    save([walk.with_(person=None) for walk in enrolled if walk.person == REMOVED], uploads / f"{REMOVED}-enrolled.npz")
    return PageGallery(folder / "Gait lab", uploads)


def _simulate() -> list[Recording]:
    walks = simulate(people=len(NAMES), recordings=RECORDINGS, seconds=2.5, difficulty="easy", seed=5)
    cleaned = [part for walk in walks for part in clean(walk)]
    assert len(cleaned) == len(walks), "a recording was split: choose another seed"
    return [
        walk.with_(person=NAMES[i // RECORDINGS], source=f"corridor/{walk.session}/{walk.camera}-{i:02d}")
        for i, walk in enumerate(cleaned)
    ]
