"""Recordings as one HTML file with the player of the page, which needs no server and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from himpc._files import write_atomically
from himpc.errors import DataError, count_noun
from himpc.recordings import Recording
from himpc.reporting.pages import build_page, describe_recording

MAX_FRAMES = 600
"""Frames of one recording that are shown, evenly spaced."""

MAX_RECORDINGS = 500

_SCRIPT = """
import { el } from "himpc/dom.js";
import { Player } from "himpc/player.js";
const recordings = JSON.parse(document.getElementById("recordings").textContent);
const player = new Player();
player.options.colourByWeight = false;
[...player.node.querySelectorAll("label.check")].find((label) => label.textContent === "Colour by weight")?.remove();
const show = (index) => {
  const { model, skeleton, title, source } = recordings[index];
  list.querySelectorAll("button").forEach((each, i) => each.setAttribute("aria-pressed", String(i === index)));
  player.show(model, { skeleton, title, source });
};
const list = el("ul", { class: "plain" }, recordings.map(({ title, source, facts }, index) => el("li", {},
  el("button", { type: "button", class: "entry", "aria-pressed": "false", on: { click: () => show(index) } },
    el("strong", { text: title }), el("span", { class: "source", text: source }),
    el("span", { class: "muted", text: facts })))));
document.getElementById("main").append(el("div", { class: "viewer" }, list, el("div", { class: "card" }, player.node)));
show(0);
"""
_STYLE = """
.viewer { display: grid; grid-template-columns: minmax(12rem, 22rem) 1fr; gap: 1rem; align-items: start; }
.viewer .plain { max-height: 85vh; overflow: auto; } .viewer .entry { display: grid; width: 100%; text-align: left; }
.viewer .legend, .viewer .strip { display: none; }
@media (max-width: 700px) { .viewer { grid-template-columns: 1fr; } .viewer .plain { max-height: 30vh; } }
"""


def write_viewer(recordings: Sequence[Recording], path: str | Path, title: str = "Recordings") -> None:
    """Write recordings as one HTML file that plays them in 3D.

    Raises
    ------
    DataError
        If there are none, or more than 500.
    RunFolderError
        If the file cannot be written.
    """
    if not 1 <= len(recordings) <= MAX_RECORDINGS:
        raise DataError(
            f"found {count_noun(len(recordings), 'recording')} to view, expected 1 to {MAX_RECORDINGS}",
            hint="select some of them: {only}",
        )
    described = [describe_recording(recording, MAX_FRAMES) for recording in recordings]
    write_atomically(path, build_page(title, "", {"recordings": described}, _SCRIPT, _STYLE))
