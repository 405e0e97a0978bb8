"""``himpc identify``: who is in videos, or before a camera, by a gallery."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from himpc._schema import to_plain
from himpc.cli.gallery import DEFAULT, Location
from himpc.cli.options import InputOptions, OutputOptions
from himpc.errors import ConfigError

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.video import VideoResult

__all__ = ["identify"]


def identify(
    *paths: Path,
    location: Location = DEFAULT,
    out: Path = Path("identified"),
    fmr: float | None = None,
    overlay: bool = False,
    pictures: bool = False,
    live: str | None = None,
    seconds: Annotated[float | None, Parameter(name="--seconds")] = None,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Say who is in videos, by a gallery: by body and gait alone.

    Parameters
    ----------
    paths
        Videos, or folders of them; other recordings are taken, too.
    out
        The folder to write: identified.csv (who was seen when), identified.png (the skeletons by person), and films.
    fmr
        False match rate: of comparisons with somebody else, the share that may match; 0.01 if not given.
    overlay
        Write a film of each video: skeletons, names and probabilities, on an empty ground.
    pictures
        Draw them over the pictures instead. Faces are stored then.
    live
        Watch instead: webcam:0, an address such as rtsp://..., or a file played at its own pace. Ctrl-C stops.
    seconds
        Of watching; without it there is no end.
    """
    from himpc.gallery import Gallery, get_service

    console = output.console()
    if seconds is not None and not (np.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"--seconds is {seconds:g}, expected a number above 0")
    if (live is None) == (not paths):
        raise ConfigError("name videos, or a source with --live: found " + ("neither" if live is None else "both"))
    with Gallery.open(location) as gallery:
        get_service(gallery).searcher.decision_rule(fmr=fmr)  # refuses a wrong rate before the video is processed
        if live is not None:
            return _watch(live, gallery, console, source, out if overlay else None, fmr, seconds, pictures)
        return _look(paths, gallery, console, source, out, fmr, overlay, pictures)


def _look(
    paths: tuple[Path, ...], gallery: Any, console: Console, source: InputOptions, out: Path, fmr: float | None,
    overlay: bool, pictures: bool,
) -> int:  # fmt: skip
    from himpc._files import make_folder
    from himpc.reporting import write_identified
    from himpc.video.live_identification import label_of
    from himpc.video.overlay import write_overlays

    make_folder(out)
    seen: list[VideoResult] = []
    found = source.read(paths, console, seen.append)
    answers = gallery.search(found, people=3, fmr=fmr, progress=console.progress)
    times = {each.recording.source: (each.start, each.end) for people in seen for each in people.cleaned}
    for each in [each for people in seen for each in people.cleaned]:
        first, last = times.get(each.recording.whole_source, (each.start, each.end))
        times[each.recording.whole_source] = (min(first, each.start), max(last, each.end))
    written: list[Path] = list(write_identified(out, found, answers, times))
    if overlay:
        labels = {answer.source: label_of(answer) for answer in answers}
        written += write_overlays(out, seen, labels, pictures=pictures)
        if not seen:
            console.warn("there is no video to draw an overlay of")
    rows = []
    for answer in answers:
        start, end = times.get(answer.source, (None, None))
        best = answer.matches[0] if answer.matches else None
        sure = "-" if answer.probability is None else f"{answer.probability:.2f}"
        when = "-" if start is None or end is None else f"{start:.1f} to {end:.1f} s"
        rows.append([answer.source, when, answer.person or "unknown", sure, best.person if best else "-"])
    console.table(["recording", "when", "person", "probability", "nearest"], rows)
    for note in dict.fromkeys(answer.note for answer in answers if answer.note):
        console.warn(note)
    console.say(f"Wrote {', '.join(map(str, written))}")
    console.result({"answers": to_plain(answers), "times": times, "left_out": console.left_out})
    return console.exit_code


def _watch(
    live: str, gallery: Any, console: Console, source: InputOptions, out: Path | None, fmr: float | None,
    seconds: float | None, pictures: bool,
) -> int:  # fmt: skip
    from himpc._files import make_folder
    from himpc.video.encoding import VideoWriter
    from himpc.video.live_identification import watch_live
    from himpc.video.live_video import LiveVideo
    from himpc.video.overlay import draw

    reader = source.video_reader(console)
    told: dict[int, str] = {}
    latencies: list[float] = []
    with ExitStack() as stack:
        video = stack.enter_context(LiveVideo(live))
        film: VideoWriter | None = None
        try:
            for view in watch_live(video, reader.estimator, gallery, fmr=fmr, cleaning=reader.cleaning):
                latencies.append(view.latency)
                for number, person in view.people.items():
                    label = person.label
                    if label.answered and told.get(number) != label.name:
                        told[number] = label.name
                        console.say(f"{view.seconds:7.1f} s  track {number}: {label.text}")
                if out is not None:
                    if film is None:
                        height, width = view.image.shape[:2]
                        film = stack.enter_context(
                            VideoWriter(make_folder(out) / "live.overlay.mp4", width, height, video.fps)
                        )
                    ground = view.image.copy() if pictures else np.full_like(view.image, 26)
                    film.add(draw(ground, reader.estimator.layout, list(view.people.values())), view.seconds)
                if seconds is not None and view.seconds >= seconds:
                    break
        except KeyboardInterrupt:
            console.say("stopped")
    document = _latency(latencies) | {"seen": video.seen, "dropped": video.dropped, "broke": video.broke}
    console.say(f"{video.seen} pictures came, {len(latencies)} were looked at, {video.dropped} dropped")
    if latencies:
        console.say(
            f"from picture to answer {document['p50']:.3f} s in the median, {document['p95']:.3f} s for 95 %, "
            f"{document['longest']:.3f} s at most"
        )
    console.result({"tracks": told, "live": document})
    return console.exit_code


def _latency(latencies: list[float]) -> dict[str, Any]:
    """Return the middle, the 95th of a hundred and the longest, seconds; None where nothing came."""
    if not latencies:
        return {"looked_at": 0, "p50": None, "p95": None, "longest": None}
    p50, p95 = np.percentile(latencies, [50, 95]).tolist()
    return {"looked_at": len(latencies), "p50": p50, "p95": p95, "longest": max(latencies)}
