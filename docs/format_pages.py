"""The page of each file format: its facts, and what `himpc info` prints of a small file.

The files are those that the tests of the readers write, of a simulated walker. `generate.py` writes the pages.
"""

from __future__ import annotations

import re
import runpy
import tempfile
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from shlex import join
from typing import Any

import numpy as np

from himpc.cli import main
from himpc.errors import Hint
from himpc.reading import FACT_HEADINGS, FORMAT_KINDS, FORMATS, Export, Format
from himpc.reading.formats.unsupported import UNSUPPORTED
from himpc.simulation import Sensor, simulate
from himpc.skeleton import Layout, get_layout

TESTS = Path(__file__).parents[1] / "tests" / "reading"
FOLDER = "formats"
"""The folder of the pages, beside `formats.md`."""

MAX_LINES, MAX_WIDTH = 6, 72
"""How much of a text file a page shows."""


def index() -> str:
    """Return a table of the formats of each kind, with links to their pages."""
    lines = []
    for kind in FORMAT_KINDS:
        lines += [f"### {kind.capitalize()}", "", "| name | format | files |", "|---|---|---|"]
        of_kind = [known for known in FORMATS if known.facts and known.facts.kind == kind]
        lines += [
            f"| `{known.name}` | [{_escape(known.title)}]({FOLDER}/{known.name}.md) | `{known.facts.files}` |"
            for known in sorted(of_kind, key=lambda known: known.title.lower())
            if known.facts
        ]
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def unsupported() -> str:
    """Return a table of the files that are not read, and what to do with them."""
    rows: dict[str, list[str]] = {}
    for kind in UNSUPPORTED:
        title = kind.title.removeprefix("a ").removeprefix("an ")
        title = title[0].upper() + title[1:] if title.split()[0].islower() else title
        names = rows.setdefault(f"| {title} | {{}} | {_to_text(kind.hint)} |", [])
        names += [f"`{suffix}`" for suffix in kind.suffixes if f"`{suffix}`" not in names]
    lines = ["| file | names | what to do |", "|---|---|---|"]
    lines += [row.format(", ".join(names)) for row, names in sorted(rows.items(), key=lambda row: row[0].lower())]
    return "\n".join(lines) + "\n"


def page(known: Format) -> str:
    """Return the page of a format."""
    facts = known.facts
    assert facts, f"{known.name} declares no FACTS"
    lines = [f"# {_escape(known.title)}", ""]
    for field, heading in FACT_HEADINGS.items():
        fact = getattr(facts, field)
        lines += [f"**{heading}**: " + (f"`{fact}`" if field == "files" else _to_text(fact)), ""]
    if facts.exports:
        lines += ["**Export**", "", *map(_describe, facts.exports), ""]
    if facts.source and facts.source not in {export.source for export in facts.exports}:
        lines += [f"**Source**: {_link(facts.source)}", ""]
    lines += ["**Example**", "", *_example(known), ""]
    return "\n".join(lines)


def _escape(title: str) -> str:
    return title.replace("*", r"\*").replace("_", r"\_")


def _describe(export: Export) -> str:
    source = "" if export.source is None else f" ([see]({export.source}))" if export.source else " (not verified)"
    return f"- {export.program}: {_to_text(export.steps)}{source}"


def _link(source: str) -> str:
    return f"<{source}>" if source.startswith("http") else source


def _to_text(fact: str) -> str:
    """Return a fact with the names of options and operations as code."""
    return Hint(fact).render(lambda reference: f"`{reference}`")


def _example(known: Format) -> list[str]:
    """Return how a small file begins, if it is text, the command that reads it, and what that prints."""
    if known.name == "video":
        return ["```text", "himpc pose walk.mp4 --out poses --overlay", "```", "", "See [video](../video.md)."]
    rate = re.search(r"\{fps(?:=([0-9]+))?\}", known.facts.assumes) if known.facts else None
    return read_sample(known.name, ["--fps", rate[1] or "30"] if rate else []).lines()


@dataclass(frozen=True)
class Sample:
    """A small file: its name, its content if it is text, the command that reads it, and what that prints."""

    file: str
    text: str
    command: str
    output: str

    def lines(self) -> list[str]:
        """Return how the file begins, the command and what it prints, as in a terminal."""
        begin = [line[:MAX_WIDTH] for line in self.text.splitlines()[:MAX_LINES]]
        head = [f"$ head -{MAX_LINES} {self.file} | cut -c 1-{MAX_WIDTH}", *begin] if begin else []
        return ["```text", *head, f"$ {self.command}", *self.output.rstrip().splitlines(), "```"]


@cache
def _writers() -> dict[str, Any]:
    writers = runpy.run_path(str(TESTS / "test_fuzz.py"))
    walker = runpy.run_path(str(TESTS / "walker.py"))
    writers["write_trc"].__globals__["markers"] = lambda _: (walker["LABELS"], 1000 * walker["walk"](3))
    return writers


def read_sample(name: str, options: Sequence[str]) -> Sample:
    """Write a small file of a format, and read it with the command line."""
    writers = _writers()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "walk"
        folder.mkdir()
        path = writers["WRITERS"][name](folder, _walk)
        for file in folder.glob("x.*"):
            file.rename(file.with_stem("walk"))
        path = path if path.exists() else path.with_stem("walk")
        is_folder = name in writers["FOLDERS"]
        command = ["info", "walk" if is_folder else path.name, *options]
        content = path.read_bytes()
        output = _run(command, Path(parent) if is_folder else folder)
    file = f"walk/{path.name}" if is_folder else path.name
    return Sample(file, content.decode() if content.isascii() else "", f"himpc {join(command)}", output)


def _run(command: list[str], folder: Path) -> str:
    """Return what a command of himpc prints in a folder."""
    output = StringIO()
    with chdir(folder), redirect_stdout(output):
        assert main(command) == 0, command
    return output.getvalue()


def own_layout(page: str) -> str:
    """Return how a file of a user's own is read by the layout that a page shows as TOML."""
    found = re.search(r"```toml\n(name = .*?)```", page, re.DOTALL)
    assert found, "the page shows no layout"
    kinect = get_layout("kinect-v1")
    with tempfile.TemporaryDirectory() as folder:
        layout, path = Path(folder) / "mine.toml", Path(folder) / "walk.csv"
        layout.write_text(found[1], encoding="utf-8")
        joints = Layout.from_toml(layout).joints
        names = ["Hips" if joint == "pelvis" else joint for joint in joints]
        rows = _walk(kinect, 4, 0)[:, [kinect.index(joint) for joint in joints]].reshape(4, -1)
        header = ",".join(f"{name}_{axis}" for name in names for axis in "xyz")
        text = "\n".join([header, *(",".join(map(str, row)) for row in rows.tolist())])
        path.write_text(text, encoding="utf-8")
        command = ["info", path.name, "--fps", "30", "--layout", layout.name]
        sample = Sample(
            path.name, path.read_text(encoding="utf-8"), f"himpc {join(command)}", _run(command, path.parent)
        )
    return "\n".join(sample.lines()) + "\n"


def _walk(layout: Layout, frames: int, seed: int) -> np.ndarray:
    """Return the joints ``(frames, J, 3)`` of a simulated walker, who faces the z axis as the writers expect."""
    (walk,) = simulate(1, 1, seconds=1.0, layout=layout.name, sensor=Sensor(), seed=seed)
    return np.round(walk.joints[:frames] * np.array([-1.0, 1.0, -1.0]), 3)
