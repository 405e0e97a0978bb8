"""Draw the picture of the README: simulated walkers, grouped by person. Run it by ``make picture``."""

from __future__ import annotations

from io import BytesIO
from itertools import chain
from pathlib import Path

from PIL import Image

import himpc
from himpc.recordings import clean
from himpc.reporting import draw_groups

PICTURE = Path(__file__).parent / "images" / "groups.png"
COLOURS = 200  # enough for lines and letters, and a third of the bytes


def main() -> None:
    """Group five walkers and write the picture."""
    simulated = himpc.simulate(people=5, recordings=4, difficulty="easy", seed=1)
    cleaned = chain.from_iterable(clean(walk) for walk in simulated)
    walks = [walk.with_(person=None, source=f"walk-{i}") for i, walk in enumerate(cleaned, start=1)]
    grouping = himpc.group(walks)
    content = BytesIO()
    figure = draw_groups(walks, grouping.groups, confidence=grouping.confidence, max_recordings=4)
    figure.savefig(content, format="png", dpi=110)
    with Image.open(content) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"Wrote {PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
