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


@pytest.fixture(scope="module")
def generate():
    """Return the module that generates parts of documents."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_generated_parts_are_up_to_date(path, generate):
    text = path.read_text(encoding="utf-8")
    assert generate.render(text) == text, "run: make docs"


def test_each_format_has_a_page(generate):
    assert {*(ROOT / "docs" / "formats").glob("*.md")} == {*generate.PAGES.values()}, "run: make docs"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "formats").glob("*.md")), ids=name_of)
def test_the_page_of_a_format_is_generated_and_short(path):
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(rf"<!-- generated: format-{path.stem} -->\n(?:(?!<!--).)+<!-- end -->\n", text, re.DOTALL)
    prose = re.sub(r"```.*?```|<[^>]*>|\(https[^)]*\)", "", text, flags=re.DOTALL)
    assert len(prose.split()) <= 150


def test_readme_has_at_most_700_words_and_one_picture():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 700
    assert text.count("![") == 1
    (picture,) = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert (ROOT / picture).stat().st_size < 500_000, "run: make picture"
