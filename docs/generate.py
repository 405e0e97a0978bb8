"""Rewrite the generated parts of the documents from the code: ``make docs``.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. ``tests/test_docs.py`` checks that
every part is up to date.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from annotated_types import Ge, Gt, Le, Lt

sys.path.insert(0, str(Path(__file__).parent))

import format_pages

from himpc._schema import settings_of
from himpc.learning import Config
from himpc.reading import FORMATS
from himpc.research import get_recipe, recipe_names
from himpc.skeleton import get_layout, layout_names, marker_sets, naming_conventions
from himpc.skeleton.landmarks import landmarks

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "himpc"
MARK = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def declared_order() -> list[str]:
    """Return the packages and top-level modules of himpc, lowest first, as pyproject.toml declares them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = table["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["id"] == "layers")[::-1]


def packages() -> str:
    """Describe every package in the declared order, by the first line of its docstring."""
    lines = ["| package | what it holds |", "|---|---|"]
    for name in declared_order():
        folder = PACKAGE / name
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        summary = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        lines.append(f"| `{name}` | {' '.join(summary.split()).removesuffix('.')} |")
    return "\n".join(lines) + "\n"


SIGNS = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}


def settings() -> str:
    """Describe every setting of training: its range or choices, its value in two presets, its help."""
    lines = ["| setting | values | `clean` | `tracklet` | meaning |", "|---|---|---|---|---|"]
    clean, tracklet = Config(), Config.preset("tracklet")
    for setting in settings_of(Config):
        limits = Config.__pydantic_fields__[setting.name].metadata
        values = [(SIGNS[type(each)], asdict(each).popitem()[1]) for each in limits if type(each) in SIGNS]
        bounds = [f"{sign} {value}" for sign, value in values if value < 2**31]  # larger ones are those of integers
        allowed = ", ".join(setting.choices or bounds) or ("true, false" if setting.type is bool else "number")
        default, own = (_as_text(getattr(preset, setting.name)) for preset in (clean, tracklet))
        cells = [f"`{setting.name}`", allowed, default, own if own != default else "", setting.help]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _as_text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else json.dumps(value).strip('"')


def layout_table() -> str:
    """Describe every layout, with its other names."""
    lines = ["| name | also | skeleton |", "|---|---|---|"]
    for layout in map(get_layout, layout_names()):
        lines.append(f"| `{layout.name}` | {_code(layout.aliases)} | {layout.title} |")
    return "\n".join(lines) + "\n"


def landmark_list() -> str:
    """Name every landmark that the rules of marker sets use."""
    sided = sorted({name.removeprefix("left_") for name in landmarks() if name.startswith("left_")})
    middle = sorted(name for name in landmarks() if not name.startswith(("left_", "right_")))
    text = f"The landmarks of both sides are {_code(sided)}; in the middle {_code(middle)}."
    return textwrap.fill(text, 120, break_on_hyphens=False) + "\n"


def recipe_table() -> str:
    """Describe every recipe by its conditions."""
    lines = ["| recipe | recordings | conditions |", "|---|---|---|"]
    for name in sorted(recipe_names(), key=lambda name: (get_recipe(name).simulation is not None, name)):
        recipe = get_recipe(name)
        parts = {"train": recipe.train, "gallery": recipe.gallery, "probe": recipe.probe}
        conditions = "; ".join(f"{part} {_code(each)}" for part, each in parts.items())
        what = recipe.title if recipe.simulation else "of real people"
        lines += [f"| `{name}` | {what} | {conditions} |"] if not name.endswith("-unseen") else []
    return "\n".join(lines) + "\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def marker_set_table() -> str:
    """Describe every marker set, and the number of joints of ``kinect-v1`` that all its markers give."""
    lines = ["| name | markers | joints |", "|---|---|---|"]
    for known in marker_sets():
        lines.append(f"| `{known.name}` | {known.title} | {len(known.joints)} |")
    return "\n".join(lines) + "\n"


def naming_table() -> str:
    """List every naming convention with the programs and data that use it."""
    lines = ["| name | programs and data |", "|---|---|"]
    lines += [f"| `{convention.name}` | {convention.title} |" for convention in naming_conventions()]
    return "\n".join(lines) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "packages": packages,
    "settings": settings,
    "recipes": recipe_table,
    "layouts": layout_table,
    "own-layout": lambda: format_pages.own_layout((ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")),
    "landmarks": landmark_list,
    "marker-sets": marker_set_table,
    "naming-conventions": naming_table,
    "formats": format_pages.index,
    "unsupported": format_pages.unsupported,
    **{f"format-{known.name}": partial(format_pages.page, known) for known in FORMATS},
}
PAGES = {known.name: ROOT / "docs" / format_pages.FOLDER / f"{known.name}.md" for known in FORMATS}
"""The page of each format, all of which is generated."""


def render(text: str) -> str:
    """Return a document with its generated parts replaced by what the code says now."""
    return MARK.sub(lambda match: match[1] + PARTS[match["name"]]() + match[3], text)


def main() -> None:
    """Rewrite every document that has a generated part."""
    for name, path in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text(f"<!-- generated: format-{name} -->\n<!-- end -->\n", encoding="utf-8")
    for path in {*next(iter(PAGES.values())).parent.glob("*.md")} - {*PAGES.values()}:
        path.unlink()
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *PAGES.values()]):
        text = path.read_text(encoding="utf-8")
        if (new := render(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
