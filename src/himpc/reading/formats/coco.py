"""COCO keypoint JSON: joints of people in images (2D), from a pose estimator or an annotator.

Lin et al., ECCV 2014, and the "Results Format" and "Data Format" of the COCO keypoint task: a list of
``{image_id, keypoints, score}``, with ``track_id`` (AlphaPose: ``idx``) where a tracker ran, or an object with that
list under ``annotations`` and the frames under ``images``. ``keypoints`` is x, y in pixels and a score or visibility a
joint, with 17 joints, or with the 133 of COCO-WholeBody or the 26 or 136 of HALPE, of which those of body and feet are
read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.frames import natural_key, places_by_name
from himpc.reading.formats.parsing.keypoints import (
    check_objects,
    has_keypoint_lists,
    is_json,
    keypoint_layout,
    load_json,
    names_fit,
    parse_id,
    parse_numbers,
)
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape
from himpc.recordings import Recording
from himpc.skeleton import Layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.json",
    reads="`keypoints` of people in images, as results or annotations, in 2D: body and feet of 17, 26, 133 or 136 "
    "keypoints; people by `track_id` or `idx`; a recording for each video or folder of images",
    assumes="pixels; images are frames in the order of their numbers or names, and missing numbers are gaps; no rate: "
    "state {fps}",
    ignores="face and hands; keypoints of other data sets, such as PoseTrack and MPII, which are refused",
    source="https://cocodataset.org/#format-results",
    exports=(
        Export(
            "AlphaPose",
            "run `scripts/demo_inference.py` with `--pose_track`",
            "https://github.com/MVIG-SJTU/AlphaPose/blob/master/docs/run.md",
        ),
    ),
)

_TRACK_KEYS = ("track_id", "idx")
_VIDEO_KEYS = ("video_id", "vid_id")
_FRAME_KEYS = ("frame_id", "frame_index", "frame_number", "mot_frame_id")
_MARKS = (b'"keypoints"', b'"annotations"', b'"images"', b'"image_id"')
_MARKS_OF_OTHERS = (
    b'"people"',
    b'"keypoint_scores"',
    b'"instances"',
    b'"instance_info"',
    b'"meta_info"',
    b'"predictions"',
)

_OBJECTS = re.compile(rb'"keypoints(3D)?"\s*:\s*(\[\s*)?\{')
"""Keypoints that are objects, as of Ultralytics and TensorFlow.js, and not numbers."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keys of COCO JSON."""
    if not is_json(head) or any(other in head for other in _MARKS_OF_OTHERS) or has_keypoint_lists(head):
        return False
    return any(mark in head for mark in _MARKS) and _OBJECTS.search(head) is None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person of a COCO file, or the only one."""
    content = load_json(path)
    annotated = isinstance(content, dict)
    people = check_objects(
        content.get("annotations") if annotated else content, f"{path}: expected a list of keypoints"
    )
    images = check_objects(content.get("images", []) if annotated else [], f"{path}: expected a list of images")
    people = _drop_idle_ids([person for person in people if person.get("keypoints")])
    where = [f"{path}, keypoints {i}" for i in range(1, len(people) + 1)]
    image_of = [parse_id(person.get("image_id"), where[i], "image_id") for i, person in enumerate(people)]
    listed = [parse_id(image.get("id"), f"{path}, image {i}", "id") for i, image in enumerate(images, start=1)]
    video_of = _videos(images) if listed else {image: image.rpartition("/")[0] for image in image_of}
    is_video = any(key in image for image in images for key in _FRAME_KEYS)
    videos = list(dict.fromkeys(video_of.get(image, "") for image in image_of))
    recordings = []
    for video in videos:
        own = [i for i, image in enumerate(image_of) if video_of.get(image, "") == video]
        frames = [image for image in dict.fromkeys([*listed, *image_of]) if video_of.get(image, "") == video]
        places, n_frames, notes = _place_images(path, frames, images)
        detections = [_detection(people[i], places[image_of[i]], where[i], 2.0 if annotated else 1.0) for i in own]
        check_same_shape(detections)
        layout, layout_notes = keypoint_layout(len(people[own[0]]["keypoints"]) // 3, where[own[0]])
        if annotated:
            _check_names(path, content.get("categories"), layout)
        recordings += body_recordings(
            path,
            detections,
            n_frames,
            layout,
            options,
            group=video if len(videos) > 1 else None,
            notes=(*notes, *layout_notes),
            are_pictures=annotated and not is_video,
        )
    if not recordings:
        raise FormatError(f"{path}: shows no person in {count_noun(len(listed), 'frame')}")
    return recordings


def _check_names(path: Path, categories: Any, layout: Layout) -> None:
    """Check that the keypoints are those of the layout where a file names them; other data sets have as many."""
    for category in categories if isinstance(categories, list) else []:
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and names and not names_fit(names, layout):
            found = ", ".join(str(name)[:20] for name in names[:3])
            raise FormatError(
                f"{path}: its keypoints are {found} and so on, expected those of {layout.title}",
                hint="export the keypoints of COCO; those of PoseTrack and MPII are not read",
            )


def _videos(images: list[dict[str, Any]]) -> dict[str, str]:
    """Return the video of each listed image: the one that it names, or else the folder of its file."""
    keys = [next((key for key in _VIDEO_KEYS if key in image), None) for image in images]
    return {
        str(image["id"]): str(image[key]) if key else str(image.get("file_name", "")).rpartition("/")[0]
        for image, key in zip(images, keys, strict=True)
    }


def _place_images(
    path: Path, frames: list[str], images: list[dict[str, Any]]
) -> tuple[dict[str, int], int, tuple[str, ...]]:
    """Return the place of each image of a video, the number of frames, and notes.

    Images are in the order of their numbers of frames or of their names, and those that are missing are gaps.
    """
    listed = {str(image["id"]): image for image in images}
    for key in _FRAME_KEYS:
        numbers = [listed.get(frame, {}).get(key) for frame in frames]
        if frames and all(type(number) is int and 0 <= number < 2**53 for number in numbers):
            names = [str(number) for number in numbers]
            break
    else:
        names = [str(listed.get(frame, {}).get("file_name") or frame) for frame in frames]
    ordered = sorted(range(len(frames)), key=lambda i: natural_key(names[i]))
    places, length, notes = places_by_name(path, [names[i] for i in ordered])
    return {frames[i]: int(place) for i, place in zip(ordered, places, strict=True)}, length, notes


def _detection(person: dict[str, Any], frame: int, where: str, max_confidence: float) -> Detection:
    """Parse one entry; the third number of a joint is a score up to 1, or a visibility up to 2."""
    numbers = parse_numbers(person["keypoints"], where, "keypoints")
    layout, _ = keypoint_layout(numbers.size / 3, where)
    values = numbers.reshape(-1, 3)[: len(layout)] / (1, 1, max_confidence)
    return Detection(frame, _track_id(person, where), values, where)


def _drop_idle_ids(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the ``idx`` of AlphaPose where it is 0 for all, as without a tracker."""
    if all(person.get("idx") in (0, [0]) for person in people):
        return [{key: value for key, value in person.items() if key != "idx"} for person in people]
    return people


def _track_id(person: dict[str, Any], where: str) -> str | None:
    """Return the tracker's id: ``track_id``, or ``idx`` of AlphaPose, which may be a float or in a list."""
    value = next((person[key] for key in _TRACK_KEYS if person.get(key) is not None), None)
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or value == -1 or value == [] else parse_id(value, where, "track_id")
