"""``himpc gallery enroll``: enroll people by their recordings."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from himpc._schema import to_plain
from himpc.cli.gallery import DEFAULT_LOCATION, Location
from himpc.cli.hints import render_error
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import DataError, GalleryError, count_noun

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.gallery import Enrollment, Gallery
    from himpc.model import Model
    from himpc.recordings import Recording

MAX_LISTED = 5
"""Names of people in the report."""


def enroll(
    *paths: Path,
    location: Location = DEFAULT_LOCATION,
    person: str | None = None,
    unnamed: bool = False,
    model: str = "train",
    folds: WholeNumber = 4,
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
        The model of a new gallery: a run folder or saved model, or 'train' to adapt the identity prior to these
        recordings, or to train a model on them where it does not apply, with the settings below.
    folds
        After training here without the prior: the number of further trainings for the calibration (`himpc gallery
        calibrate`); 0 for none.
    skeletons
        For a new gallery: store joints, too (--skeletons=false stores embeddings only).
    """
    from himpc.gallery import Gallery, check_name, check_persons, gallery_exists

    console = output.console()
    is_new = not gallery_exists(location)
    preferred_layout = None
    if not is_new:
        with Gallery.open(location) as gallery:
            preferred_layout = gallery.model.layout
    recordings: list[Recording] = list(source.read(paths, console, preferred_layout=preferred_layout))
    if person is not None:
        recordings = [each.with_(person=person) for each in recordings]
    if not unnamed:
        check_persons(recordings)
    for name in {each.person for each in recordings if each.person is not None}:
        check_name(name)
    if is_new:
        new_model = _load_or_train(model, recordings, settings, console)
        is_calibrated = new_model.scoring is not None  # an adapted prior separates no people better than others
        is_new = not gallery_exists(location)  # another process may have created it meanwhile
    with Gallery.create(location, new_model, keep_skeletons=skeletons) if is_new else Gallery.open(location) as gallery:
        if not is_new:
            check_model(gallery, model)
        result = gallery.enroll(recordings, unnamed=unnamed, progress=console.progress)
        _report(result, console)
        if is_new and model == "train" and folds > 0 and not is_calibrated:
            is_calibrated = True
            console.print(f"Calibrating by {count_noun(folds, 'more training')}; this takes a while")
            _calibrate(gallery, folds, settings.device, console)
    step = "calibrate" if is_new and not is_calibrated else "search NEW_RECORDINGS"
    console.print(f"Next: himpc gallery {step}{_gallery_option(location)}")
    return console.result(to_plain(result) | {"left_out": console.skipped_files})


def _report(result: Enrollment, console: Console) -> None:
    for path in result.short:
        console.warn(f"{path}: shorter than a window, not enrolled")
    for note in result.notes:
        console.warn(note)
    people = ""
    if result.people:
        more = " ..." if len(result.people) > MAX_LISTED else ""
        names = ", ".join(result.people[:MAX_LISTED])
        people = f" of {count_noun(len(result.people), 'person', 'people')}: {names}{more}"
    already = f"; {count_noun(len(result.already), 'recording')} enrolled already" if result.already else ""
    console.print(f"Enrolled {count_noun(result.recordings, 'recording')}{people}{already}")


def _gallery_option(location: str) -> str:
    """Return the option that names a gallery for another command, without an address, which may hold a password."""
    if location == DEFAULT_LOCATION:
        return ""
    return " --gallery ..." if "://" in location else f" --gallery {shlex.quote(location)}"


def _load_or_train(name: str, recordings: list[Recording], settings: TrainingOptions, console: Console) -> Model:
    if name != "train":
        from himpc.model import Model

        return Model.load(name, settings.device)
    with EpochBar(console, settings) as bar:
        return settings.fit(recordings, [bar], prefer_prior=True)


def _calibrate(gallery: Gallery, folds: int, device: str, console: Console) -> None:
    """Calibrate, or warn if there are too few people."""
    try:
        gallery.calibrate(folds, device=device, progress=console.progress)
    except DataError as error:
        console.warn(
            f"not calibrated: {render_error(error)}; when more people are enrolled, run: himpc gallery calibrate"
        )


def check_model(gallery: Gallery, name: str) -> None:
    """Raise `GalleryError` if `name` is a model other than that of the gallery."""
    from himpc.model import Model

    if name != "train" and (fingerprint := Model.load(name).fingerprint) != gallery.model.fingerprint:
        raise GalleryError(
            f"{gallery.location}: its model is {gallery.model.fingerprint[:12]}, {name} is {fingerprint[:12]}: "
            "embeddings of two models cannot be compared",
            hint="leave {model} out, or create a new gallery",
        )
