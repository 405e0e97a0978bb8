"""``himpc gallery``: people who are enrolled, and whom a new recording shows."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from himpc.cli import FAILURE
from himpc.cli.models import load_model
from himpc.cli.options import Output, Source
from himpc.cli.training import EpochBar, Settings

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.gallery import Answer, Gallery
    from himpc.model import Model
    from himpc.recordings import Recording

__all__ = ["Where", "check_model", "gallery"]

gallery = App(name="gallery", default_parameter=Parameter(negative=()))

gallery.command("himpc.cli.watch:watch", name="watch")

Where = Annotated[str, Parameter(name="--gallery")]
"""The gallery: a folder, or postgresql://USER:PASSWORD@HOST/DATABASE."""


@gallery.command
def enroll(
    *paths: Path,
    where: Where = "gallery",
    person: str | None = None,
    unnamed: bool = False,
    model: str = "train",
    folds: int = 4,
    skeletons: bool = True,
    source: Source = Source(),
    settings: Settings = Settings(),
    output: Output = Output(),
) -> int:
    """Add recordings to the people they show; make the gallery, if there is none.

    Who a recording shows is said by --name, --labels or --person. All are enrolled, or none; those that are enrolled
    already are left as they are.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    where
        The gallery: a folder, or postgresql://USER:PASSWORD@HOST/DATABASE.
    person
        Whom all of them show.
    unnamed
        Group recordings whose person is not known, and make each group somebody new: unnamed-1 and so on.
    model
        For a new gallery, which keeps it: a run folder or saved model, or 'train' for a model trained on these very
        recordings with the settings below.
    folds
        For a model trained here: how many more trainings, each without some of the people, tell how near strangers come
        (as `himpc gallery calibrate` does); 0 for none.
    skeletons
        For a new gallery: keep the joints, to look at (--skeletons=false keeps embeddings only).
    """
    from himpc.gallery import Gallery
    from himpc.gallery.catalog.queries import check_name
    from himpc.gallery.opening import exists, is_url
    from himpc.gallery.recordings import check_people

    console = output.console()
    there = exists(where)
    found: list[Recording] = list(source.read(paths, console))
    if person is not None:
        found = [each.with_(person=person) for each in found]
    if not unnamed:
        check_people([each.person for each in found], [each.source for each in found])
    for name in {each.person for each in found if each.person is not None}:
        check_name(name)
    if there:
        opened = Gallery.open(where)
        check_model(opened, model)
    else:
        opened = Gallery.create(where, _new_model(model, found, settings, console), keep_skeletons=skeletons)
    with opened as gallery:
        done = gallery.enroll(found, unnamed=unnamed, progress=console.progress)
        gallery.index()
        for name in done.short:
            console.warn(f"{name}: shorter than a window, not enrolled")
        old = f", {len(done.already)} were enrolled already" if done.already else ""
        who = f", of {_count(len(done.people), 'person', 'people')}: {_listed(done.people)}" if done.people else ""
        console.say(f"enrolled {_count(done.recordings, 'recording')}{who}{old}")
        if not there and model == "train" and folds:
            console.say(f"learning how near strangers come, by {_count(folds, 'more training')}: takes a while")
            _calibrate(gallery, folds, settings.device, console)
    elsewhere = "" if where == "gallery" else " --gallery ..." if is_url(where) else f" --gallery {shlex.quote(where)}"
    console.say(f"next: himpc gallery search NEW_RECORDINGS{elsewhere}")
    console.result(done.to_dict() | {"left_out": console.left_out})
    return console.exit_code


@gallery.command
def search(
    *paths: Path,
    where: Where = "gallery",
    people: int = 3,
    fmr: float | None = None,
    fpir: float | None = None,
    enrolled: float = 0.5,
    rerank: bool = False,
    source: Source = Source(),
    output: Output = Output(),
) -> int:
    """Say whom recordings show, or that it is nobody of the gallery.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    where
        The gallery.
    people
        How many of the nearest people to list.
    fmr
        False match rate: of comparisons with somebody else, the share that may match; 0.01 if not given.
    fpir
        False positive identification rate instead: of searches for a stranger, the share that may find somebody.
    enrolled
        Probability, before looking, that a recording shows somebody of the gallery.
    rerank
        Order the nearest by their k-reciprocal neighbourhoods.
    """
    console = output.console()
    with _opened(where) as gallery:
        found = source.read(paths, console)
        answers = gallery.search(
            found, people=people, fmr=fmr, fpir=fpir, enrolled=enrolled, rerank=rerank, progress=console.progress
        )
        threshold = _threshold(gallery, answers, fmr, fpir)
    console.table(
        ["recording", "answer", "nearest", "probability", "distance", "agree", "then"],
        [_row(answer) for answer in answers],
    )
    if threshold:
        console.say(threshold)
    for note in dict.fromkeys(answer.note for answer in answers if answer.note):
        console.warn(note)
    console.result({"answers": [answer.to_dict() for answer in answers], "left_out": console.left_out})
    return console.exit_code


