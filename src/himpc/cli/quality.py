"""``himpc gallery quality``: list how well people are enrolled."""

from __future__ import annotations

from himpc._schema import to_plain
from himpc.cli.gallery import DEFAULT_LOCATION, Location, open_gallery
from himpc.cli.output_options import OutputOptions
from himpc.errors import count_noun


def quality(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List how well people are enrolled, those with most problems first: one recording, one view, short."""
    console = output.console()
    with open_gallery(location) as gallery:
        people = gallery.quality()
    poor = sum(bool(each.problems) for each in people)
    console.table(
        ["person", "problems", "recordings", "sessions", "cameras", "seconds", "lowest quality"],
        [
            [
                each.person,
                "; ".join(each.problems) or "-",
                each.recordings,
                each.sessions or "-",
                each.cameras or "-",
                f"{each.seconds:.1f}",
                f"{each.quality:.0%}",
            ]
            for each in people
        ],
        keys=["person", "problems"],
        title=f"{count_noun(len(people), 'person', 'people')}, {poor} poorly enrolled",
    )
    return console.result({"people": to_plain(people)})
