"""perf/measurement.py: tables are written into pages between two comments."""

import pytest

from measurement import replace_section

START, END = "<!-- table -->\n", "<!-- /table -->"


def test_section_of_a_page_is_replaced_and_the_rest_kept(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\nProse.\n\n{START}old\n{END}\n\nMore.\n", encoding="utf-8")
    replace_section(page, START, END, "a table\n")
    assert page.read_text(encoding="utf-8") == f"# Page\n\nProse.\n\n{START}\na table\n\n{END}\n\nMore.\n"


def test_page_without_the_comments_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="has no pair of comments"):
        replace_section(page, START, END, "")
