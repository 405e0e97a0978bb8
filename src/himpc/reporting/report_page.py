"""The page of a report: its sections, what it lacks, and the player."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from himpc.errors import HimpcError, count_noun
from himpc.reporting.figures import figure_to_svg
from himpc.reporting.pages import to_html, to_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class ReportPage:
    """The sections of a report, and what it lacks."""

    sections: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    played: dict[int, int] = field(default_factory=dict)
    """By recording, its number among those to play."""

    def add(self, title: str, *blocks: str) -> None:
        self.sections.append((title, "".join(blocks)))

    def picture(self, title: str, draw: Callable[[], Figure], note: str = "") -> None:
        """Add a section of one picture; if it cannot be drawn, say why."""
        try:
            self.add(title, f"<p>{to_html(note)}</p>" if note else "", to_image(figure_to_svg(draw()), title))
        except HimpcError as error:
            self.missing.append(f"{title}: {error}")

    def play(self, *recordings: int) -> str:
        """Return a button that plays a recording, or two; empty if the first is not in the report."""
        numbers = [self.played[i] for i in recordings if i in self.played]
        if not numbers or recordings[0] not in self.played:
            return ""
        text = "compare" if len(numbers) > 1 else "play"
        return f' <button type="button" data-play="{" ".join(map(str, numbers))}">{text}</button>'


def render(page: ReportPage, total: int, playable: int) -> str:
    """Return the body of the page: `total` recordings are compared, and `playable` of them could be played."""
    facts = [
        f"{count_noun(total, 'recording')} compared; {len(page.played)} of them can be played here"
        if total
        else "No recordings are compared"
    ]
    if total and len(page.played) < playable:
        facts.append("only these are in the file, those of the first rank lists, which bounds its size")
    missing = "".join(f"<li>{to_html(each)}</li>" for each in page.missing)
    lacking = f"<section class='card'><h2>Not in this report</h2><ul>{missing}</ul></section>" if missing else ""
    contents = " · ".join(f'<a href="#s{i}">{to_html(name)}</a>' for i, (name, _) in enumerate(page.sections))
    sections = "".join(
        f'<section class="card" id="s{i}"><h2>{to_html(name)}</h2>{html}</section>'
        for i, (name, html) in enumerate(page.sections)
    )
    player = '<div id="player" class="card" hidden><button type="button" id="close">Close the player</button></div>'
    return f'<div class="report"><p>{to_html("; ".join(facts))}.</p><p>{contents}</p>{lacking}{sections}{player}</div>'
