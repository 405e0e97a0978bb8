"""IAS-Lab RGBD-ID: 11 people before a Kinect v1; TestingA in other clothes, TestingB in another room.

Munaro, Ghidoni, Tartaro Dizmen, Menegatti: "A feature-based approach to people re-identification using skeleton
keypoints", ICRA 2014. Protocol: docs/benchmarks.md.
15 joints are tracked; the files repeat a neighbour for the other 5.
"""

from __future__ import annotations

from himpc.research.datasets.base import DataSet, ReadContext, prepare_recordings
from himpc.research.datasets.biwi import CLIPPED_FRAMES, read_person_folders
from himpc.research.folders import has_any_path, list_unsorted
from himpc.research.partition import Partition
from himpc.research.protocol import Split


def _read(context: ReadContext) -> Partition:
    partition = Partition()
    recordings = read_person_folders(context, "Training", partition.problems)
    partition.train = prepare_recordings(recordings, first=CLIPPED_FRAMES)
    for test in ("A", "B"):
        recordings = read_person_folders(context, f"Testing{test}", partition.problems)
        partition.tests[test] = prepare_recordings(recordings, CLIPPED_FRAMES, CLIPPED_FRAMES)
    return partition


def _read_mislabelled(context: ReadContext) -> Partition:
    """Number people by the position of their folder in the listing of each part, as the original script does."""
    partition = _read(context)
    labels: dict[str, set[str]] = {}
    for recordings in partition.parts.values():
        part = recordings[0].source.partition("/")[0] if recordings else ""
        positions = {name: str(number) for number, name in enumerate(list_unsorted(context.root / part))}
        for index, recording in enumerate(recordings):
            label = positions[recording.source.split("/")[1]]
            labels.setdefault(str(recording.person), set()).add(label)
            recordings[index] = recording.with_(person=label)
    inconsistent = sum(len(numbers) > 1 for numbers in labels.values())
    partition.notes.append(
        f"mislabel: people are numbered by the position of their folder in a listing; {inconsistent} of {len(labels)} "
        "have different numbers in different parts"
    )
    return partition


_PUBLISHED = {"eps": 0.8, "min_samples": 2}

IAS = DataSet(
    name="IAS",
    title="IAS-Lab RGBD-ID",
    layout="kinect-v1",
    window_length=6,
    splits=(
        Split("IAS-A", probe="A", gallery="B", settings=_PUBLISHED),
        Split("IAS-B", probe="B", gallery="A", settings=_PUBLISHED),
    ),
    persons={"train": 11, "A": 11, "B": 11},
    raw_content="Training, TestingA, TestingB",
    has_raw=has_any_path("Training", "TestingA", "TestingB"),
    read_raw=_read,
    read_mislabelled=_read_mislabelled,
)
