"""The options of reading, each declared once: `himpc.read`, the command line and the HTTP API derive from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, InstanceOf, model_validator

from himpc._schema import KW_ONLY, validated
from himpc.reading.file_options import Unit, Up
from himpc.reading.labels import Labels
from himpc.recordings import MAX_FPS, MIN_FPS, CleaningRules
from himpc.skeleton import Layout, MarkerSet

__all__ = ["Posture", "ReadOptions", "VideoOptions"]

Posture = Literal["walking", "standing", "seated", "unknown"]

_Paths = Annotated[tuple[Annotated[Path, Field(strict=False)], ...], Field(strict=False)]


@validated
class VideoOptions:
    """How people are found in videos, and how their skeletons are cleaned.

    Raises
    ------
    ConfigError
        If an option is of the wrong type or out of its range.
    """

    _: KW_ONLY
    estimator: str | Any = "mediapipe"
    """Pose estimator: mediapipe (3D), or rtmlib (2D or 3D, depending on its weights)."""
    weights: _Paths = ()
    """Local files of the pose estimator: a .task file, .tflite files, or a detector and a pose model as .onnx;
    repeatable."""
    tiles: Annotated[int, Field(ge=0)] | None = None
    """Search videos in this number of rows of overlapping tiles, 0 for whole pictures only; chosen if not given."""
    min_rate: Annotated[float, Field(ge=1, le=1000)] = 15.0
    """Frames per second of videos that suffice: every second, third, ... frame is used while that many remain."""
    person_height: Annotated[float, Field(ge=0.5, le=2.5)] | None = None
    """Height in metres of the only person in the videos, which gives lengths their true size."""
    camera_height: Annotated[float, Field(ge=0.2, le=20)] | None = None
    """Height in metres of the camera above a level floor on which people stand and walk, which gives true sizes."""
    calibration: _Paths = ()
    """Calibration files of the cameras (OpenCV, Pose2Sim, anipose, FreeMoCap, EasyMocap, .npz, .json); repeatable."""
    leave_out: Annotated[tuple[Posture, ...], Field(strict=False)] = ()
    """Leave out the parts of videos in which people are standing or seated, or it is unknown; repeatable."""
    steady_bones: bool = False
    """Give each bone of arms and legs a constant length in videos; it looks better, but identifies people less well."""


@validated
class ReadOptions:
    """What files do not state or state wrongly, and what is done with what they hold. It wins over what a file states.

    Raises
    ------
    ConfigError
        If an option is of the wrong type or out of its range.

    Examples
    --------
    >>> ReadOptions(unit="mm").unit
    'mm'
    """

    _: KW_ONLY
    name: str | None = None
    """Pattern of the end of each path that gives person, session and camera, such as '{person}/{session}/*.c3d'."""
    labels: str | Path | InstanceOf[Labels] | None = None
    """A CSV table with a column 'path' and any of 'person', 'session', 'camera'; it takes precedence over the path."""
    layout: str | Path | InstanceOf[Layout] | None = None
    """Joint layout: a name, or a .toml file; or 'points', to keep named points as they are."""
    unit: Unit | None = None
    """Unit of length, whatever a file states: m, cm, mm or in."""
    scale: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    """Metres in one unit of length, in place of a unit, for units that have no name."""
    up: Up | None = None
    """Axis that points up, whatever a file states: x, y, z, -x, -y or -z."""
    markers: str | Path | InstanceOf[MarkerSet] | None = None
    """Rules that compute joints from the markers of C3D and TRC files, for an unknown marker set: a .toml file."""
    fps: Annotated[float, Field(ge=MIN_FPS, le=MAX_FPS)] | None = None
    """Frames per second, from 1 to 10000, whatever a file states."""
    synchronised: bool = False
    """The clocks of all files agree: recordings of one camera that overlap in time show different people."""
    image_size: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}x[1-9][0-9]{0,5}$")] | None = None
    """Width and height of the pictures, such as 1920x1080, of files that state keypoints as shares of them."""
    clean: bool | InstanceOf[CleaningRules] = True
    """Drop empty, frozen and impossible frames, fill short gaps, and split recordings at long ones."""
    video: VideoOptions | None = VideoOptions()
    """How people are found in videos; None to read no videos."""

    @model_validator(mode="after")
    def _check_scale(self) -> ReadOptions:
        if self.unit is not None and self.scale is not None:
            raise ValueError("unit and scale both state the unit of length: choose one of the two")
        return self

    @model_validator(mode="after")
    def _check_steady_bones(self) -> ReadOptions:
        if self.clean is False and self.video is not None and self.video.steady_bones:
            raise ValueError("steady bones are a step of cleaning, which is switched off: choose one of the two")
        return self
