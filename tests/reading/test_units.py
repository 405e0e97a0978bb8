"""Units of length: the user's, the one that gives a body of human size, or the file's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError, Reference
from himpc.reading import read
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.units import body_size, find_scale, parse_unit
from himpc.skeleton import get_layout, layout_names

KINECT = get_layout("kinect-v1")
CMU_UNIT = 0.0254 / 0.45


def scale(size, stated=None, **options):
    return find_scale(size, KINECT, "walk.csv", FileOptions(**options), stated=stated)


def advice_of(error: FormatError) -> dict[str, str]:
    """Return the parameters that the hint of an error states."""
    references: list[Reference] = []
    assert error.hint is not None
    error.hint.render(lambda reference: references.append(reference) or "")
    return {reference.name: reference.value for reference in references if reference.value}


@given(st.floats(0.3, 3.0), st.sampled_from(sorted(UNITS)))
def test_a_stated_unit_that_gives_a_possible_body_is_used(height, unit):
    assert scale(height / UNITS[unit], stated=unit).metres == UNITS[unit]


@given(st.floats(1.3, 1.9), st.sampled_from([*UNITS.values(), CMU_UNIT]), st.sampled_from([None, "furlong", "km"]))
def test_without_a_unit_the_one_that_gives_a_person_is_used_and_noted(height, metres, stated):
    found = scale(height / metres, stated=stated)
    assert found.metres == metres
    assert len(found.notes) == 1


@given(st.floats(1.3, 1.9), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_unit_that_gives_no_possible_body_is_refuted(height, true, stated):
    found = scale(height / UNITS[true], stated=stated)
    if not 0.3 <= height / UNITS[true] * UNITS[stated] <= 3:
        assert found.metres == UNITS[true]
        assert f"the file states the unit {stated!r}; read in" in found.notes[0]


@pytest.mark.parametrize("stated", ["mm", "parsec", 0.3, None])
def test_unit_and_scale_of_the_user_win(stated):
    assert scale(1.7, stated=stated, unit="m").metres == 1
    assert scale(30, stated=stated, scale=0.05).metres == 0.05
    assert scale(30, stated=stated, scale=5.0).notes == (
        "one unit is 5 m, as the user states",
        "the body is 150 m tall by that",
    )


@pytest.mark.parametrize(
    ("size", "options"),
    [(1710, {"unit": "m"}), (27.4, {"unit": "m"}), (0.0001, {}), (1e7, {}), (0.01, {"unit": "cm"}), (80.0, {})],
)
def test_advice_of_an_error_works(size, options):
    with pytest.raises(FormatError) as error:
        scale(size, **options)
    advice = advice_of(error.value)
    found = scale(size, **{name: float(value) if name == "scale" else value for name, value in advice.items()})
    assert 0.3 <= size * found.metres <= 3


def test_an_error_suggests_the_unit_that_gives_a_person():
    with pytest.raises(
        FormatError, match=r"walk.csv: read in 'm', .* 1600 m tall; it may be in 'mm' \(1.60 m tall\); .* unit='mm'"
    ):
        scale(1600, unit="m")
    with pytest.raises(FormatError, match=r"states no unit of length; state the unit \(m, cm, mm, in\): unit='mm'"):
        scale(None)


def test_units_are_parsed_in_any_spelling():
    spellings = ("m", "CM", " millimetres ", "inches", "mete", "mill", "[mm]", "Meters")
    assert [parse_unit(unit) for unit in spellings] == ["m", "cm", "mm", "in", "m", "mm", "mm", "m"]
    assert [parse_unit(unit) for unit in ("furlong", "", "me", "Nmm")] == [None] * 4


@pytest.mark.parametrize("name", layout_names())
def test_every_layout_has_a_size(name):
    layout = get_layout(name)
    joints = np.random.default_rng(0).normal(size=(4, len(layout), 3))
    assert body_size(joints, layout) > 0
    joints[:, 0] = np.nan
    assert body_size(joints, layout) > 0
    assert body_size(np.full_like(joints, np.nan), layout) is None


@pytest.mark.parametrize("size", [1.6e7, 17_094.0, 5.3, 3e-7])
def test_advice_about_a_scale_can_be_followed_in_python(size):
    with pytest.raises(FormatError) as raised:
        scale(size, stated="m")
    text = str(raised.value).rpartition("scale=")[2]
    assert "'" not in text
    assert 1.5 < size * scale(size, scale=float(text)).metres < 1.7


@pytest.mark.parametrize("value", ["nan", "0"])
def test_frames_without_a_body_ask_for_no_unit_or_axis(tmp_path, value):
    joints = get_layout("kinect-v1").joints
    rows = [",".join(f"{joint}_{axis}" for joint in joints for axis in "xyz"), *3 * [",".join(60 * [value])]]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    with pytest.raises(FormatError, match="no joint is seen in 3 frames, or all are at the origin"):
        read(tmp_path / "a.csv")
