"""Hints of errors are spelled as options and verbs on the command line."""

import pytest

from himpc.cli.hints import recipe_hints, render_error
from himpc.errors import DataError


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("pass {unit=mm}", "pass --unit mm"),
        ("pass {window_length}", "pass --window-length"),
        ("pass {resume=True}", "pass --resume"),
        ("pass {align=False}", "pass --align=false"),
        ("pass {labels=my people.csv}", "pass --labels 'my people.csv'"),
        ("run {Gallery.enroll()} first", "run himpc gallery enroll first"),
        ("run {train()} first", "run himpc train first"),
    ],
)
def test_references_become_options_and_verbs(hint, expected):
    assert render_error(DataError("walk.csv: is wrong", hint=hint)) == f"walk.csv: is wrong; {expected}"


def test_message_without_hint_is_unchanged():
    assert render_error(DataError("walk.csv: is wrong")) == "walk.csv: is wrong"


def test_recipe_hints_name_the_entry_of_the_recipe():
    with pytest.raises(DataError) as raised, recipe_hints():
        raise DataError("walk.csv: is wrong", hint="state {unit=mm} or {window_length}, or run {train()}")
    assert render_error(raised.value) == (
        'walk.csv: is wrong; state unit = "mm" in [files] of the recipe or --window-length, or run himpc train'
    )
