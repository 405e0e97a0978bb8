"""``himpc formats`` lists all formats, and says what is known of one."""

import json

import pytest

from himpc.cli import main
from himpc.reading import FORMATS, Format, register_format


def test_the_list_names_each_format_once(capsys):
    assert main(["formats"]) == 0
    names = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines() if line]
    assert all(names.count(known.name) == 1 for known in FORMATS)


def test_the_document_holds_the_facts_of_each(capsys):
    assert main(["formats", "--json"]) == 0
    documents = json.loads(capsys.readouterr().out)["formats"]
    assert [each["name"] for each in documents] == [known.name for known in FORMATS]
    assert all(each["reads"] and each["assumes"] and each["ignores"] for each in documents)
    assert not any(mark in json.dumps(documents) for mark in ("`", "{fps}", "{save()}"))


def test_the_facts_of_one_are_in_the_words_of_the_command_line(capsys):
    assert main(["formats", "FreeMoCap"]) == 0
    out = capsys.readouterr().out
    assert "Files: *.npy, *.csv\n" in out
    assert "no rate: state --fps\n" in out
    assert "Export from FreeMoCap" in out


def test_steps_without_a_manual_are_marked(capsys):
    assert main(["formats", "bts"]) == 0
    assert "(not verified)" in capsys.readouterr().out


def test_an_unknown_name_is_an_error_with_the_nearest_one(capsys):
    assert main(["formats", "trk"]) == 1
    assert "unknown format 'trk' (did you mean 'trc'?)" in capsys.readouterr().err


@pytest.fixture
def toy():
    row = Format("toy", "Toy skeletons", module=__name__)
    register_format(row)
    yield row
    FORMATS.remove(row)


def test_a_registered_format_without_facts_is_listed(toy, capsys):
    assert main(["formats"]) == 0
    assert "Registered formats\n" in capsys.readouterr().out
    assert main(["formats", "toy"]) == 0
    assert capsys.readouterr().out == "toy: Toy skeletons\n"
