"""Windows: an index over frames that are stored once, instead of copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.recordings.common_size import BodySize, body_size
from himpc.recordings.mapped_arrays import iter_blocks, release, stack
from himpc.recordings.recording import Recording, number_whole_recordings
from himpc.recordings.simultaneous import cannot_link
from himpc.skeleton import Layout, body_frame, centre, convert

__all__ = ["Windows"]


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows of F consecutive frames, cut from recordings, without any label.

    Attributes
    ----------
    frames : float32 array ``(T, J, 3)``
        All frames of all recordings, each minus its root, stored once; metres. A large array is a read-only map of a
        file (`himpc.recordings.mapped_arrays`).
    starts : int64 array ``(N,)``
        First frame of each window; window n is ``frames[starts[n] : starts[n] + length]``.
    recording : int64 array ``(N,)``
        The recording that each window was cut from, an index into the list of recordings.
    length : int
        F, frames per window.
    layout : Layout
        The J joints.
    n_recordings : int
        Number of recordings.
    dimensions : {3, 2}
        2 for image-plane skeletons.
    short : tuple of int
        Recordings that are shorter than a window, and have none.
    whole_numbers : int64 array ``(n_recordings,)``, optional
        The whole recording that each recording is, or is a part of (see `himpc.recordings.number_whole_recordings`).
        None if every recording is whole.
    cannot_link : int64 array ``(P, 2)``, optional
        Pairs of whole recordings that show different people (see `himpc.recordings.cannot_link`); None if unknown.
    body_size : {"true", "assumed", "equal"}
        What lengths mean (`himpc.recordings.body_size`).
    """

    frames: NDArray[np.float32]
    starts: NDArray[np.int64]
    recording: NDArray[np.int64]
    length: int
    layout: Layout
    n_recordings: int
    dimensions: int = 3
    short: tuple[int, ...] = ()
    whole_numbers: NDArray[np.int64] | None = None
    cannot_link: NDArray[np.int64] | None = None
    body_size: BodySize = "true"

    def __len__(self) -> int:
        """Return the number of windows N."""
        return len(self.starts)

    def __getitem__(self, index: NDArray[np.integer] | slice | Sequence[int]) -> NDArray[np.float32]:
        """Return the joints of some windows as ``(n, F, J, 3)``."""
        joints = self.frames[self.frames_of(index)]
        release(self.frames)
        return joints

    @property
    def whole_recording(self) -> NDArray[np.int64]:
        """The number of the whole recording that each window was cut from, ``(N,)``; its parts share the number."""
        return self.recording if self.whole_numbers is None else self.whole_numbers[self.recording]

    def frames_of(self, index: NDArray[np.integer] | slice | Sequence[int]) -> NDArray[np.int64]:
        """Return the indices of the frames of some windows, ``(n, F)``."""
        return self.starts[index][:, None] + np.arange(self.length)

    def part(self, rows: slice) -> Windows:
        """Return some of the windows, over the same frames."""
        return replace(self, starts=self.starts[rows], recording=self.recording[rows])

    def blocks(self, frames: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Divide all windows into blocks, in the order of their frames, so that each frame is processed once.

        Only windows that overlap the border of two blocks have frames in both, at most F per border.

        Parameters
        ----------
        frames : int
            Maximum number of frames, and of windows, per block. A block holds at least one window.

        Yields
        ------
        windows : int64 array ``(n,)``
            The windows of the block.
        joints : float32 array ``(m, J, 3)``
            Their frames, each once.
        index : int64 array ``(n, F)``
            The frames of each window, indices into `joints`.
        """
        order = np.argsort(self.starts, kind="stable")
        starts = self.starts[order]
        added = np.minimum(np.diff(starts, prepend=starts[:1] - self.length), self.length)  # frames not used before
        total = np.cumsum(added)
        begin = 0
        while begin < len(starts):
            within = int(np.searchsorted(total, total[begin] + max(frames - self.length, 0), side="right"))
            end = min(within, begin + max(frames, 1))
            new = added[begin:end].copy()
            new[0] = self.length
            after = np.cumsum(new)  # the frames of a window are the last F of those used so far
            joints = self.frames[np.arange(after[-1]) + np.repeat(starts[begin:end] + self.length - after, new)]
            release(self.frames)
            yield order[begin:end], joints, (after - self.length)[:, None] + np.arange(self.length)
            begin = end

    def to(self, layout: Layout) -> Windows:
        """Convert every frame to another layout (see `himpc.skeleton.convert`), and subtract its root.

        Raises
        ------
        LayoutError
            If a joint of the other layout cannot be derived.
        """
        if layout == self.layout:
            return self
        converted = (centre(convert(block, self.layout, layout), layout) for block in iter_blocks(self.frames))
        return replace(self, frames=_store(converted, (len(self.frames), len(layout), 3)), layout=layout)

    def aligned(self) -> Windows:
        """Rotate every frame so that all bodies face one direction (see `himpc.skeleton.body_frame`).

        Raises
        ------
        DataError
            If the windows are 2D, which cannot be rotated.
        LayoutError
            If the layout has no lines from side to side.
        """
        if self.dimensions != 3:
            raise DataError("2D skeletons cannot be rotated to face one direction", hint="set {align=False}")
        turned = (body_frame(block, self.layout) for block in iter_blocks(self.frames))
        return replace(self, frames=_store(turned, self.frames.shape))

    @classmethod
    def cut(cls, recordings: Sequence[Recording], length: int, stride: int | None = None) -> Windows:
        """Cut recordings into windows.

        Parameters
        ----------
        recordings : sequence of Recording
            All of one layout (see `himpc.recordings.to_common_layout`), all 3D or all 2D, with every joint of every
            frame (see `himpc.recordings.clean`).
        length : int
            F, frames per window (docs/method.md, section 6: 6, or 40 for CASIA-B).
        stride : int, optional
            Frames from one start to the next; F, without overlap, if not given. Training uses F // 2.

        Raises
        ------
        ConfigError
            If length or stride is not a positive whole number.
        DataError
            If there is no recording, layouts or dimensions are mixed, a joint is missing, or every recording is
            shorter than a window.

        Examples
        --------
        >>> from himpc.simulation import simulate
        >>> windows = Windows.cut(simulate(people=2, recordings=1, seconds=1.0, difficulty="easy"), length=6)
        >>> windows[:2].shape
        (2, 6, 20, 3)
        """
        stride = length if stride is None else stride
        if length < 1 or stride < 1:
            raise ConfigError(f"window length and stride must be 1 or more, found {length} and {stride}")
        layout, dimensions = _common(recordings)
        starts: list[NDArray[np.int64]] = []
        first = 0
        for recording in recordings:
            starts.append(np.arange(first, first + len(recording) - length + 1, stride, dtype=np.int64))
            first += len(recording)
        if not any(len(s) for s in starts):
            longest = max(len(r) for r in recordings)
            raise DataError(
                f"a window is {length} frames, but the longest recording has {longest}",
                hint="use a shorter window: {window_length}",
            )
        centred = (centre(block, layout) for recording in recordings for block in iter_blocks(recording.joints))
        return cls(
            frames=_store(centred, (first, len(layout), 3)),
            starts=np.concatenate(starts),
            recording=np.repeat(np.arange(len(recordings), dtype=np.int64), [len(s) for s in starts]),
            length=length,
            layout=layout,
            n_recordings=len(recordings),
            dimensions=dimensions,
            short=tuple(i for i, s in enumerate(starts) if not len(s)),
            whole_numbers=number_whole_recordings(recordings),
            cannot_link=cannot_link(recordings),
            body_size=body_size(recordings),
        )


def _store(frames: Iterator[NDArray[np.floating]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return stack((block.astype(np.float32, copy=False) for block in frames), shape)


def _common(recordings: Sequence[Recording]) -> tuple[Layout, int]:
    """Check that recordings can be in one set, and return their layout and dimensions."""
    if not recordings:
        raise DataError("there are no recordings to cut into windows")
    first = recordings[0]
    for recording in recordings:
        if recording.layout != first.layout:
            raise DataError(
                f"two layouts in one set: {first.source} is {first.layout.name!r}, {recording.source} is "
                f"{recording.layout.name!r}",
                hint=f"convert them, {{layout={first.layout.name}}}, or keep them apart",
            )
        if recording.dimensions != first.dimensions:
            raise DataError(f"2D and 3D in one set: {first.source} and {recording.source}; keep them apart")
        if not recording.complete:
            raise DataError(f"{recording.source}: has joints that were not seen", hint="clean the recording first")
    return first.layout, first.dimensions
