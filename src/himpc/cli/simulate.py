"""``himpc simulate``: write recordings of simulated walkers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import count_noun


def simulate(
    *,
    out: Path,
    people: WholeNumber = 20,
    recordings: WholeNumber = 4,
    seconds: float = 4.0,
    fps: float = 30.0,
    layout: str = "kinect-v1",
    difficulty: Literal["easy", "medium", "hard"] = "medium",
    seed: WholeNumber = 0,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Simulate recordings of walkers: bodies, gaits, cameras and a depth sensor, all from one seed.

    Parameters
    ----------
    out
        The .npz file to write.
    people
        Number of people.
    recordings
        Recordings per person, in different sessions and from different cameras.
    seconds
        Length of each recording.
    fps
        Frames per second.
    layout
        Joint layout.
    difficulty
        Noise of the sensor, and change of each person between sessions.
    seed
        Random seed; the same seed gives the same people on every machine.
    """
    from himpc._files import check_output
    from himpc.recordings import save
    from himpc.simulation import simulate as simulate_walkers

    check_output(out, ".npz")
    console = output.console()
    walks = simulate_walkers(
        people=people,
        recordings=recordings,
        seconds=seconds,
        fps=fps,
        layout=layout,
        difficulty=difficulty,
        seed=seed,
        progress=console.progress,
    )
    save(walks, out)
    console.print(
        f"Wrote {out}: {count_noun(people, 'person', 'people')}, {count_noun(len(walks), 'recording')}, "
        f"{count_noun(sum(map(len, walks)), 'frame')}"
    )
    console.print(f"Next: himpc group {out}")
    return console.result({"out": str(out), "people": people, "recordings": len(walks), "frames": sum(map(len, walks))})
