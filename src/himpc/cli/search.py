"""``himpc gallery search``: identify the person in each recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himpc._schema import to_plain
from himpc.cli.gallery import DEFAULT_LOCATION, Location, open_gallery, read_probes
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber

if TYPE_CHECKING:
    from himpc.gallery import Answer, Gallery


def search(
    *paths: Path,
    location: Location = DEFAULT_LOCATION,
    people: WholeNumber = 3,
    fmr: float | None = None,
    fpir: float | None = None,
    enrolled: float = 0.5,
    rerank: bool = False,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Identify the person in each recording, or report it as unknown.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    people
        The number of nearest people to list.
    fmr
        False match rate: the share of comparisons with another person that may match. The default is the stricter of
        an FMR of 0.01 and an FPIR of 0.1, or the smallest rates that a gallery of few people can show.
    fpir
        False positive identification rate, instead: the share of searches for non-enrolled people that may match.
    enrolled
        The prior probability that a recording shows an enrolled person.
    rerank
        Order the nearest people by k-reciprocal neighbourhoods.
    """
    console = output.console()
    with open_gallery(location) as gallery:
        recordings = read_probes(paths, source, gallery, console)
        answers = gallery.search(
            recordings, people=people, fmr=fmr, fpir=fpir, enrolled=enrolled, rerank=rerank, progress=console.progress
        )
        threshold = _describe_threshold(gallery, answers, fmr, fpir)
    console.table(
        ["recording", "answer", "nearest", "probability", "next nearest", "distance", "agreement", "reason"],
        [_row(answer) for answer in answers],
        keys=["answer", "nearest", "next nearest"],
        sentence="reason",
    )
    if threshold:
        console.print(threshold)
    for note in dict.fromkeys(answer.note for answer in answers if answer.note):
        console.warn(note)
    return console.result({"answers": [describe(answer) for answer in answers], "left_out": console.skipped_files})


def describe(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain data, with its verdict and the reason."""
    return {"verdict": answer.verdict, "reason": answer.reason, **to_plain(answer)}


def _row(answer: Answer) -> list[object]:
    best = answer.matches[0] if answer.matches else None
    next_nearest = ", ".join(f"{match.person} {match.distance:.2f}" for match in answer.matches[1:])
    return [
        answer.source,
        answer.verdict if answer.windows else answer.note,
        best.person if best else "-",
        "-" if best is None or best.probability is None else f"{best.probability:.2f}",
        next_nearest or "-",
        "-" if best is None else f"{best.distance:.3f}",
        "-" if best is None else f"{best.agreement:.0%}",
        answer.reason,
    ]


def _describe_threshold(gallery: Gallery, answers: Sequence[Answer], fmr: float | None, fpir: float | None) -> str:
    """Describe the threshold of some answers; empty if they have none."""
    from himpc.gallery import get_service

    threshold = next((answer.threshold for answer in answers if answer.threshold is not None), None)
    if threshold is None:
        return ""
    calibration = get_service(gallery).calibration()
    point = calibration.operating_point(fmr, fpir)
    return (
        f"Unknown beyond the threshold, a distance of {threshold:.3f}: an {point.measure} of {point.rate:.3g}, learned "
        f"from {calibration.persons} people. A larger --{point.measure.lower()} identifies more enrolled people, and "
        "more non-enrolled ones by mistake"
    )
