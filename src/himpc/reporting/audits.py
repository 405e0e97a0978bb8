"""The report of an audit: a page to look at, a table of findings, and a table of labels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from himpc._files import make_folder, write_atomically, write_csv
from himpc.auditing import AuditResult
from himpc.recordings import Recording
from himpc.reporting.pages import build_page, describe_recording

__all__ = ["write_audit"]

MAX_FINDINGS = 100
"""Findings that the page shows; the table has all."""

MAX_FRAMES = 240
"""Frames of a recording that the page shows, evenly spaced."""

_FINDING_COLUMNS = ("level", "probability", "kind", "recordings", "people", "alternative", "why")
_LABEL_COLUMNS = ("path", "person", "labelled", "probability_wrong")

_SCRIPT = """
import { el } from "himpc/dom.js";
import { Player } from "himpc/player.js";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const recordings = read("recordings"), findings = read("findings");
const player = new Player();
player.options.colourByWeight = false;
[...player.node.querySelectorAll("label.check")].find((label) => label.textContent === "Colour by weight")?.remove();
const side = (index, title) => ({ skeleton: recordings[index].skeleton, source: recordings[index].source, title });
const choices = el("p", { class: "choices" }), why = el("p");
const beside = (finding, [caption, index], pressed) => {
  player.showSecond(recordings[index].model, side(index, caption), null);
  choices.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each === pressed)));
};
const show = (number) => {
  const finding = findings[number];
  list.querySelectorAll("button").forEach((each, i) => each.setAttribute("aria-pressed", String(i === number)));
  player.show(recordings[finding.shown].model, side(finding.shown, finding.title));
  why.textContent = finding.why;
  choices.replaceChildren(...finding.references.map((reference) => {
    const node = el("button", { type: "button", "aria-pressed": "false", text: `Beside: ${reference[0]}` });
    node.addEventListener("click", () => beside(finding, reference, node));
    return node;
  }));
  if (finding.references.length) beside(finding, finding.references[0], choices.firstChild);
};
const list = el("ul", { class: "plain" }, findings.map((finding, number) => el("li", {},
  el("button", { type: "button", class: "entry", "aria-pressed": "false", on: { click: () => show(number) } },
    el("strong", { text: `${finding.kind}: ${finding.level}, ${finding.probability.toFixed(2)}` }),
    el("span", { text: finding.people }), el("span", { class: "source", text: finding.sources })))));
if (findings.length) {
  document.getElementById("findings-here").append(
    el("div", { class: "viewer" }, list, el("div", { class: "card" }, why, choices, player.node)));
  show(0);
}
"""
_STYLE = """
.viewer { display: grid; grid-template-columns: minmax(14rem, 26rem) 1fr; gap: 1rem; align-items: start; }
.viewer .plain { max-height: 85vh; overflow: auto; } .viewer .entry { display: grid; width: 100%; text-align: left; }
.viewer .legend, .viewer .strip { display: none; } .choices { display: flex; gap: .5rem; flex-wrap: wrap; }
@media (max-width: 700px) { .viewer { grid-template-columns: 1fr; } .viewer .plain { max-height: 30vh; } }
"""


def write_audit(folder: Path, recordings: Sequence[Recording], result: AuditResult) -> tuple[Path, Path, Path]:
    """Write ``audit.html``, ``audit.csv`` and ``labels.csv``, and return their paths.

    The page plays each suspect beside the alternative. ``labels.csv`` names the person of every recording, with the
    corrections that the audit proposes; reading takes it as a table of labels.

    Parameters
    ----------
    folder : Path
    recordings : sequence of Recording
        Those that were audited.
    result : AuditResult

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    paths = folder / "audit.html", folder / "audit.csv", folder / "labels.csv"
    _write_page(paths[0], recordings, result)
    rows = []
    for finding in result.findings:
        row = finding.to_dict()
        rows.append(row | {"people": "; ".join(finding.people), "recordings": "; ".join(finding.sources)})
    write_csv(paths[1], _FINDING_COLUMNS, rows)
    labels = [
        {
            "path": each.source,
            "person": each.proposed or "",
            "labelled": each.person or "",
            "probability_wrong": "" if each.probability_wrong is None else round(each.probability_wrong, 4),
        }
        for each in result.labels
    ]
    write_csv(paths[2], _LABEL_COLUMNS, labels)
    return paths


def _write_page(path: Path, recordings: Sequence[Recording], result: AuditResult) -> None:
    places: dict[int, int] = {}
    shown: list[dict[str, Any]] = []

    def place(index: int) -> int:
        if index not in places:
            places[index] = len(shown)
            shown.append(describe_recording(recordings[index], MAX_FRAMES))
        return places[index]

    findings = []
    for finding in result.findings[:MAX_FINDINGS]:
        people = " and ".join(finding.people)
        if finding.kind == "wrong label":
            people += f" -> {finding.alternative or 'none of the others'}"
        findings.append(
            {
                "kind": finding.kind,
                "level": finding.level,
                "probability": finding.probability,
                "people": people,
                "sources": ", ".join(finding.sources[:8]) + (" ..." if len(finding.sources) > 8 else ""),
                "why": finding.why + _describe_measures(finding.measures),
                "title": f"labelled {recordings[finding.recordings[0]].person or '-'}",
                "shown": place(finding.recordings[0]),
                "references": [[caption, place(index)] for caption, index in finding.references.items()],
            }
        )
    counts = f"{len(result.findings)} findings in {len(result.labels)} recordings of {result.people} people."
    if len(result.findings) > MAX_FINDINGS:
        counts += f" The first {MAX_FINDINGS} are shown."
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
    limits = "".join(f"<li>{escape(each)}</li>" for each in result.not_judged)
    body = f'<p>{escape(counts)}</p><div id="findings-here"></div>'
    body += f"<h2>Not judged</h2><ul>{limits or '<li>nothing</li>'}</ul>"
    body += f"<h2>Notes</h2><ul>{notes}</ul>" if notes else ""
    write_atomically(path, build_page("Audit", body, {"recordings": shown, "findings": findings}, _SCRIPT, _STYLE))


def _describe_measures(measures: dict[str, float]) -> str:
    if not measures:
        return ""
    listed = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in measures.items())
    return f" ({listed})"
