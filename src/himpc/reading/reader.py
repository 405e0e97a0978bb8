"""Reading of files, folders and videos into clean, labelled recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from himpc.errors import ConfigError, DataError, FormatError, HimpcError, LayoutError, escape_unprintable
from himpc.reading.copies import leave_out_copies
from himpc.reading.discovery import Source, discover, is_video, nothing_found
from himpc.reading.file_options import FileOptions, Unit, Up
from himpc.reading.formats import find_format
from himpc.reading.formats.video import open_reader
from himpc.reading.labels import Labels, NamePattern, read_labels
from himpc.reading.options import ReadOptions, VideoOptions
from himpc.recordings import CleaningRules, Origin, Problem, Progress, Recording, Recordings, synchronise
from himpc.recordings import clean as clean_recording
from himpc.skeleton import POINTS, Layout, MarkerSet, get_layout

__all__ = ["MAX_FILE_BYTES", "Plan", "plan", "read"]

MAX_FILE_BYTES = 2**30
"""Files above 1 GiB are refused: an hour of 25 joints at 30 Hz is 0.1 GiB as text."""

_Paths = str | Path | Sequence[str | Path]
_VideoReader = Callable[[Source], list[Recording]]


def read(
    path: _Paths,
    options: ReadOptions | None = None,
    *,
    name: str | None = None,
    labels: str | Path | Labels | None = None,
    layout: str | Path | Layout | None = None,
    unit: Unit | None = None,
    scale: float | None = None,
    up: Up | None = None,
    markers: str | Path | MarkerSet | None = None,
    fps: float | None = None,
    synchronised: bool | None = None,
    image_size: str | None = None,
    clean: bool | CleaningRules | None = None,
    video: VideoOptions | None = None,
    progress: Progress | None = None,
    on_video: Callable[[Any], None] | None = None,
) -> Recordings:
    """Read skeleton files of any format, folders of them, and videos.

    The format is recognised by content. A folder is read with all that is in it, in natural order (``Seq1_2`` before
    ``Seq1_10``). In a folder that holds both recordings and videos, the videos are left out and noted. A file that
    cannot be used is listed in ``problems``, and the others are used.

    Parameters
    ----------
    path : path or sequence of paths
        Files, folders, folders of frames, videos.
    options : ReadOptions, optional
        How they are read.
    name, labels, layout, unit, scale, up, markers, fps, synchronised, image_size, clean, video : optional
        Single options, each in place of the one in `options`. `ReadOptions` describes them.
    progress : callable, optional
        Wraps the files, and the frames of each video, to show progress.
    on_video : callable, optional
        Called with the `himpc.video.VideoResult` of each video.

    Returns
    -------
    Recordings
        At least one recording. Its `source` is the path, relative to the folder if one folder was given. ``#1``, ``#2``
        and so on follow if the file shows several people, ``#part1`` and so on if gaps split the recording.

    Raises
    ------
    ConfigError, LayoutError
        If an option is wrong.
    DataError
        If a path does not exist or nothing could be read. A single file raises its own error.

    Examples
    --------
    >>> walks = himpc.read("gait_lab", name="{person}/{session}/*.c3d", unit="mm")  # doctest: +SKIP
    """
    options_given = {
        "name": name, "labels": labels, "layout": layout, "unit": unit, "scale": scale, "up": up, "markers": markers,
        "fps": fps, "synchronised": synchronised, "image_size": image_size, "clean": clean, "video": video,
    }  # fmt: skip
    changes: dict[str, Any] = {key: value for key, value in options_given.items() if value is not None}
    return plan(path, replace(options or ReadOptions(), **changes)).read_all(progress, on_video)


@dataclass(frozen=True)
class Plan:
    """What is to be read, and how; made by `plan`.

    Attributes
    ----------
    options : ReadOptions
        As they were given.
    sources : tuple of Source
        The files, folders of frames, and videos to read.
    errors : tuple of (Path, HimpcError)
        Folders that cannot be opened.
    notes : tuple of str
        Further notes for the user.
    file_options : FileOptions
        The options of formats, with the files of layout and markers loaded.
    rules : CleaningRules or None
        How recordings are cleaned; None to leave them as they are.
    table : Labels or None
        The table of labels.
    """

    options: ReadOptions
    sources: tuple[Source, ...]
    errors: tuple[tuple[Path, HimpcError], ...]
    notes: tuple[str, ...]
    file_options: FileOptions
    rules: CleaningRules | None
    table: Labels | None

    @property
    def problems(self) -> list[Problem]:
        """Folders that cannot be opened."""
        return [Problem.of(error, where) for where, error in self.errors]

    def read(self, source: Source) -> tuple[list[Recording], list[Problem]]:
        """Read one source, and return its recordings, without labels, and what could not be used of it."""
        recordings, errors = self._read(source, self._video_reader())
        return recordings, [Problem.of(error, source.path, source.name) for error in errors]

    def read_all(self, progress: Progress | None = None, on_video: Callable[[Any], None] | None = None) -> Recordings:
        """Read all sources, and return their recordings with labels (see `read`)."""
        files = [source for source in self.sources if not is_video(source.path)]
        of_source: dict[Path, list[Recording]] = {}
        errors = [(Source(where, ""), error) for where, error in self.errors]
        video_reader = self._video_reader(progress, on_video)
        listed = files if progress is None or not files else progress(files, len(files), "reading")
        for part in (listed, (source for source in self.sources if is_video(source.path))):
            for source in part:
                of_source[source.path], failed = self._read(source, video_reader)
                errors += [(source, error) for error in failed]
        errors += _leave_out_unknown(self.sources, of_source)
        recordings = [recording for source in self.sources for recording in of_source[source.path]]
        problems = [Problem.of(error, source.path, source.name) for source, error in errors]
        if not recordings:
            raise errors[0][1] if len(errors) == 1 else _nothing_usable(problems)
        origins = [source.path for source in self.sources for _ in of_source[source.path]]
        labels, complaints = self.labels([recording.source for recording in recordings], origins)
        labelled = [r.with_(**own) if own else r for r, own in zip(recordings, labels, strict=True)]
        if self.options.synchronised:
            labelled = synchronise(labelled)
        return Recordings(labelled, problems + complaints, self.notes)

    def labels(self, sources: Sequence[str], paths: Sequence[Path]) -> tuple[list[dict[str, str]], list[Problem]]:
        """Look up the labels of recordings by their sources and files, and report unused rows of the table."""
        if self.table is None:
            return [{} for _ in sources], []
        labels, complaints = self.table.assign(sources, paths)
        return labels, [Problem(self.table.path, complaint) for complaint in complaints]

    def _video_reader(
        self, progress: Progress | None = None, on_video: Callable[[Any], None] | None = None
    ) -> _VideoReader:
        """Return the function that reads a video; the package for videos is imported when it is first called."""

        @cache
        def opened() -> Any:
            clean = self.rules is not None
            return open_reader(
                self.options.video, fps=self.options.fps, clean=clean, progress=progress, on_video=on_video
            )

        return lambda source: opened().read(source)

    def _read(self, source: Source, read_video: _VideoReader) -> tuple[list[Recording], list[HimpcError]]:
        """Return the recordings of one source, and what was wrong with it or with its bodies."""
        path, usable, errors = source.path, [], []
        options = self.file_options
        if self.options.video is not None:
            options = replace(options, read_video=lambda _: read_video(source))
        try:
            form = find_format(path)
            is_streamed = form.name in ("npz", "video")
            if not is_streamed and path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
                raise FormatError(f"{path}: is larger than {MAX_FILE_BYTES >> 30} GiB; split it")
            bodies = form.read(path, options)
            bodies = bodies if is_streamed else leave_out_copies(bodies)
        except (DataError, LayoutError) as error:
            return [], [error]
        except OSError as error:
            return [], [FormatError(f"{path}: cannot be read: {error.strerror or error}")]
        except MemoryError:
            return [], [FormatError(f"{path}: does not fit into memory; split it")]
        for number, body in enumerate(bodies, start=1):
            named = _named(body, source, Origin(path, number if len(bodies) > 1 else None))
            try:
                converted = named if options.layout is None else named.to(options.layout)
                is_clean = self.rules is None or converted.quality.cleaned
                usable += [converted] if is_clean else clean_recording(converted, self.rules)
            except HimpcError as error:
                errors.append(error)
        return usable, errors


def _to_paths(path: _Paths) -> list[Path]:
    paths = [path] if isinstance(path, str | Path) else path
    if not isinstance(paths, Sequence) or not all(isinstance(each, str | Path) for each in paths):
        raise ConfigError(f"path is {path!r}, expected a path or several")
    if odd := [each for each in paths if "\0" in str(each)]:
        raise DataError(f"{escape_unprintable(str(odd[0]))}: does not exist; no path holds a NUL character")
    return [Path(each) for each in paths]


def plan(path: _Paths, options: ReadOptions | None = None, preferred_layout: Layout | None = None) -> Plan:
    """Find what `read` would read, and read none of it.

    `preferred_layout` is the layout of files whose joints fit several ones, such as that of a gallery.

    Raises
    ------
    ConfigError, LayoutError
        If an option is wrong.
    DataError
        If a path does not exist or there is no recording in it.
    """
    options = options or ReadOptions()
    paths = _to_paths(path)
    if not paths:
        raise DataError("no path is given, expected files or folders of recordings")
    markers = options.markers
    width, _, height = (options.image_size or "").partition("x")
    file_options = FileOptions(
        layout=None if options.layout in (None, POINTS) else get_layout(options.layout),
        preferred_layout=preferred_layout,
        unit=options.unit,
        scale=options.scale,
        up=options.up,
        fps=options.fps,
        image_size=(int(width), int(height)) if options.image_size else None,
        markers=MarkerSet.from_toml(markers) if isinstance(markers, str | Path) else markers,
        as_points=options.layout == POINTS,
    )
    table = read_labels(options.labels) if isinstance(options.labels, str | Path) else options.labels
    pattern = None if options.name is None else NamePattern(options.name)
    discovered = discover(paths, pattern, leave_out=[] if table is None else [table.path])
    sources = discovered.sources
    if options.video is None:
        sources = tuple(source for source in sources if source.path in paths or not is_video(source.path))
    if not sources and not discovered.errors:
        raise nothing_found(paths, pattern, "recording")
    rules = options.clean if isinstance(options.clean, CleaningRules) else CleaningRules() if options.clean else None
    return Plan(options, sources, discovered.errors, discovered.notes, file_options, rules, table)


def _named(body: Recording, source: Source, default: Origin) -> Recording:
    """Give a body of a file its source, its origin with an absolute path, and the labels of its path."""
    origin = replace(body.origin or default, path=source.path.absolute())
    if body.clock is not None and body.clock.path is not None:
        clock = replace(body.clock, path=origin.path)
        body = body.with_(clock=replace(clock, whole_source=clock.whole_source or clock.text(source.name)))
    if body.origin is not None and body.source != str(body.origin):  # the name that it was saved with
        return body.with_(origin=origin, **source.labels)
    if origin.part is not None:
        origin = replace(origin, whole_source=origin.whole.text(source.name))
    return body.with_(origin=origin, source=origin.text(source.name), **source.labels)


def _leave_out_unknown(
    sources: Sequence[Source], of_source: dict[Path, list[Recording]]
) -> list[tuple[Source, HimpcError]]:
    """Remove recordings of points of no known body, where at least as many have known joints; return why."""
    names = [recording.layout.name for recordings in of_source.values() for recording in recordings]
    if not 0 < names.count(POINTS) <= len(names) / 2:
        return []
    message = "its points name no joints of a body, unlike those of the other recordings"
    error = LayoutError(message, hint="use the points of all files as they are: {layout=points}")
    left_out = [s for s in sources if any(recording.layout.name == POINTS for recording in of_source[s.path])]
    for source in left_out:
        of_source[source.path] = [each for each in of_source[source.path] if each.layout.name != POINTS]
    return [(source, error) for source in left_out]


def _nothing_usable(problems: Sequence[Problem]) -> DataError:
    kinds = list({problem.message: problem for problem in reversed(problems)}.values())[::-1]
    reasons = "; ".join(f"{kind.path}: {kind.message}" for kind in kinds[:3]) + ("; ..." if len(kinds) > 3 else "")
    hint = next((kind.hint for kind in kinds if kind.hint is not None), None)
    return DataError(f"none of {len(problems)} recordings could be used: {reasons}", hint=hint)
