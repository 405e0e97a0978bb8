"""``himpc gallery``: enroll people by their recordings, and identify them in new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from himpc._schema import to_plain
from himpc.cli import FAILURE
from himpc.cli.examples import example
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import count_noun

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.cli.options import InputOptions
    from himpc.gallery import Gallery
    from himpc.recordings import Recording
    from himpc.video import VideoResult

gallery = App(name="gallery", default_parameter=Parameter(negative=()), help_prologue=example("gallery"))
for _function, _help in {
    "enroll:enroll": "Enroll people by their recordings; creates the gallery if there is none.",
    "search:search": "Identify the person in each recording, or report it as unknown.",
    "queue:queue": "List likely merges, doubtful recordings and people without a name; or decide about them.",
    "quality:quality": "List how well people are enrolled, those with most problems first.",
    "watch:watch": "Enroll or identify the recordings that arrive in a folder.",
    "people:list_people": "List the people who are enrolled.",
    "people:show": "List the recordings of a person.",
    "people:merge": "Merge people into the first one named.",
    "people:rename": "Rename a person, or name an unnamed one.",
    "people:move": "Assign recordings to another person.",
    "people:remove": "Erase people permanently, with all their recordings, or single recordings.",
}.items():
    _verb = _function.partition(":")[2].removesuffix("_people")
    gallery.command(f"himpc.cli.{_function}", name=_verb, help=_help, help_prologue=example(f"gallery {_verb}"))

DEFAULT_LOCATION = "gallery"

Location = Annotated[str, Parameter(name="--gallery", help="A folder, or postgresql://USER:PASSWORD@HOST/DATABASE.")]
"""The option that names the gallery."""


@contextmanager
def open_gallery(location: str) -> Iterator[Gallery]:
    """Open an existing gallery for the time of a block; model and vectors are loaded when they are first used."""
    from himpc.gallery import Gallery

    with Gallery.open(location, check=False) as gallery:
        yield gallery


def read_probes(
    paths: tuple[Path, ...],
    source: InputOptions,
    gallery: Gallery,
    console: Console,
    on_video: Callable[[VideoResult], None] | None = None,
) -> list[Recording]:
    """Read recordings to search for; those that lack joints of the gallery's layout are reported and left out."""
    from himpc.recordings import leave_out_unfit

    recordings = source.read(paths, console, on_video, gallery.model.layout)
    usable, problems = leave_out_unfit(recordings, gallery.model.input_layout, owner="the gallery")
    console.problems(problems)
    return usable


@gallery.command(help_prologue=example("gallery calibrate"))
def calibrate(
    *,
    location: Location = DEFAULT_LOCATION,
    folds: WholeNumber = 4,
    device: str = "auto",
    output: OutputOptions = OutputOptions(),
) -> int:
    """Calibrate a gallery whose model was trained on its people.

    The model is trained again several times without some of the people. Do this once most people are enrolled: without
    calibration, non-enrolled people match more often than the rate states. A model that adapts the identity prior is
    calibrated by its gallery as it is.

    Parameters
    ----------
    folds
        The number of trainings; 0 states that the model was not trained on people of the gallery.
    device
        auto, cpu or cuda.
    """
    console = output.console()
    with open_gallery(location) as gallery:
        calibration = gallery.calibrate(folds, device=device, progress=console.progress)
    point, recordings = calibration.operating_point(), count_noun(calibration.recordings, "recording")
    console.print(
        f"Calibrated by {recordings} of {calibration.persons} people: distances up to {point.threshold:.3g} match, "
        f"at an {point.measure} of {point.rate:.3g}"
    )
    return console.result(
        {
            "people": calibration.persons,
            "recordings": calibration.recordings,
            "measure": point.measure,
            "rate": point.rate,
            "unseen": calibration.unseen,
        }
    )


@gallery.command(help_prologue=example("gallery export"))
def export(out: Path, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """Write a whole gallery to one file, which `import` reads into another gallery.

    Parameters
    ----------
    out
        The file to write. It holds names, embeddings and skeletons: protect it like the gallery.
    """
    from himpc.gallery import export_gallery

    console = output.console()
    with open_gallery(location) as gallery:
        count = export_gallery(gallery, out)
    console.print(f"Wrote {count_noun(count, 'recording')} to {out}")
    return console.result({"recordings": count, "path": str(out)})


@gallery.command(name="import", help_prologue=example("gallery import"))
def import_(path: Path, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """Import a file of `export` into a gallery; creates the gallery if there is none.

    Parameters
    ----------
    path
        The file.
    """
    from himpc.gallery import import_gallery

    console = output.console()
    count, already = import_gallery(path, location)
    console.print(f"Read {count_noun(count, 'recording')}" + (f"; {already} were enrolled already" if already else ""))
    return console.result({"recordings": count, "already": already})


@gallery.command(help_prologue=example("gallery verify"))
def verify(
    *,
    location: Location = DEFAULT_LOCATION,
    repair: Annotated[bool, Parameter(name=["--repair", "--mend"])] = False,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Check that everything enrolled is stored and unchanged.

    Parameters
    ----------
    repair
        First compute damaged vectors again from stored skeletons, and erase vectors that belong to no recording.
    """
    from himpc.gallery import Gallery

    console = output.console()
    if repair:
        problems = Gallery.repair(location)
    else:
        with open_gallery(location) as gallery:
            problems = gallery.verify()
    for line in problems:
        console.warn(line)
    if not problems:
        console.print("No problems found")
    code = console.result({"wrong": problems})
    return FAILURE if problems else code


@gallery.command(help_prologue=example("gallery audit"))
def audit(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List all changes and searches in order, with time, actor, former names and the people found."""
    console = output.console()
    with open_gallery(location) as gallery:
        events = gallery.audit()
    console.table(
        ["number", "time", "action", "person", "recordings", "former names or people found", "actor"],
        [
            [
                event.number,
                event.time[:19].replace("T", " "),
                event.action,
                event.person or "-",
                event.recordings,
                ", ".join(event.former or event.found) or "-",
                event.actor,
            ]
            for event in events
        ],
        keys=["number", "person"],
    )
    return console.result({"events": to_plain(events)})
