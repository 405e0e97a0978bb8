"""``himpc identify``: identify the people in videos or a live stream by a gallery."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from himpc.cli.gallery import DEFAULT_LOCATION, Location, read_probes
from himpc.cli.options import InputOptions
from himpc.cli.output_options import FigureOptions, OutputOptions
from himpc.cli.search import describe
from himpc.errors import ConfigError, count_noun

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.gallery import Gallery
    from himpc.video import VideoResult


def identify(
    *paths: Path,
    location: Location = DEFAULT_LOCATION,
    out: Path = Path("identified"),
    fmr: float | None = None,
    overlay: bool = False,
    pictures: bool = False,
    live: str | None = None,
    seconds: Annotated[float | None, Parameter(name="--seconds")] = None,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
    drawn: FigureOptions = FigureOptions(),
) -> int:
    """Identify the people in videos or a live stream by a gallery: by body and gait alone.

    Parameters
    ----------
    paths
        Videos, or folders of them; other recordings are accepted, too.
    out
        The folder to write: identified.csv (the person and the time of each recording), identified.png (the skeletons
        by person), overlays.
    fmr
        False match rate: the share of comparisons with another person that may match; default as in search.
    overlay
        Write an overlay of each video: skeletons, names and probabilities on an empty background.
    pictures
        Draw overlays on the frames of the video instead. The overlays then show faces.
    live
        Watch a live stream instead: webcam:0, an address such as rtsp://..., or a file played at its own speed.
        Ctrl-C stops.
    seconds
        The maximum duration of the live stream in seconds; unlimited if not given.
    """
    from himpc.gallery import Gallery, SearchOptions, get_service

    console = output.console()
    if seconds is not None and not (np.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"--seconds is {seconds:g}, expected a number above 0")
    if (live is None) == (not paths):
        raise ConfigError("name videos, or a source with --live: found " + ("neither" if live is None else "both"))
    with Gallery.open(location) as gallery:
        get_service(gallery).searcher.decision_rule(SearchOptions(fmr=fmr))  # check the rate before long work
        if live is not None:
            overlay_path = out / "live.overlay.mp4" if overlay else None
            return _identify_live(live, gallery, console, source, overlay_path, fmr, seconds, pictures)
        return _identify_files(paths, gallery, console, source, out, fmr, overlay, pictures, drawn.figures)


def _identify_files(
    paths: tuple[Path, ...], gallery: Gallery, console: Console, source: InputOptions, out: Path, fmr: float | None,
    overlay: bool, pictures: bool, figures: tuple[str, ...],
) -> int:  # fmt: skip
    from himpc._files import check_output_folder
    from himpc.reporting import write_identified
    from himpc.video import label_of, write_overlays

    check_output_folder(out)
    videos: list[VideoResult] = []
    recordings = read_probes(paths, source, gallery, console, videos.append)
    answers = gallery.search(recordings, people=3, fmr=fmr, progress=console.progress)
    times: dict[str, tuple[float, float]] = {}
    for each in [each for video in videos for each in video.cleaned]:
        for name in {each.recording.source, each.recording.whole_source}:
            first, last = times.get(name, (each.start, each.end))
            times[name] = min(first, each.start), max(last, each.end)
    written: list[Path] = list(write_identified(out, recordings, answers, times, figures))
    if overlay:
        labels = {answer.source: label_of(answer) for answer in answers}
        written += write_overlays(out, videos, labels, pictures=pictures)
        if not videos:
            console.warn("there is no video for an overlay")
    rows = []
    for answer in answers:
        start, end = times.get(answer.source, (None, None))
        best = answer.matches[0] if answer.matches else None
        probability = "-" if answer.probability is None else f"{answer.probability:.2f}"
        when = "-" if start is None or end is None else f"{start:.1f} to {end:.1f} s"
        rows.append([answer.source, when, answer.verdict, probability, best.person if best else "-", answer.reason])
    console.table(
        ["recording", "when", "answer", "probability", "nearest", "reason"],
        rows,
        keys=["answer", "nearest"],
        sentence="reason",
    )
    for note in dict.fromkeys(answer.note for answer in answers if answer.note):
        console.warn(note)
    console.print(f"Wrote {', '.join(map(str, written))}")
    return console.result(
        {"answers": [describe(answer) for answer in answers], "times": times, "left_out": console.skipped_files}
    )


def _identify_live(
    live: str, gallery: Gallery, console: Console, source: InputOptions, overlay_path: Path | None, fmr: float | None,
    seconds: float | None, pictures: bool,
) -> int:  # fmt: skip
    from himpc._files import make_folder
    from himpc.video import LiveVideo, VideoWriter, draw, watch_live

    reader = source.video_reader(console)
    names: dict[int, str] = {}
    texts: dict[int, tuple[str, str]] = {}
    latencies: list[float] = []
    with ExitStack() as stack:
        video = stack.enter_context(LiveVideo(live))
        writer: VideoWriter | None = None
        try:
            for view in watch_live(video, reader.estimator, gallery, fmr=fmr, cleaning=reader.cleaning):
                latencies.append(view.latency)
                for number, person in view.people.items():
                    label = person.label
                    if label.answered and texts.get(number) != (label.name, label.verdict):
                        names[number], texts[number] = label.name, (label.name, label.verdict)
                        console.print(f"{view.seconds:7.1f} s  track {number}: {label.text}")
                if overlay_path is not None:
                    if writer is None:
                        height, width = view.image.shape[:2]
                        make_folder(overlay_path.parent)
                        writer = stack.enter_context(VideoWriter(overlay_path, width, height, video.fps))
                    background = view.image.copy() if pictures else np.full_like(view.image, 26)
                    writer.add(draw(background, reader.estimator.layout, list(view.people.values())), view.seconds)
                if seconds is not None and view.seconds >= seconds:
                    break
        except KeyboardInterrupt:
            console.print("Stopped")
    document = _summarize_latency(latencies) | {"seen": video.seen, "dropped": video.dropped, "broke": video.broke}
    console.print(f"{count_noun(video.seen, 'frame')} received, {len(latencies)} processed, {video.dropped} dropped")
    if latencies:
        console.print(
            f"Latency from frame to answer: median {document['p50']:.3f} s, 95th percentile {document['p95']:.3f} s, "
            f"maximum {document['longest']:.3f} s"
        )
    return console.result({"tracks": names, "live": document})


def _summarize_latency(latencies: list[float]) -> dict[str, Any]:
    """Return the median, the 95th percentile and the maximum in seconds; None if there is no frame."""
    if not latencies:
        return {"looked_at": 0, "p50": None, "p95": None, "longest": None}
    p50, p95 = np.percentile(latencies, [50, 95]).tolist()
    return {"looked_at": len(latencies), "p50": p50, "p95": p95, "longest": max(latencies)}
