"""Recordings as reading returns them, with what could not be used."""

from pathlib import Path

import pytest

from himpc.errors import DataError, FormatError
from himpc.recordings import Problem, Recording, Recordings, select
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def test_recordings_are_a_sequence_that_keeps_problems(standing):
    one = Recording(standing(KINECT, 9, 0), KINECT)
    found = Recordings([one, one.with_(person="a")], [Problem(Path("x"), "is bad")])
    assert (len(found), found[1].person, found[-1].person) == (2, "a", "a")
    assert found[1:].problems == found.problems
    assert found.with_([one]).problems == found.problems
    assert repr(found) == "<Recordings: 2 recordings, 18 frames, kinect-v1, 1 person, 1 problem>"


def test_problem_names_its_path_once_and_keeps_the_hint():
    error = FormatError("/data/walk.csv: states no unit", hint="state the unit: {unit=mm}")
    problem = Problem.of(error, Path("/data/walk.csv"))
    assert str(problem) == "/data/walk.csv: states no unit; state the unit: unit='mm'"
    assert problem.render(lambda reference: f"--{reference.name} {reference.value}").endswith("--unit mm")


def test_select_says_that_no_recording_states_the_field(standing):
    one = Recording(standing(KINECT, 9, 0), KINECT)
    with pytest.raises(DataError, match="none states a person; read it from paths with name, or from a table"):
        select([one], ["person=a"])
    with pytest.raises(DataError, match=r"its person is one of: b$"):
        select([one, one.with_(person="b")], ["person=a"])