@gallery.command
def calibrate(where: Where = "gallery", folds: int = 4, device: str = "auto", output: Output = Output()) -> int:
    """Learn what distances mean for strangers, where the model was trained on people of the gallery.

    It is trained again, each time without some of the people. Do this once most of them are enrolled: until then, and
    without it, strangers match more often than a stated rate says.

    Parameters
    ----------
    where
        The gallery.
    folds
        How many trainings; 0 says that nobody of the gallery was trained on, so that there is nothing to mend.
    device
        auto, cpu or cuda.
    """
    console = output.console()
    with _opened(where) as gallery:
        found = gallery.calibrate(folds, device=device, progress=console.progress)
        rate = gallery.fmr(found)
    console.say(
        f"calibrated by {found.recordings} recordings of {found.persons} people: at a false match rate of {rate:.3g} "
        f"distances up to {found.threshold(rate):.3g} match"
    )
    console.result({"people": found.persons, "recordings": found.recordings, "fmr": rate, "unseen": found.unseen})
    return console.exit_code


@gallery.command(name="list")
def list_people(where: Where = "gallery", output: Output = Output()) -> int:
    """List the people who are enrolled."""
    console = output.console()
    with _opened(where) as gallery:
        people = gallery.people()
    console.table(
        ["person", "recordings", "windows", "cameras", "first enrolled", "last enrolled"],
        [[p.name, p.recordings, p.windows, ", ".join(p.cameras) or "-", p.first, p.last] for p in people],
        title=f"{len(people)} people, {sum(p.recordings for p in people)} recordings",
    )
    console.result({"people": [person.to_dict() for person in people]})
    return console.exit_code


@gallery.command
def show(person: str, where: Where = "gallery", output: Output = Output()) -> int:
    """List the recordings of a person.

    Parameters
    ----------
    person
        The name.
    where
        The gallery.
    """
    console = output.console()
    with _opened(where) as gallery:
        found = gallery.recordings(person)
    columns = ["id", "recording", "session", "camera", "frames", "windows", "quality", "enrolled"]
    console.table(
        columns,
        [
            [str(r.id), r.source, r.session or "-", r.camera or "-", r.frames, r.windows, r.quality, r.enrolled]
            for r in found
        ],
    )
    console.result({"recordings": [recording.to_dict() for recording in found]})
    return console.exit_code


@gallery.command
def merge(person: str, *others: str, where: Where = "gallery", output: Output = Output()) -> int:
    """Make people one, who keeps the first name.

    Parameters
    ----------
    person
        Who remains.
    others
        Who turned out to be the same.
    where
        The gallery.
    """
    console = output.console()
    if not others:
        raise _usage(f"say who turned out to be {person}, too")
    with _opened(where) as gallery:
        moved = gallery.merge(person, *others)
    console.say(f"{person} has {_count(moved, 'more recording')}")
    console.result({"person": person, "moved": moved})
    return console.exit_code


@gallery.command
def rename(person: str, name: str, where: Where = "gallery", output: Output = Output()) -> int:
    """Give a person another name; naming an unnamed one is the same.

    Parameters
    ----------
    person
        The name so far.
    name
        The new one.
    where
        The gallery.
    """
    console = output.console()
    with _opened(where) as gallery:
        gallery.rename(person, name)
    console.say(f"{person} is now called {name}")
    console.result({"person": name})
    return console.exit_code


@gallery.command
def move(*ids: int, person: str | None = None, where: Where = "gallery", output: Output = Output()) -> int:
    """Say that recordings show another person than was thought.

    Parameters
    ----------
    ids
        The numbers of the recordings, as `himpc gallery show` lists them.
    person
        Whom they show, who may be new; somebody new without a name, if not given.
    where
        The gallery.
    """
    console = output.console()
    if not ids:
        raise _usage("say which recordings show somebody else, by their numbers, as himpc gallery show lists them")
    with _opened(where) as gallery:
        name = gallery.move(ids, person)
    console.say(f"{len(set(ids))} recordings show {name}")
    console.result({"person": name, "moved": len(set(ids))})
    return console.exit_code


@gallery.command
def remove(
    *people: str,
    recording: tuple[int, ...] = (),
    where: Where = "gallery",
    output: Output = Output(),
) -> int:
    """Erase people for good, with all their recordings, or single recordings.

    Nothing of them remains in tables, indexes, logs or old versions; backups are yours to erase.

    Parameters
    ----------
    people
        Their names.
    recording
        The number of a recording to erase, as `himpc gallery show` lists it; repeatable.
    where
        The gallery.
    """
    console = output.console()
    if not people and not recording:
        raise _usage("say whom to erase, or which --recording")
    with _opened(where) as gallery:
        erased = gallery.remove(*people, recordings=recording)
    named = list(dict.fromkeys(people))
    console.say(f"erased {_count(len(named), 'person', 'people')}, {_count(erased, 'recording')}")
    console.result({"people": named, "recordings": erased})
    return console.exit_code


