"""Rewrite the generated parts of the documents from the code: ``make docs``.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. ``tests/test_docs.py`` checks that
every part is up to date.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
from annotated_types import Ge, Gt, Le, Lt

from himpc._schema import settings_of
from himpc.learning import Config
from himpc.skeleton import marker_sets, naming_conventions

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "himpc"
MARK = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def declared_order() -> list[str]:
    """Return the packages and top-level modules of himpc, lowest first, as pyproject.toml declares them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = table["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["id"] == "layers")[::-1]


def packages() -> str:
    """Describe every package in the declared order, by the first line of its docstring and its modules."""
    graph = grimp.build_graph("himpc", exclude_type_checking_imports=True, cache_dir=None)
    lines = ["| package | what it holds | modules, each importing only those before it |", "|---|---|---|"]
    for name in declared_order():
        folder = PACKAGE / name
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        summary = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        modules = ", ".join(f"`{module}`" for module in _ordered(graph, f"himpc.{name}"))
        lines.append(f"| `{name}` | {' '.join(summary.split()).removesuffix('.')} | {modules} |")
    return "\n".join(lines) + "\n"


def _ordered(graph: grimp.ImportGraph, package: str) -> list[str]:
    """Return the names of the modules and packages directly in a package, each after those that it imports."""
    children = sorted(graph.find_children(package))
    imports = {
        child: {other for other in children if other != child and _imports(graph, child, other)} for child in children
    }
    sorter = TopologicalSorter(imports)
    sorter.prepare()
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [name.removeprefix(f"{package}.") for name in ready]
        sorter.done(*ready)
    return ordered


def _imports(graph: grimp.ImportGraph, importer: str, imported: str) -> bool:
    """Return whether a module, or one below it, directly imports another, or one below that."""
    inside = {importer, *graph.find_descendants(importer)}
    targets = {imported, *graph.find_descendants(imported)}
    return any(graph.find_modules_directly_imported_by(module) & targets for module in inside)


SIGNS = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}


def settings() -> str:
    """Describe every setting of training: its range or choices, its value in two presets, its help."""
    lines = ["| setting | values | `clean` | `tracklet` | meaning |", "|---|---|---|---|---|"]
    clean, tracklet = Config(), Config.preset("tracklet")
    for setting in settings_of(Config):
        limits = Config.__pydantic_fields__[setting.name].metadata
        bounds = [f"{SIGNS[type(each)]} {asdict(each).popitem()[1]}" for each in limits if type(each) in SIGNS]
        allowed = ", ".join(setting.choices or bounds) or ("true, false" if setting.type is bool else "number")
        default, own = (_as_text(getattr(preset, setting.name)) for preset in (clean, tracklet))
        cells = [f"`{setting.name}`", allowed, default, own if own != default else "", setting.help]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _as_text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else json.dumps(value).strip('"')


def marker_set_table() -> str:
    """Describe every marker set, and the number of joints of ``kinect-v1`` that all its markers give."""
    lines = ["| name | markers | joints |", "|---|---|---|"]
    for known in marker_sets():
        lines.append(f"| `{known.name}` | {known.title} | {len(known.joints)} |")
    return "\n".join(lines) + "\n"


def naming_table() -> str:
    """Describe every naming convention by its names of the left hip, knee and shoulder."""
    lines = ["| name | programs and data | hip, knee, shoulder |", "|---|---|---|"]
    for convention in naming_conventions():
        names = [f"`{convention.joints[f'left_{joint}'][0]}`" for joint in ("hip", "knee", "shoulder")]
        lines.append(f"| `{convention.name}` | {convention.title} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "packages": packages,
    "settings": settings,
    "marker-sets": marker_set_table,
    "naming-conventions": naming_table,
}


def render(text: str) -> str:
    """Return a document with its generated parts replaced by what the code says now."""
    return MARK.sub(lambda match: match[1] + PARTS[match["name"]]() + match[3], text)


def main() -> None:
    """Rewrite every document that has a generated part."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if (new := render(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
