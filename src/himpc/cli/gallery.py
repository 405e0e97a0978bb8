"""``himpc gallery``: enroll people by their recordings, and identify them in new ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from himpc._schema import to_plain
from himpc.cli import FAILURE
from himpc.cli.models import load_model
from himpc.cli.options import InputOptions, OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions
from himpc.errors import ConfigError, DataError, GalleryError

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.gallery import Answer, Gallery
    from himpc.model import Model
    from himpc.recordings import Recording

gallery = App(name="gallery", default_parameter=Parameter(negative=()))

gallery.command(
    "himpc.cli.watch:watch", name="watch", help="Enroll or identify the recordings that arrive in a folder."
)

DEFAULT_LOCATION = "gallery"

Location = Annotated[str, Parameter(name="--gallery", help="A folder, or postgresql://USER:PASSWORD@HOST/DATABASE.")]
"""The option that names the gallery."""


@gallery.command
def enroll(
    *paths: Path,
    location: Location = DEFAULT_LOCATION,
    person: str | None = None,
    unnamed: bool = False,
    model: str = "train",
    folds: int = 4,
    skeletons: bool = True,
    source: InputOptions = InputOptions(),
    settings: TrainingOptions = TrainingOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Enroll people by their recordings; creates the gallery if there is none.

    Name people by --name, --labels or --person. All recordings are enrolled, or none if there is an error; those that
    are enrolled already are not changed.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    person
        The person that all recordings show.
    unnamed
        Group the recordings that have no person, and enroll each group as a new person: unnamed-1 and so on.
    model
        The model of a new gallery: a run folder or saved model, or 'train' to train one on these recordings with the
        settings below.
    folds
        After training here: the number of further trainings for the calibration (`himpc gallery calibrate`); 0 for
        none.
    skeletons
        For a new gallery: store joints, too (--skeletons=false stores embeddings only).
    """
    from himpc.gallery import Gallery, check_name, check_persons, gallery_exists

    console = output.console()
    is_new = not gallery_exists(location)
    recordings: list[Recording] = list(source.read(paths, console))
    if person is not None:
        recordings = [each.with_(person=person) for each in recordings]
    if not unnamed:
        check_persons(recordings)
    for name in {each.person for each in recordings if each.person is not None}:
        check_name(name)
    if is_new:
        new_model = _load_or_train(model, recordings, settings, console)
    with Gallery.create(location, new_model, keep_skeletons=skeletons) if is_new else Gallery.open(location) as gallery:
        if not is_new:
            check_model(gallery, model)
        result = gallery.enroll(recordings, unnamed=unnamed, progress=console.progress)
        for path in result.short:
            console.warn(f"{path}: shorter than a window, not enrolled")
        for note in result.notes:
            console.warn(note)
        people = (
            f" of {_count(len(result.people), 'person', 'people')}: {_join_names(result.people)}"
            if result.people
            else ""
        )
        already = f"; {len(result.already)} were enrolled already" if result.already else ""
        console.print(f"Enrolled {_count(result.recordings, 'recording')}{people}{already}")
        if is_new and model == "train" and folds:
            console.print(f"Calibrating by {_count(folds, 'more training')}; this takes a while")
            _calibrate(gallery, folds, settings.device, console)
    option = (
        ""
        if location == DEFAULT_LOCATION
        else " --gallery ..."
        if "://" in location
        else f" --gallery {shlex.quote(location)}"
    )
    step = "calibrate" if is_new and not (model == "train" and folds) else "search NEW_RECORDINGS"
    console.print(f"Next: himpc gallery {step}{option}")
    console.result(to_plain(result) | {"left_out": console.skipped_files})
    return console.exit_code