@gallery.command
def export(out: Path, where: Where = "gallery", output: Output = Output()) -> int:
    """Write a whole gallery to one file, which `import` reads into another, of either kind.

    Parameters
    ----------
    out
        The file to write; it holds names, embeddings and skeletons, so keep it as safe as the gallery.
    where
        The gallery.
    """
    from himpc.gallery.transfer import export_gallery

    console = output.console()
    with _opened(where) as gallery:
        count = export_gallery(gallery, out)
    console.say(f"wrote {count} recordings to {out}")
    console.result({"recordings": count, "path": str(out)})
    return console.exit_code


@gallery.command(name="import")
def import_(path: Path, where: Where = "gallery", output: Output = Output()) -> int:
    """Read what `export` wrote into a gallery, which is made if it is not there.

    Parameters
    ----------
    path
        The file.
    where
        The gallery.
    """
    from himpc.gallery.transfer import import_gallery

    console = output.console()
    count, already = import_gallery(path, where)
    console.say(f"read {count} recordings" + (f", {already} were enrolled already" if already else ""))
    console.result({"recordings": count, "already": already})
    return console.exit_code


@gallery.command
def verify(where: Where = "gallery", mend: bool = False, output: Output = Output()) -> int:
    """Check that everything is there, readable and of one piece.

    Parameters
    ----------
    where
        The gallery.
    mend
        Erase what processes that were killed have left behind.
    """
    console = output.console()
    with _opened(where) as gallery:
        wrong = gallery.verify(mend=mend)
    for line in wrong:
        console.warn(line)
    if not wrong:
        console.say("all is well")
    console.result({"wrong": wrong})
    return FAILURE if wrong else console.exit_code


@gallery.command
def audit(where: Where = "gallery", output: Output = Output()) -> int:
    """List who was enrolled, searched, named, merged and removed, by whom, and when."""
    console = output.console()
    with _opened(where) as gallery:
        events = gallery.audit()
    console.table(
        ["time", "what", "by", "person", "recordings"],
        [[event.time, event.action, event.actor, event.person or "-", event.recordings] for event in events],
    )
    console.result({"events": [event.to_dict() for event in events]})
    return console.exit_code


@contextmanager
def _opened(where: str) -> Iterator[Gallery]:
    from himpc.gallery import Gallery

    with Gallery.open(where) as gallery:
        yield gallery


def _new_model(name: str, found: list[Recording], settings: Settings, console: Console) -> Model:
    if name != "train":
        return load_model(name, settings.device)
    with EpochBar(console, settings) as bar:
        model: Model = settings.learner(callbacks=(bar,)).fit(found).model_
    return model


def _count(number: int, thing: str, things: str = "") -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def _calibrate(gallery: Gallery, folds: int, device: str, console: Console) -> None:
    """Learn how near strangers come, where there are people enough for that."""
    from himpc.errors import DataError

    try:
        gallery.calibrate(folds, device=device, progress=console.progress)
    except DataError as error:
        console.warn(
            f"how near strangers come was not learned: {error}; once more is enrolled: himpc gallery calibrate"
        )


def check_model(gallery: Gallery, name: str) -> None:
    """Raise `GalleryError` if another model is named than the gallery's own."""
    from himpc.errors import GalleryError

    if name != "train" and (given := load_model(name).fingerprint) != gallery.model.fingerprint:
        raise GalleryError(
            f"{gallery.where}: its model is {gallery.model.fingerprint[:12]}, {name} is {given[:12]}: embeddings of "
            "two models cannot be compared; leave --model out, or make a new gallery"
        )


def _usage(message: str) -> Exception:
    from himpc.errors import ConfigError

    return ConfigError(message)


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def _row(answer: Answer) -> list[object]:
    best = answer.matches[0] if answer.matches else None
    then = ", ".join(f"{match.person} {match.distance:.2f}" for match in answer.matches[1:])
    return [
        answer.source,
        answer.person or ("unknown" if answer.windows else answer.note),
        best.person if best else "-",
        "-" if best is None or best.probability is None else f"{best.probability:.2f}",
        "-" if best is None else f"{best.distance:.3f}",
        "-" if best is None else f"{best.agreement:.0%}",
        then or "-",
    ]


def _threshold(gallery: Gallery, answers: Sequence[Answer], fmr: float | None, fpir: float | None) -> str:
    """Return what the answers were judged by; empty, where that cannot be told."""
    threshold = next((answer.threshold for answer in answers), None)
    if threshold is None:
        return ""
    calibration = gallery.calibration()
    rate = f"FPIR of {fpir:.3g}" if fpir is not None else f"FMR of {fmr or gallery.fmr(calibration):.3g}"
    return (
        f"unknown beyond the threshold, a distance of {threshold:.3f}: an {rate}, learned from "
        f"{_count(calibration.persons, 'person', 'people')}; a larger {'--fpir' if fpir else '--fmr'} names more of "
        "those who are enrolled, and more strangers"
    )
