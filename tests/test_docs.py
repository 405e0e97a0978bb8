"""Documents agree with the code: generated parts are up to date, links lead somewhere, the README is short."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as they are made on the common hosting sites."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    for target, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        place = path.parent / target if target else path
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), f"{target}#{anchor}"


def test_every_page_has_a_place_in_the_site():
    placed = {ROOT / "docs" / "index.md"}
    for path in (ROOT / "docs").rglob("*.md"):
        for tree in re.findall(r"```{toctree}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            for entry in re.findall(r"^(?:[^:\n]*<)?([^:\s<>]+)>?$", tree, re.MULTILINE):
                placed |= {page.resolve() for page in path.parent.glob(f"{entry}.md")}
    assert sorted(map(name_of, {*(ROOT / "docs").rglob("*.md")} - placed)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_generated_parts_are_up_to_date(path):
    text = path.read_text(encoding="utf-8")
    if "<!-- generated" not in text:
        return
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.render(text) == text, "run: make docs"


def test_readme_has_at_most_700_words_and_one_picture():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 700
    assert text.count("![") == 1
    (picture,) = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert (ROOT / picture).stat().st_size < 500_000, "run: make picture"
