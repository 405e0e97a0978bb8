"""Options of reading: declared once, checked, and the parameters of `himpc.read`."""

import inspect
from dataclasses import fields
from pathlib import Path

import pytest

import himpc
from himpc.errors import ConfigError
from himpc.reading import ReadOptions, VideoOptions, read


def test_read_has_a_parameter_for_each_option():
    parameters = list(inspect.signature(himpc.read).parameters)
    assert parameters == ["path", "options", *(field.name for field in fields(ReadOptions)), "progress", "on_video"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "furlong"},
        {"up": "w"},
        *({"fps": rate} for rate in (0, float("nan"), 1e-300, 0.5, 20_000, float("inf"))),
        {"scale": 0},
        {"image_size": "wide"},
    ],
)
def test_invalid_option_raises_a_config_error(wrong, tmp_path: Path):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        read(tmp_path, **wrong)


def test_unit_and_scale_are_not_stated_together():
    with pytest.raises(ConfigError, match="unit and scale both state the unit of length"):
        ReadOptions(unit="mm", scale=0.001)


def test_steady_bones_need_cleaning():
    with pytest.raises(ConfigError, match="steady bones are a step of cleaning"):
        ReadOptions(clean=False, video=VideoOptions(steady_bones=True))
