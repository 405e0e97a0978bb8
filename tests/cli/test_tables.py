"""Tables: one line a row, and the columns that identify a row are never lost."""

import io
import sys

import pytest

from himpc.cli import main
from himpc.cli.console import Console
from himpc.cli.tables import complete_ids, format_table, shorten_ids
from himpc.errors import ConfigError, NotEnrolledError
from himpc.recordings import save

COLUMNS = ["person", "recordings", "cameras", "first enrolled", "file"]
ROWS = [
    ["Ann-Kathrin Müller-Lüdenscheidt", 12, "hall, yard, stairs, lift", "2026-11-27", "archive/2026/11/27/walk.csv"],
    ["明日香", 3, "-", "2026-11-26", "a.csv"],
]


def test_any_width_shows_a_line_a_row():
    lines = format_table(COLUMNS, ROWS, None, ["person"])
    assert len(lines) == 2 + len(ROWS)
    assert all(str(cell) in line for line, row in zip(lines[2:], ROWS, strict=True) for cell in row)


@pytest.mark.parametrize("width", [120, 80, 60, 40])
def test_keys_are_whole_and_lines_fit(width):
    from rich.cells import cell_len

    lines = format_table(COLUMNS, ROWS, width, ["person"])
    assert all(cell_len(line) <= width for line in lines[: 2 + len(ROWS)])
    assert all(row[0] in line for line, row in zip(lines[2:], ROWS, strict=False))


def test_end_of_a_path_remains_and_hidden_columns_are_named():
    assert "walk.csv" in format_table(COLUMNS, ROWS, 80, ["person"])[2]
    assert "first enrolled" in format_table(COLUMNS, ROWS, 40, ["person"])[-1]
    assert format_table(COLUMNS, ROWS, 10, ["person"])[2].startswith("Ann-Kath")


def test_paths_with_one_end_show_the_part_that_differs():
    rows = [[f"simulated/{name}/session-1/front-0", "match"] for name in ("anna", "bert")]
    lines = format_table(["recording", "answer"], rows, 20, ["answer"])
    assert [line.split()[0] for line in lines[2:]] == ["…lated/anna/…", "…lated/bert/…"]


def test_ids_in_json_are_strings(capsys):
    Console(json=True).result({"answers": [{"id": 2**62 + 1, "moments": [{"recording": 7, "start": 3}]}], "count": 4})
    printed = capsys.readouterr().out
    assert f'"{2**62 + 1}"' in printed
    assert '"recording": "7"' in printed
    assert '"start": 3' in printed


def test_gallery_at_eighty_columns_shows_people_and_ids(tmp_path, walks, walkers_model, capsys, monkeypatch):
    pytest.importorskip("lancedb")
    walkers_model.save(tmp_path / "model")
    long = "a-rather-long-name-of-a-person"
    save([walk.with_(person=f"{long}-{walk.person}") for walk in walks("a", "b")], tmp_path / "known.npz")
    save([walk.with_(person=None) for walk in walks("a", days=("3",))], tmp_path / "new.npz")
    place = str(tmp_path / "g")
    assert (
        main(["gallery", "enroll", str(tmp_path / "known.npz"), "--gallery", place, "--model", str(tmp_path / "model")])
        == 0
    )
    from himpc.gallery import Gallery

    with Gallery.open(place) as gallery:
        short = shorten_ids([str(each.id) for each in gallery.recordings()])
        ids = [short[str(each.id)] for each in gallery.recordings(f"{long}-a")]
    for width in ("80", None):
        monkeypatch.setenv("COLUMNS", width) if width else monkeypatch.delenv("COLUMNS", raising=False)
        for verb, expected in (
            (["list"], [f"{long}-a", f"{long}-b"]),
            (["show", f"{long}-a"], ids),
            (["search", str(tmp_path / "new.npz")], [f"{long}-"]),
            (["audit"], [f"{long}-a", f"{long}-b"]),
        ):
            capsys.readouterr()
            monkeypatch.setattr(sys, "stdin", io.StringIO())
            assert main(["gallery", *verb, "--gallery", place]) == 0
            lines = capsys.readouterr().out.splitlines()
            assert all(any(text in line for line in lines) for text in expected), (width, verb, lines)
            if width:
                assert all(len(line) <= 80 for line in lines if "─" in line or any(text in line for text in ids))


IDS = ["123456789", "123456999", "123", "98765432109", "98000000000"]


def test_short_ids_are_accepted_back():
    short = shorten_ids(IDS)
    assert short == {
        "123": "123", "123456789": "1234567", "123456999": "1234569", "98765432109": "987654", "98000000000": "980000",
    }  # fmt: skip
    assert complete_ids([*short.values(), *IDS], IDS) == tuple(short)


@pytest.mark.parametrize(("beginning", "error"), [("77", NotEnrolledError), ("", NotEnrolledError), ("9", ConfigError)])
def test_beginning_of_no_or_several_ids_is_refused(beginning, error):
    with pytest.raises(error):
        complete_ids([beginning], IDS)


def test_sentences_of_a_narrow_table_are_printed_whole_below_their_rows():
    columns, rows = (
        ["file", "answer", "reason"],
        [["a.csv", "match", "it is " + "very " * 20 + "near"], ["b", "unknown", "-"]],
    )
    lines = format_table(columns, rows, 40, keys=["answer"], sentence="reason")
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(line.strip() for line in lines[3:-2]) == rows[0][2]
    assert lines[0].split() == ["file", "answer"]
    assert len(format_table(columns, rows, None, sentence="reason")) == 4
