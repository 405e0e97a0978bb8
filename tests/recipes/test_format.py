"""The recipe "Add a file format" of CONTRIBUTING.md, followed with a toy format: a keyword, then one frame a line."""

from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.errors import ConfigError, FormatError
from himpc.reading import FORMATS, Export, Format, FormatFacts, find_format, register_format
from himpc.reading.formats.parsing.positions import check_memory, check_positions
from himpc.reading.formats.parsing.text import decode_head, read_lines, to_numbers
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import get_layout

FACTS = FormatFacts(
    kind="motion capture",
    files="*.toy",
    reads="20 joints of a Kinect v1, a line a frame",
    assumes="metres, y up; no rate: state {fps}",
    ignores="nothing",
    exports=(Export("the toy suit", "File > Export", "https://example.org/manual"),),
)


def recognise(path, head):
    return decode_head(head)[:1] == ["TOY"]


def read(path, options):
    layout = get_layout("kinect-v1")
    rows = [(number, line.split()) for number, line in read_lines(path)[1:]]
    check_memory(path, 1, len(rows), len(layout))
    joints = to_numbers(path, rows, 3 * len(layout)).reshape(-1, len(layout), 3)
    check_positions(path, [number for number, _ in rows], joints)
    return [Recording(joints, layout, fps=options.fps, origin=Origin(path), quality=Quality(frames_read=len(joints)))]


@pytest.fixture
def toy():
    row = Format("toy", "Toy skeletons", module=__name__)
    register_format(row)
    yield row
    FORMATS.remove(row)


def write(path: Path, joints: np.ndarray) -> Path:
    lines = [" ".join(f"{value:.4f}" for value in frame.ravel()) for frame in joints]
    path.write_text("\n".join(["TOY", *lines]))
    return path


def test_read_reads_files_of_a_registered_format(tmp_path, toy, standing):
    joints = standing(get_layout("kinect-v1"), 8, 0)
    write(tmp_path / "anna.toy", joints)
    write(tmp_path / "ben.toy", joints + 1)
    assert find_format(tmp_path / "anna.toy") is toy
    recordings = himpc.read(tmp_path, name="{person}.toy", fps=30)
    assert [(recording.person, recording.fps) for recording in recordings] == [("anna", 30), ("ben", 30)]
    np.testing.assert_allclose(recordings[0].joints, joints, atol=1e-4)
    assert recordings[0].origin == Origin(tmp_path / "anna.toy")


def test_a_damaged_file_is_one_error_that_names_the_line(tmp_path, toy):
    (tmp_path / "bad.toy").write_text("TOY\n1 2 3\n")
    with pytest.raises(FormatError, match=r"bad.toy, line 2: has 3 numbers, expected 60"):
        himpc.read(tmp_path / "bad.toy")


def test_facts_are_those_of_the_module(toy):
    assert toy.facts is FACTS
    assert str(toy.facts.advice()) == "export it from the toy suit: File > Export"


def test_a_name_is_registered_once(toy):
    with pytest.raises(ConfigError, match="'toy' is registered already"):
        register_format(toy)


def test_without_its_row_the_format_is_unknown(tmp_path, standing):
    path = write(tmp_path / "a.toy", standing(get_layout("kinect-v1"), 1, 0))
    with pytest.raises(FormatError, match=r"a.toy: is a text file of no known format \(it begins 'TOY'\)"):
        himpc.read(path)
