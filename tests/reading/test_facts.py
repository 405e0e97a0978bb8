"""Each format declares its facts, of which pages, ``himpc formats`` and the advice of errors are made."""

import re
import runpy
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest

from himpc.errors import Hint, Reference
from himpc.reading import (
    FACT_HEADINGS,
    FORMAT_KINDS,
    FORMATS,
    FileOptions,
    Format,
    FormatFacts,
    ReadOptions,
    get_format,
)
from himpc.reading.formats.facts import Export

OPTIONS = {field.name for field in fields(ReadOptions)}
ADDRESS = re.compile(r"https://[\w./:%+-]+(#[\w-]+)?")


def texts(facts: FormatFacts) -> list[str]:
    """Return what the facts say, in the order in which it is shown."""
    return [*(getattr(facts, field) for field in FACT_HEADINGS), *(export.steps for export in facts.exports)]


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_a_format_declares_its_facts(known):
    facts = known.facts
    assert isinstance(facts, FormatFacts), "declare FACTS in its module"
    assert facts.kind in FORMAT_KINDS
    assert all(text.strip() == text != "" for text in texts(facts))
    assert all(text.count("`") % 2 == 0 for text in texts(facts))


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_facts_say_how_to_export_or_where_a_data_set_is_published(known):
    facts = known.facts
    assert facts.exports or facts.source or facts.kind == "video"
    for export in facts.exports:
        assert export.program.strip()
        assert not export.source or ADDRESS.fullmatch(export.source), export.source
    assert not facts.source.startswith("http") or ADDRESS.fullmatch(facts.source), facts.source


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_facts_refer_to_options_and_operations_that_exist(known):
    import himpc

    seen: list[Reference] = []
    for text in texts(known.facts):
        Hint(text).render(lambda reference: seen.append(reference) or "")
    assert {each.name for each in seen if not each.is_operation} <= OPTIONS
    assert all(hasattr(himpc, each.name) for each in seen if each.is_operation)


def test_a_module_without_facts_has_none():
    assert Format("toy", "A toy", module=__name__).facts is None


def test_advice_names_the_first_program_without_markup():
    export = Export("a suit", "`File > Export`, then state {fps}")
    facts = FormatFacts("motion capture", "*.toy", "points", "metres", "nothing", exports=(export,))
    assert str(facts.advice()) == "export it from a suit: File > Export, then state fps"


FUZZ = runpy.run_path(str(Path(__file__).with_name("test_fuzz.py")))


@pytest.mark.parametrize("name", FUZZ["WRITERS"])
def test_facts_agree_with_what_is_read_from_a_sample(name, tmp_path, standing):
    file = FUZZ["WRITERS"][name](tmp_path, standing)
    path = tmp_path if name in FUZZ["FOLDERS"] else file
    recordings = get_format(name).read(path, FileOptions(**FUZZ["STATED"].get(name, {})))
    facts = get_format(name).facts
    notes = " ".join(note for recording in recordings for note in recording.quality.notes)
    assert any(fnmatch(file.name, pattern) for pattern in re.findall(r"[\w*-]+\.\w+", facts.files))
    assert "{fps" in facts.assumes or all(recording.fps for recording in recordings)
    assert "upward" in facts.assumes or not re.search("up is .* as the body shows", notes)
    assert "body shows" in facts.assumes or "states no unit" not in notes
    if recordings[0].dimensions == 2:
        assert "2D" in facts.reads or "pixels" in facts.assumes
    assert all(recording.true_size for recording in recordings) or "assumed size" in facts.assumes
