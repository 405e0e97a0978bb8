"""Files are whole or absent, whatever happens while they are written."""

import csv
import os
import stat
from itertools import islice

import pytest

from himpc._files import (
    check_output,
    check_output_folder,
    make_folder,
    number_names,
    parse_csv_text,
    remove_file,
    replace_atomically,
    write_atomically,
    write_csv,
)
from himpc.errors import RunFolderError
from himpc.reading.labels import read_labels


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, "old ü")

    def fail():
        with replace_atomically(path) as beside:
            beside.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_bytes() == "old ü".encode()


def test_the_temporary_file_of_a_killed_process_is_overwritten(tmp_path):
    writer = replace_atomically(tmp_path / "a.txt")
    writer.__enter__().write_text("unfinished")  # never left
    write_atomically(tmp_path / "a.txt", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_an_unwritable_path_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunFolderError, match=r"folder: cannot be removed: "):
        remove_file(tmp_path / "folder")
    for attempt in (lambda p: make_folder(p), lambda p: write_atomically(p / "a.txt", "text")):
        with pytest.raises(
            RunFolderError, match=r"^.*file.*: cannot be written: Not a directory; choose another place$"
        ):
            attempt(tmp_path / "file" / "folder")


@pytest.mark.parametrize("path", [".", "/", ""])
def test_a_folder_is_not_replaced(path):
    with pytest.raises(RunFolderError, match="is a folder"):
        write_atomically(path, b"new")


def test_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RunFolderError, match="device or a pipe"):
        write_atomically(pipe, b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "file").write_bytes(b"old")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_names_are_numbered_from_two(tmp_path):
    names = [path.name for path in islice(number_names(tmp_path, "walk", ".npz"), 3)]
    assert names == ["walk.npz", "walk-2.npz", "walk-3.npz"]


@pytest.mark.parametrize("name", ["=1+1", "+49", "-", "@SUM(A1)", "\tx", "'=1", "Ann", "-x.c3d", "'Ann'", ""])
def test_a_spreadsheet_runs_no_name_of_a_table_as_a_formula(tmp_path, name):
    write_csv(tmp_path / "a.csv", ("path", "person", "share"), [{"path": f"{name}.c3d", "person": name, "share": -0.5}])
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    is_number = name == "+49"
    assert is_number or not row["person"].startswith(("=", "+", "-", "@", "\t"))
    assert row["share"] == "-0.5"
    assert parse_csv_text(row["person"]) == name
    if name.strip() == name != "":
        assert read_labels(tmp_path / "a.csv").rows == ((f"{name}.c3d", {"person": name}),)


def test_an_output_is_checked_without_creating_anything(tmp_path):
    (tmp_path / "file").touch()
    check_output_folder(tmp_path / "a" / "b")
    check_output(tmp_path / "a.HTML", ".html")
    with pytest.raises(RunFolderError, match="file is not a folder"):
        check_output_folder(tmp_path / "file" / "b")
    for path, message in (
        ("", "is a folder"),
        ("a/b.html", "there is no folder"),
        ("file/b.html", "there is no folder"),
    ):
        with pytest.raises(RunFolderError, match=message):
            check_output(tmp_path / path)
    with pytest.raises(RunFolderError, match=r"has no suffix, expected .html; name it {}.html"):
        check_output(tmp_path / "{}", ".html")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
