"""Pages that need no server and no network: one HTML file with the 3D player, and with everything that it shows."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun, escape_unprintable
from himpc.recordings import Recording

HEIGHT_2D = 1.7
"""Metres to which a body in pixels is scaled."""

_MODULES = ("dom.js", "walker.js", "stage.js", "sync.js", "player.js")


def to_html(text: object) -> str:
    """Escape a text for HTML, and what cannot be printed, such as a line break in the name of a file."""
    return escape(escape_unprintable(str(text)))


def build_page(title: str, body: str, data: Mapping[str, Any], script: str, style: str = "") -> str:
    """Build a page around the player of the server's page.

    The page may load nothing: its content security policy allows the scripts in it, by their hashes, and no other.

    Parameters
    ----------
    title : str
        The title, as plain text.
    body : str
        HTML below the title, whose texts are escaped (`to_html`).
    data : mapping
        By id, what `script` finds as JSON in the element of that id.
    script, style : str
        A module of JavaScript, which imports ``himpc/player.js`` and the like, and CSS beside that of the page.
    """
    page = resources.files("himpc") / "server" / "page"
    modules = {name: (page / name).read_text(encoding="utf-8").replace('from "./', 'from "himpc/') for name in _MODULES}
    imports = json.dumps({"imports": {f"himpc/{name}": _to_url(source) for name, source in modules.items()}})
    hashes = " ".join(f"'sha256-{_hash(text)}'" for text in (imports, script))
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src data: {hashes}"
    stored = "".join(
        f'<script type="application/json" id="{name}">{_to_json(value)}</script>' for name, value in data.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{to_html(title)}</title><style>{(page / 'style.css').read_text(encoding='utf-8')}{style}</style>"
        f'<script type="importmap">{imports}</script></head>'
        '<body><p id="live" class="hidden" role="status"></p>'
        f'<main id="main" tabindex="-1"><h1>{to_html(title)}</h1>{body}</main>'
        f'{stored}<script type="module">{script}</script></body></html>'
    )


def describe_recording(
    recording: Recording, max_frames: int, weights: NDArray[np.floating] | None = None
) -> dict[str, Any]:
    """Return a recording as the player takes it: up to `max_frames` evenly spaced frames, and facts for people.

    Parameters
    ----------
    recording : Recording
    max_frames : int
    weights : array ``(frames,)``, optional
        The weight of each frame, in [0, 1].
    """
    layout = recording.layout
    joints = np.asarray(recording.joints, dtype=np.float64)
    step = max(1, -(-len(joints) // max_frames))
    shown = joints[::step]
    if recording.dimensions == 2:
        shown = shown * _scale(shown)
    length = f"{recording.seconds:.1f} s" if recording.seconds else count_noun(len(recording), "frame")
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
            "joints": np.where(np.isfinite(shown), np.round(shown, 3), np.array(None)).tolist(),
            "weights": [] if weights is None else np.round(weights[::step].astype(np.float64), 3).tolist(),
            "step": step,
            "frames": len(recording),
            "fps": recording.fps,
        },
    }


def to_image(svg: bytes, description: str) -> str:
    """Return an SVG picture as an HTML image: nothing in it can act on the page."""
    url = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    return f'<img class="figure" src="{url}" alt="{to_html(description)}">'


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table as HTML; its texts are escaped."""
    head = "".join(f'<th scope="col">{to_html(each)}</th>' for each in columns)
    lines = ("".join(f"<td>{to_html(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _scale(joints: NDArray[np.float64]) -> float:
    """Return the factor that makes the height of a body in pixels that of a person in metres."""
    with np.errstate(all="ignore"):
        heights = np.ptp(np.where(np.isnan(joints[..., 1]), np.nanmedian(joints[..., 1]), joints[..., 1]), axis=1)
    height = float(np.median(heights))
    return HEIGHT_2D / height if np.isfinite(height) and height > 0 else 1.0


def _to_json(value: object) -> str:
    return json.dumps(value).replace("<", "\\u003c")


def _to_url(source: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
