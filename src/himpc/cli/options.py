"""Options for input that several verbs share, derived from the options of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from cyclopts import Group, Parameter

from himpc._schema import settings_of
from himpc.cli.console import Console
from himpc.cli.whole_number import WholeNumber, parse_whole_number
from himpc.errors import RunFolderError
from himpc.reading import FileOptions, Plan, ReadOptions, Recordings, VideoOptions, plan

if TYPE_CHECKING:
    from himpc.recordings import Recording
    from himpc.skeleton import Layout
    from himpc.video import VideoReader, VideoResult

INPUT, TRAINING = Group("Input", sort_key=1), Group("Training", sort_key=2)


def derive_options(cls: type, names: tuple[str, ...] | None = None, *, optional: bool = False) -> Any:
    """Create a dataclass of command-line options from a class decorated by `himpc._schema.validated`.

    Each field becomes an option with its type, choices, default and docstring. Members of unions that cannot be
    written on a command line are left out.

    Parameters
    ----------
    cls : type
        The class.
    names : tuple of str, optional
        The fields to use; all, if not given.
    optional : bool
        Make None the default of every option.
    """
    options = []
    for each in settings_of(cls):
        if names is None or each.name in names:
            kind, text, default = _command_line_type(each.type), each.help, each.default
            if default is True:
                text = f"{text.removesuffix('.')} (--{each.name.replace('_', '-')}=false turns it off)."
            if optional:
                kind, default = kind | None, None
            hyphen = each.name == "up"  # its values may be -x, -y and -z
            is_whole = kind in (WholeNumber, WholeNumber | None)  # an older cyclopts ignores the converter of the type
            converter = parse_whole_number if is_whole else None
            parameter = Parameter(help=text, allow_leading_hyphen=hyphen, converter=converter)
            options.append((each.name, Annotated[kind, parameter], field(default=default)))
    return make_dataclass(cls.__name__, options, frozen=True)


def _command_line_type(annotation: Any) -> Any:
    if annotation is int:
        return WholeNumber
    if get_origin(annotation) is Literal or not get_args(annotation):
        return annotation
    if get_origin(annotation) is Annotated:
        return _command_line_type(get_args(annotation)[0])
    members = [_command_line_type(each) for each in get_args(annotation)]
    if get_origin(annotation) is tuple:
        return tuple[members[0], ...]  # type: ignore[valid-type]
    supported = [
        each
        for each in members
        if each in (str, WholeNumber, float, bool, Path, NoneType) or get_origin(each) is Literal
    ]
    return Union[tuple(supported)]  # noqa: UP007 - the number of members varies


_FILE_OPTIONS = ("labels", "layout", "unit", "scale", "up", "markers", "synchronised", "image_size")
_VIDEO_OPTIONS = tuple(each.name for each in settings_of(VideoOptions))
_Name: Any = derive_options(ReadOptions, ("name", "fps"))
_Video: Any = derive_options(VideoOptions)
_Files: Any = derive_options(ReadOptions, _FILE_OPTIONS)
_Calibrated: Any = derive_options(ReadOptions, ("unit", "scale", "up", "image_size"))


@Parameter(name="*", group=INPUT)
@dataclass(frozen=True)
class VideoInputOptions(_Video, _Name):  # type: ignore[misc]
    """Options for reading videos."""

    raw: bool = False
    """Disable cleaning: no gap filling, no dropping of empty, frozen or impossible frames."""

    def read_options(self) -> ReadOptions:
        """Convert the options to those of the library."""
        video = VideoOptions(**{name: getattr(self, name) for name in _VIDEO_OPTIONS})
        files = {name: getattr(self, name) for name in ("name", "fps", *_FILE_OPTIONS) if hasattr(self, name)}
        return ReadOptions(**files, clean=not self.raw, video=video)

    def video_reader(self, console: Console) -> VideoReader:
        """Create the reader of videos."""
        from himpc.video import VideoReader

        options = self.read_options()
        return VideoReader(
            options.video or VideoOptions(), fps=options.fps, clean=not self.raw, progress=console.progress
        )


@Parameter(name="*", group=INPUT)
@dataclass(frozen=True)
class CalibratedOptions(_Calibrated, VideoInputOptions):  # type: ignore[misc]
    """Options for videos of calibrated cameras."""

    def file_options(self) -> FileOptions:
        """Return what is stated about the space of the cameras."""
        return FileOptions(unit=self.unit, scale=self.scale, up=self.up, fps=self.fps)


@Parameter(name="*", group=INPUT)
@dataclass(frozen=True)
class InputOptions(_Files, VideoInputOptions):  # type: ignore[misc]
    """Options for reading recordings."""

    only: tuple[str, ...] = ()
    """Use only some recordings: FIELD=VALUE,VALUE with FIELD one of person, session, camera, source; repeatable."""

    def to_arguments(self) -> list[str]:
        """Return the command-line arguments that make any verb read the same files in the same way."""
        arguments: list[str] = []
        for each in (*settings_of(VideoOptions), *settings_of(ReadOptions)):
            value = getattr(self, each.name, each.default)
            if each.name in ("name", "labels") or value == each.default:
                continue
            option = f"--{each.name.replace('_', '-')}"
            items = value if isinstance(value, tuple) else (value,)
            arguments += [option] if value is True else [word for item in items for word in (option, str(item))]
        return [*arguments, "--raw"] if self.raw else arguments

    def read(
        self,
        paths: tuple[Path, ...],
        console: Console,
        on_video: Callable[[VideoResult], None] | None = None,
        preferred_layout: Layout | None = None,
    ) -> Recordings:
        """Read the recordings at some paths, report skipped files, and return the recordings that `only` selects."""
        from himpc.recordings import parse_condition, select

        for condition in self.only:
            parse_condition(condition)
        planned = plan(paths, self.read_options(), preferred_layout)
        recordings = planned.read_all(console.progress, on_video)
        for note in recordings.notes:
            console.warn(note)
        console.problems(recordings.problems)
        return recordings.with_(select(recordings, self.only)) if self.only else recordings

    def check_outputs(
        self, paths: tuple[Path, ...], outputs: Iterable[Path], recordings: Sequence[Recording] = ()
    ) -> None:
        """Check that no output replaces a file that is read.

        Raises
        ------
        RunFolderError
            If an output is one of the paths, the origin of a recording, or a file that an option names.
        """
        named = [getattr(self, name) for name in ("labels", "layout", "markers")]
        files = [
            *paths,
            *self.weights,
            *self.calibration,
            *(Path(each) for each in named if isinstance(each, str | Path)),
        ]
        read = {path.resolve() for path in files if path.exists()}
        read |= {each.origin.path.resolve() for each in recordings if each.origin and each.origin.path}
        if clash := next((path for path in outputs if path.resolve() in read), None):
            raise RunFolderError(f"{clash}: is an input, which is never changed", hint="name another file")

    def plan(self, paths: tuple[Path, ...], *, videos: bool = True, preferred_layout: Layout | None = None) -> Plan:
        """Plan which files `read` reads, with or without videos, without reading them."""
        options = self.read_options()
        return plan(paths, options if videos else replace(options, video=None), preferred_layout)