@gallery.command
def search(
    *paths: Path,
    location: Location = DEFAULT_LOCATION,
    people: int = 3,
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
        False match rate: the share of comparisons with another person that may match; default 0.01, or the
        smallest rate that so few people can show.
    fpir
        False positive identification rate, instead: the share of searches for non-enrolled persons that may match.
    enrolled
        The prior probability that a recording shows an enrolled person.
    rerank
        Order the nearest people by k-reciprocal neighbourhoods.
    """
    console = output.console()
    with _open(location) as gallery:
        recordings = source.read(paths, console)
        answers = gallery.search(
            recordings, people=people, fmr=fmr, fpir=fpir, enrolled=enrolled, rerank=rerank, progress=console.progress
        )
        threshold = _describe_threshold(gallery, answers, fmr, fpir)
    console.table(
        ["recording", "answer", "nearest", "probability", "distance", "agreement", "next nearest"],
        [_row(answer) for answer in answers],
    )
    if threshold:
        console.print(threshold)
    for note in dict.fromkeys(answer.note for answer in answers if answer.note):
        console.warn(note)
    console.result({"answers": to_plain(answers), "left_out": console.skipped_files})
    return console.exit_code


@gallery.command
def calibrate(
    *,
    location: Location = DEFAULT_LOCATION,
    folds: int = 4,
    device: str = "auto",
    output: OutputOptions = OutputOptions(),
) -> int:
    """Calibrate a gallery whose model was trained on its people.

    The model is trained again several times without some of the people. Do this once most people are enrolled: without
    calibration, non-enrolled persons match more often than the rate states.

    Parameters
    ----------
    folds
        The number of trainings; 0 states that the model was not trained on people of the gallery.
    device
        auto, cpu or cuda.
    """
    console = output.console()
    with _open(location) as gallery:
        calibration = gallery.calibrate(folds, device=device, progress=console.progress)
    rate = calibration.default_fmr
    console.print(
        f"Calibrated by {calibration.recordings} recordings of {calibration.persons} people: at a false match rate of "
        f"{rate:.3g} distances up to {calibration.threshold(rate):.3g} match"
    )
    console.result(
        {"people": calibration.persons, "recordings": calibration.recordings, "fmr": rate, "unseen": calibration.unseen}
    )
    return console.exit_code


@gallery.command(name="list")
def list_people(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List the people who are enrolled."""
    console = output.console()
    with _open(location) as gallery:
        people = gallery.people()
    console.table(
        ["person", "recordings", "windows", "cameras", "first enrolled", "last enrolled"],
        [[p.name, p.recordings, p.windows, ", ".join(p.cameras) or "-", p.first, p.last] for p in people],
        title=f"{len(people)} people, {sum(p.recordings for p in people)} recordings",
    )
    console.result({"people": to_plain(people)})
    return console.exit_code


@gallery.command
def show(person: str, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List the recordings of a person.

    Parameters
    ----------
    person
        The name.
    """
    console = output.console()
    with _open(location) as gallery:
        recordings = gallery.recordings(person)
    console.table(
        ["id", "recording", "session", "camera", "frames", "windows", "quality", "enrolled"],
        [
            [str(r.id), r.source, r.session or "-", r.camera or "-", r.frames, r.windows, r.quality, r.enrolled]
            for r in recordings
        ],
    )
    console.result({"recordings": to_plain(recordings)})
    return console.exit_code


@gallery.command
def merge(
    person: str, *others: str, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Merge people into the first one named.

    Parameters
    ----------
    person
        The person who remains.
    others
        The people to merge into that person.
    """
    console = output.console()
    if not others:
        raise ConfigError(f"name the people to merge into {person}")
    with _open(location) as gallery:
        moved = gallery.merge(person, *others)
    console.print(f"{person} has {_count(moved, 'more recording')}")
    console.result({"person": person, "moved": moved})
    return console.exit_code


@gallery.command
def rename(
    person: str, name: str, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Rename a person, or name an unnamed one.

    Parameters
    ----------
    person
        The current name.
    name
        The new name.
    """
    console = output.console()
    with _open(location) as gallery:
        gallery.rename(person, name)
    console.print(f"{person} is now called {name}")
    console.result({"person": name})
    return console.exit_code


@gallery.command
def move(
    *ids: int, person: str | None = None, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Assign recordings to another person.

    Parameters
    ----------
    ids
        The ids of the recordings, as `himpc gallery show` lists them.
    person
        The person they show, who may be new; default a new unnamed person.
    """
    console = output.console()
    if not ids:
        raise ConfigError("name the ids of the recordings to move, as himpc gallery show lists them")
    with _open(location) as gallery:
        name = gallery.move(ids, person)
    count = len(set(ids))
    console.print(f"Moved {_count(count, 'recording')} to {name}")
    console.result({"person": name, "moved": count})
    return console.exit_code


@gallery.command
def remove(
    *people: str,
    recording: tuple[int, ...] = (),
    location: Location = DEFAULT_LOCATION,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Erase people permanently, with all their recordings, or single recordings.

    No data of them remains in tables, indexes, logs or old versions. Backups are not changed.

    Parameters
    ----------
    people
        Their names.
    recording
        The id of a recording to erase, as `himpc gallery show` lists it; repeatable.
    """
    console = output.console()
    if not people and not recording:
        raise ConfigError("name the people to erase, or give a --recording")
    with _open(location) as gallery:
        erased = gallery.remove(*people, recordings=recording)
    names = list(dict.fromkeys(people))
    console.print(f"Erased {_count(len(names), 'person', 'people')}, {_count(erased, 'recording')}")
    console.result({"people": names, "recordings": erased})
    return console.exit_code


@gallery.command
def export(out: Path, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """Write a whole gallery to one file, which `import` reads into another gallery.

    Parameters
    ----------
    out
        The file to write. It holds names, embeddings and skeletons: protect it like the gallery.
    """
    from himpc.gallery import export_gallery

    console = output.console()
    with _open(location) as gallery:
        count = export_gallery(gallery, out)
    console.print(f"Wrote {count} recordings to {out}")
    console.result({"recordings": count, "path": str(out)})
    return console.exit_code


@gallery.command(name="import")
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
    console.print(f"Read {count} recordings" + (f"; {already} were enrolled already" if already else ""))
    console.result({"recordings": count, "already": already})
    return console.exit_code


@gallery.command
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
        Erase data left over from processes that were killed.
    """
    console = output.console()
    with _open(location) as gallery:
        problems = gallery.verify(repair=repair)
    for line in problems:
        console.warn(line)
    if not problems:
        console.print("No problems found")
    console.result({"wrong": problems})
    return FAILURE if problems else console.exit_code


@gallery.command
def audit(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List all changes and searches, with actor and time."""
    console = output.console()
    with _open(location) as gallery:
        events = gallery.audit()
    console.table(
        ["time", "action", "actor", "person", "recordings"],
        [[event.time, event.action, event.actor, event.person or "-", event.recordings] for event in events],
    )
    console.result({"events": to_plain(events)})
    return console.exit_code


@contextmanager
def _open(location: str) -> Iterator[Gallery]:
    from himpc.gallery import Gallery

    with Gallery.open(location) as gallery:
        yield gallery


def _load_or_train(name: str, recordings: list[Recording], settings: TrainingOptions, console: Console) -> Model:
    if name != "train":
        return load_model(name, settings.device)
    with EpochBar(console, settings) as bar:
        model: Model = settings.learner(callbacks=(bar,)).fit(recordings).model_
    return model


def _calibrate(gallery: Gallery, folds: int, device: str, console: Console) -> None:
    """Calibrate, or warn if there are too few people."""
    try:
        gallery.calibrate(folds, device=device, progress=console.progress)
    except DataError as error:
        console.warn(f"not calibrated: {error}; when more people are enrolled, run: himpc gallery calibrate")


def check_model(gallery: Gallery, name: str) -> None:
    """Raise `GalleryError` if `name` is a model other than that of the gallery."""
    if name != "train" and (fingerprint := load_model(name).fingerprint) != gallery.model.fingerprint:
        raise GalleryError(
            f"{gallery.location}: its model is {gallery.model.fingerprint[:12]}, {name} is {fingerprint[:12]}: "
            "embeddings of two models cannot be compared",
            hint="leave {model} out, or create a new gallery",
        )


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def _join_names(names: tuple[str, ...], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (" ..." if len(names) > limit else "")


def _row(answer: Answer) -> list[object]:
    best = answer.matches[0] if answer.matches else None
    next_nearest = ", ".join(f"{match.person} {match.distance:.2f}" for match in answer.matches[1:])
    return [
        answer.source,
        answer.person or ("unknown" if answer.windows else answer.note),
        best.person if best else "-",
        "-" if best is None or best.probability is None else f"{best.probability:.2f}",
        "-" if best is None else f"{best.distance:.3f}",
        "-" if best is None else f"{best.agreement:.0%}",
        next_nearest or "-",
    ]


def _describe_threshold(gallery: Gallery, answers: Sequence[Answer], fmr: float | None, fpir: float | None) -> str:
    """Describe the threshold of some answers; empty if they have none."""
    from himpc.gallery import get_service

    threshold = next((answer.threshold for answer in answers), None)
    if threshold is None:
        return ""
    calibration = get_service(gallery).calibration()
    rate = f"FPIR of {fpir:.3g}" if fpir is not None else f"FMR of {fmr or calibration.default_fmr:.3g}"
    return (
        f"Unknown beyond the threshold, a distance of {threshold:.3f}: an {rate}, learned from "
        f"{_count(calibration.persons, 'person', 'people')}. A larger {'--fpir' if fpir else '--fmr'} identifies more "
        "enrolled persons, and more non-enrolled ones by mistake"
    )
