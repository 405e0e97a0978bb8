"""Recordings as one HTML file with the player of the page, which needs no server and no network."""

from __future__ import annotations

<<<<<<< HEAD
import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
=======
from collections.abc import Sequence
>>>>>>> 4b0b603 (Add himpc report: a run as one HTML file; page figures in SVG and PDF)
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
<<<<<<< HEAD
    data = [describe_recording(recording) for recording in recordings]
    write_player_page(path, title, {"recordings": data}, _SCRIPT, _STYLE)


def write_player_page(
    path: str | Path, title: str, data: Mapping[str, Any], script: str, style: str, body: str = ""
) -> None:
    """Write a page with the player: `script` reads `data` by the ids of script elements, `body` is HTML."""
    page = resources.files("himpc") / "server" / "page"
    modules = {name: (page / name).read_text(encoding="utf-8").replace('from "./', 'from "himpc/') for name in _MODULES}
    imports = {f"himpc/{name}": _to_url(source) for name, source in modules.items()}
    scripts = "".join(
        f'<script type="application/json" id="{name}">{_to_json(value)}</script>' for name, value in data.items()
    )
    style = (page / "style.css").read_text(encoding="utf-8") + style
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f'<script type="importmap">{json.dumps({"imports": imports})}</script></head>'
        '<body><p id="live" class="hidden" role="status"></p>'
        f'<main id="main" tabindex="-1"><h1>{escape(title)}</h1>{body}</main>'
        f'{scripts}<script type="module">{script}</script></body></html>'
    )
    write_atomically(path, document)


def _to_json(value: Any) -> str:
    """Return JSON that cannot end the element it is written into."""
    return json.dumps(value).replace("<", "\\u003c")


def describe_recording(recording: Recording, max_frames: int = MAX_FRAMES) -> dict[str, Any]:
    """Return a recording as plain data for the player; of a longer one, evenly spaced frames."""
    layout = recording.layout
    joints = np.asarray(recording.joints, dtype=np.float64)
    step = max(1, -(-len(joints) // max_frames))
    shown = joints[::step]
    if recording.dimensions == 2:
        shown = shown * _scale(shown)
    finite = np.isfinite(shown)
    rounded = np.round(shown, 3)
    length = f"{recording.seconds:.1f} s" if recording.seconds else f"{count_noun(len(recording), 'frame')}"
    facts = [layout.name, length, recording.session, recording.camera]
    return {
        "title": recording.person or "unnamed",
        "source": recording.source,
        "facts": ", ".join(fact for fact in facts if fact),
        "model": {
            "joints": layout.joints,
            "parents": layout.parents,
            "left": [left for left, _ in layout.pairs],
            "right": [right for _, right in layout.pairs],
        },
        "skeleton": {
            "joints": np.where(finite, rounded, np.array(None)).tolist(),
            "weights": [],
            "step": step,
            "frames": len(recording),
            "fps": recording.fps,
        },
    }


def _scale(joints: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Return the factor that makes the height of a body in pixels that of a person in metres."""
    with np.errstate(all="ignore"):
        heights = np.ptp(np.where(np.isnan(joints[..., 1]), np.nanmedian(joints[..., 1]), joints[..., 1]), axis=1)
    height = float(np.median(heights))
    return HEIGHT_2D / height if np.isfinite(height) and height > 0 else 1.0


def _to_url(source: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()
=======
    described = [describe_recording(recording, MAX_FRAMES) for recording in recordings]
    write_atomically(path, build_page(title, "", {"recordings": described}, _SCRIPT, _STYLE))
>>>>>>> 4b0b603 (Add himpc report: a run as one HTML file; page figures in SVG and PDF)
