"""Errors: one tree, structured hints that render in any words, and the same after a trip between processes."""

import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc import errors
from himpc.errors import DataError, FormatError, GalleryError, HimpcError, Hint, Reference, escape_unprintable

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, HimpcError)]
NAMES = st.from_regex(r"[a-z_][a-z0-9_.]{0,9}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="{}", exclude_categories=("Cs",)), max_size=9)
REFERENCES = st.one_of(
    st.builds(Reference, NAMES),
    st.builds(Reference, NAMES, VALUES),
    st.builds(Reference, NAMES, st.none(), st.just(True)),
)


def template(parts: list[str | Reference]) -> str:
    """Write texts and references as the template of a hint."""
    written = []
    for part in parts:
        if isinstance(part, str):
            written.append(Hint.escape(part))
        else:
            value = "()" if part.is_operation else "" if part.value is None else f"={part.value}"
            written.append(f"{{{part.name}{value}}}")
    return "".join(written)


@given(st.lists(st.text(max_size=9) | REFERENCES, max_size=5))
def test_a_hint_passes_its_references_and_keeps_all_other_text(parts):
    seen = []

    def spell(reference: Reference) -> str:
        seen.append(reference)
        return f"<{reference.name}>"

    rendered = Hint(template(parts)).render(spell)
    assert rendered == "".join(part if isinstance(part, str) else f"<{part.name}>" for part in parts)
    assert seen == [part for part in parts if isinstance(part, Reference)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pass {unit}", "pass unit"),
        ("pass {unit=mm}", "pass unit='mm'"),
        ("pass {fps=30}", "pass fps=30"),
        ("pass {threshold=-0.5}", "pass threshold=-0.5"),
        ("pass {align=False}", "pass align=False"),
        ("pass {layout=}", "pass layout=''"),
        ("call {Gallery.calibrate()} first", "call Gallery.calibrate() first"),
        ("name them {{person}}/*.csv", "name them {person}/*.csv"),
        ("{0} {} {a b}", "{0} {} {a b}"),
    ],
)
def test_a_hint_reads_as_python_by_default(text, expected):
    assert str(Hint(text)) == expected


def test_an_error_renders_message_and_hint_in_the_words_of_the_caller():
    error = FormatError("walk.csv: states no unit", hint="state it: {unit=mm}")
    assert str(error) == "walk.csv: states no unit; state it: unit='mm'"
    assert error.render(lambda reference: f"the field {reference.name}") == (
        "walk.csv: states no unit; state it: the field unit"
    )
    assert str(FormatError("walk.csv: is empty")) == "walk.csv: is empty"


def test_with_message_keeps_class_and_hint():
    error = FormatError("is empty", hint="pass {unit}").with_message("walk.csv: is empty")
    assert type(error) is FormatError
    assert str(error) == "walk.csv: is empty; pass unit"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_is_the_same_after_pickling(cls):
    error = cls("walk.csv: {x} is wrong", hint="pass {unit=mm}")
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is cls
    assert (copied.message, copied.hint, str(copied)) == (error.message, error.hint, str(error))


def fail() -> None:
    raise FormatError("walk.csv: states no unit", hint="state it: {unit=mm}")


def test_an_error_of_another_process_keeps_its_hint():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        raised = pool.submit(fail).exception()
    assert isinstance(raised, FormatError)
    assert raised.hint == Hint("state it: {unit=mm}")


def test_the_tree_printed_in_the_module_is_the_tree_of_classes():
    printed = re.findall(r"^(?: [ │├└─]*)?(\w+Error)\b", errors.__doc__, re.MULTILINE)
    assert sorted(printed) == sorted(cls.__name__ for cls in CLASSES)
    assert {cls.__name__ for cls in CLASSES} <= set(errors.__all__)
    assert all(issubclass(cls, ValueError) for cls in (DataError, FormatError))
    assert issubclass(GalleryError, RuntimeError)


@given(st.text())
def test_escaped_text_is_printable_and_printable_text_is_unchanged(text):
    escaped = escape_unprintable(text)
    assert escaped.isprintable()
    assert not text.isprintable() or escaped == text
