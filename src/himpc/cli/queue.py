"""``himpc gallery queue``: list the questions of the queue, or decide them."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from himpc._schema import to_plain
from himpc.cli.gallery import DEFAULT_LOCATION, Location, open_gallery
from himpc.cli.output_options import OutputOptions
from himpc.cli.tables import complete_ids
from himpc.errors import ConfigError, count_noun

Ids = Annotated[tuple[str, ...], Parameter(consume_multiple=True)]


def queue(
    *,
    confirm: Ids = (),
    reject: Ids = (),
    enroll: Ids = (),
    person: str | None = None,
    undo: bool = False,
    kind: Literal["merge", "doubtful", "unknown"] | None = None,
    location: Location = DEFAULT_LOCATION,
    output: OutputOptions = OutputOptions(),
) -> int:
    """List likely merges, doubtful recordings and people without a name; or decide about them.

    Parameters
    ----------
    confirm
        The ids of questions, or their first letters: the recordings show the candidate.
    reject
        They do not. A doubtful recording becomes a new unnamed person; an unknown person stays without a name.
    enroll
        They show another person, named by --person, who may be new.
    person
        The person of --enroll.
    undo
        Undo the last decision that is not undone.
    kind
        List questions of one kind.
    """
    console = output.console()
    if bool(enroll) != (person is not None):
        raise ConfigError("the ids of --enroll and the name of --person belong together; found one of them")
    numbers: list[int] = []
    with open_gallery(location) as gallery:
        waiting = [item.id for item in gallery.queue()] if confirm or reject or enroll else []
        confirm, reject, enroll = (complete_ids(ids, waiting) for ids in (confirm, reject, enroll))
        if undo:
            number = gallery.undo()
            console.print(f"Undone: decision {number}")
        if confirm:
            numbers += gallery.decide(*confirm, decision="confirm")
        if reject:
            numbers += gallery.decide(*reject, decision="reject")
        if enroll:
            numbers += gallery.decide(*enroll, decision="enroll", person=person)
        items = [item for item in gallery.queue() if kind in (None, item.kind)]
    if numbers:
        console.print(
            f"Decided {count_noun(len(numbers), 'question')}; himpc gallery queue --undo takes the last one back"
        )
    console.table(
        ["id", "kind", "person", "candidate", "nearest", "probability", "recording", "reason"],
        [
            [
                item.id,
                item.kind,
                item.person,
                item.candidate or "-",
                item.nearest or "-",
                "-" if item.probability is None else f"{item.probability:.2f}",
                item.source,
                item.reason,
            ]
            for item in items
        ],
        keys=["id", "person", "candidate"],
        sentence="reason",
        title=f"{count_noun(len(items), 'question')} to decide",
    )
    return console.result({"queue": to_plain(items), "decided": numbers})
